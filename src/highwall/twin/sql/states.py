"""What the engine works out and must find again: assets' states, its cursor on each stream, its memory."""

from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy import BigInteger, Column, Connection, Integer, LargeBinary, String, Table, Text, delete, select

from highwall.twin.sql.bulk import load
from highwall.twin.sql.database import METADATA, upsert

_STATES: Final = Table(
    "asset_states",
    METADATA,
    Column("asset_id", String(40), primary_key=True),
    Column("state", Text, nullable=False),
    Column("changed_us", BigInteger, nullable=False),
)
_CURSORS: Final = Table(
    "engine_cursors",
    METADATA,
    Column("stream_id", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
)
_MEMORY: Final = Table(
    "engine_memory",
    METADATA,
    Column("name", String(240), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
_OVER: Final = "ON CONFLICT (asset_id) DO UPDATE SET state = excluded.state, changed_us = excluded.changed_us"
_MOST_PARAMETERS: Final = 500


def put_states(connection: Connection, states: Mapping[str, bytes], *, at_us: int) -> None:
    """Store states of assets, each as JSON, over those that were there."""
    rows = [(asset, state.decode(), at_us) for asset, state in states.items()]
    load(connection, _STATES, rows, conflict=_OVER)


def states(connection: Connection, asset_ids: Iterable[str] | None = None) -> dict[str, bytes]:
    """States of all assets, or of these, as JSON."""
    wanted = select(_STATES.c.asset_id, _STATES.c.state)
    if asset_ids is not None:
        wanted = wanted.where(_STATES.c.asset_id.in_(list(asset_ids)))
    return {row.asset_id: row.state.encode() for row in connection.execute(wanted)}


def drop_states(connection: Connection, asset_ids: Iterable[str]) -> None:
    """Delete the states of assets that were taken out of use."""
    connection.execute(delete(_STATES).where(_STATES.c.asset_id.in_(list(asset_ids))))


def put_cursors(connection: Connection, cursors: Mapping[int, int]) -> None:
    """Note up to which number each stream has been worked out."""
    upsert(connection, _CURSORS, [{"stream_id": stream, "number": number} for stream, number in cursors.items()])


def cursors(connection: Connection) -> dict[int, int]:
    """Up to which number each stream has been worked out; a stream that is not named: nothing yet."""
    return {row.stream_id: row.number for row in connection.execute(select(_CURSORS))}


def put_memory(connection: Connection, memory: Mapping[str, bytes]) -> None:
    """Store pieces of the engine's memory by name, over those that were there; an empty one is forgotten."""
    kept = [(name, content) for name, content in memory.items() if content]
    load(connection, _MEMORY, kept, conflict="ON CONFLICT (name) DO UPDATE SET content = excluded.content")
    gone = [name for name, content in memory.items() if not content]
    for start in range(0, len(gone), _MOST_PARAMETERS):
        some = gone[start : start + _MOST_PARAMETERS]
        connection.execute(delete(_MEMORY).where(_MEMORY.c.name.in_(some)))


def memory(connection: Connection) -> dict[str, bytes]:
    """Everything that the engine remembered, by name."""
    return {row.name: row.content for row in connection.execute(select(_MEMORY))}


def forget(connection: Connection) -> None:
    """Delete states, cursors and memory, so that everything is worked out again from the journal."""
    for table in (_STATES, _CURSORS, _MEMORY):
        connection.execute(delete(table))
