"""Permits as a table of one shape, whatever the file calls its columns, and which of them hold on a date."""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from highwall.core.checks import nearest_name
from highwall.core.errors import InputError, SetAside, VectorError

VALIDITY: Final = ("valid_from", "valid_to")
DATES: Final = (*VALIDITY, "restoration_due")
FIELDS: Final = ("permit_id", "holder", "mineral", "classes", "conditions", "status", *DATES)
"""What Highwall asks of a permit; ``permits.fields`` of the site file maps them to a file's own column names."""

_DAY_FIRST = re.compile(r"\d{1,2}\.\d{1,2}\.\d{4}")
"""31.12.2030: dots are written with the day first."""
VOID: Final = frozenset({
    "revoked", "cancelled", "canceled", "withdrawn", "suspended", "surrendered", "relinquished", "terminated",
    "annulled", "rejected", "refused", "application", "pending",
})  # fmt: skip
"""Values of ``status`` of a permit that does not hold although its dates may say so."""
ENDED: Final = frozenset({"expired", "lapsed"})
"""Values of ``status`` of a permit that has run out: on the day that it says, else it is not known since when."""


class Validity(NamedTuple):
    """Permits by whether they hold on a date, both of their days included."""

    valid: gpd.GeoDataFrame
    lapsed: gpd.GeoDataFrame
    future: gpd.GeoDataFrame
    undated: gpd.GeoDataFrame


class PermitTable(NamedTuple):
    """Permits with the columns :data:`FIELDS`, and the records that could not be dated."""

    permits: gpd.GeoDataFrame
    """Undated records stay in it: their ground is neither allowed nor forbidden."""
    set_aside: list[SetAside]


def permit_table(frame: gpd.GeoDataFrame, *, fields: dict[str, str], source: str) -> PermitTable:
    """Give a file's permits the columns :data:`FIELDS`, dates parsed.

    Parameters
    ----------
    fields
        Our name → the file's column; columns that already bear our names need no entry.

    Raises
    ------
    InputError
        ``fields`` maps a name that is none of :data:`FIELDS`.
    VectorError
        A mapped column does not exist, or no column holds a date of validity.
    """
    for name in fields:
        if name not in FIELDS:
            near = nearest_name(name, FIELDS)
            raise InputError(f"no field of a permit is called {name!r}{near} (known: {', '.join(FIELDS)})")
    columns = {name: fields.get(name, name) for name in FIELDS}
    for name, column in columns.items():
        if name in fields and column not in frame:
            raise VectorError(f"{source} has no column {column!r} for {name}{nearest_name(column, frame.columns)}")
    if not {columns[name] for name in VALIDITY} & set(frame.columns):
        raise VectorError(
            f"{source} has no dates: none of its columns {', '.join(map(str, frame.columns))} is valid_from or "
            "valid_to. Name them: in the site file under permits.fields, for example valid_to: EXPIRY; on the command "
            "line by --field valid_to=EXPIRY."
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


def by_validity(permits: gpd.GeoDataFrame, on: dt.date) -> Validity:
    """Sort permits into valid, lapsed before a date, starting after it, and undated: of unknown dates or void by it."""
    day = pd.Timestamp(on)
    lapsed = permits["valid_to"] < day
    undated = ~lapsed & (_is_void(permits) | permits[list(VALIDITY)].isna().all(axis=1))
    future = ~undated & ~lapsed & (permits["valid_from"] > day)
    return Validity(permits[~undated & ~lapsed & ~future], permits[lapsed], permits[future], permits[undated])


def record_on(records: gpd.GeoDataFrame, on: dt.date, *, is_lapsed: bool) -> "pd.Series[Any] | None":
    """Record of one permit's history that a date falls to: the one that holds, else the last before, else the next.

    Parameters
    ----------
    is_lapsed
        Whether the last record before the date is asked for, though another may hold.
    """
    held = by_validity(records, on)
    lapsed, future = held.lapsed.sort_values("valid_to", ascending=False), held.future.sort_values("valid_from")
    order = (lapsed, held.valid, future) if is_lapsed else (held.valid, lapsed, future)
    return next((group.iloc[0] for group in (*order, held.undated) if len(group)), None)


def named(permit: "Mapping[Any, Any] | pd.Series[Any]") -> str:
    """Permit in words: its name, and who holds it where that is known."""
    holder = permit.get("holder")
    return f"permit {permit.get('permit_id')}" + (f" ({holder})" if holder else "")


def _is_void(permits: gpd.GeoDataFrame) -> "pd.Series[bool]":
    """Permits whose status says that they hold no more, or not yet, without saying since when."""
    status = permits["status"].astype(str).str.strip().str.lower()
    is_void: pd.Series[bool] = status.isin(VOID) | (status.isin(ENDED) & permits["valid_to"].isna())
    return is_void


def _void(table: gpd.GeoDataFrame, source: str) -> list[SetAside]:
    """Name the permits whose status is against their dates."""
    return [
        SetAside(
            f"{source}: {row.permit_id}",
            f"its status is {row.status!r}, since when is unknown, so that nothing is concluded on its ground up to "
            "its valid_to; take it out, or set its status to expired and valid_to to its last day",
        )
        for row in table[_is_void(table)].itertuples()
    ]


def _name(value: Any, row: int) -> str:
    if value is None or value == "":
        return f"permit {row}"
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)


def _parse_dates(table: gpd.GeoDataFrame, source: str) -> list[SetAside]:
    """Parse the columns of dates in place; a permit whose validity cannot be read, or that states none, is undated."""
    reasons: dict[tuple[int, str], str] = {}
    for name in DATES:
        table[name], unread = _days(table[name])
        reasons |= {(row, name): reason for row, reason in unread.items()}
    for row in table.index[table["valid_from"] > table["valid_to"]]:
        said = " to ".join(table.loc[row, name].date().isoformat() for name in VALIDITY)
        reasons[row, "valid_to"] = f"is valid from {said}, which ends before it begins; put its dates right"
    unknown = sorted({row for row, name in reasons if name in VALIDITY})
    table.loc[unknown, list(VALIDITY)] = pd.NaT
    for row in table.index[table[list(VALIDITY)].isna().all(axis=1)]:
        if row not in unknown:
            reasons[row, "valid_to"] = "carries no date of validity; fill in valid_from or valid_to"
    return [SetAside(f"{source}: {table['permit_id'][row]}", reason) for (row, _), reason in sorted(reasons.items())]


def _days(values: "pd.Series[Any]") -> tuple[Any, dict[int, str]]:
    """Read a column of dates as days, and say of which rows it could not be done."""
    days: list[dt.date | None] = []
    unread: dict[int, str] = {}
    for row, value in enumerate(values):
        try:
            days.append(_day(value))
        except ValueError:
            days.append(None)
            unread[row] = f"{values.name} {value!r} is not a date (write 2021-12-31), so that it is unknown"
    return np.array(days, dtype="datetime64[s]"), unread


def _day(value: Any) -> dt.date | None:
    """Calendar day as it was written, in whatever time zone; None where nothing was."""
    if value is None or value == "":
        return None
    if isinstance(value, dt.datetime):  # a pandas Timestamp too
        return value.date()
    if isinstance(value, dt.date):
        return value
    is_number = isinstance(value, float) and value.is_integer()  # whole numbers, in a column that has gaps
    text = f"{value:.0f}" if is_number else str(value).strip()
    if _DAY_FIRST.fullmatch(text):
        return dt.datetime.strptime(text, "%d.%m.%Y").date()
    return dt.datetime.fromisoformat(text.replace("/", "-")).date()
