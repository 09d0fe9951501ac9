"""Refinement of a scene in parcels: each a window, and the segments that are decided in it.

All that decides what becomes of a segment, the cut apart, lies in its *group*: the predicted segments that touch at
sides or corners, and whatever they enclose. Merging, holes, roads, vetoes of mines and shared edges never reach
beyond. The cut is one number, found by a survey of the scene. So groups are refined on their own, near ones together,
and the result is that of the whole scene. Memory is bounded by the widest group, not by the scene.
"""

from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from highwall.core.grid import Window
from highwall.patches.evidence import find_cut, objection
from highwall.patches.options import RefineOptions
from highwall.patches.ranking import Cut
from highwall.patches.refine import refine_patches
from highwall.patches.regions import FOUR_CONNECTED, Labels
from highwall.patches.survey import BLOCK_PX, BOX, Advance, Read, Survey, compressed, survey

_NOTHING = Window(slice(0, 1), slice(0, 1))


class Parcel(NamedTuple):
    """A window, and the segments that are decided in it, whole groups of them."""

    window: Window
    labels: NDArray[np.int64]


class RefinedScene(NamedTuple):
    """The fields of :class:`patches.refine.Refined`, but for the labels, of which every n-th is kept."""

    kept: gpd.GeoDataFrame
    dropped: gpd.GeoDataFrame
    segments: pd.DataFrame
    """``mine_class`` is "" where nothing was predicted."""
    thinned: NDArray[np.int32]
    """(y, x): number of the patch of every n-th pixel of every n-th row."""
    cut: Cut


class _Part(NamedTuple):
    """What was found in a parcel."""

    kept: gpd.GeoDataFrame
    dropped: gpd.GeoDataFrame
    segments: pd.DataFrame
    """By label in the scene."""
    order: NDArray[np.int64]
    """(patch, 3): its pixels, negative, and the row and column of its first one."""


def refine_scene(
    read: Read,
    shape: tuple[int, int],
    *,
    options: RefineOptions,
    references: gpd.GeoDataFrame | None = None,
    thin: int = 1,
    block_px: int = BLOCK_PX,
    advance: Advance | None = None,
) -> RefinedScene:
    """Refine the patches of a scene that need not fit into memory, to what ``refine_patches`` finds of the whole.

    Parameters
    ----------
    read
        Gives the layers of a window; segments are 4-connected and numbered by their first pixels.
    shape
        Rows and columns of the scene.
    references : optional
        Known mine patches, any CRS, that find the cut.
    thin
        Which labels are kept: every n-th [pixel].
    block_px
        Side of the blocks of the survey, and of the areas whose groups are refined together [pixel].
    advance : optional
        Told how much is done.

    Raises
    ------
    GridError, InputError, ConfigError
        As :func:`patches.refine.refine_patches`.
    """
    known = survey(read, shape, options=options, references=references, block_px=block_px, advance=advance)
    cut = find_cut(known.table, options=options, has_references=references is not None)
    bounds = options.model_copy(update={"cut": cut.share})
    thinned = np.zeros([-(-side // thin) for side in shape], np.int32)
    parcels = parcels_of(known, shape, block_px=block_px)
    parts = [_refined(read, Parcel(_NOTHING, np.zeros(0, np.int64)), options=bounds)[0]]
    is_decided = np.zeros(int(known.table.index.max()) + 1 if len(known.table) else 1, bool)
    for done, parcel in enumerate(parcels, start=1):
        left = parcel._replace(labels=parcel.labels[~is_decided[parcel.labels]])  # the rest lay in another's hole
        if left.labels.size:
            part, numbers = _refined(read, left, options=bounds)
            _thin_out(numbers, thinned, left.window, thin=thin, first=sum(len(each.kept) for each in parts))
            is_decided[part.segments.index] = True
            parts.append(part)
        if advance is not None:
            advance("patches, parcels", done, len(parcels))
    return _gathered(parts, thinned, known.table, cut=cut, options=bounds)


def parcels_of(known: Survey, shape: tuple[int, int], *, block_px: int) -> list[Parcel]:
    """Share out the groups of a scene: those that begin in one block together, wide ones alone.

    A group that encloses another comes before it.
    """
    labels = known.table.index[known.table["predicted_m2"] > 0].to_numpy(dtype=np.int64)
    group = _groups(labels, known.touching)
    boxes = known.boxes.loc[labels].groupby(group).agg({name: _end(name) for name in BOX})
    is_wide = np.maximum(boxes["bottom"] - boxes["top"], boxes["right"] - boxes["left"]) > block_px
    first = boxes[["top", "left"]].where(is_wide, boxes[["top", "left"]] // block_px)
    keys = [~is_wide, first["top"], first["left"], boxes.index.to_series().where(is_wide, -1)]
    parcels = []
    for _, together in boxes.groupby(keys, sort=True):
        ends = [int(getattr(together[name], _end(name))()) for name in BOX]
        parcels.append(Parcel(_padded(ends, shape), labels[np.isin(group, together.index)]))
    return parcels


def _groups(labels: NDArray[np.int64], touching: NDArray[np.int64]) -> NDArray[np.int32]:
    """Number of the group that each label belongs to: (label,)."""
    is_inside = np.isin(touching, labels).all(axis=1)
    ends = np.searchsorted(labels, touching[is_inside])
    graph = coo_array((np.ones(len(ends), bool), (ends[:, 0], ends[:, 1])), shape=(labels.size, labels.size))
    return np.asarray(connected_components(graph, directed=False)[1])


def _end(name: str) -> str:
    """How boxes are joined."""
    return "min" if name in {"top", "left"} else "max"


def _padded(ends: list[int], shape: tuple[int, int]) -> Window:
    """A pixel of ground around a box tells a hole from what lies outside."""
    top, bottom, left, right = ends
    return Window(slice(max(top - 1, 0), min(bottom + 1, shape[0])), slice(max(left - 1, 0), min(right + 1, shape[1])))


def _refined(read: Read, parcel: Parcel, *, options: RefineOptions) -> tuple[_Part, Labels]:
    """Refine the segments of a parcel and what they enclose: tables, and the number of each pixel's patch."""
    layers = read(parcel.window)
    labels = layers.segments.values
    is_within = _closed(np.isin(labels, parcel.labels))
    numbers, chosen = compressed(np.where(is_within, labels, 0))
    segments = layers.segments.copy(data=chosen)
    found = refine_patches(layers.probability, segments, options=options, around=layers.around)
    told = found.segments.set_index(pd.Index(numbers[found.segments.index - 1], name="label"))
    patches = np.asarray(found.labels.values, dtype=np.int32)
    return _Part(found.kept, found.dropped, told, _order(patches, parcel.window)), patches


def _closed(region: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A region and all that it encloses; what meets the frame is not enclosed."""
    outside, _ = ndimage.label(~region, FOUR_CONNECTED)
    rim = np.unique(np.concatenate([outside[0], outside[-1], outside[:, 0], outside[:, -1]]))
    return ~np.isin(outside, rim[rim > 0])


def _order(patches: Labels, window: Window) -> NDArray[np.int64]:
    """What patches are numbered by: (patch, 3)."""
    numbers, first, count = np.unique(patches, return_index=True, return_counts=True)
    is_patch = numbers > 0
    row, col = np.divmod(first[is_patch], patches.shape[1])
    return np.stack([-count[is_patch], row + window.rows.start, col + window.cols.start], axis=1).astype(np.int64)


def _thin_out(patches: Labels, thinned: Labels, window: Window, *, thin: int, first: int) -> None:
    """Put every n-th label of a window into the thinned layer, numbered on from those found before."""
    sides = (window.rows, window.cols)
    inner = tuple(slice(-side.start % thin, None, thin) for side in sides)
    outer = tuple(slice(-(-side.start // thin), -(-side.stop // thin)) for side in sides)
    seen = patches[inner]
    thinned[outer] = np.where(seen > 0, seen + first, thinned[outer])


def _gathered(
    parts: list[_Part], thinned: Labels, table: pd.DataFrame, *, cut: Cut, options: RefineOptions
) -> RefinedScene:
    """Join what was found in the parcels, and number it anew."""
    ranking = np.lexsort(np.concatenate([part.order for part in parts]).T[::-1])
    final = np.zeros(ranking.size + 1, np.int32)
    final[ranking + 1] = np.arange(1, ranking.size + 1)
    kept = _joined([part.kept for part in parts]).iloc[ranking].reset_index(drop=True)
    kept["patch_id"] = _ids("P", len(kept))
    return RefinedScene(kept, _dropped(parts), _segments(parts, final, table, cut, options), final[thinned], cut)


def _dropped(parts: list[_Part]) -> gpd.GeoDataFrame:
    """Largest first; of equal ones the upper, then the left."""
    frame = _joined([part.dropped for part in parts])
    corners = np.array([_upper_left(polygon) for polygon in frame.geometry]).reshape(-1, 2)
    ranking = np.lexsort((corners[:, 1], -corners[:, 0], -frame["area_m2"].to_numpy()))
    frame = frame.iloc[ranking].reset_index(drop=True)
    frame["patch_id"] = _ids("D", len(frame))
    return frame


def _segments(
    parts: list[_Part], final: NDArray[np.int32], table: pd.DataFrame, cut: Cut, options: RefineOptions
) -> pd.DataFrame:
    """Every segment of the scene: those of the parcels, and the rest, of which nothing was predicted."""
    told, first = [], 0
    for part in parts:
        ids = dict(zip(_ids("P", len(part.kept)), final[first + 1 :], strict=False))
        told.append(part.segments.assign(patch_id=[_new_id(ids.get(old)) for old in part.segments["patch_id"]]))
        first += len(part.kept)
    known = _joined(told)
    rest = table[~table.index.isin(known.index)]
    reasons = [objection(row, cut=cut.share, options=options) for row in rest.itertuples()]
    rest = rest.assign(mine_class="", reason=reasons, is_kept=False, patch_id="")[list(known.columns)]
    whole: pd.DataFrame = _joined([rest, known]).sort_index()
    whole["reference_m2"] = table["reference_m2"]
    whole["mine_class"] = whole["mine_class"].where(whole["predicted_m2"] > 0, "")
    return whole


def _joined(tables: list[Any]) -> Any:
    """Rows of all tables that have some, or the first, which tells the columns."""
    filled = [table for table in tables if len(table)]
    return pd.concat(filled) if filled else tables[0]


def _ids(letter: str, count: int) -> list[str]:
    return [f"{letter}{number:03d}" for number in range(1, count + 1)]


def _new_id(number: int | None) -> str:
    return "" if number is None else f"P{number:03d}"


def _upper_left(polygon: Any) -> tuple[float, float]:
    """Northing and easting of the leftmost of a polygon's highest corners."""
    corners = shapely.get_coordinates(polygon)
    top = corners[:, 1].max()
    return float(top), float(corners[corners[:, 1] == top, 0].min())
