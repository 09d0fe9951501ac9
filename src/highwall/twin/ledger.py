"""The ledger: how far the engine has come in each stream, and what it writes down of a step, in one transaction."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from highwall.core.errors import InputError
from highwall.telemetry.messages import STAND_DOWN, Command, Priority, up_topic
from highwall.twin.alarm import Act
from highwall.twin.changes import Kept, LookedAfter, Reported, Source
from highwall.twin.sql import alarms as alarm_store
from highwall.twin.sql import (
    audit,
    changelog,
    datastreams,
    heartbeats,
    journal,
    notices,
    observations,
    orders,
    states,
    tracks,
)
from highwall.twin.sql.observations import Row, as_stored
from highwall.twin.world import World
from highwall.twin.world_memory import REBUILDING, Rebuilding

_LOG: Final = logging.getLogger(__name__)
NAME: Final = "engine"
"""Under which the engine says that it works."""


class Ledger:
    """What one engine wrote down, and what it is about to."""

    def __init__(self, site: str, *, writer: str) -> None:
        self._site, self._writer = site, writer
        self.cursors: dict[int, int] = {}
        """By stream, up to which number it was taken in."""
        self.sources: dict[int, Source] = {}
        self.set_aside: list[tuple[journal.Entry, str]] = []
        self._written: dict[int, int] = {}
        """Cursors as this engine last left them in the store."""
        self._ids: dict[str, int] = {}
        self._rebuilding: Rebuilding | None = None

    def begin(self, connection: Connection, rebuilding: Rebuilding | None) -> None:
        """Take up where the last engine ended."""
        self._rebuilding = rebuilding
        self._written = states.cursors(connection)
        self.cursors = dict(self._written)
        self._ids = {}

    def get_to_know(self, connection: Connection, streams: Mapping[int, object]) -> None:
        """Look up who speaks in streams that are new."""
        if streams.keys() - self.sources.keys():
            self.sources = {stream.stream_id: _source(stream) for stream in journal.streams(connection)}

    @property
    def has_moved(self) -> bool:
        """Whether anything was taken in since it was last written down."""
        return self.cursors != self._written

    def ends_rebuild(self, world: World) -> bool:
        """Whether the past was being worked out again, and the world has come to its end."""
        return self._rebuilding is not None and world.clock_us >= self._rebuilding.until_us

    def wrote(self) -> None:
        """Note that the transaction was committed."""
        self._written = dict(self.cursors)

    def write(
        self, connection: Connection, world: World, *, acts: Sequence[Act], memory: Mapping[str, bytes], now_us: int
    ) -> None:
        """Store all effects of a step, with the cursors that say so.

        Raises
        ------
        InputError
            Another engine works on this store.
        """
        changes, book = world.changes, world.book
        self._check_alone(connection)
        self._store_readings(connection, [*changes.readings, *changes.estimates])
        tracks.insert_positions(connection, [tracks.Position(*place) for place in changes.passed])
        if changes.gone:
            states.drop_states(connection, sorted(changes.gone))
        encoded = {name: msgspec.json.encode(world.states[name]) for name in sorted(changes.states)}
        states.put_states(connection, encoded, at_us=now_us)
        alarm_store.put_alarms(connection, book.changed.values(), at_us=now_us)
        alarm_store.put_transitions(connection, book.transitions)
        notices.put(connection, book.notices, is_past=self._rebuilding is not None)
        if acts:
            alarm_store.mark_done(connection, [act.act_id for act in acts])
        for one in changes.reported:
            _note(connection, one)
        for looked_after in changes.looked_after:
            _order(connection, looked_after, at_us=now_us)
        for entry, reason in self.set_aside:
            self._keep_aside(connection, entry, reason)
        if self.cursors:
            states.put_cursors(connection, self.cursors)
        states.put_memory(connection, memory)
        was_rebuilding = self._rebuilding is not None
        if self.ends_rebuild(world):
            notices.release(connection)
            states.put_memory(connection, {REBUILDING: b""})
            self._rebuilding = None
        n_waiting = sum(upto - self.cursors.get(stream, 0) for stream, upto in journal.heads(connection).items())
        heartbeats.beat(connection, heartbeats.Heartbeat(NAME, now_us, world.clock_us, n_waiting))
        if not was_rebuilding:
            changelog.note(connection, self._touched(world), writer=self._writer, at_us=now_us)
        elif self._rebuilding is None:  # nobody who watches was told of the past as if it happened now
            changelog.note_everything(connection, writer=self._writer, at_us=now_us)

    def _touched(self, world: World) -> changelog.Touched:
        changes = world.changes
        return changelog.Touched(
            tuple(sorted(changes.states | changes.gone)), tuple(sorted(world.book.changed)),
            tuple(sorted({self._ids[one.datastream] for one in (*changes.readings, *changes.estimates)})),
        )  # fmt: skip

    def _check_alone(self, connection: Connection) -> None:
        """Refuse to write if the cursors in the store are not those that this engine left there."""
        if states.cursors(connection) != self._written:
            raise InputError("another engine works on this store; stop one of them.")

    def _store_readings(self, connection: Connection, kept: Sequence[Kept]) -> None:
        missing = {one.datastream for one in kept} - self._ids.keys()
        if missing:
            self._ids |= datastreams.datastream_ids(connection, sorted(missing))
        rows = [
            Row(self._ids[one.datastream], one.at_us, one.stream_id, one.number, *as_stored(one.result), *one[5:])
            for one in kept
        ]
        observations.insert_readings(connection, rows)

    def _keep_aside(self, connection: Connection, entry: journal.Entry, reason: str) -> None:
        source = self.sources[entry.stream_id]
        topic = up_topic(self._site, source.gateway, Priority(source.name.split("/")[1]))
        journal.set_aside(connection, entry, topic=topic, reason=reason)
        _LOG.warning("set aside numbers %d to %d of %s: %s", entry.first, entry.last, source.name, reason)


def _note(connection: Connection, reported: Reported) -> None:
    """Hand on what a gateway reported about a command or a configuration."""
    event = reported.event
    if event.kind == "command_result":
        orders.note_result(
            connection, reported.gateway, event.subject, result=dict(event.data), at_us=event.event_us
        )  # fmt: skip
    elif event.kind == "config_report" and isinstance(version := event.data.get("version"), int):
        outcome = str(event.data.get("outcome", "reported"))
        orders.note_outcome(connection, reported.gateway, version=version, outcome=outcome, at_us=event.event_us)


def _order(connection: Connection, one: LookedAfter, *, at_us: int) -> None:
    """Keep, once and on the record, what a gateway is to be told; it is sent when this is durable."""
    if orders.is_given(connection, one.command_id):  # a rebuild carries the act out again
        return
    arguments: dict[str, Any] = {"thing": one.thing} | ({"upto": float(one.upto)} if one.upto else {})
    command = Command(one.command_id, STAND_DOWN, arguments)
    orders.put_command(connection, one.gateway, command, who=one.who, at_us=at_us)
    detail = {"command": one.command_id, "verb": STAND_DOWN, "arguments": {"thing": one.thing}}
    audit.append(connection, one.who, "command_gateway", subject=one.gateway, detail=detail, at_us=at_us)


def _source(stream: journal.Stream) -> Source:
    return Source(stream.stream_id, stream.gateway, f"{stream.gateway}/{stream.priority}/{stream.boot_epoch}")
