"""Where a patch breaks the permits on a date, and how sure that is."""

import datetime as dt
from typing import Any, Final, NamedTuple

import geopandas as gpd
import pandas as pd
import shapely

from highwall.activity.boundary import Beyond, beyond
from highwall.activity.not_in_force import not_in_force
from highwall.activity.options import ActivityOptions
from highwall.activity.permits import Validity, by_validity

INSIDE, UNDETERMINED = "inside", "undetermined"
BEYOND_BOUNDARY, OUTSIDE_ANY = "beyond_boundary", "outside_any_permit"
EXPIRED, NOT_YET_VALID = "permit_expired", "permit_not_yet_valid"

_REACH: Final = 5.0
"""Standard errors of position within which a permit concerns a patch."""
_MOST: Final = 0.5
"""Share of ground from which it is called after the permit that holds it."""


class Breach(NamedTuple):
    """Ground that a patch takes without a permit that covers it on the date."""

    kind: str
    geometry: Any
    """As drawn."""
    permit: "pd.Series[Any] | None"
    """Row of the permit that is passed or has lapsed; None outside any that is in force."""
    past: Beyond
    """Its area, how much of it is certain, and how sure the breach is, as far as position goes."""
    note: str = ""
    """What else one should know."""


def breaches(
    patch: Any, permits: gpd.GeoDataFrame, *, on: dt.date, options: ActivityOptions
) -> tuple[str, list[Breach]]:
    """Compare one patch with all permits on a date: its status, and where it breaks them.

    A patch that shares no more than ``touching_share`` with permits that hold is outside any, or on ground whose permit
    has lapsed. Else each part past the permitted ground counts. Either is a breach only if it is, with ``certainty``,
    ``min_outside_m2`` large or more. Ground of permits without dates breaks nothing; what of a patch lies off it is
    judged.
    """
    std_m = options.position_std_m
    near = permits.iloc[permits.sindex.query(patch.buffer(_REACH * std_m), predicate="intersects")]
    held = by_validity(near, on)
    allowed = shapely.union_all(held.valid.geometry.values)
    unknown = shapely.union_all(held.undated.geometry.values)
    perhaps = shapely.union(allowed, unknown)

    def past(ground: Any) -> Beyond:
        return beyond(ground, perhaps, std_m=std_m, smallest_m2=options.min_outside_m2, certainty=options.certainty)

    held_pieces = [piece for piece in _pieces(patch, std_m) if share(piece, allowed) > options.touching_share]
    is_known = share(patch, unknown) <= options.touching_share
    is_apart = not held_pieces and share(patch, allowed) <= options.touching_share and is_known
    parts = [patch] if is_apart else _large_parts(patch.difference(perhaps), options.min_outside_m2)
    judged = [(part, past(part)) for part in parts]
    found = [
        _past(part, how, held)
        if any(piece.intersects(part) for piece in held_pieces)
        else _uncovered(part, how, held, least_share=options.touching_share)
        for part, how in judged
        if how.probability >= options.certainty
    ]
    return (found[0].kind if found else INSIDE) if is_known else UNDETERMINED, found


def _pieces(patch: Any, std_m: float) -> list[Any]:
    """Pieces of a patch that lie farther apart than two standard errors; what lies nearer is one."""
    if patch.geom_type == "Polygon":
        return [patch]
    return [patch.intersection(reach) for reach in shapely.get_parts(patch.buffer(max(std_m, 1.0)))]


def share(ground: Any, area: Any) -> float:
    """Share of the ground that lies on an area, 0…1."""
    return float(ground.intersection(area).area / ground.area) if ground.area else 0.0


def most_shared(ground: Any, permits: gpd.GeoDataFrame) -> "pd.Series[Any] | None":
    """Permit that holds more of the ground than any other."""
    if permits.empty:
        return None
    row: pd.Series[Any] = permits.loc[permits.intersection(ground).area.idxmax()]
    return row


def last_lapsed(ground: Any, lapsed: gpd.GeoDataFrame) -> "pd.Series[Any] | None":
    """Permit that was the last to hold most of the ground."""
    former = holding(ground, lapsed)
    return most_shared(ground, former[former["valid_to"] == former["valid_to"].max()])


def holding(ground: Any, permits: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Permits that each hold most of the ground."""
    return permits[permits.intersection(ground).area > _MOST * ground.area]


def _uncovered(ground: Any, past: Beyond, held: Validity, *, least_share: float) -> Breach:
    """Name the breach by the permit that was the last to hold most of the ground, else by the next that will.

    Where none did or will, the note names those that held, or will hold, more than a share of it.
    """
    past = past._replace(depth_m=0.0)
    if (former := last_lapsed(ground, held.lapsed)) is not None:
        return Breach(EXPIRED, ground, former, past)
    future = holding(ground, held.future)
    coming = most_shared(ground, future[future["valid_from"] == future["valid_from"].min()])
    if coming is not None:
        return Breach(NOT_YET_VALID, ground, coming, past)
    parts = not_in_force(ground, held, least_share=least_share)
    return Breach(OUTSIDE_ANY, ground, None, past, " ".join(part.describe() for part in parts))


def _past(part: Any, past: Beyond, held: Validity) -> Breach:
    """Name ground past a boundary: by the last permit that held most of it, else by the nearest that holds."""
    nearest = held.valid.loc[held.valid.distance(part).idxmin()]
    former = last_lapsed(part, held.lapsed)
    if former is None:
        return Breach(BEYOND_BOUNDARY, part, nearest, past)
    if former["permit_id"] == nearest["permit_id"]:
        note = f"Inside the boundary that this permit had until {former['valid_to'].date().isoformat()}."
        return Breach(BEYOND_BOUNDARY, part, nearest, past, note)
    return Breach(EXPIRED, part, former, past._replace(depth_m=0.0))


def _large_parts(area: Any, smallest_m2: float) -> list[Any]:
    parts = [part for part in shapely.get_parts(area) if part.area >= max(smallest_m2 * (1.0 - 1e-9), 1e-6)]
    return sorted(parts, key=lambda part: -part.area)
