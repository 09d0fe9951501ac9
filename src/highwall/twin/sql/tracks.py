"""Tracks: where assets were; those of people are kept no longer than people were promised."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from sqlalchemy import BigInteger, Column, Connection, Double, Index, Table, Text, delete, func, select

from highwall.twin.sql.bulk import load
from highwall.twin.sql.database import METADATA

_TRACKS: Final = Table(
    "tracks",
    METADATA,
    Column("asset_id", Text, primary_key=True),
    Column("at_us", BigInteger, primary_key=True, autoincrement=False),
    Column("longitude", Double, nullable=False),
    Column("latitude", Double, nullable=False),
    Column("height_m", Double),
    Column("radius_m", Double, nullable=False),
    Index("ix_tracks_at", "at_us"),
    sqlite_with_rowid=False,
)


class Position(NamedTuple):
    """Where an asset was, in the order of the table's columns."""

    asset_id: str
    at_us: int
    longitude: float
    """[degree]"""
    latitude: float
    """[degree]"""
    height_m: float | None
    radius_m: float
    """It was within this distance; a position is never given without."""


def insert_positions(connection: Connection, positions: Sequence[Position]) -> None:
    """Keep positions, each once; the first of one asset at one time counts."""
    in_order = sorted(positions, key=lambda position: (position.asset_id, position.at_us))
    load(connection, _TRACKS, in_order)


def track(connection: Connection, asset_id: str, *, from_us: int, to_us: int, points: int = 2000) -> list[Position]:
    """Positions of an asset with ``from_us`` ≤ time < ``to_us``, oldest first: the first of each of some spans."""
    width_us = max(1, -(-(to_us - from_us) // points))
    here = _TRACKS.c.asset_id == asset_id, _TRACKS.c.at_us >= from_us, _TRACKS.c.at_us < to_us
    firsts = select(func.min(_TRACKS.c.at_us)).where(*here).group_by((_TRACKS.c.at_us - from_us) // width_us)
    wanted = select(_TRACKS).where(_TRACKS.c.asset_id == asset_id, _TRACKS.c.at_us.in_(firsts))
    return [Position(*row) for row in connection.execute(wanted.order_by(_TRACKS.c.at_us))]


def drop_before(connection: Connection, before_us: int, *, asset_ids: Iterable[str] | None = None) -> int:
    """Delete positions older than that, of all assets or of these, and say how many."""
    old = delete(_TRACKS).where(_TRACKS.c.at_us < before_us)
    if asset_ids is not None:
        old = old.where(_TRACKS.c.asset_id.in_(list(asset_ids)))
    return connection.execute(old).rowcount


def counts(connection: Connection) -> dict[str, int]:
    """How many positions each asset has."""
    wanted = select(_TRACKS.c.asset_id, func.count()).group_by(_TRACKS.c.asset_id)
    return {row[0]: row[1] for row in connection.execute(wanted)}


def forget(connection: Connection, *, from_us: int | None = None) -> None:
    """Delete positions from then on, or every one, so that they are worked out again from the journal."""
    connection.execute(delete(_TRACKS) if from_us is None else delete(_TRACKS).where(_TRACKS.c.at_us >= from_us))
