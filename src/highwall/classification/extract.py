"""Chips to map: run the network over a scene in overlapping windows, in memory bounded by the block."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.classification.metadata import ModelMetadata, check_known
from highwall.classification.options import ExtractOptions
from highwall.classification.radiometry import Radiometry, to_model_input
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


class _Plan(NamedTuple):
    """What one network must look at to answer for some cells: windows of one lattice over the whole scene, in cells."""

    model: ChipModel
    wanted: Window
    windows: list[Window]
    overlap: int

    @classmethod
    def of(cls, core: Window, *, shape: tuple[int, int], model: ChipModel, options: ExtractOptions) -> "_Plan":
        """Every window that shares a cell with ``core``, or with the one beside it that interpolation needs."""
        metadata, cell = model.metadata, model.metadata.cell_px
        size = max((options.window_px or metadata.window_px or metadata.chip_px) // cell, 1)
        overlap = size // 3 if options.overlap_px is None else options.overlap_px // cell
        cells = (-(-shape[0] // cell), -(-shape[1] // cell))
        wanted = core.grown(1, within=cells)
        return cls(model, wanted, list(iter_windows(cells, size=size, overlap=overlap, touching=wanted)), overlap)


class _Seen(NamedTuple):
    """Pixels that were read once for all networks."""

    reflectance: FloatArray
    """(band, y, x) [1]."""
    extent: Window
    """In cells; may reach beyond the scene's last whole cell."""
    has_data: NDArray[np.bool_]
    """(y, x) True where every band is there."""


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
        Network that says of whole chips whether they hold a mine, in windows of its own width: ``window_px`` and
        ``overlap_px`` are for maps. By default ``model`` itself does.

    Raises
    ------
    ModelError
        The two networks have cells of different size.
    """
    cell = model.metadata.cell_px
    if ranker is not None and ranker.metadata.cell_px != cell:
        raise ModelError(f"one network has cells of {cell} px, the other of {ranker.metadata.cell_px} px; take a pair.")
    core = Window(block.y0 // cell, -(-block.y1 // cell), block.x0 // cell, -(-block.x1 // cell))
    drawer = judge = _Plan.of(core, shape=shape, model=model, options=options)
    if ranker is not None:
        own = options.model_copy(update={"window_px": None, "overlap_px": None})
        judge = _Plan.of(core, shape=shape, model=ranker, options=own)
    seen = _read(_hull([*drawer.windows, *judge.windows]), read=read, shape=shape, cell=cell)
    if ranker is None:
        cells, chips = _answers(drawer, seen, asked=("cells", "chips"), options=options)
    else:
        (cells,) = _answers(drawer, seen, asked=("cells",), options=options)
        (chips,) = _answers(judge, seen, asked=("chips",), options=options)
    origin = (drawer.wanted.y0 * cell, drawer.wanted.x0 * cell)
    probability = _cut(cells_to_pixels(cells, cell=cell), block, origin=origin)
    has_data = _cut(seen.has_data, block, origin=(seen.extent.y0 * cell, seen.extent.x0 * cell))
    chips = _cut(chips, core, origin=(judge.wanted.y0, judge.wanted.x0))
    return MapBlock(block, np.where(has_data, probability, np.float32(np.nan)), core, chips)


class _Said(NamedTuple):
    """What a network says of a window."""

    cells: FloatArray
    """(class, y, x) of each cell."""
    chips: FloatArray
    """(class, y, x) of the window as a whole, the same in each of its cells."""


def _answers(
    plan: _Plan, seen: _Seen, *, asked: Sequence[Literal["cells", "chips"]], options: ExtractOptions
) -> list[FloatArray]:
    """Blend what a network says of the windows of its plan: (class, y, x) of the wanted cells, of each kind asked."""
    n_classes = len(plan.model.metadata.classes)
    blenders = {kind: Blender(plan.wanted, n_layers=n_classes, overlap=plan.overlap) for kind in asked}
    for window, said in _run_windows(plan, seen, options=options):
        for kind, blender in blenders.items():
            blender.add(window, getattr(said, kind))
    return [blender.result() for blender in blenders.values()]


def _hull(windows: Sequence[Window]) -> Window:
    """Smallest window that holds all."""
    y0, y1, x0, x1 = zip(*windows, strict=True)
    return Window(min(y0), max(y1), min(x0), max(x1))


def _cut(array: NDArray[Any], part: Window, *, origin: tuple[int, int]) -> NDArray[Any]:
    """Cut a part out of an array (…, y, x) whose first pixel is ``origin``."""
    top, left = part.y0 - origin[0], part.x0 - origin[1]
    return array[..., top : top + part.shape[0], left : left + part.shape[1]]


def _read(extent: Window, *, read: Reader, shape: tuple[int, int], cell: int) -> _Seen:
    """Reflectance of an extent given in cells; pixels beyond the scene repeat its last row and column."""
    y1, x1 = min(extent.y1 * cell, shape[0]), min(extent.x1 * cell, shape[1])
    found = read(extent.y0 * cell, y1, extent.x0 * cell, x1)
    beyond = (extent.y1 * cell - y1, extent.x1 * cell - x1)
    reflectance = np.pad(found, ((0, 0), (0, beyond[0]), (0, beyond[1])), mode="edge")
    return _Seen(reflectance, extent, np.asarray(np.isfinite(reflectance).all(axis=0)))


def _run_windows(plan: _Plan, seen: _Seen, *, options: ExtractOptions) -> Iterator[tuple[Window, _Said]]:
    """Ask of each window in which some pixel has every band; windows, in cells, are all of one shape."""
    model, cell = plan.model, plan.model.metadata.cell_px
    levels = to_model_input(seen.reflectance, radiometry=model.radiometry)

    def in_pixels(window: Window) -> tuple[slice, slice]:
        return Window(*(cell * bound for bound in window.relative_to(seen.extent))).slices

    with_data = [window for window in plan.windows if seen.has_data[in_pixels(window)].any()]
    n_at_once = max(options.batch_px // (plan.windows[0].shape[0] * plan.windows[0].shape[1] * cell**2), 1)
    for i in range(0, len(with_data), n_at_once):
        some = with_data[i : i + n_at_once]
        batch = np.stack([fill_missing(levels[:, *in_pixels(window)]) for window in some])
        for window, cells, chip in zip(some, *model.onnx.run(batch), strict=True):
            yield window, _Said(cells, np.broadcast_to(chip[:, None, None], cells.shape))


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
