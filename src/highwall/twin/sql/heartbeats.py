"""Heartbeats: when each part of the twin last said that it works, and how far its work has come."""

from typing import Final, NamedTuple

from sqlalchemy import BigInteger, Column, Connection, Integer, String, Table, select

from highwall.twin.sql.database import METADATA, upsert

_HEARTBEATS: Final = Table(
    "heartbeats",
    METADATA,
    Column("name", String(40), primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("done_us", BigInteger, nullable=False),
    Column("n_waiting", Integer, nullable=False),
)


class Heartbeat(NamedTuple):
    """A part of the twin that works."""

    name: str
    """``engine``, ``ingest``, …"""
    at_us: int
    """When it said so."""
    done_us: int
    """Everything that came before then has been worked through."""
    n_waiting: int
    """Pieces of work that wait."""


def beat(connection: Connection, heartbeat: Heartbeat) -> None:
    """Say that a part works."""
    upsert(connection, _HEARTBEATS, [heartbeat._asdict()])


def heartbeats(connection: Connection) -> list[Heartbeat]:
    """Last word of every part, by name."""
    return [Heartbeat(*row) for row in connection.execute(select(_HEARTBEATS).order_by(_HEARTBEATS.c.name))]
