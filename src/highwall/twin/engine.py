"""The engine: reads the journal in order, works out what it means, and writes the effects down in one transaction.

A step reads what waits, takes it to the :class:`~highwall.twin.world.World`, and stores readings, states, places,
alarms, notices, the world's memory and the cursors together: after a crash anywhere the next engine goes on from the
last step, and nothing happens twice. So it does where a row of the journal cannot be taken, which is left out then
(:mod:`highwall.twin.refusals`). Everything but the journal, people's acts and the criteria can be worked out again
(:meth:`Engine.rebuild`).
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Connection

from highwall.core.errors import InputError
from highwall.telemetry.neighbourhoods import Neighbourhoods
from highwall.telemetry.qc_options import QcOptions
from highwall.telemetry.virtual import SensorGroup
from highwall.twin.alarm import Act, Alarm
from highwall.twin.alarm_book import is_engines
from highwall.twin.changes import Kept
from highwall.twin.engine_options import EngineOptions
from highwall.twin.ledger import Ledger
from highwall.twin.merging import Merged, Timed, merge
from highwall.twin.refusals import Refusals
from highwall.twin.registry import Registry
from highwall.twin.sql import alarms as alarm_store
from highwall.twin.sql import criteria as criteria_store
from highwall.twin.sql import (
    forgetting,
    journal,
    schema,
    states,
)
from highwall.twin.sql.criteria import Version
from highwall.twin.sql.database import Database
from highwall.twin.sql.registry import read_registry, read_words
from highwall.twin.state import AssetState
from highwall.twin.world import World
from highwall.twin.world_memory import (
    CLOCK,
    REBUILDING,
    Clock,
    Rebuilding,
    forget_changes,
    pieces,
    put_back,
    take_apart,
)

_LOG: Final = logging.getLogger(__name__)


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
        self._options = options or EngineOptions()
        self._qc_options = dict(qc_options or {})
        self._groups = dict(groups or {})
        self._world: World | None = None
        self._ledger = Ledger(site, writer=database.writer)
        self._refusals = Refusals(database.troubles)
        self._registry_us = 0
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
        while True:
            try:
                return self._stepped(now_us)
            except BaseException as error:
                self._world = None  # what is in memory may be ahead of the store: begin from the store again
                if not self._refusals.has_learned(error):
                    raise

    def rebuild(self, now_us: int) -> Iterator[Stepped]:
        """Forget all that was worked out, and work it out again from the journal, acts and criteria, step by step.

        Where the journal was trimmed, what is older than it stays. Nobody is called before all is done, and then for
        alarms that are still open. If it is killed, the next engine goes on with it.
        """
        with self._database.begin() as connection:
            begins = journal.beginning(connection)
            forgetting.forget(connection, begins)
            if begins.at_us is not None:
                until_us = now_us - round(self._options.settle_s * 1e6)
                memory = {REBUILDING: msgspec.json.encode(Rebuilding(until_us))}
                if not begins.is_whole:
                    version = criteria_store.at(connection, begins.at_us)
                    memory[CLOCK] = msgspec.json.encode(Clock(begins.at_us, 0, version.version))
                states.put_memory(connection, memory)
            what = "all that follows from the journal is being worked out again"
            schema.announce(connection, schema.StoreChange.REBUILT, detail=what, at_us=now_us)
        self._world = None
        has_more = True
        while has_more:
            stepped = self.step(now_us)
            has_more = stepped.has_more
            yield stepped

    def _stepped(self, now_us: int) -> Stepped:
        with self._database.read() as connection:
            world = self._world or self._begun(connection, now_us)
            waiting = self._waiting(connection, world, now_us)
        self._world = world
        n_late = sum(1 for row in waiting.merged.rows if row.entry.received_us < world.clock_us)
        self._ledger.set_aside = []
        self._work(world, waiting)
        changed = pieces(world)
        if self._is_due(world, waiting, changed, now_us):
            with self._database.begin() as connection:
                self._ledger.write(connection, world, acts=waiting.acts, memory=changed, now_us=now_us)
            self._ledger.wrote()
            self._beat_us = now_us
        self._refusals.done()
        stepped = Stepped(
            world.clock_us, len(world.changes.readings), world.changes.n_failed, len(self._ledger.set_aside), n_late,
            waiting.has_more, {name: world.states[name] for name in sorted(world.changes.states)},
            [world.book.changed[number] for number in sorted(world.book.changed)],
            {kept.datastream: kept for kept in (*world.changes.readings, *world.changes.estimates)},
        )  # fmt: skip
        forget_changes(world)
        return stepped

    def _begun(self, connection: Connection, now_us: int) -> World:
        """World as the last engine left it, or a new one that begins with the journal."""
        remembered = take_apart(states.memory(connection))
        self._ledger.begin(connection, remembered.rebuilding)
        self._beat_us = None
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
            after = self._ledger.cursors.get(stream, 0)
            if upto > after:
                rows[stream] = journal.read_stream(
                    connection, stream, after=after, upto=upto, limit=self._options.entries
                )
                if len(rows[stream]) == self._options.entries:
                    full.add(stream)
                elif not rows[stream]:
                    self._ledger.cursors[stream] = upto
        self._ledger.get_to_know(connection, rows)
        settle_us = round(self._options.settle_s * 1e6)
        merged = self._refusals.first_of(
            merge(rows, full=full, clock_us=world.clock_us, now_us=now_us, settle_us=settle_us)
        )
        newer = criteria_store.versions(connection, after=world.book.version)
        due = not 0 <= now_us - self._registry_us < self._options.registry_s * 1e6
        self._registry_us = now_us if due else self._registry_us
        return _Waiting(
            merged,
            [
                act
                for act in alarm_store.waiting_acts(connection)
                if is_engines(act.alarm_id) and merged.has_come(act.at_us, now_us=now_us)
            ],
            [version for version in newer if merged.has_come(version.from_us, now_us=now_us)],
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
                self._ledger.cursors[item.stream_id] = item.last
                reasons = self._refusals.take(world, self._ledger.sources[item.stream_id], item)
                self._ledger.set_aside += [(item, reason) for reason in reasons]
        world.advance(max(world.clock_us, waiting.merged.horizon_us))

    def _is_due(self, world: World, waiting: _Waiting, changed: Mapping[str, bytes], now_us: int) -> bool:
        """Whether there is anything to write down: something happened, or it is time to say that nothing did."""
        if self._beat_us is None or not 0 <= now_us - self._beat_us < self._options.beat_s * 1e6:
            return True
        if waiting.merged.rows or waiting.acts or waiting.versions or self._ledger.has_moved:
            return True
        if self._ledger.ends_rebuild(world):
            return True
        return not (changed.keys() <= {CLOCK} and world.changes.is_empty and world.book.is_empty)


def _in_order(waiting: _Waiting) -> list[tuple[int, int, tuple[int, int], Any]]:
    """Criteria, acts and rows by time; at one time criteria come first, then acts."""
    last_us = waiting.merged.horizon_us
    items: list[tuple[int, int, tuple[int, int], Any]] = []
    items += [(min(version.from_us, last_us), 0, (version.version, 0), version) for version in waiting.versions]
    items += [(min(act.at_us, last_us), 1, (act.act_id, 0), act) for act in waiting.acts]
    items += [_as_item(row) for row in waiting.merged.rows]
    return items


def _as_item(row: Timed) -> tuple[int, int, tuple[int, int], Any]:
    return row.at_us, 2, (row.stream_id, row.first), row.entry


def _version_at(connection: Connection, version: int) -> Version:
    """Criteria under which the world was left; for a new world the first version."""
    after = max(version - 1, 0)
    found = criteria_store.versions(connection, after=after, limit=1)
    return found[0] if found else criteria_store.in_force(connection)
