"""A photograph to the probability of a crack at every pixel, by overlapping windows: numpy and ONNX Runtime only."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from highwall.classification.cracks.options import MapOptions
from highwall.classification.cracks.photograph import CRACK_CLASSES
from highwall.classification.extract import cells_to_pixels, fill_missing
from highwall.classification.metadata import ModelMetadata, check_known
from highwall.classification.radiometry import CAMERA_RGB
from highwall.core.errors import InputError
from highwall.learning.onnx import OnnxModel
from highwall.learning.windows import Blender, Window, iter_windows

SHIPPED_CRACKS: Final = Path(__file__).parents[1] / "weights" / "cracks.onnx"
"""The crack network that comes with the package; ``cracks.md`` beside it is its model card."""

_CRACK = CRACK_CLASSES.index("crack")
_ROWS_AT_ONCE = 256
"""Rows of cells that are brought to pixels together."""

FloatArray = NDArray[np.float32]
Levels = NDArray[np.uint8]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class CrackModel:
    """A loaded crack network and what it says about itself."""

    onnx: OnnxModel
    metadata: ModelMetadata

    @classmethod
    def open(cls, path: Path = SHIPPED_CRACKS, *, threads: int = 1) -> "CrackModel":
        """Load a crack network.

        Raises
        ------
        MissingInputError
            There is no such file.
        ModelError
            It is no network for cracks in photographs.
        """
        onnx = OnnxModel.open(path, threads=threads)
        metadata = ModelMetadata.from_properties(onnx.properties)
        check_known(metadata, classes=CRACK_CLASSES, radiometry=CAMERA_RGB.name)
        return cls(onnx, metadata)


def crack_probability(
    levels: Levels, model: CrackModel, options: MapOptions | None = None, *, has_data: Bools | None = None
) -> FloatArray:
    """Probability of a crack at every pixel.

    Parameters
    ----------
    levels : (3, y, x) uint8
        Red, green and blue.
    has_data : (y, x) bool
        Where the photograph holds data; everywhere by default.

    Returns
    -------
    (y, x) float32, NaN where there is no data

    Raises
    ------
    InputError
        It is no photograph of three channels, or one without pixels.
    """
    options = options or MapOptions()
    check_levels(levels)
    extent = (levels.shape[1], levels.shape[2])
    seen = np.ones(extent, dtype=bool) if has_data is None else has_data
    cells = _blended(levels, seen, model=model, options=options)
    pixels = _to_pixels(cells, cell=model.metadata.cell_px)[: extent[0], : extent[1]]
    pixels[~seen] = np.nan
    return pixels


def chip_probability(levels: Levels, model: CrackModel, *, side: int, n_at_once: int = 16) -> FloatArray:
    """Probability that each chip that tiles a photograph, row by row, holds a crack: (N,)."""
    check_levels(levels)
    rows, columns = levels.shape[1] // side, levels.shape[2] // side
    inside = levels[:, : rows * side, : columns * side].reshape(3, rows, side, columns, side)
    chips = inside.transpose(1, 3, 0, 2, 4).reshape(-1, 3, side, side)
    found = [
        model.onnx.run(chips[i : i + n_at_once].astype(np.float32))[1][:, _CRACK]
        for i in range(0, len(chips), n_at_once)
    ]
    return np.concatenate(found) if found else np.empty(0, np.float32)


def check_levels(levels: Levels) -> None:
    """Refuse what is no photograph.

    Raises
    ------
    InputError
        It is not (3, y, x) uint8 with pixels.
    """
    if levels.ndim != 3 or levels.shape[0] != 3 or levels.dtype != np.uint8 or levels.size == 0:
        raise InputError(
            f"a photograph is (3, y, x) uint8, red, green and blue; found {levels.shape} {levels.dtype}. Convert it."
        )


def _blended(levels: Levels, seen: Bools, *, model: CrackModel, options: MapOptions) -> FloatArray:
    """Probability of every cell, NaN where no window holds data: (1, rows, columns)."""
    chip, cell = model.metadata.chip_px, model.metadata.cell_px
    levels, seen = (_padded(array, chip=chip, cell=cell) for array in (levels, seen))
    extent = (levels.shape[1] // cell, levels.shape[2] // cell)
    overlap = min(options.overlap_px, chip // 2) // cell
    blender = Blender(Window(0, extent[0], 0, extent[1]), n_layers=1, overlap=overlap)
    windows = [
        window
        for window in iter_windows(extent, size=chip // cell, overlap=overlap)
        if seen[_in_pixels(window, cell=cell).slices].any()
    ]
    for i in range(0, len(windows), options.n_windows_at_once):
        some = windows[i : i + options.n_windows_at_once]
        batch = np.stack([_chip(levels, seen, _in_pixels(window, cell=cell)) for window in some])
        for window, found in zip(some, model.onnx.run(batch)[0], strict=True):
            blender.add(window, found[_CRACK, None])
    return blender.result()


def _padded(array: NDArray[Any], *, chip: int, cell: int) -> NDArray[Any]:
    """Mirror (…, y, x) at its lower and right edge to whole cells, and at least to a chip."""
    extents = array.shape[-2:]
    beyond = [(0, max(-(-extent // cell) * cell, chip) - extent) for extent in extents]
    if beyond == [(0, 0), (0, 0)]:
        return array
    return np.pad(array, [(0, 0)] * (array.ndim - 2) + beyond, mode="symmetric")


def _in_pixels(window: Window, *, cell: int) -> Window:
    return Window(*(cell * bound for bound in window))


def _chip(levels: Levels, seen: Bools, window: Window) -> FloatArray:
    """One window of levels; what is missing looks like the mean of the rest, so that its edge is no crack."""
    chip: FloatArray = levels[:, *window.slices].astype(np.float32)
    missing = ~seen[window.slices]
    return fill_missing(np.where(missing, np.float32(np.nan), chip)) if missing.any() else chip


def _to_pixels(cells: FloatArray, *, cell: int) -> FloatArray:
    """Bring cells (1, rows, columns) to pixels (y, x), some rows at a time, for what lies between is large."""
    _, rows, columns = cells.shape
    pixels = np.empty((rows * cell, columns * cell), dtype=np.float32)
    for first in range(0, rows, _ROWS_AT_ONCE):
        last = min(first + _ROWS_AT_ONCE, rows)
        above = max(first - 1, 0)  # a row more each way, for the interpolation
        found = cells_to_pixels(cells[:, above : last + 1], cell=cell)[0]
        pixels[first * cell : last * cell] = found[(first - above) * cell :][: (last - first) * cell]
    return pixels
