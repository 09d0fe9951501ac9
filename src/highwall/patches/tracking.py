"""Patches of two dates: which is which, and how each changed.

Two patches are linked where they share enough area. Links are taken from the largest overlap on, and only while every
group stays one patch against one or several: many-to-many tangles fall into splits and mergers, and the overlaps left
over are named in ``also_overlaps``.
"""

from typing import Any, Final, NamedTuple

import geopandas as gpd
import pandas as pd
import shapely

from highwall.core.errors import InputError
from highwall.patches.overlaps import overlaps

CHANGES: Final = ("same", "grown", "shrunk", "moved", "split", "merged", "new", "gone")
COLUMNS: Final = (
    "change", "before_ids", "after_ids", "also_overlaps", "area_before_m2", "area_after_m2", "area_change_m2",
    "gained_m2", "lost_m2", "iou", "geometry",
)  # fmt: skip

_NUMBERS: Final = COLUMNS[4:10]

MIN_OVERLAP: Final = 0.1
"""Share of the smaller patch that links two patches [1]: neighbours whose boundary was drawn a pixel apart stay below
it if they are wider than some 10 pixels."""

SAME_SHARE: Final = 0.1
"""Gain and loss, as a share of the area before, up to which a patch counts as the same, and their difference up to
which one that is not the same has moved [1]: half a pixel around a patch of 40 × 40 pixels makes 5 %, each way."""


class Group(NamedTuple):
    """Patches that are one thing at two dates, by their positions in the tables."""

    before: tuple[int, ...]
    after: tuple[int, ...]


def track(
    before: gpd.GeoDataFrame,
    after: gpd.GeoDataFrame,
    *,
    min_overlap: float = MIN_OVERLAP,
    same_share: float = SAME_SHARE,
) -> gpd.GeoDataFrame:
    """Tell what became of each patch.

    Parameters
    ----------
    before, after
        Patches with ``patch_id``, valid polygons in one CRS in metres, none overlapping another of its date.
    min_overlap
        Share of the smaller of two patches that must be common to link them [1].
    same_share
        Largest gain, and largest loss, of an unchanged patch; largest difference of the two of one that has moved [1 of
        its area before].

    Returns
    -------
    changes
        A row a group, with :data:`COLUMNS`; every patch is in exactly one. ``change`` is *same* (both gain and loss
        small), *moved* (they are not, but alike), *grown* (the gain is larger than the loss), *shrunk*, *split* (one
        before, several after), *merged*, *new* or *gone*. Ids are joined by ";". The geometry is that of the later
        date, of *gone* patches the earlier.

    Raises
    ------
    GridError
        The CRSs differ or do not measure in metres.
    InputError
        A share lies outside 0…1, ``patch_id`` is missing or repeated, or a geometry is no valid polygon.
    """
    _check(before, after, min_overlap=min_overlap, same_share=same_share)
    before, after = (table.assign(patch_id=table["patch_id"].astype(str)) for table in (before, after))
    pairs = overlaps(before, after)
    area_before, area_after = before.area.to_numpy(), after.area.to_numpy()
    smaller = pd.Series(area_before[pairs["left"]]).clip(upper=area_after[pairs["right"]])
    linked = pairs[(pairs["overlap_m2"] >= min_overlap * smaller).to_numpy()]
    groups, left_over = group(linked, n_before=len(before), n_after=len(after))
    rows = [_row(one, before, after, left_over=left_over, same_share=same_share) for one in groups]
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype(dict.fromkeys(_NUMBERS, float))
    return gpd.GeoDataFrame(table, geometry="geometry", crs=before.crs)


def group(links: pd.DataFrame, *, n_before: int, n_after: int) -> tuple[list[Group], set[tuple[int, int]]]:
    """Take links from the largest overlap on while each group keeps one patch on at least one side.

    Returns
    -------
    groups, left_over
        Groups in the order of their first patch before, then those of new patches; links that were not taken.
    """
    partners: dict[tuple[str, int], list[int]] = {("before", i): [] for i in range(n_before)}
    partners |= {("after", j): [] for j in range(n_after)}
    left_over = set()
    ordered = links.sort_values(["overlap_m2", "left", "right"], ascending=[False, True, True])
    for i, j in ordered[["left", "right"]].to_numpy().tolist():
        mine, theirs = partners["before", i], partners["after", j]
        if (
            _stays_a_star(mine, partners, "after")
            and _stays_a_star(theirs, partners, "before")
            and not (mine and theirs)
        ):
            mine.append(j)
            theirs.append(i)
        else:
            left_over.add((i, j))
    return _groups(partners, n_before=n_before, n_after=n_after), left_over


def _stays_a_star(partner_ids: list[int], partners: dict[tuple[str, int], list[int]], side: str) -> bool:
    """Tell whether a patch may take one more partner: it has none, or all it has belong to it alone."""
    return all(len(partners[side, other]) == 1 for other in partner_ids)


def _groups(partners: dict[tuple[str, int], list[int]], *, n_before: int, n_after: int) -> list[Group]:
    found = {}
    for i in range(n_before):
        after = sorted(partners["before", i])
        before = sorted(partners["after", after[0]]) if len(after) == 1 else [i]
        found[tuple(before)] = Group(tuple(before), tuple(after))
    new = [Group((), (j,)) for j in range(n_after) if not partners["after", j]]
    return [*found.values(), *new]


def _row(
    one: Group, before: gpd.GeoDataFrame, after: gpd.GeoDataFrame, *, left_over: set[tuple[int, int]], same_share: float
) -> dict[str, Any]:
    was = shapely.union_all(before.geometry.to_numpy()[list(one.before)])
    now = shapely.union_all(after.geometry.to_numpy()[list(one.after)])
    common = shapely.intersection(was, now).area
    gained, lost = now.area - common, was.area - common
    others = [after["patch_id"].iloc[j] for i, j in sorted(left_over) if i in one.before]
    others += [before["patch_id"].iloc[i] for i, j in sorted(left_over) if j in one.after]
    return {
        "change": _change(one, gained=gained, lost=lost, limit=same_share * was.area),
        "before_ids": ";".join(before["patch_id"].iloc[list(one.before)]),
        "after_ids": ";".join(after["patch_id"].iloc[list(one.after)]),
        "also_overlaps": ";".join(others),
        "area_before_m2": was.area,
        "area_after_m2": now.area,
        "area_change_m2": now.area - was.area,
        "gained_m2": gained,
        "lost_m2": lost,
        "iou": common / (was.area + gained),
        "geometry": now if one.after else was,
    }


def _change(one: Group, *, gained: float, lost: float, limit: float) -> str:
    if not one.before or not one.after:
        return "new" if one.after else "gone"
    if len(one.after) > 1:
        return "split"
    if len(one.before) > 1:
        return "merged"
    if max(gained, lost) <= limit:
        return "same"
    if abs(gained - lost) <= limit:
        return "moved"
    return "grown" if gained > lost else "shrunk"


def _check(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame, *, min_overlap: float, same_share: float) -> None:
    for name, share in (("min_overlap", min_overlap), ("same_share", same_share)):
        if not 0 <= share <= 1:
            raise InputError(f"{name} is {share:g}; give a share between 0 and 1.")
    for name, table in (("before", before), ("after", after)):
        if "patch_id" not in table or not table["patch_id"].is_unique:
            raise InputError(f"{name} needs a column patch_id in which no id comes twice.")
