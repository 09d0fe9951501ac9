"""Chips to map: run the network over a scene in overlapping windows, in memory bounded by the block."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.classification.metadata import ModelMetadata, check_known
from highwall.classification.options import ExtractOptions
from highwall.classification.radiometry import Radiometry, check_levels, to_model_input
from highwall.core.errors import ModelError
from highwall.core.taxonomy import CHIP_CLASSES
from highwall.learning.onnx import OnnxModel
from highwall.learning.windows import Blender, Window, iter_blocks, iter_windows

SHIPPED_MODEL: Final = Path(__file__).parent / "weights" / "chips.onnx"
"""The network that comes with the package to judge chips; ``chips.md`` beside it is its model card."""
SHIPPED_FOOTPRINTS: Final = SHIPPED_MODEL.with_name("footprints.onnx")
"""The one that draws maps: its cells see far beyond a chip. ``footprints.md`` is its model card."""

FloatArray = NDArray[np.float32]
Reader = Callable[[int, int, int, int], FloatArray]
"""Gives (band, y, x) reflectance of rows ``y0:y1`` and columns ``x0:x1``."""


@dataclass(frozen=True)
class ChipModel:
    """A loaded chip network and what it says about itself."""

    onnx: OnnxModel
    metadata: ModelMetadata
    radiometry: Radiometry
    """What turns a scene into its levels."""

    @classmethod
    def open(
        cls, path: Path = SHIPPED_MODEL, *, threads: int = 2, classes: tuple[str, ...] = CHIP_CLASSES
    ) -> "ChipModel":
        """Load a chip network.

        Parameters
        ----------
        classes
            What the caller reads, in the order of the outputs.

        Raises
        ------
        MissingInputError
            There is no such file.
        ModelError
            It is no chip network, or one for other classes or another radiometry.
        """
        onnx = OnnxModel.open(path, threads=threads)
        metadata = ModelMetadata.from_properties(onnx.properties)
        return cls(onnx, metadata, check_known(metadata, classes=classes))


class MapBlock(NamedTuple):
    """A finished part of the two maps: what each pixel is, and whether a chip around it holds a mine."""

    window: Window
    """In pixels."""
    probability: FloatArray
    """(class, y, x) of each pixel, from the cells; NaN where the scene has no data."""
    cells: Window
    """The same part in cells."""
    chip_probability: FloatArray
    """(class, y, x) of each cell: mean over the chips that cover it of what was said of the chip as a whole, those
    centred on it counting most; NaN where no chip had data."""


class _Lattice(NamedTuple):
    """Windows over a whole scene, in cells."""

    cells: tuple[int, int]
    """Rows and columns of the scene."""
    size: int
    overlap: int

    @classmethod
    def over(cls, shape: tuple[int, int], *, model: ChipModel, options: ExtractOptions) -> "_Lattice":
        metadata, cell = model.metadata, model.metadata.cell_px
        size = max((options.window_px or metadata.window_px or metadata.chip_px) // cell, 1)
        overlap = size // 3 if options.overlap_px is None else options.overlap_px // cell
        return cls((-(-shape[0] // cell), -(-shape[1] // cell)), size, overlap)

    def touching(self, wanted: Window) -> list[Window]:
        """Every window that shares a cell with ``wanted``."""
        return list(iter_windows(self.cells, size=self.size, overlap=self.overlap, touching=wanted))


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
    for window in blocks_of(shape, options=options):
        yield block_of(window, read=read, shape=shape, model=model, options=options)


def blocks_of(shape: tuple[int, int], *, options: ExtractOptions) -> list[Window]:
    """Blocks that tile a scene, row by row."""
    return list(iter_blocks(shape, block=options.block_px))


def block_of(
    block: Window,
    *,
    read: Reader,
    shape: tuple[int, int],
    model: ChipModel,
    options: ExtractOptions,
    ranker: ChipModel | None = None,
) -> MapBlock:
    """Both maps of one block of :func:`blocks_of`; the other arguments as for :func:`stream_probability`.

    Parameters
    ----------
    ranker
        Network that says of whole chips whether they hold a mine; by default ``model`` itself does.

    Raises
    ------
    ModelError
        The two networks have cells of different size.
    """
    cell = model.metadata.cell_px
    if ranker is not None and ranker.metadata.cell_px != cell:
        raise ModelError(f"one network has cells of {cell} px, the other of {ranker.metadata.cell_px} px; take a pair.")
    core = Window(block.y0 // cell, -(-block.y1 // cell), block.x0 // cell, -(-block.x1 // cell))
    answer = _answer(core, read=read, shape=shape, model=model, options=options)
    probability = _cut(cells_to_pixels(answer.cells, cell=cell), block, origin=(answer.y0 * cell, answer.x0 * cell))
    seen = _cut(answer.seen, block, origin=answer.seen_from)
    judged = answer if ranker is None else _answer(core, read=read, shape=shape, model=ranker, options=options)
    chips = _cut(judged.chips, core, origin=(judged.y0, judged.x0))
    return MapBlock(block, np.where(seen, probability, np.float32(np.nan)), core, chips)


class _Answer(NamedTuple):
    """What a network says of some cells and of the chips that cover them."""

    y0: int
    x0: int
    """First cell."""
    cells: FloatArray
    """(class, y, x)."""
    chips: FloatArray
    """(class, y, x)."""
    seen: NDArray[np.bool_]
    """(row, col) of the pixels that were read: every band is there."""
    seen_from: tuple[int, int]
    """First of these pixels."""


def _answer(
    core: Window, *, read: Reader, shape: tuple[int, int], model: ChipModel, options: ExtractOptions
) -> _Answer:
    """Ask of some cells, and one more each way for the interpolation."""
    cell, n_classes = model.metadata.cell_px, len(model.metadata.classes)
    lattice = _Lattice.over(shape, model=model, options=options)
    wanted = core.grown(1, within=lattice.cells)
    windows = lattice.touching(wanted)
    extent = _hull(windows)
    levels = _read_levels(extent, read=read, shape=shape, model=model)
    of_cells, of_chips = (Blender(wanted, n_layers=n_classes, overlap=lattice.overlap) for _ in range(2))
    for window, cells, chip in _run_windows(windows, levels, origin=extent, model=model, options=options):
        of_cells.add(window, cells)
        of_chips.add(window, np.broadcast_to(chip[:, None, None], cells.shape))
    seen = np.asarray(np.isfinite(levels).all(axis=0))
    origin = (extent.y0 * cell, extent.x0 * cell)
    return _Answer(wanted.y0, wanted.x0, of_cells.result(), of_chips.result(), seen, origin)


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
    check_levels(chips, n_bands=len(model.metadata.bands), cell_px=model.metadata.cell_px)
    levels = np.moveaxis(chips, 3, 1)
    found = [model.onnx.run(levels[i : i + n_at_once].astype(np.float32))[1] for i in range(0, len(levels), n_at_once)]
    return np.concatenate(found) if found else np.empty((0, len(model.metadata.classes)), np.float32)


def _hull(windows: Sequence[Window]) -> Window:
    """Smallest window that holds all."""
    y0, y1, x0, x1 = zip(*windows, strict=True)
    return Window(min(y0), max(y1), min(x0), max(x1))


def _cut(array: NDArray[Any], part: Window, *, origin: tuple[int, int]) -> NDArray[Any]:
    """Cut a part out of an array (…, y, x) whose first pixel is ``origin``."""
    top, left = part.y0 - origin[0], part.x0 - origin[1]
    return array[..., top : top + part.shape[0], left : left + part.shape[1]]


def _read_levels(extent: Window, *, read: Reader, shape: tuple[int, int], model: ChipModel) -> FloatArray:
    """Levels of an extent given in cells; pixels beyond the scene repeat its last row and column."""
    cell = model.metadata.cell_px
    y1, x1 = min(extent.y1 * cell, shape[0]), min(extent.x1 * cell, shape[1])
    levels = to_model_input(read(extent.y0 * cell, y1, extent.x0 * cell, x1), radiometry=model.radiometry)
    beyond = (extent.y1 * cell - y1, extent.x1 * cell - x1)
    return np.pad(levels, ((0, 0), (0, beyond[0]), (0, beyond[1])), mode="edge")


def _run_windows(
    windows: Sequence[Window], levels: FloatArray, *, origin: Window, model: ChipModel, options: ExtractOptions
) -> Iterator[tuple[Window, FloatArray, FloatArray]]:
    """Probability of the cells, and of the chip as a whole, of each window in which some pixel has every band.

    Windows, in cells, are all of one shape.
    """
    cell = model.metadata.cell_px
    has_data = np.asarray(np.isfinite(levels).all(axis=0))

    def in_pixels(window: Window) -> tuple[slice, slice]:
        return Window(*(cell * bound for bound in window.relative_to(origin))).slices

    with_data = [window for window in windows if has_data[in_pixels(window)].any()]
    n_at_once = max(options.batch_px // (windows[0].shape[0] * windows[0].shape[1] * cell**2), 1)
    for i in range(0, len(with_data), n_at_once):
        some = with_data[i : i + n_at_once]
        batch = np.stack([fill_missing(levels[:, *in_pixels(window)]) for window in some])
        yield from zip(some, *model.onnx.run(batch), strict=True)


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
