"""Odd messages: what the engine meets at its place, and the net under all that nobody foresaw."""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from highwall.telemetry.messages import Event, Kind, Priority, Range, Reading, up_message
from highwall.twin import ledger, refusals
from highwall.twin.changes import Reported, Source
from highwall.twin.engine import Engine
from highwall.twin.intake import take
from highwall.twin.sql import alarms, datastreams, heartbeats, journal, losses, observations, schema
from highwall.twin.sql import criteria as criteria_store
from highwall.twin.sql.database import Database, open_database
from highwall.twin.world import World
from tests.twin.plans import EAGER, SITE, T0, S, Talker, enter, person, run_to

_HUGE = 10**400
_DOWN = Event("man_down", T0 + 10 * S, "tag-1", {"health": "down", "change": 1})

_ODD: tuple[tuple[Kind, dict[str, Any]], ...] = (
    (Kind.READINGS, {"d": "tag-1/position", "t": T0 + S, "r": [12.0]}),
    (Kind.READINGS, {"d": "tag-1/position", "t": T0 + S, "r": []}),
    (Kind.READINGS, {"d": "tag-1/position", "t": T0 + S, "r": [12.0, 95.0]}),
    (Kind.READINGS, {"d": "tag-1/position", "t": T0 + S, "r": "here"}),
    (Kind.EVENTS, {"kind": "local_alarm", "t": T0, "subject": "s", "data": {"criterion": "c", "level": _HUGE}}),
    (Kind.EVENTS, {"kind": "local_alarm", "t": T0, "subject": "s\0", "data": {"criterion": "c\0", "level": 3}}),
    (Kind.EVENTS, {"kind": "config_report", "t": T0, "subject": "v", "data": {"version": 2**63, "outcome": "a"}}),
    (Kind.EVENTS, {"kind": "config_report", "t": T0, "subject": "v", "data": {"version": 2**40, "outcome": "a"}}),
    (Kind.EVENTS, {"kind": "config_report", "t": T0, "subject": "v", "data": {"version": 1, "outcome": "a\0"}}),
    (Kind.EVENTS, {"kind": "command_result", "t": T0, "subject": "c\0", "data": {}}),
    (Kind.EVENTS, {"kind": "command_result", "t": T0, "subject": "c", "data": {"n": [_HUGE], "\0": "\0"}}),
    (Kind.EVENTS, {"kind": "man_down\0", "t": T0, "subject": "tag-1\0", "data": {"change": 2**70}}),
)
"""What no gateway of ours says, but any client of a site's own broker can."""


@pytest.fixture
def twin(databases: Database) -> Database:
    return _with_ann(databases)


@pytest.fixture
def fresh() -> Iterator[Callable[[], Database]]:
    """Make a store in memory for each example."""
    made: list[Database] = []

    def make() -> Database:
        made.append(open_database("sqlite://"))
        schema.prepare(made[-1], now_us=T0)
        return _with_ann(made[-1])

    yield make
    for database in made:
        database.close()


def _with_ann(database: Database) -> Database:
    """A store with the shipped criteria, and a person who wears a tag."""
    with database.begin() as connection:
        criteria_store.install_default(connection, at_us=T0)
    person(database)
    enter(database, "gw-1")
    return database


def _engine(database: Database) -> Engine:
    return Engine(database, site=SITE, options=EAGER)


def _reasons(database: Database) -> list[str]:
    with database.read() as connection:
        return [letter.reason for letter in losses.dead_letters(connection, limit=1000)]


def _n_readings(database: Database) -> int:
    with database.read() as connection:
        return sum(
            len(observations.page(connection, one.id, from_us=0, to_us=2**60))
            for one in datastreams.datastreams(connection)
        )


def _open(database: Database) -> list[tuple[str, int]]:
    with database.read() as connection:
        return [(alarm.criterion, alarm.level) for alarm in alarms.open_alarms(connection)]


def test_an_odd_message_is_met_at_its_place(twin: Database, caplog: pytest.LogCaptureFixture) -> None:
    engine = _engine(twin)
    for number, (kind, content) in enumerate(_ODD, start=1):
        payload = json.dumps([content]).encode()
        with twin.begin() as connection:
            message = up_message(SITE, "gw-1", Range(Priority.BULK, "e1", number, number), kind, payload)
            journal.append(connection, message, site=SITE, received_us=T0 + S)
        run_to(engine, T0 + 2 * S)
    Talker(twin).tells(_DOWN, at_us=T0 + 10 * S)
    run_to(_engine(twin), T0 + 11 * S)  # another engine reads what the first left
    assert ("man-down", 4) in _open(twin)
    assert _reasons(twin) == []
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_an_event_that_is_nested_too_deep_is_set_aside(twin: Database) -> None:
    deep = b"[" * 50_000 + b"]" * 50_000
    payload = b'[{"kind":"uplink","t":0,"subject":"s","data":{"a":' + deep + b"}}]"
    with twin.begin() as connection:
        message = up_message(SITE, "gw-1", Range(Priority.BULK, "e1", 1, 1), Kind.EVENTS, payload)
        journal.append(connection, message, site=SITE, received_us=T0 + S)
    assert run_to(_engine(twin), T0 + 2 * S).n_set_aside == 1
    assert "the engine cannot use it" in _reasons(twin)[0]


_SLOW = settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))


@_SLOW
@given(odd=st.dictionaries(st.integers(0, 11), st.sampled_from(["taken", "written"]), max_size=6), packed=st.booleans())
def test_just_the_rows_that_fail_are_left_out(fresh: Callable[[], Database], odd: dict[int, str], packed: bool) -> None:
    """Whatever rows fail, while they are taken or when their effects are written, the others count as without them."""
    with pytest.MonkeyPatch.context() as broken:
        _break(broken)
        whole, clean = fresh(), fresh()
        engine, one, other = _engine(whole), Talker(whole), Talker(clean)
        for number in range(12):
            at_us = T0 + number * S
            word, reading = _note(odd.get(number, "fine"), at_us), Reading("s-1/tilt", at_us, 0.001 * number)
            one.tells(word, at_us=at_us)
            one.says(reading, at_us=at_us)
            if number not in odd:
                other.tells(word, at_us=at_us)
            other.says(reading, at_us=at_us)
            if not packed:
                run_to(engine, at_us)
        one.tells(_DOWN, at_us=T0 + 12 * S)
        other.tells(_DOWN, at_us=T0 + 12 * S)
        run_to(engine, T0 + 13 * S)
        run_to(_engine(clean), T0 + 13 * S)
        assert len(_reasons(whole)) == len(odd)
        assert all("ValueError: odd" in reason for reason in _reasons(whole))
        assert _n_readings(whole) == _n_readings(clean)
        assert _open(whole) == _open(clean) == [("man-down", 4)]


def test_half_of_what_a_row_did_is_undone(twin: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails_late(world: World, source: Source, entry: journal.Entry) -> list[str]:
        reasons = take(world, source, entry)
        if entry.kind is Kind.EVENTS:
            raise KeyError("after the fact")
        return reasons

    monkeypatch.setattr(refusals, "take", fails_late)
    Talker(twin).tells(_DOWN, at_us=T0 + 10 * S)
    Talker(twin).says(Reading("s-1/tilt", T0 + 10 * S, 0.1), at_us=T0 + 10 * S)
    engine = _engine(twin)
    run_to(engine, T0 + 11 * S)
    assert _open(twin) == []
    assert engine.world.state_of("ann").health == "unknown"
    assert _n_readings(twin) == 1
    assert "KeyError" in _reasons(twin)[0]


def test_what_was_left_out_is_tried_again_by_a_rebuild(twin: Database) -> None:
    Talker(twin).tells(_note("taken", T0), msgspec.structs.replace(_DOWN, event_us=T0), at_us=T0)
    with pytest.MonkeyPatch.context() as broken:
        _break(broken)
        run_to(_engine(twin), T0 + S)
        assert (len(_reasons(twin)), _open(twin)) == (1, [])
        list(_engine(twin).rebuild(T0 + 2 * S))
        assert (len(_reasons(twin)), _open(twin)) == (1, [])  # once, as before
    list(_engine(twin).rebuild(T0 + 3 * S))  # by a version that knows what to do
    assert (_reasons(twin), _open(twin)) == ([], [("man-down", 4)])


def test_a_long_run_of_odd_rows_is_left_out_step_by_step(
    fresh: Callable[[], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    _break(monkeypatch)
    twin = fresh()
    gateway = Talker(twin)
    for number in range(60):
        gateway.tells(_note("taken", T0 + number), at_us=T0 + number)
    gateway.tells(_DOWN, at_us=T0 + 10 * S)
    run_to(_engine(twin), T0 + 11 * S)
    assert len(_reasons(twin)) == 60
    assert _open(twin) == [("man-down", 4)]


@pytest.mark.parametrize("error", [ValueError("a defect elsewhere"), OSError("disk full"), MemoryError()])
def test_a_step_that_fails_whatever_it_takes_blames_no_row(
    twin: Database, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(*_: Any) -> None:
        raise error

    engine, gateway = _engine(twin), Talker(twin)
    for number in range(5):
        gateway.says(Reading("s-1/tilt", T0 + number * S, 0.1), at_us=T0 + number * S)
    with monkeypatch.context() as broken:
        broken.setattr(heartbeats, "beat", fails)
        for _ in range(3):
            with pytest.raises(type(error)):
                engine.step(T0 + 6 * S)
    run_to(engine, T0 + 7 * S)
    assert (_n_readings(twin), _reasons(twin)) == (5, [])


def _break(broken: pytest.MonkeyPatch) -> None:
    """Have the engine fail over notes that say so, while they are taken or when they are written down."""
    happened, noted = World.take_events, ledger._note

    def take_events(world: World, source: Source, first: int, events: Any, *, received_us: int) -> None:
        happened(world, source, first, events, received_us=received_us)
        if any(event.subject == "taken" for event in events):
            raise ValueError("odd")

    def note(connection: Any, reported: Reported) -> None:
        noted(connection, reported)
        if reported.event.subject == "written":
            raise ValueError("odd")

    broken.setattr(World, "take_events", take_events)
    broken.setattr(ledger, "_note", note)


def _note(subject: str, at_us: int) -> Event:
    return Event("note", at_us, subject)
