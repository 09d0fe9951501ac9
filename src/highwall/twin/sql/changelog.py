"""The change log: what changed for those who watch, told to every process that serves the store.

Each writer notes at the end of its transaction which assets, alarms and newest readings it touched. In PostgreSQL
writers wait for one another from there to the commit, as they do in SQLite anyway, so that numbers become visible in
their order: a reader who has seen a number has missed none before it. Only the last minutes are kept.
"""

import json
from collections.abc import Iterable
from typing import Final, NamedTuple

from sqlalchemy import BigInteger, Column, Connection, Integer, String, Table, Text, delete, func, insert, select, text

from highwall.twin.sql.database import METADATA

KEPT_US: Final = 120_000_000
"""How long a note is kept [µs]; who was away for longer asks for everything."""
_LOG: Final = Table(
    "change_log",
    METADATA,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("writer", String(16), nullable=False, doc="who need not be told"),
    Column("at_us", BigInteger, nullable=False, index=True),
    Column("content", Text, nullable=False),
    sqlite_autoincrement=True,
)
_LOCK: Final = 0x68_77_32
"""Advisory lock of PostgreSQL, from a note to the end of its transaction."""


class Touched(NamedTuple):
    """What a transaction changed."""

    assets: tuple[str, ...] = ()
    alarms: tuple[int, ...] = ()
    datastreams: tuple[int, ...] = ()
    """Those with a new reading."""

    def __bool__(self) -> bool:
        return any(self)


class Told(NamedTuple):
    """What others changed since a number."""

    number: int
    """Of the last note, ours included."""
    touched: Touched
    is_everything: bool = False
    """Whether any of all that they told before may be otherwise now."""


def note(connection: Connection, touched: Touched, *, writer: str, at_us: int) -> None:
    """Note what this transaction changed, as the last thing that it does; nothing is noted where nothing changed."""
    if touched:
        _put(connection, [*touched], writer=writer, at_us=at_us)


def note_everything(connection: Connection, *, writer: str, at_us: int) -> None:
    """Note that all was worked out again, so that whoever follows begins anew."""
    _put(connection, [*Touched(), True], writer=writer, at_us=at_us)


def last_number(connection: Connection) -> int:
    """Number of the last note; 0: there is none."""
    return int(connection.scalar(select(func.max(_LOG.c.number))) or 0)


def since(connection: Connection, number: int, *, writer: str) -> Told:
    """What others than this writer changed after a number."""
    rows = connection.execute(select(_LOG).where(_LOG.c.number > number).order_by(_LOG.c.number)).all()
    notes = [json.loads(row.content) for row in rows if row.writer != writer]
    assets, alarms, streams = (_joined(one[part] for one in notes) for part in range(3))
    is_everything = any(one[3:] == [True] for one in notes)
    return Told(rows[-1].number if rows else number, Touched(assets, alarms, streams), is_everything)


def _put(connection: Connection, content: list[object], *, writer: str, at_us: int) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    connection.execute(delete(_LOG).where(_LOG.c.at_us < at_us - KEPT_US))
    connection.execute(insert(_LOG).values(writer=writer, at_us=at_us, content=json.dumps(content)))


def _joined(parts: Iterable[list]) -> tuple:  # type: ignore[type-arg]
    """Everything that any part holds, once, in the order in which it came first."""
    return tuple(dict.fromkeys(one for part in parts for one in part))
