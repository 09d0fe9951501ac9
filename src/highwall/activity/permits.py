"""Permits, and where a patch stands with them on a date."""

import datetime as dt
import re
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from highwall.activity.options import ActivityOptions
from highwall.core.checks import nearest_name
from highwall.core.errors import SetAside, VectorError

FIELDS: Final = ("permit_id", "holder", "mineral", "valid_from", "valid_to", "status")
"""What Highwall asks of a permit; ``permits.fields`` of the site file maps them to a file's own column names."""

_DAY_FIRST = re.compile(r"\d{1,2}\.\d{1,2}\.\d{4}")
"""31.12.2030: dots are written with the day first."""
VOID: Final = frozenset({"revoked", "cancelled", "canceled", "withdrawn", "suspended", "surrendered", "rejected"})
"""Values of ``status`` of a permit that does not hold although its dates may say so."""

INSIDE, UNDETERMINED = "inside", "undetermined"
BEYOND_BOUNDARY, OUTSIDE_ANY = "beyond_boundary", "outside_any_permit"
EXPIRED, NOT_YET_VALID = "permit_expired", "permit_not_yet_valid"


class PermitTable(NamedTuple):
    """Permits with the columns :data:`FIELDS`, and the records that could not be dated."""

    permits: gpd.GeoDataFrame
    """Undated records stay in it with NaT on both sides: their ground is neither allowed nor forbidden."""
    set_aside: list[SetAside]


class Breach(NamedTuple):
    """Ground that a patch takes without a permit that covers it on the date."""

    kind: str
    geometry: Any
    """Lower bound: the tolerance is taken off."""
    permit: "pd.Series[Any] | None"
    """Row of the permit that is passed or has lapsed; None outside any."""
    depth_m: float
    """Farthest distance from the permitted ground [m]; 0 where there is none."""


def permit_table(frame: gpd.GeoDataFrame, *, fields: dict[str, str], source: str) -> PermitTable:
    """Give a file's permits the columns :data:`FIELDS`, dates parsed.

    Parameters
    ----------
    fields
        Our name → the file's column; columns that already bear our names need no entry.

    Raises
    ------
    VectorError
        A mapped column does not exist, or no column holds a date of validity.
    """
    columns = {name: fields.get(name, name) for name in FIELDS}
    for name, column in columns.items():
        if name in fields and column not in frame:
            raise VectorError(f"{source} has no column {column!r} for {name}{nearest_name(column, frame.columns)}")
    if not {columns["valid_from"], columns["valid_to"]} & set(frame.columns):
        raise VectorError(
            f"{source} has no dates: none of its columns {', '.join(map(str, frame.columns))} is valid_from or "
            "valid_to. Name them under permits.fields, for example valid_to: EXPIRY."
        )
    table = gpd.GeoDataFrame(geometry=frame.geometry.values, crs=frame.crs)
    for name, column in columns.items():
        values = frame[column].astype(object) if column in frame else pd.Series(None, index=frame.index, dtype=object)
        table[name] = pd.Series([None if pd.isna(value) else value for value in values], dtype=object)
    table["permit_id"] = [_name(value, row) for row, value in enumerate(table["permit_id"], start=1)]
    set_aside = _parse_dates(table, source) + _void(table, source)
    if shapeless := frame.attrs.get("n_without_polygon", 0):
        set_aside.append(SetAside(source, f"{shapeless} records have no polygon and cannot be compared; draw them"))
    return PermitTable(table, set_aside)


def breaches(
    patch: Any, permits: gpd.GeoDataFrame, *, on: dt.date, options: ActivityOptions
) -> tuple[str, list[Breach]]:
    """Compare one patch with all permits on a date: its status, and where it breaks them.

    A patch that meets no permit by more than ``touching_share`` is outside any, or on ground whose permit has lapsed.
    Else the part past the permitted ground by more than the tolerance counts, in pieces of at least ``min_outside_m2``.
    """
    near = permits.iloc[permits.sindex.query(patch.buffer(options.boundary_tolerance_m), predicate="intersects")]
    valid, lapsed, future, undated = _by_validity(near, on)
    allowed = shapely.union_all(valid.geometry.values)
    unknown = shapely.union_all(undated.geometry.values)
    if _share(patch, unknown) > options.touching_share:
        return UNDETERMINED, []
    if _share(patch, allowed) <= options.touching_share:
        return _uncovered(patch, lapsed, future)
    beyond = patch.difference(allowed.buffer(options.boundary_tolerance_m)).difference(unknown)
    remainder = _large_parts(beyond, options.min_outside_m2)
    if not remainder:
        return INSIDE, []
    found = [_beyond(part, valid, lapsed, allowed) for part in remainder]
    return found[0].kind, found


def _void(table: gpd.GeoDataFrame, source: str) -> list[SetAside]:
    """Take the dates of permits whose status says that they do not hold: since when is not known."""
    is_void = [str(status).strip().lower() in VOID for status in table["status"]]
    table.loc[is_void, ["valid_from", "valid_to"]] = pd.NaT
    return [
        SetAside(f"{source}: {row.permit_id}", f"its status is {row.status!r}, since when is unknown; give valid_to")
        for row in table[is_void].itertuples()
    ]


def _uncovered(patch: Any, lapsed: gpd.GeoDataFrame, future: gpd.GeoDataFrame) -> tuple[str, list[Breach]]:
    """Name the breach by the permit that holds most of the patch, if one does."""
    for kind, group in ((EXPIRED, lapsed), (NOT_YET_VALID, future)):
        permit = _most_shared(patch, group)
        if permit is not None and _share(patch, permit.geometry) > 0.5:
            return kind, [Breach(kind, patch, permit, 0.0)]
    return OUTSIDE_ANY, [Breach(OUTSIDE_ANY, patch, None, 0.0)]


def _beyond(part: Any, valid: gpd.GeoDataFrame, lapsed: gpd.GeoDataFrame, allowed: Any) -> Breach:
    permit = _most_shared(part, lapsed)
    if permit is not None and _share(part, permit.geometry) > 0.5:
        return Breach(EXPIRED, part, permit, 0.0)
    nearest = valid.loc[valid.distance(part).idxmin()]
    corners = shapely.points(shapely.get_coordinates(part))
    return Breach(BEYOND_BOUNDARY, part, nearest, float(shapely.distance(corners, allowed).max()))


def valid_on(permits: gpd.GeoDataFrame, on: dt.date) -> gpd.GeoDataFrame:
    """Permits that are valid on a date, both days inclusive."""
    return _by_validity(permits, on)[0]


def _by_validity(permits: gpd.GeoDataFrame, on: dt.date) -> tuple[gpd.GeoDataFrame, ...]:
    """Permits valid on a date (both days inclusive), lapsed before it, starting after it, and undated."""
    day = pd.Timestamp(on)
    undated = permits["valid_from"].isna() & permits["valid_to"].isna()
    lapsed = ~undated & (permits["valid_to"] < day)
    future = ~undated & (permits["valid_from"] > day)
    return permits[~undated & ~lapsed & ~future], permits[lapsed], permits[future & ~lapsed], permits[undated]


def _share(patch: Any, area: Any) -> float:
    return float(patch.intersection(area).area / patch.area) if patch.area else 0.0


def _most_shared(patch: Any, group: gpd.GeoDataFrame) -> Any | None:
    if group.empty:
        return None
    return group.loc[group.intersection(patch).area.idxmax()]


def _large_parts(area: Any, smallest_m2: float) -> list[Any]:
    parts = [part for part in shapely.get_parts(area) if part.area >= max(smallest_m2, 1e-6)]
    return sorted(parts, key=lambda part: -part.area)


def _name(value: Any, row: int) -> str:
    if value is None or value == "":
        return f"permit {row}"
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)


def _parse_dates(table: gpd.GeoDataFrame, source: str) -> list[SetAside]:
    """Parse both date columns in place; a permit with a date that cannot be read, or with none, is undated."""
    reasons: dict[int, str] = {}
    for name in ("valid_from", "valid_to"):
        days: list[dt.date | None] = []
        for row, value in enumerate(table[name]):
            try:
                days.append(_day(value))
            except ValueError:
                days.append(None)
                reasons[row] = f"{name} {value!r} is not a date (write 2021-12-31); its validity is unknown"
        table[name] = np.array(days, dtype="datetime64[s]")
    table.loc[list(reasons), ["valid_from", "valid_to"]] = pd.NaT
    for row in table.index[table["valid_from"].isna() & table["valid_to"].isna()]:
        reasons.setdefault(row, "carries no date of validity; fill in valid_from or valid_to")
    return [SetAside(f"{source}: {table['permit_id'][row]}", reason) for row, reason in sorted(reasons.items())]


def _day(value: Any) -> dt.date | None:
    """Calendar day as it was written, in whatever time zone; None where nothing was."""
    if value is None or value == "":
        return None
    if isinstance(value, dt.datetime):  # a pandas Timestamp too
        return value.date()
    if isinstance(value, dt.date):
        return value
    text = str(value).strip()
    if _DAY_FIRST.fullmatch(text):
        return dt.datetime.strptime(text, "%d.%m.%Y").date()
    return dt.datetime.fromisoformat(text.replace("/", "-")).date()
