"""Readings as they are kept: one table a month, raw values with their flags, and the latest of each datastream apart.

A month's table is dropped whole when its time has come. Readings whose time cannot be true (before 2000, or later than
an hour after they came) stand in a table of *strays*: nothing is lost, and a wrong clock makes no tables nor freezes
a latest value.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from math import hypot, isfinite
from operator import itemgetter
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Double,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Subquery,
    Table,
    Text,
    delete,
    func,
    select,
    tuple_,
    union_all,
)

from highwall.telemetry.messages import Result
from highwall.twin.sql.bulk import load
from highwall.twin.sql.database import METADATA, insert_new

_MONTHS: Final = Table("reading_months", METADATA, Column("month", String(8), primary_key=True))
LATEST: Final = Table(
    "latest",
    METADATA,
    Column("datastream_id", Integer, primary_key=True, autoincrement=False),
    Column("phenomenon_us", BigInteger, nullable=False),
    Column("stream_id", Integer, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("value", Double),
    Column("text", Text),
    Column("flag", SmallInteger, nullable=False),
    Column("result_us", BigInteger, nullable=False),
)
_NEWER: Final = (
    "ON CONFLICT (datastream_id) DO UPDATE SET phenomenon_us = excluded.phenomenon_us, stream_id = excluded.stream_id,"
    " number = excluded.number, value = excluded.value, text = excluded.text, flag = excluded.flag,"
    " result_us = excluded.result_us WHERE (excluded.phenomenon_us, excluded.stream_id, excluded.number)"
    " > (latest.phenomenon_us, latest.stream_id, latest.number)"
)
STRAY: Final = "stray"
"""Where readings stand whose time cannot be true."""
_FIRST_US: Final = 946_684_800_000_000  # 2000-01-01
_KEY: Final = itemgetter(0, 1, 2, 3)
_DAY_US: Final = 86_400_000_000
_AHEAD_US: Final = 3_600_000_000
_MONTHS_METADATA: Final = MetaData()


class Row(NamedTuple):
    """One reading as it is kept, in the order of its table's columns."""

    datastream_id: int
    phenomenon_us: int
    stream_id: int
    """Stream that brought it; 0: it was not brought by a gateway."""
    number: int
    """Its number in that stream."""
    value: float | None
    """SI unit of its property; length of a vector; None: missing, a text, or no finite number."""
    text: str | None
    """Text, or components of a vector as JSON."""
    flag: int
    """1 pass, 2 not evaluated, 3 suspect, 4 fail, 9 missing."""
    result_us: int
    """When the server received it."""


class Place(NamedTuple):
    """Where a page of readings ended."""

    phenomenon_us: int
    stream_id: int
    number: int


def as_stored(result: Result) -> tuple[float | None, str | None]:
    """Value and text under which a result is kept; what is no finite number has no value."""
    match result:
        case None:
            return None, None
        case str():
            return None, result.replace("\x00", "\ufffd")
        case list():
            return _finite(hypot(*result)), msgspec.json.encode(result).decode()
        case _:
            return _finite(float(result)), None


def insert_readings(connection: Connection, rows: Sequence[Row]) -> None:
    """Keep readings, each once whatever comes twice, and the latest of each datastream."""
    for month, in_order in sorted(_by_month(sorted(rows, key=_KEY)).items()):
        load(connection, _made(connection, month), in_order)
        if month != STRAY:
            newest = {row[0]: row for row in in_order}  # of each datastream the last, which is the newest
            load(connection, LATEST, list(newest.values()), conflict=_NEWER)


def latest(connection: Connection, datastream_ids: Iterable[int]) -> dict[int, Row]:
    """Newest reading of each of these datastreams that has any."""
    wanted = list(datastream_ids)
    found: dict[int, Row] = {}
    for start in range(0, len(wanted), 5000):
        some = LATEST.c.datastream_id.in_(wanted[start : start + 5000])
        found.update((row.datastream_id, Row(*row)) for row in connection.execute(select(LATEST).where(some)))
    return found


def changed_since(connection: Connection, since_us: int, *, limit: int) -> list[int]:
    """Datastreams whose newest reading came after then, the newest first; looks at every one."""
    wanted = select(LATEST.c.datastream_id).where(LATEST.c.result_us > since_us)
    return list(connection.scalars(wanted.order_by(LATEST.c.result_us.desc()).limit(limit)))


def page(
    connection: Connection,
    datastream_id: int,
    *,
    from_us: int,
    to_us: int,
    after: Place | None = None,
    limit: int = 1000,
    is_newest_first: bool = False,
) -> list[Row]:
    """Readings of one datastream with ``from_us`` ≤ time < ``to_us``, in order of time, after a given place.

    A page costs the same wherever it lies: it begins at a key, and nothing is counted.
    """
    rows = between(connection, datastream_id, from_us=from_us, to_us=to_us)
    if rows is None:
        return []
    key = rows.c.phenomenon_us, rows.c.stream_id, rows.c.number
    wanted = select(rows).order_by(*(column.desc() if is_newest_first else column for column in key)).limit(limit)
    if after is not None:
        wanted = wanted.where(tuple_(*key) < tuple_(*after) if is_newest_first else tuple_(*key) > tuple_(*after))
    return [Row(*row) for row in connection.execute(wanted)]


def drop_before(connection: Connection, before_us: int) -> list[str]:
    """Drop the months that ended before then, and strays of that time or received before then; names the months."""
    gone = hold_before(connection, before_us)
    drop(connection, gone)
    if STRAY in months(connection):
        strays = table_of(STRAY)
        connection.execute(delete(strays).where(strays.c.result_us < before_us))
    return gone


def hold_before(connection: Connection, before_us: int) -> list[str]:
    """Months that ended before then, oldest first; until this transaction ends nobody else writes to them.

    In PostgreSQL a writer of one of them waits, and finds the month gone or as it was; whoever reads does not wait.
    """
    ended = _MONTHS.c.month.in_(months_before(connection, before_us))
    return list(connection.scalars(select(_MONTHS.c.month).where(ended).order_by(_MONTHS.c.month).with_for_update()))


def drop(connection: Connection, some_months: Sequence[str]) -> None:
    """Drop months with all their readings."""
    for month in some_months:
        table_of(month).drop(connection)
    connection.execute(delete(_MONTHS).where(_MONTHS.c.month.in_(some_months)))


def drop_of(connection: Connection, datastream_ids: Sequence[int], *, before_us: int) -> int:
    """Delete the readings of some datastreams from before then, and say how many those were; others stay."""
    n_gone = 0
    for month in months(connection):
        if month != STRAY and _bounds_us(month)[0] >= before_us:
            continue
        rows = table_of(month)
        for start in range(0, len(datastream_ids), 5000):
            some = rows.c.datastream_id.in_(datastream_ids[start : start + 5000])
            n_gone += connection.execute(delete(rows).where(some, rows.c.phenomenon_us < before_us)).rowcount
    return n_gone


def forget(connection: Connection) -> None:
    """Delete every reading, so that all are worked out again from the journal."""
    for month in months(connection):
        table_of(month).drop(connection)
    for table in (_MONTHS, LATEST):
        connection.execute(delete(table))


def months(connection: Connection) -> list[str]:
    """Months that have a table, as ``2026_11``, oldest first; ``stray`` last."""
    return list(connection.scalars(select(_MONTHS.c.month).order_by(_MONTHS.c.month)))


def months_before(connection: Connection, before_us: int) -> list[str]:
    """Months that ended before then, oldest first."""
    return [month for month in months(connection) if month != STRAY and _bounds_us(month)[1] <= before_us]


def rows_of_month(connection: Connection, month: str) -> Iterator[Row]:
    """Every reading of a month, in the order of its key, without holding them all."""
    rows = table_of(month)
    wanted = select(rows).order_by(*rows.primary_key).execution_options(yield_per=20_000)
    return (Row(*row) for row in connection.execute(wanted))


def count(connection: Connection) -> int:
    """How many readings there are: looks at every one."""
    tables = map(table_of, months(connection))
    return sum(connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables)


def month_of(row: Row) -> str:
    """Name of the table in which a reading stands."""
    if not _FIRST_US <= row.phenomenon_us <= row.result_us + _AHEAD_US:
        return STRAY
    return _month_name(row.phenomenon_us // _DAY_US)


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None


@cache
def _month_name(day: int) -> str:
    when = datetime.fromtimestamp(day * 86_400, UTC)
    return f"{when.year:04d}_{when.month:02d}"


@cache
def _bounds_us(month: str) -> tuple[int, int]:
    year, number = map(int, month.split("_"))
    starts = datetime(year, number, 1, tzinfo=UTC), datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    return int(starts[0].timestamp()) * 1_000_000, int(starts[1].timestamp()) * 1_000_000


def between(connection: Connection, datastream_id: int, *, from_us: int, to_us: int) -> Subquery | None:
    """Readings of one datastream in a span of time, of every table that may hold any; None: no table may."""
    arms = []
    for month in months(connection):
        if month != STRAY and not (_bounds_us(month)[0] < to_us and from_us < _bounds_us(month)[1]):
            continue
        rows = table_of(month)
        arms.append(
            select(rows).where(
                rows.c.datastream_id == datastream_id, rows.c.phenomenon_us >= from_us, rows.c.phenomenon_us < to_us
            )
        )
    return union_all(*arms).subquery() if arms else None


@cache
def table_of(month: str) -> Table:
    """Table of a month; its key puts the readings of one datastream side by side, in order of time."""
    return Table(
        f"readings_{month}",
        _MONTHS_METADATA,
        Column("datastream_id", Integer, primary_key=True, autoincrement=False),
        Column("phenomenon_us", BigInteger, primary_key=True, autoincrement=False),
        Column("stream_id", Integer, primary_key=True, autoincrement=False),
        Column("number", BigInteger, primary_key=True, autoincrement=False),
        Column("value", Double),
        Column("text", Text),
        Column("flag", SmallInteger, nullable=False),
        Column("result_us", BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )


def _made(connection: Connection, month: str) -> Table:
    """Table of a month that is there, made where it was not; it stays until this transaction ends."""
    table = table_of(month)
    known = select(_MONTHS.c.month).where(_MONTHS.c.month == month)
    if connection.scalar(known.with_for_update(read=True, key_share=True)) is None:
        insert_new(connection, _MONTHS, [{"month": month}])
        table.create(connection, checkfirst=True)
    return table


def _by_month(rows: list[Row]) -> dict[str, list[Row]]:
    """Put readings with the month of their table; nearly always all are of one, which two of them show."""
    times = [row[1] for row in rows]
    first, last = min(times, default=0), max(times, default=0)
    if first >= _FIRST_US and last <= min((row[7] for row in rows), default=0) + _AHEAD_US:
        month = _month_name(first // _DAY_US)
        if month == _month_name(last // _DAY_US):
            return {month: rows}
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(month_of(row), []).append(row)
    return found
