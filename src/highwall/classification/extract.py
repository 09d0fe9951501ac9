"""Chips to map: run the network over a scene in overlapping windows, in memory bounded by the block."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.classification.metadata import ModelMetadata, check_known
from highwall.classification.options import ExtractOptions
from highwall.classification.radiometry import to_model_input
from highwall.core.errors import ModelError
from highwall.learning.onnx import OnnxModel
from highwall.learning.windows import Blender, Window, iter_blocks, iter_windows

SHIPPED_MODEL: Final = Path(__file__).parent / "weights" / "chips.onnx"
"""The network that comes with the package; ``chips.md`` beside it is its model card."""

FloatArray = NDArray[np.float32]
Reader = Callable[[int, int, int, int], FloatArray]
"""Gives (band, y, x) reflectance of rows ``y0:y1`` and columns ``x0:x1``."""


@dataclass(frozen=True)
class ChipModel:
    """A loaded chip network and what it says about itself."""

    onnx: OnnxModel
    metadata: ModelMetadata

    @classmethod
    def open(cls, path: Path = SHIPPED_MODEL, *, threads: int = 2) -> "ChipModel":
        """Load a chip network.

        Raises
        ------
        MissingInputError
            There is no such file.
        ModelError
            It is no chip network, or one for other classes or another radiometry.
        """
        onnx = OnnxModel.open(path, threads=threads)
        metadata = ModelMetadata.from_properties(onnx.properties)
        check_known(metadata)
        return cls(onnx, metadata)


class MapBlock(NamedTuple):
    """A finished part of the map."""

    window: Window
    probability: FloatArray
    """(class, y, x), NaN where the scene has no data."""


def class_probability(reflectance: FloatArray, model: ChipModel, options: ExtractOptions | None = None) -> FloatArray:
    """Probability of each class at every pixel of a scene that fits in memory.

    Parameters
    ----------
    reflectance : (band, y, x) float32 [1]
        B04, B03, B02 of the level that the model learned from. NaN is missing.

    Returns
    -------
    (class, y, x) float32, classes as in ``CHIP_CLASSES``; NaN where any band is missing

    Raises
    ------
    ModelError
        Wrong number of bands, or digital numbers instead of reflectance.
    """
    options = options or ExtractOptions()
    if reflectance.ndim != 3:
        raise ModelError(f"reflectance has shape {reflectance.shape}; the network reads (band, y, x).")
    shape = (reflectance.shape[1], reflectance.shape[2])
    whole = np.full((len(model.metadata.classes), *shape), np.nan, dtype=np.float32)

    def read(y0: int, y1: int, x0: int, x1: int) -> FloatArray:
        return reflectance[:, y0:y1, x0:x1]

    for block in stream_probability(read, shape, model=model, options=options):
        whole[:, *block.window.slices] = block.probability
    return whole


def stream_probability(
    read: Reader, shape: tuple[int, int], *, model: ChipModel, options: ExtractOptions | None = None
) -> Iterator[MapBlock]:
    """Map a scene of any size block by block.

    Blocks equal, value for value, the map of the whole scene: windows lie on one lattice over ``shape``, and a block
    reads every window that touches it.

    Parameters
    ----------
    read
        Called once a block, with at most ``block_px`` + 2 ``window_px`` pixels a side.
    shape
        (y, x) of the scene [px].

    Yields
    ------
    MapBlock
        Blocks tile the scene, row by row.
    """
    options = options or ExtractOptions()
    for window in iter_blocks(shape, block=options.block_px):
        yield MapBlock(window, _map_block(window, read=read, shape=shape, model=model, options=options))


def chip_scores(chips: NDArray[np.uint8], model: ChipModel, *, n_at_once: int = 256) -> FloatArray:
    """Probability of each class for whole chips.

    Parameters
    ----------
    chips : (N, y, x, 3) uint8
        Levels in the model's radiometry, sides a multiple of the cell.

    Returns
    -------
    (N, class) float32, sum over class is 1
    """
    cell = model.metadata.cell_px
    if chips.ndim != 4 or chips.shape[3] != len(model.metadata.bands) or chips.shape[1] % cell or chips.shape[2] % cell:
        raise ModelError(
            f"chips have shape {chips.shape}; the model reads (N, y, x, {len(model.metadata.bands)}), "
            f"y and x multiples of {cell}."
        )
    levels = np.moveaxis(chips, 3, 1)
    found = [model.onnx.run(levels[i : i + n_at_once].astype(np.float32))[1] for i in range(0, len(levels), n_at_once)]
    return np.concatenate(found) if found else np.empty((0, len(model.metadata.classes)), np.float32)


def _map_block(
    block: Window, *, read: Reader, shape: tuple[int, int], model: ChipModel, options: ExtractOptions
) -> FloatArray:
    """Probability at the pixels of one block, (class, y, x)."""
    cell = model.metadata.cell_px
    cells = (-(-shape[0] // cell), -(-shape[1] // cell))
    core = Window(block.y0 // cell, -(-block.y1 // cell), block.x0 // cell, -(-block.x1 // cell))
    wanted = core.grown(1, within=cells)  # one more cell each way, for the interpolation
    lattice = {"size": options.window_px // cell, "overlap": options.overlap_px // cell}
    windows = list(iter_windows(cells, **lattice, touching=wanted))
    extent = Window(
        min(w.y0 for w in windows), max(w.y1 for w in windows), min(w.x0 for w in windows), max(w.x1 for w in windows)
    )
    levels = _read_levels(extent, read=read, shape=shape, cell=cell)
    valid = np.asarray(np.isfinite(levels).all(axis=0))
    blender = Blender(wanted, n_layers=len(model.metadata.classes), overlap=lattice["overlap"])
    for window, found in _run_windows(windows, levels, origin=extent, model=model, options=options):
        blender.add(window, found)
    pixels = cells_to_pixels(blender.result(), cell=cell)
    top, left = block.y0 - wanted.y0 * cell, block.x0 - wanted.x0 * cell
    probability = pixels[:, top : top + block.shape[0], left : left + block.shape[1]]
    top, left = block.y0 - extent.y0 * cell, block.x0 - extent.x0 * cell
    seen = valid[top : top + block.shape[0], left : left + block.shape[1]]
    return np.where(seen, probability, np.float32(np.nan))


def _read_levels(extent: Window, *, read: Reader, shape: tuple[int, int], cell: int) -> FloatArray:
    """Levels of an extent given in cells; pixels beyond the scene repeat its last row and column."""
    y1, x1 = min(extent.y1 * cell, shape[0]), min(extent.x1 * cell, shape[1])
    levels = to_model_input(read(extent.y0 * cell, y1, extent.x0 * cell, x1))
    beyond = (extent.y1 * cell - y1, extent.x1 * cell - x1)
    return np.pad(levels, ((0, 0), (0, beyond[0]), (0, beyond[1])), mode="edge")


def _run_windows(
    windows: list[Window], levels: FloatArray, *, origin: Window, model: ChipModel, options: ExtractOptions
) -> Iterator[tuple[Window, FloatArray]]:
    """Cell probability of each window that holds data; windows, in cells, are all of one shape."""
    cell = model.metadata.cell_px

    def pixels_of(window: Window) -> FloatArray:
        y0, y1, x0, x1 = (cell * bound for bound in window.relative_to(origin))
        return levels[:, y0:y1, x0:x1]

    with_data = [window for window in windows if np.isfinite(pixels_of(window)).any()]
    for i in range(0, len(with_data), options.n_windows_at_once):
        some = with_data[i : i + options.n_windows_at_once]
        batch = np.stack([fill_missing(pixels_of(window)) for window in some])
        yield from zip(some, model.onnx.run(batch)[0], strict=True)


def fill_missing(levels: FloatArray) -> FloatArray:
    """Give missing pixels the mean of each channel, so that they look like nothing in particular."""
    missing = ~np.isfinite(levels)
    if not missing.any():
        return levels
    present = np.where(missing, 0.0, levels).sum(axis=(1, 2)) / np.maximum((~missing).sum(axis=(1, 2)), 1)
    return np.where(missing, present[:, None, None], levels).astype(np.float32)


def cells_to_pixels(cells: FloatArray, *, cell: int) -> FloatArray:
    """Bring cells to pixels bilinearly, cell centres kept: (class, h, w) -> (class, h·cell, w·cell)."""
    along_rows = _interpolate(cells, axis=1, cell=cell)
    return _interpolate(along_rows, axis=2, cell=cell)


def _interpolate(values: FloatArray, *, axis: int, cell: int) -> FloatArray:
    """Linear interpolation along one axis from cell centres to pixel centres, constant beyond the outer centres."""
    n = values.shape[axis]
    position = np.clip((np.arange(n * cell) + 0.5) / cell - 0.5, 0.0, n - 1.0)
    lower = np.minimum(position.astype(np.intp), max(n - 2, 0))
    share = (position - lower).astype(np.float32)
    shape = [1, 1, 1]
    shape[axis] = -1
    low, high = (np.take(values, np.minimum(lower + k, n - 1), axis=axis) for k in (0, 1))
    between: FloatArray = low + share.reshape(shape) * (high - low)
    return between
