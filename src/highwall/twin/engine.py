"""The engine: reads the journal in order, works out what it means, and writes the effects down in one transaction.

A step reads what waits, takes it to the :class:`~highwall.twin.world.World`, and stores readings, states, places,
alarms, notices, the world's memory and the cursors together: after a crash anywhere the next engine goes on from the
last step, and nothing happens twice. Everything but the journal, people's acts and the criteria can be worked out again
(:meth:`Engine.rebuild`).
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Connection

from highwall.core.errors import InputError
from highwall.telemetry.messages import STAND_DOWN, Command, Event, Kind, Priority, Reading, up_topic
from highwall.telemetry.neighbourhoods import Neighbourhoods
from highwall.telemetry.qc_options import QcOptions
from highwall.telemetry.virtual import SensorGroup
from highwall.twin.alarm_book import is_engines
from highwall.twin.alarms import Act, Alarm
from highwall.twin.changes import Kept, LookedAfter, Reported, Source
from highwall.twin.engine_options import EngineOptions
from highwall.twin.merging import Merged, Timed, merge
from highwall.twin.registry import Registry
from highwall.twin.sql import alarms as alarm_store
from highwall.twin.sql import audit, datastreams, heartbeats, journal, observations, orders, schema, states, tracks
from highwall.twin.sql import criteria as criteria_store
from highwall.twin.sql.criteria import Version
from highwall.twin.sql.database import Database
from highwall.twin.sql.observations import Row, as_stored
from highwall.twin.sql.registry import read_registry, read_words
from highwall.twin.state import AssetState
from highwall.twin.world import World
from highwall.twin.world_memory import CLOCK, forget_changes, pieces, put_back, take_apart

_LOG: Final = logging.getLogger(__name__)
NAME: Final = "engine"
"""Under which it says that it works."""
_READINGS: Final[Callable[[bytes], list[Reading]]] = msgspec.json.Decoder(list[Reading]).decode
_EVENTS: Final[Callable[[bytes], list[Event]]] = msgspec.json.Decoder(list[Event]).decode


class Stepped(NamedTuple):
    """What a step did."""

    clock_us: int
    """Everything that came before then has been worked out."""
    n_readings: int
    n_failed: int
    """Readings that quality control refused."""
    n_set_aside: int
    """Messages, or parts of them, that could not be used."""
    n_late: int
    """Messages that were committed after the engine had passed their time: a replay would take them earlier."""
    has_more: bool
    """Whether as much again waits: step again at once."""
    states: dict[str, AssetState]
    """States that changed."""
    alarms: list[Alarm]
    """Alarms that changed."""
    readings: dict[str, Kept]
    """Newest reading that came of each datastream."""


class _Waiting(NamedTuple):
    """What one step takes."""

    merged: Merged
    acts: list[Act]
    versions: list[Version]
    registry: Registry | None
    words: dict[str, int]
    has_more: bool


class Engine:
    """Works one site out, on one thread."""

    def __init__(
        self,
        database: Database,
        *,
        site: str,
        options: EngineOptions | None = None,
        qc_options: Mapping[str, QcOptions] | None = None,
        groups: Mapping[str, SensorGroup] | None = None,
    ) -> None:
        """Begin on a store.

        Parameters
        ----------
        groups
            Sensors that stand together, by the group's name, which are asked about one another.
        """
        self._database = database
        self._site = site
        self._options = options or EngineOptions()
        self._qc_options = dict(qc_options or {})
        self._groups = dict(groups or {})
        self._world: World | None = None
        self._cursors: dict[int, int] = {}
        self._written: dict[int, int] = {}
        """Cursors as this engine last left them in the store."""
        self._sources: dict[int, Source] = {}
        self._ids: dict[str, int] = {}
        self._registry_us = 0
        self._set_aside: list[tuple[journal.Entry, str]] = []
        self._beat_us: int | None = None
        """When it last said that it works; None: not since it began."""

    @property
    def world(self) -> World:
        """What the engine has worked out so far.

        Raises
        ------
        InputError
            It has not begun.
        """
        if self._world is None:
            raise InputError("the engine has not begun; call step first.")
        return self._world

    def step(self, now_us: int) -> Stepped:
        """Work out what waits, up to a little before now, and write it down.

        Raises
        ------
        InputError
            Another engine works on this store.
        """
        try:
            return self._stepped(now_us)
        except BaseException:
            self._world = None  # what is in memory may be ahead of the store: begin from the store again
            raise

    def rebuild(self, now_us: int) -> Stepped:
        """Forget all that was worked out, and work it out again from the journal, acts and criteria."""
        with self._database.begin() as connection:
            for forget in (states.forget, observations.forget, tracks.forget, alarm_store.forget):
                forget(connection)
            what = "all readings, states and alarms are being worked out again from the journal"
            schema.announce(connection, schema.StoreChange.REBUILT, detail=what, at_us=now_us)
        self._world = None
        stepped = self.step(now_us)
        while stepped.has_more:
            stepped = self.step(now_us)
        return stepped

    def _stepped(self, now_us: int) -> Stepped:
        with self._database.read() as connection:
            world = self._world or self._begun(connection, now_us)
            waiting = self._waiting(connection, world, now_us)
        self._world = world
        n_late = sum(1 for row in waiting.merged.rows if row.entry.received_us < world.clock_us)
        self._set_aside = []
        self._work(world, waiting)
        changed = pieces(world)
        if self._is_due(world, waiting, changed, now_us):
            with self._database.begin() as connection:
                self._write(connection, world, waiting, changed, now_us)
            self._written, self._beat_us = dict(self._cursors), now_us
        stepped = Stepped(
            world.clock_us, len(world.changes.readings), world.changes.n_failed, len(self._set_aside), n_late,
            waiting.has_more, {name: world.states[name] for name in sorted(world.changes.states)},
            [world.book.changed[number] for number in sorted(world.book.changed)],
            {kept.datastream: kept for kept in (*world.changes.readings, *world.changes.estimates)},
        )  # fmt: skip
        forget_changes(world)
        return stepped

    def _begun(self, connection: Connection, now_us: int) -> World:
        """World as the last engine left it, or a new one that begins with the journal."""
        remembered = take_apart(states.memory(connection))
        self._written = states.cursors(connection)
        self._cursors = dict(self._written)
        self._beat_us = None
        self._ids = {}
        clock_us = remembered.clock.clock_us
        version = _version_at(connection, remembered.clock.version)
        world = World(
            version.criteria, version=version.version, registry=read_registry(connection), options=self._options,
            now_us=clock_us or self._start_us(connection, version, now_us), qc_options=self._qc_options,
            remembered=remembered.channels,
            hoods=Neighbourhoods(self._groups, remembered=remembered.groups) if self._groups else None,
        )  # fmt: skip
        world.restore(
            msgspec.json.decode(content, type=AssetState) for content in states.states(connection).values()
        )  # fmt: skip
        put_back(world, remembered)
        opened = [alarm for alarm in alarm_store.open_alarms(connection) if is_engines(alarm.alarm_id)]
        needed = {alarm.criterion: alarm_store.criterion_of(connection, alarm) for alarm in opened}
        world.book.restore(opened, {name: one for name, one in needed.items() if name not in world.book.criteria})
        world.begin()
        self._registry_us = now_us
        return world

    def _start_us(self, connection: Connection, version: Version, now_us: int) -> int:
        """When a new world begins: with the criteria, or with the oldest row if that is older."""
        heads = journal.heads(connection)
        firsts = [
            journal.read_stream(connection, stream, after=0, upto=upto, limit=1) for stream, upto in heads.items()
        ]
        return min([now_us, version.from_us, *(row.received_us for rows in firsts for row in rows)])

    def _waiting(self, connection: Connection, world: World, now_us: int) -> _Waiting:
        rows: dict[int, Sequence[journal.Entry]] = {}
        full: set[int] = set()
        for stream, upto in journal.heads(connection).items():
            after = self._cursors.get(stream, 0)
            if upto > after:
                rows[stream] = journal.read_stream(
                    connection, stream, after=after, upto=upto, limit=self._options.entries
                )
                if len(rows[stream]) == self._options.entries:
                    full.add(stream)
                elif not rows[stream]:
                    self._cursors[stream] = upto
        if rows.keys() - self._sources.keys():
            self._sources = {stream.stream_id: _source(stream) for stream in journal.streams(connection)}
        settle_us = round(self._options.settle_s * 1e6)
        merged = merge(rows, full=full, clock_us=world.clock_us, now_us=now_us, settle_us=settle_us)
        newer = criteria_store.versions(connection, after=world.book.version)
        due = not 0 <= now_us - self._registry_us < self._options.registry_s * 1e6
        self._registry_us = now_us if due else self._registry_us
        return _Waiting(
            merged,
            [
                act
                for act in alarm_store.waiting_acts(connection)
                if act.at_us <= merged.horizon_us and is_engines(act.alarm_id)
            ],
            [version for version in newer if version.from_us <= merged.horizon_us],
            read_registry(connection) if due else None,
            read_words(connection) if due else {},
            merged.is_cut,
        )

    def _work(self, world: World, waiting: _Waiting) -> None:
        """Take everything to the world, each at its time."""
        if waiting.registry is not None and waiting.registry != world.registry:
            world.take_registry(waiting.registry)
        for gateway, heard_us in sorted(waiting.words.items()):
            world.take_word(gateway, heard_us=heard_us)
        for at_us, _, _, item in sorted(_in_order(waiting)):
            world.advance(max(world.clock_us, at_us))
            if isinstance(item, Version):
                world.take_criteria(item.criteria, version=item.version)
            elif isinstance(item, Act):
                world.take_act(item)
            else:
                self._take(world, item)
        world.advance(max(world.clock_us, waiting.merged.horizon_us))

    def _take(self, world: World, entry: journal.Entry) -> None:
        """Take one row of the journal to the world; what cannot be used is set aside."""
        source = self._sources[entry.stream_id]
        self._cursors[entry.stream_id] = entry.last
        try:
            if entry.kind is Kind.READINGS:
                self._take_readings(world, source, entry)
            elif entry.kind is Kind.EVENTS:
                events = entry.own(_EVENTS(entry.payload))
                self._check_number(entry, len(events))
                world.take_events(source, entry.first, events, received_us=entry.received_us)
        except (msgspec.DecodeError, UnicodeDecodeError, InputError) as error:
            self._set_aside.append((entry, f"the engine cannot use it: {error}"))

    def _take_readings(self, world: World, source: Source, entry: journal.Entry) -> None:
        given = entry.own(_READINGS(entry.payload))
        self._check_number(entry, len(given))
        usable = [reading for reading in given if datastreams.is_usable_name(reading.datastream)]
        if len(usable) == len(given):
            world.take_readings(source, entry.first, given, received_us=entry.received_us)
            return
        for number, reading in enumerate(given, start=entry.first):
            if datastreams.is_usable_name(reading.datastream):
                world.take_readings(source, number, [reading], received_us=entry.received_us)
        n_bad = len(given) - len(usable)
        self._set_aside.append(
            (entry, f"{n_bad} of {len(given)} readings have a datastream name that cannot be stored")
        )

    def _check_number(self, entry: journal.Entry, n: int) -> None:
        """Tell, but do not refuse, a payload with another number of items than its range."""
        wanted = entry.last - entry.first + 1
        if n != wanted:
            self._set_aside.append((entry, f"the payload holds {n} items for {wanted} numbers; what is there was used"))

    def _is_due(self, world: World, waiting: _Waiting, changed: Mapping[str, bytes], now_us: int) -> bool:
        """Whether there is anything to write down: something happened, or it is time to say that nothing did."""
        if self._beat_us is None or not 0 <= now_us - self._beat_us < self._options.beat_s * 1e6:
            return True
        if waiting.merged.rows or waiting.acts or waiting.versions or self._cursors != self._written:
            return True
        return not (changed.keys() <= {CLOCK} and world.changes.is_empty and world.book.is_empty)

    def _write(
        self, connection: Connection, world: World, waiting: _Waiting, changed: Mapping[str, bytes], now_us: int
    ) -> None:
        """Store all effects of a step, with the cursors that say so."""
        changes, book = world.changes, world.book
        self._check_alone(connection)
        self._store_readings(connection, [*changes.readings, *changes.estimates])
        tracks.insert_positions(connection, [tracks.Position(*place) for place in changes.passed])
        encoded = {name: msgspec.json.encode(world.states[name]) for name in sorted(changes.states)}
        states.put_states(connection, encoded, at_us=now_us)
        alarm_store.put_alarms(connection, book.changed.values(), at_us=now_us)
        alarm_store.put_transitions(connection, book.transitions)
        alarm_store.put_notices(connection, book.notices)
        if waiting.acts:
            alarm_store.mark_done(connection, [act.act_id for act in waiting.acts])
        for one in changes.reported:
            _note(connection, one)
        for looked_after in changes.looked_after:
            _order(connection, looked_after, at_us=now_us)
        for entry, reason in self._set_aside:
            self._keep_aside(connection, entry, reason)
        if self._cursors:
            states.put_cursors(connection, self._cursors)
        states.put_memory(connection, changed)
        n_waiting = sum(upto - self._cursors.get(stream, 0) for stream, upto in journal.heads(connection).items())
        heartbeats.beat(connection, heartbeats.Heartbeat(NAME, now_us, world.clock_us, n_waiting))

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
        source = self._sources[entry.stream_id]
        topic = up_topic(self._site, source.gateway, Priority(source.name.split("/")[1]))
        journal.set_aside(connection, entry, topic=topic, reason=reason)
        _LOG.warning("set aside numbers %d to %d of %s: %s", entry.first, entry.last, source.name, reason)


def _in_order(waiting: _Waiting) -> list[tuple[int, int, tuple[int, int], Any]]:
    """Criteria, acts and rows by time; at one time criteria come first, then acts."""
    items: list[tuple[int, int, tuple[int, int], Any]] = []
    items += [(version.from_us, 0, (version.version, 0), version) for version in waiting.versions]
    items += [(act.at_us, 1, (act.act_id, 0), act) for act in waiting.acts]
    items += [_as_item(row) for row in waiting.merged.rows]
    return items


def _as_item(row: Timed) -> tuple[int, int, tuple[int, int], Any]:
    return row.at_us, 2, (row.stream_id, row.first), row.entry


def _source(stream: journal.Stream) -> Source:
    return Source(stream.stream_id, stream.gateway, f"{stream.gateway}/{stream.priority}/{stream.boot_epoch}")


def _version_at(connection: Connection, version: int) -> Version:
    """Criteria under which the world was left; for a new world the first version."""
    after = max(version - 1, 0)
    found = criteria_store.versions(connection, after=after, limit=1)
    return found[0] if found else criteria_store.in_force(connection)


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
    command = Command(one.command_id, STAND_DOWN, {"thing": one.thing, "upto_us": float(one.upto_us)})
    orders.put_command(connection, one.gateway, command, who=one.who, at_us=at_us)
    detail = {"command": one.command_id, "verb": STAND_DOWN, "arguments": {"thing": one.thing}}
    audit.append(connection, one.who, "command_gateway", subject=one.gateway, detail=detail, at_us=at_us)
