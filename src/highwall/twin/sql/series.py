"""A datastream's course as a screen can show it: every reading where they are few, else extremes of equal spans."""

from typing import Final, NamedTuple

import numpy as np
from sqlalchemy import Connection, Subquery, case, func, select

from highwall.core.errors import InputError
from highwall.twin.sql import observations

MOST_POINTS: Final = 5000


class Series(NamedTuple):
    """Course of one datastream, oldest first."""

    phenomenon_us: np.ndarray
    """(n,) int64; of a span, its first reading's."""
    low: np.ndarray
    """(n,) float64, SI unit of the property; NaN: missing."""
    high: np.ndarray
    """(n,) float64; the same as ``low`` where nothing was left out."""
    flag: np.ndarray
    """(n,) int16, the worst of a span's values; 9: it has none."""
    is_decimated: bool


def series(connection: Connection, datastream_id: int, *, from_us: int, to_us: int, points: int = 800) -> Series:
    """Readings with ``from_us`` ≤ time < ``to_us``, in at most ``points`` steps.

    Raises
    ------
    InputError
        The span is empty, or points are not 1 to 5000.
    """
    if from_us >= to_us or not 1 <= points <= MOST_POINTS:
        raise InputError(f"series of {points} points from {from_us} to {to_us}: give 1 to {MOST_POINTS}, and a span.")
    rows = observations.between(connection, datastream_id, from_us=from_us, to_us=to_us)
    if rows is None:
        return _series([], is_decimated=False)
    columns = rows.c.phenomenon_us, rows.c.value, rows.c.value, rows.c.flag
    few = connection.execute(select(*columns).order_by(rows.c.phenomenon_us).limit(points + 1)).all()
    if len(few) <= points:
        return _series([tuple(row) for row in few], is_decimated=False)
    return _series(
        _extremes(connection, rows, from_us=from_us, width_us=-(-(to_us - from_us) // points)), is_decimated=True
    )


def _extremes(connection: Connection, rows: Subquery, *, from_us: int, width_us: int) -> list[tuple[float, ...]]:
    span = ((rows.c.phenomenon_us - from_us) // width_us).label("span")
    worst = func.coalesce(func.max(case((rows.c.value.is_not(None), rows.c.flag))), 9)
    columns = func.min(rows.c.phenomenon_us), func.min(rows.c.value), func.max(rows.c.value), worst
    return [tuple(row)[1:] for row in connection.execute(select(span, *columns).group_by(span).order_by(span))]


def count_between(connection: Connection, datastream_id: int, *, from_us: int, to_us: int, most: int) -> int:
    """How many readings a datastream has in a span of time, counted by their key up to ``most`` + 1."""
    rows = observations.between(connection, datastream_id, from_us=from_us, to_us=to_us)
    if rows is None:
        return 0
    some = select(rows.c.number).limit(most + 1).subquery()
    return int(connection.scalar(select(func.count()).select_from(some)) or 0)


def _series(rows: list[tuple[float, ...]], *, is_decimated: bool) -> Series:
    columns = list(zip(*rows, strict=True)) if rows else [(), (), (), ()]
    return Series(
        np.array(columns[0], np.int64),
        np.array(columns[1], np.float64),
        np.array(columns[2], np.float64),
        np.array(columns[3], np.int16),
        is_decimated,
    )
