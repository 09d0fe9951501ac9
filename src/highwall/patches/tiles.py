"""Images larger than memory: begun in tiles, joined while their graph is small, equal to the image done at once.

The iterations are synchronous: what a region does depends on its surroundings only, and these grow by two regions an
iteration. So a tile with a margin can do the first iterations, in which nearly all regions go, by itself. How much
margin that takes hangs on the image. :mod:`highwall.patches._kernels_doubt` follows which regions may differ from
those of the whole image; if any that reaches into the tile may, the tile is done again with twice the margin.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from highwall.core.grid import Window, windows_over
from highwall.patches._kernels import Edges, Regions, Rule
from highwall.patches._kernels_doubt import undecided
from highwall.patches._kernels_grid import relabel
from highwall.patches.multiresolution import as_segmentation, check_scales, rule_of, usable
from highwall.patches.options import SegmentationOptions
from highwall.patches.region_graph import Frame, RegionGraph, from_edges, from_image
from highwall.patches.segmentation import Segmentation


class Tile(NamedTuple):
    """What the first iterations left of a tile. Regions go by their names, their first pixels in the whole image."""

    window: Window
    labels: NDArray[np.int32]
    """(y, x) place in ``names``, -1 where not valid."""
    names: NDArray[np.int64]
    """Regions that reach into the tile."""
    regions: Regions
    """Those that begin in it."""
    one: NDArray[np.int64]
    """Their edges to regions that begin later."""
    other: NDArray[np.int64]
    shared: NDArray[np.int32]
    margin_px: int
    """Margin that was enough."""


MapTiles = Callable[[Callable[[Window], Tile], Iterable[Window]], Iterable[Tile]]
"""``map``, or that of an executor."""
Read = Callable[[xr.DataArray], xr.DataArray]


def segment_tiled(
    image: xr.DataArray,
    *,
    options: SegmentationOptions | None = None,
    valid: xr.DataArray | NDArray[np.bool_] | None = None,
    map_tiles: MapTiles = map,
    read: Read = xr.DataArray.compute,
) -> Segmentation:
    """Segment a large image tile by tile: exactly what :func:`highwall.patches.multiresolution.segment` gives.

    Parameters
    ----------
    image : (band, y, x)
        May be lazy (Dask): a tile and its margin are read at a time.
    options
        The criterion, the size of tiles, their first margin and the iterations done in them.
    valid : (y, x) bool, optional
    map_tiles
        Does the tiles, in their order: the builtin ``map``, or one of an executor, for threads, processes or a cluster.

    read
        Fetches a part of a lazy image: one of another's says in its own words which file cannot be read.

    Returns
    -------
    Segmentation
        ``labels.attrs["largest_margin_px"]`` is the margin that the hardest tile took.

    Raises
    ------
    InputError
        As ``segment``.
    """
    options = options or SegmentationOptions()
    check_scales([options.scale])
    rule = rule_of(image, shape=options.shape, compactness=options.compactness, weights=options.weights)
    height, width = image.shape[1:]
    do = partial(do_tile, image=image, valid=valid, rule=rule, options=options, read=read)
    windows = list(windows_over(height, width, rows=options.tile_px, cols=options.tile_px))
    labels = np.empty((height, width), np.int32)
    tiles = [_laid(tile, labels) for tile in map_tiles(do, windows)]
    margin_px = max(tile.margin_px for tile in tiles)
    state, places = _joined(tiles, rule=rule)
    state.n_iterations = options.tile_iterations
    state.fit(options.scale**2)
    numbers = state.take_numbers()
    for window, place in zip(windows, places, strict=True):
        labels[window.rows, window.cols] = _renumbered(labels[window.rows, window.cols], numbers[place])
    result = as_segmentation(state, labels, image=image, scale=options.scale)
    result.labels.attrs["largest_margin_px"] = margin_px
    return result


def do_tile(
    window: Window,
    *,
    image: xr.DataArray,
    valid: xr.DataArray | NDArray[np.bool_] | None,
    rule: Rule,
    options: SegmentationOptions,
    read: Read = xr.DataArray.compute,
) -> Tile:
    """Do the first iterations of a tile, with as much margin as they take to be those of the whole image."""
    margin_px = options.margin_px
    while True:
        outer = window.grown(margin_px, within=image.shape[1:])
        state, labels = _begun(outer, image=image, valid=valid, rule=rule, options=options, read=read)
        core = np.ascontiguousarray(labels[_within(window.rows, outer.rows), _within(window.cols, outer.cols)])
        used = np.unique(core[core >= 0])
        if not undecided(state.edges, state.doubt)[used].any():
            return _cut_out(window, core, used, state=state, width=image.shape[2], margin_px=margin_px)
        margin_px *= 2


def _begun(
    outer: Window,
    *,
    image: xr.DataArray,
    valid: xr.DataArray | NDArray[np.bool_] | None,
    rule: Rule,
    options: SegmentationOptions,
    read: Read,
) -> tuple[RegionGraph, NDArray[np.int32]]:
    part = read(image.isel(y=outer.rows, x=outer.cols))
    values = np.ascontiguousarray(part.values)
    is_valid = usable(part, values, None if valid is None else valid[outer.rows, outer.cols])
    frame, threshold = Frame(outer.rows.start, outer.cols.start, *image.shape[1:]), options.scale**2
    state, labels = from_image(values, is_valid, rule=rule, threshold=threshold, frame=frame)
    while state.n_iterations < options.tile_iterations:
        state.sweep(threshold)
    relabel(labels, state.take_numbers())
    return state, labels


def _cut_out(
    window: Window, core: NDArray[np.int32], used: NDArray[np.int32], *, state: RegionGraph, width: int, margin_px: int
) -> Tile:
    """Keep the regions that begin in the tile, their edges, and where all that reach into it lie."""
    regions, edges = state.regions, state.edges
    rows, cols = regions.first // width, regions.first % width
    begins_here = (rows >= window.rows.start) & (rows < window.rows.stop)
    begins_here &= (cols >= window.cols.start) & (cols < window.cols.stop)
    is_kept = begins_here[edges.one]
    places = np.full(len(state), -1, np.int32)
    places[used] = np.arange(len(used), dtype=np.int32)
    return Tile(
        window,
        _renumbered(core, places),
        regions.first[used],
        Regions(*(column[begins_here] for column in regions)),
        regions.first[edges.one[is_kept]],
        regions.first[edges.other[is_kept]],
        edges.shared[is_kept],
        margin_px,
    )


def _laid(tile: Tile, labels: NDArray[np.int32]) -> Tile:
    """Move a tile's labels into those of the image, where all tiles share one array."""
    labels[tile.window.rows, tile.window.cols] = tile.labels
    return tile._replace(labels=np.empty((0, 0), np.int32))


def _joined(tiles: list[Tile], *, rule: Rule) -> tuple[RegionGraph, list[NDArray[np.int64]]]:
    """Join the regions of all tiles in the order of their first pixels; the place of each tile's names among them.

    The list is emptied, so that nothing is held twice.
    """
    columns = [[*parts] for parts in zip(*((*t.regions, t.one, t.other, t.shared) for t in tiles), strict=True)]
    names = [tile.names for tile in tiles]
    tiles.clear()
    *of_regions, one, other, shared = columns
    order = np.argsort(np.concatenate(of_regions[Regions._fields.index("first")]))
    regions = Regions(*(_poured(parts)[order] for parts in of_regions))
    low, high = (np.searchsorted(regions.first, _poured(ends)).astype(np.int32) for ends in (one, other))
    edges = Edges(low, high, _poured(shared), np.full(len(low), np.nan))
    return from_edges(regions, edges, rule=rule), [np.searchsorted(regions.first, known) for known in names]


def _poured(parts: list[NDArray[Any]]) -> NDArray[Any]:
    """Make the parts one, and forget them."""
    whole = np.concatenate(parts)
    parts.clear()
    return whole


def _renumbered(labels: NDArray[np.int32], numbers: NDArray[np.int32]) -> NDArray[np.int32]:
    found = np.array(labels)
    relabel(found, numbers)
    return found


def _within(inner: slice, outer: slice) -> slice:
    return slice(inner.start - outer.start, inner.stop - outer.start)
