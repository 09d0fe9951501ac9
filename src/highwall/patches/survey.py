"""One pass over a scene, block by block: what lies in each segment, where it is, and which segments touch.

A segment may reach over many blocks. What is counted of it adds up, so that the table is that of the whole scene.
"""

from collections.abc import Callable, Hashable, Iterator
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage

from highwall.core.grid import Window, grid_of, pixel_area_m2, windows_over
from highwall.patches.evidence import Surroundings, burn, measure, prediction_of
from highwall.patches.options import RefineOptions
from highwall.patches.regions import Labels

BLOCK_PX = 1024
"""Side of the blocks in which a scene is read [pixel]."""
BOX = ("top", "bottom", "left", "right")
"""Columns of a box: rows and columns, the last not included."""
_SIDES_AND_CORNERS = ((0, 1), (1, 0), (1, 1), (1, -1))


class Layers(NamedTuple):
    """What refinement reads of a window, all on its grid."""

    probability: xr.DataArray
    """(band, y, x) [1]."""
    segments: xr.DataArray
    """(y, x) int: labels of the whole scene, 0 is none."""
    around: Surroundings


Read = Callable[[Window], Layers]
Advance = Callable[[str, int, int], None]
"""Told what is being done, how much is done, and how much there is."""


class Survey(NamedTuple):
    """What is known of the segments of a scene."""

    table: pd.DataFrame
    """By label: the columns of :func:`patches.evidence.measure`."""
    boxes: pd.DataFrame
    """By label: :data:`BOX` [pixel]."""
    touching: NDArray[np.int64]
    """(pair, 2): labels that meet at a side or a corner."""


def survey(
    read: Read,
    shape: tuple[int, int],
    *,
    options: RefineOptions,
    references: gpd.GeoDataFrame | None = None,
    block_px: int = BLOCK_PX,
    advance: Advance | None = None,
) -> Survey:
    """Survey a scene.

    Parameters
    ----------
    read
        Gives the layers of a window.
    shape
        Rows and columns of the scene.
    references : optional
        Known mine patches, any CRS.
    advance : optional
        Told how many blocks are done.
    """
    windows = list(windows_over(*shape, rows=block_px, cols=block_px))
    tables, boxes, pairs = [], [], []
    for done, window in enumerate(windows, start=1):
        layers = read(window.grown(1, within=shape))
        counted, box = _measured(layers, window, shape, options=options, references=references)
        tables.append(counted)
        boxes.append(box)
        pairs.append(_touching(layers.segments.values))
        if advance is not None:
            advance("segments, blocks", done, len(windows))
    ends = {name: "min" if name in {"top", "left"} else "max" for name in BOX}
    return Survey(
        _as_measured(pd.concat(tables).groupby(level=0).sum(), pixel_area_m2(grid_of(layers.segments))),
        pd.concat(boxes).groupby(level=0).agg(ends),
        np.unique(np.concatenate(pairs), axis=0),
    )


def compressed(labels: NDArray[Any]) -> tuple[NDArray[np.int64], Labels]:
    """Numbers that occur but 0, rising, and the layer with 1, 2, … in their stead."""
    numbers = np.unique(labels).astype(np.int64)
    numbers = numbers[numbers > 0]
    return numbers, np.where(labels > 0, np.searchsorted(numbers, labels) + 1, 0).astype(np.int32)


def _measured(
    layers: Layers,
    window: Window,
    shape: tuple[int, int],
    *,
    options: RefineOptions,
    references: gpd.GeoDataFrame | None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Count what lies in the segments of a window [pixel], and their boxes; what was read beside it is left out."""
    outer, grid = window.grown(1, within=shape), grid_of(layers.segments)
    is_inner = np.zeros(grid.shape, bool)
    is_inner[
        window.rows.start - outer.rows.start : window.rows.stop - outer.rows.start,
        window.cols.start - outer.cols.start : window.cols.stop - outer.cols.start,
    ] = True
    numbers, labels = compressed(np.where(is_inner, layers.segments.values, 0))
    pixel_m2 = pixel_area_m2(grid)
    table = measure(
        labels, prediction=prediction_of(layers.probability, options=options),
        is_reference=None if references is None else burn(references, grid),
        around=layers.around, veto=options.veto, pixel_m2=pixel_m2,
    )  # fmt: skip
    index = pd.Index(numbers, name="label")
    boxes = pd.DataFrame(_boxes(labels, outer), columns=list(BOX), index=index)
    return _in_pixels(table, pixel_m2).set_index(index), boxes


def _in_pixels(table: pd.DataFrame, pixel_m2: float) -> pd.DataFrame:
    """Counts, which add up, of areas and shares."""
    area_px = (table["area_m2"] / pixel_m2).round()
    counts = {name: table[name] * area_px if _is_share(name) else table[name] / pixel_m2 for name in table}
    return pd.DataFrame(counts).round()


def _as_measured(counts: pd.DataFrame, pixel_m2: float) -> pd.DataFrame:
    """Areas and shares of counts."""
    area_px = counts["area_m2"]
    measured = {name: counts[name] / area_px if _is_share(name) else counts[name] * pixel_m2 for name in counts}
    return pd.DataFrame(measured)


def _is_share(name: Hashable) -> bool:
    return str(name).endswith("_share")


def _boxes(labels: Labels, window: Window) -> Iterator[tuple[int, int, int, int]]:
    top, left = window.rows.start, window.cols.start
    for rows, cols in ndimage.find_objects(labels):
        yield rows.start + top, rows.stop + top, cols.start + left, cols.stop + left


def _touching(labels: NDArray[Any]) -> NDArray[np.int64]:
    """Pairs of labels that meet at a side or a corner, the lower one first: (pair, 2)."""
    found = [_pairs(labels, down=down, right=right) for down, right in _SIDES_AND_CORNERS]
    return np.unique(np.concatenate(found), axis=0)


def _pairs(labels: NDArray[Any], *, down: int, right: int) -> NDArray[np.int64]:
    height, width = labels.shape
    one = labels[: height - down, max(-right, 0) : width - max(right, 0)]
    other = labels[down:, max(right, 0) : width - max(-right, 0)]
    is_border = (one != other) & (one > 0) & (other > 0)
    return np.unique(np.sort(np.stack([one[is_border], other[is_border]], axis=1).astype(np.int64), axis=1), axis=0)
