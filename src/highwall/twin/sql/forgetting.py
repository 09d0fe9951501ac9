"""What was worked out from the journal, forgotten so that it can be worked out again; what is older than it stays."""

from collections.abc import Mapping
from typing import Final

import msgspec
from sqlalchemy import Connection, Table, delete, func, select

from highwall.twin.sql import alarms, journal, losses, observations, states, tracks
from highwall.twin.sql.bulk import load
from highwall.twin.sql.journal import Beginning
from highwall.twin.sql.observations import LATEST, STRAY, Row, months, table_of
from highwall.twin.state import AssetState

_LATER: Final = "~"
"""Ends the name of a stream where a fact was worked out from several of its readings."""


def forget(connection: Connection, begins: Beginning) -> None:
    """Delete all that follows from the messages that the journal holds.

    A whole journal leaves nothing but acts, and readings of streams that it never knew: history of another store.
    """
    if begins.at_us is None:  # it holds none
        return
    if begins.is_whole:
        if _has_others(connection, begins.firsts):
            _forget_readings(connection, begins.firsts)
        else:
            observations.forget(connection)
        states.forget(connection)
        tracks.forget(connection)
        alarms.forget(connection)
    else:
        _forget_readings(connection, begins.firsts)
        _forget_facts(connection, begins)
        tracks.forget(connection, from_us=begins.at_us)
        alarms.forget(connection, from_us=begins.at_us)
    losses.forget(connection, begins.firsts)


def by_flag(connection: Connection) -> dict[str, int]:
    """How many readings bear each flag in each table: looks at every one."""
    found: dict[str, int] = {}
    for month in months(connection):
        rows = table_of(month)
        for row in connection.execute(select(rows.c.flag, func.count()).group_by(rows.c.flag)):
            found[f"{month}, flag {row[0]}"] = row[1]
    return found


def _has_others(connection: Connection, streams: Mapping[int, int]) -> bool:
    """Whether there are readings of streams that the journal does not know."""
    for month in months(connection):
        rows = table_of(month)
        foreign = select(rows.c.stream_id).where(rows.c.stream_id.not_in(list(streams))).limit(1)
        if connection.scalar(foreign) is not None:
            return True
    return False


def _forget_readings(connection: Connection, firsts: Mapping[int, int]) -> None:
    """Delete the readings of each stream from a number on; what came before is the latest again."""
    for month in months(connection):
        _cut(connection, table_of(month), firsts)
    latest = connection.execute(select(LATEST.c.datastream_id, LATEST.c.stream_id, LATEST.c.number)).all()
    stale = [row.datastream_id for row in latest if row.number >= firsts.get(row.stream_id, row.number + 1)]
    _cut(connection, LATEST, firsts)
    load(connection, LATEST, [row for one in stale if (row := _newest(connection, one)) is not None])


def _cut(connection: Connection, table: Table, firsts: Mapping[int, int]) -> None:
    for stream, first in firsts.items():
        connection.execute(delete(table).where(table.c.stream_id == stream, table.c.number >= first))


def _newest(connection: Connection, datastream_id: int) -> Row | None:
    """Newest reading of a datastream whose time can be true."""
    for month in reversed([one for one in months(connection) if one != STRAY]):
        rows = table_of(month)
        key = rows.c.phenomenon_us.desc(), rows.c.stream_id.desc(), rows.c.number.desc()
        wanted = select(rows).where(rows.c.datastream_id == datastream_id).order_by(*key).limit(1)
        if (found := connection.execute(wanted).one_or_none()) is not None:
            return Row(*found)
    return None


def _forget_facts(connection: Connection, begins: Beginning) -> None:
    """Forget the engine's memory, and of each asset the facts that the journal tells again."""
    names = {f"{one.gateway}/{one.priority}/{one.boot_epoch}": one.stream_id for one in journal.streams(connection)}
    firsts = {name: begins.firsts[number] for name, number in names.items() if number in begins.firsts}
    kept = {name: _older(content, firsts) for name, content in states.states(connection).items()}
    states.forget(connection)
    older = {name: msgspec.json.encode(state) for name, state in kept.items() if state.facts}
    states.put_states(connection, older, at_us=begins.at_us or 0)
    states.put_cursors(connection, {stream: first - 1 for stream, first in begins.firsts.items()})


def _older(content: bytes, firsts: Mapping[str, int]) -> AssetState:
    """State without the facts of streams from a number on."""
    state = msgspec.json.decode(content, type=AssetState)
    facts = {
        name: fact
        for name, fact in state.facts.items()
        if fact.stamp.number < firsts.get(fact.stamp.source.partition(_LATER)[0], fact.stamp.number + 1)
    }
    heard_us = max((fact.stamp.at_us for fact in facts.values()), default=0)
    return AssetState(state.asset_id, state.kind, facts, heard_us)
