"""The engine: batch equals stream, any order gives one state, replay gives the same alarms, a crash loses nothing."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from highwall.core.errors import InputError
from highwall.telemetry.messages import Event, Priority, Range, Reading, readings_message
from highwall.telemetry.virtual import SensorGroup, fit_group
from highwall.telemetry.virtual_options import VirtualOptions
from highwall.twin.alarm import Alarm, Stage
from highwall.twin.engine import Engine
from highwall.twin.engine_options import EngineOptions
from highwall.twin.roles import Role
from highwall.twin.sql import (
    alarms,
    audit,
    datastreams,
    heartbeats,
    journal,
    losses,
    observations,
    orders,
    schema,
    states,
    tracks,
    zones,
)
from highwall.twin.sql import criteria as criteria_store
from highwall.twin.sql import notices as notice_store
from highwall.twin.sql.database import Database, open_database
from tests.twin.plans import EAGER, SITE, T0, S, Talker, criterion, enter, install, level, person, plan, run_to

_CRACKS = criterion(
    "crack",
    levels=[
        level(
            2, when={"reading": "crack_width", "above": 0.01, "until": 0.008, "silent_after_s": 300}, on_after_s=5,
            off_after_s=5, escalation=[{"to": "supervisor", "by": ["mail"]}],
        ),
        level(3, when={"reading": "crack_width", "above": 0.05, "silent_after_s": 300}, within_s=20),
    ],
)  # fmt: skip
_DOWN = criterion(
    "down",
    about={"kind": "asset", "of": ["person"]},
    blind=None,
    levels=[
        level(1, when={"state": "health", "among": ["pre_alarm", "down"]}, prealarm_s=60, clears="itself"),
        level(4, when={"state": "health", "among": ["down"]}, clears="by_hand", by=["mail"]),
    ],
)
_SILENT = criterion(
    "gateway",
    about={"kind": "gateway"},
    blind=None,
    is_about_watching=True,
    levels=[level(3, when={"silent": "word", "for_s": 120}, clears="itself")],
)
_ZONE = criterion(
    "zone",
    about={"kind": "asset", "of": ["person"]},
    blind=None,
    levels=[level(2, when={"inside": ["exclusion"]}, clears="itself")],
)
_PLAN = plan(_CRACKS, _DOWN, _SILENT, _ZONE)


def _crack(value: float, at: float, thing: str = "s-1") -> Reading:
    return Reading(f"{thing}/crack_width", T0 + round(at * S), value)


def _health(word: str, at: float) -> Event:
    return Event("man_down", T0 + round(at * S), "tag-1", {"health": word})


def _engine(database: Database, *, groups: Mapping[str, SensorGroup] | None = None, **given_: Any) -> Engine:
    return Engine(database, site=SITE, options=EAGER.model_copy(update=given_), groups=groups)


def _told(database: Database) -> list[tuple[Any, ...]]:
    """Everything that happened to alarms, in words."""
    with database.read() as connection:
        found = alarms.page(connection, limit=1000)
        steps = alarms.transitions(connection, [alarm.alarm_id for alarm in found])
    return [
        (alarm.criterion, str(alarm.subject), alarm.stage.value, step.what, step.at_us - T0, step.level, step.why)
        for alarm in sorted(found, key=lambda alarm: alarm.alarm_id)
        for step in steps.get(alarm.alarm_id, [])
    ]


def _stored(database: Database) -> dict[str, Any]:
    """All that an engine works out."""
    with database.read() as connection:
        every = datastreams.datastreams(connection)
        readings = {
            one.name: [
                (row.phenomenon_us, row.value, row.text, row.flag)
                for row in observations.page(connection, one.id, from_us=0, to_us=2**60)
            ]
            for one in every
        }
        memory = {name: piece for name, piece in states.memory(connection).items() if piece}
        found = {"readings": readings, "states": states.states(connection), "memory": memory}
    return found | {"alarms": _told(database)}


@pytest.fixture
def twin(databases: Database) -> Database:
    install(databases, _PLAN)
    person(databases)
    enter(databases, "gw-1")
    return databases


def test_a_crack_raises_an_alarm_which_is_answered_and_clears(twin: Database) -> None:
    engine, gateway = _engine(twin), Talker(twin)
    gateway.says(_crack(0.02, 10), at_us=T0 + 10 * S)
    assert run_to(engine, T0 + 11 * S).alarms == []
    stepped = run_to(engine, T0 + 15 * S)
    assert [(alarm.level, alarm.raised_us - T0) for alarm in stepped.alarms] == [(2, 15 * S)]
    with twin.begin() as connection:
        shown = alarms.act(connection, stepped.alarms[0].alarm_id, "acknowledge", who="mia", at_us=T0 + 16 * S)
    assert shown.stage is Stage.ACKNOWLEDGED
    gateway.says(_crack(0.001, 20), _crack(0.001, 30), at_us=T0 + 30 * S)
    assert [alarm.stage for alarm in run_to(engine, T0 + 30 * S).alarms] == [Stage.CLEARED]
    assert [told[3] for told in _told(twin)] == ["raised", "acknowledged", "cleared"]


def test_an_answer_counts_while_the_engine_is_down(twin: Database) -> None:
    engine, gateway = _engine(twin), Talker(twin)
    gateway.says(_crack(0.06, 10), at_us=T0 + 10 * S)
    number = run_to(engine, T0 + 10 * S).alarms[0].alarm_id
    with twin.begin() as connection:
        alarms.act(connection, number, "acknowledge", who="mia", at_us=T0 + 11 * S)
    with twin.read() as connection:
        assert alarms.alarm(connection, number).stage is Stage.ACKNOWLEDGED
        assert alarms.page(connection, is_open=True)[0].stage is Stage.ACKNOWLEDGED
        assert alarms.transitions(connection, [number])[number][-1].who == "mia"
    with twin.begin() as connection, pytest.raises(InputError, match="acknowledged already"):
        alarms.act(connection, number, "acknowledge", who="tom", at_us=T0 + 12 * S)
    later = run_to(_engine(twin), T0 + 500 * S)
    assert "escalated" not in {told[3] for told in _told(twin) if told[0] == "crack"}
    assert later.alarms


def test_nobody_answers_and_the_next_in_line_is_told_outside(twin: Database) -> None:
    engine, gateway = _engine(twin), Talker(twin)
    gateway.says(_crack(0.02, 0), at_us=T0)
    run_to(engine, T0 + 66 * S)
    with twin.read() as connection:
        waiting = notice_store.waiting(connection, now_us=T0 + 70 * S)
    assert [(notice.what, notice.channel, notice.to) for notice in waiting] == [
        ("escalated", "mail", Role.SUPERVISOR)
    ]  # fmt: skip
    with twin.begin() as connection:
        notice_store.failed(connection, waiting[0].notice_id, error="no route", next_us=T0 + 100 * S)
        assert notice_store.waiting(connection, now_us=T0 + 99 * S) == []
        again = notice_store.waiting(connection, now_us=T0 + 100 * S)
        assert again[0].n_tries == 1
        notice_store.sent(connection, again[0].notice_id)
        assert notice_store.waiting(connection, now_us=T0 + 200 * S) == []


def test_a_fall_told_by_a_gateway(twin: Database) -> None:
    engine, gateway = _engine(twin), Talker(twin)
    gateway.tells(_health("pre_alarm", 5), at_us=T0 + 5 * S)
    stepped = run_to(engine, T0 + 5 * S)
    assert stepped.states["ann"].health == "pre_alarm"
    assert stepped.alarms[0].cancel_until_us == T0 + 65 * S
    gateway.tells(_health("down", 25), at_us=T0 + 25 * S)
    down = run_to(engine, T0 + 25 * S).alarms[0]
    assert (down.level, down.cancel_until_us, down.stage) == (4, None, Stage.RAISED)
    with twin.begin() as connection:
        alarms.act(connection, down.alarm_id, "clear", who="mia", why="up again", at_us=T0 + 60 * S)
    after = run_to(engine, T0 + 61 * S)
    assert after.alarms[0].stage is Stage.CLEARED
    assert after.states["ann"].health == "ok"  # whoever clears it has looked after the person


def test_a_fall_worked_out_at_the_server(twin: Database) -> None:
    engine, gateway = _engine(twin), Talker(twin)

    def wears(seconds: range, sample: list[float]) -> None:
        for second in seconds:
            at = [T0 + second * S + k * 100_000 for k in range(10)]
            gateway.says(*(Reading("tag-1/acceleration", one, sample) for one in at), at_us=at[-1])

    wears(range(8), [0.3, 0.2, 9.8])
    gateway.says(Reading("tag-1/acceleration", T0 + 8 * S, [10.0, 5.0, 30.0]), at_us=T0 + 8 * S)
    wears(range(9, 60), [9.8, 0.0, 0.2])
    run_to(engine, T0 + 61 * S)
    with twin.read() as connection:
        found = alarms.page(connection, is_open=True)
    assert [(alarm.criterion, alarm.level) for alarm in found] == [("down", 4)]


@pytest.mark.parametrize("ahead", [0, 40])
def test_who_is_looked_after_is_well_though_the_clock_of_a_tag_is_ahead(twin: Database, ahead: int) -> None:
    engine, gateway = _engine(twin), Talker(twin)
    gateway.tells(_health("down", 25 + ahead), at_us=T0 + 25 * S)
    down = run_to(engine, T0 + 25 * S).alarms[0]
    with twin.begin() as connection:
        alarms.act(connection, down.alarm_id, "clear", who="mia", why="up again", at_us=T0 + 25 * S)
    assert run_to(engine, T0 + 31 * S).states["ann"].health == "ok"
    gateway.tells(_health("down", 40 + ahead), at_us=T0 + 40 * S)  # and again
    assert run_to(engine, T0 + 40 * S).states["ann"].health == "down"


def test_an_engine_begins_again_after_a_second_with_few_samples(twin: Database) -> None:
    gateway = Talker(twin)
    for second in range(3):
        at_us = T0 + second * S
        gateway.says(Reading("tag-1/acceleration", at_us, [0.0, 0.0, 9.8]), at_us=at_us)
    run_to(_engine(twin), T0 + 4 * S)
    restarted = _engine(twin)
    run_to(restarted, T0 + 5 * S)
    (recent, *_) = restarted.world.bodies.known["tag-1"].moving.recent
    assert recent.unrest is None


def test_an_engine_begins_again_after_a_crack_began_to_move_out_of_rest(databases: Database) -> None:
    faster = {"reading": "crack_width", "of": "speed_up", "over_s": 60, "above": 2, "silent_after_s": 300}
    install(databases, plan(criterion("faster", levels=[level(when=faster)])))
    engine, gateway = _engine(databases), Talker(databases)
    for at in range(60):
        gateway.says(_crack(0.001 + max(0, at - 40) * 1e-4, at), at_us=T0 + at * S)
    run_to(engine, T0 + 60 * S)
    gateway.says(_crack(0.003, 61), at_us=T0 + 61 * S)
    assert run_to(_engine(databases), T0 + 61 * S).n_readings == 1
    with databases.read() as connection:
        (found,) = alarms.open_alarms(connection)
    assert "speed up from rest over 1 min, above 2 times" in found.evidence[0]


def test_a_person_walks_into_an_exclusion_zone(twin: Database) -> None:
    ring = [[7.0, 51.0], [7.01, 51.0], [7.01, 51.01], [7.0, 51.01], [7.0, 51.0]]
    zone = zones.Zone(
        "blast", zones.ZoneKind.EXCLUSION, "Blast", {"type": "Polygon", "coordinates": [ring]}, {}, "sue", T0
    )
    with twin.begin() as connection:
        zones.put_zones(connection, [zone])
    engine, gateway = _engine(twin), Talker(twin)

    def at(lon: float, second: float) -> list[Alarm]:
        gateway.says(
            Reading("tag-1/position", T0 + round(second * S), [lon, 51.005, 80.0]), at_us=T0 + round(second * S)
        )
        return run_to(engine, T0 + round(second * S)).alarms

    assert at(6.99, 1) == []
    assert [(alarm.criterion, alarm.stage) for alarm in at(7.005, 2)] == [("zone", Stage.RAISED)]
    assert [alarm.stage for alarm in at(7.02, 3)] == [Stage.CLEARED]
    at(7.005, 4)
    with twin.begin() as connection:
        zones.replace_zones(connection, zones.ZoneKind.EXCLUSION, [], at_us=T0 + 5 * S)
    assert [alarm.stage for alarm in run_to(engine, T0 + 6 * S).alarms] == [Stage.CLEARED]
    with twin.read() as connection:
        assert len(tracks.track(connection, "ann", from_us=T0, to_us=T0 + 10 * S)) == 4


def test_a_silent_gateway_is_one_alarm_not_one_a_sensor(twin: Database) -> None:
    engine, gateway = _engine(twin), Talker(twin)
    gateway.says(*(_crack(0.001, 0, f"s-{k}") for k in range(20)), at_us=T0)
    stepped = run_to(engine, T0 + 1000 * S)
    assert [alarm.criterion for alarm in stepped.alarms] == ["gateway"]
    gateway.says(_crack(0.001, 1000, "s-0"), at_us=T0 + 1001 * S)
    back = {(alarm.sort, alarm.stage) for alarm in run_to(engine, T0 + 1001 * S).alarms}
    assert back == {("not_watching", Stage.CLEARED), ("blind", Stage.RAISED)}  # 19 sensors are still silent


def test_other_criteria_take_over_where_the_old_ones_stood(twin: Database) -> None:
    engine, gateway = _engine(twin), Talker(twin)
    gateway.says(_crack(0.02, 0), at_us=T0)
    run_to(engine, T0 + 10 * S)
    stricter = criterion(
        "crack", levels=[level(2, when={"reading": "crack_width", "above": 0.015, "silent_after_s": 300})]
    )
    with twin.begin() as connection:
        content = plan(stricter).model_dump(mode="json", by_alias=True, exclude_defaults=True)
        asked = criteria_store.propose(
            connection, content, who="sue", role=Role.SUPER_MANAGER, why="w", at_us=T0 + 11 * S
        )
        criteria_store.approve(
            connection, asked.proposal_id, who="tom", role=Role.SUPERVISOR, at_us=T0 + 12 * S
        )  # fmt: skip
    run_to(engine, T0 + 20 * S)
    assert [told[3] for told in _told(twin)] == ["raised"]  # still above: the alarm goes on
    gateway.says(_crack(0.012, 30), at_us=T0 + 30 * S)
    run_to(engine, T0 + 30 * S)
    assert [told[3] for told in _told(twin)] == ["raised", "gone"]


def test_a_withdrawn_criterion_ends_its_alarms(twin: Database) -> None:
    engine, gateway = _engine(twin), Talker(twin)
    gateway.says(_crack(0.02, 0), at_us=T0)
    run_to(engine, T0 + 10 * S)
    with twin.begin() as connection:
        content = plan(_DOWN).model_dump(mode="json", by_alias=True, exclude_defaults=True)
        asked = criteria_store.propose(
            connection, content, who="sue", role=Role.SUPER_MANAGER, why="w", at_us=T0 + 11 * S
        )
        criteria_store.approve(
            connection, asked.proposal_id, who="tom", role=Role.SUPERVISOR, at_us=T0 + 12 * S
        )  # fmt: skip
    run_to(engine, T0 + 13 * S)
    assert _told(twin)[-1][3:4] + _told(twin)[-1][6:] == ("gone", "the criterion was withdrawn")
    with twin.begin() as connection:
        number = alarms.page(connection, is_open=True)[0].alarm_id
        alarms.act(connection, number, "acknowledge", who="mia", at_us=T0 + 14 * S)
    run_to(_engine(twin), T0 + 15 * S)
    assert _told(twin)[-1][2] == "cleared"


def test_what_cannot_be_used_is_set_aside_and_the_rest_goes_on(twin: Database) -> None:
    engine, gateway = _engine(twin), Talker(twin)
    gateway.says(Reading("bad name/tilt", T0, 0.1), _crack(0.06, 1), at_us=T0 + 1 * S)
    with twin.begin() as connection:
        message = readings_message(SITE, "gw-1", Range(Priority.TELEMETRY, "e1", 3, 3), [])
        broken = message._replace(payload=b'[{"d": 7}]')
        journal.append(connection, broken, site=SITE, received_us=T0 + 2 * S)
    stepped = run_to(engine, T0 + 3 * S)
    assert stepped.n_set_aside == 2
    assert [alarm.level for alarm in stepped.alarms] == [3]
    with twin.read() as connection:
        reasons = [letter.reason for letter in losses.dead_letters(connection)]
    assert "cannot be stored" in reasons[0]
    assert "the engine cannot use it" in reasons[1]


def test_a_clock_that_is_set_back_holds_nothing_up(twin: Database) -> None:
    gateway = Talker(twin)
    gateway.says(_crack(0.06, 1), at_us=T0 + 1 * S)
    number = run_to(_engine(twin, settle_s=0.2), T0 + 3600 * S).alarms[0].alarm_id
    with twin.begin() as connection:  # in the moment before
        alarms.act(connection, number, "acknowledge", who="mia", at_us=T0 + 3605 * S)
    engine = _engine(twin, settle_s=0.2)
    gateway.says(_crack(0.06, 2, "s-2"), at_us=T0 + 9 * S)
    stepped = run_to(engine, T0 + 10 * S)  # by an hour
    first, second = (alarm for alarm in stepped.alarms if alarm.sort == "condition")
    assert [(one.subject.subject_id, one.stage.value) for one in (first, second)] == [
        ("s-1", "acknowledged"), ("s-2", "raised"),
    ]  # fmt: skip
    assert stepped.clock_us == T0 + 3600 * S - 200_000
    with twin.begin() as connection:
        alarms.act(connection, second.alarm_id, "acknowledge", who="mia", at_us=T0 + 20 * S)
    assert [alarm.stage.value for alarm in run_to(engine, T0 + 21 * S).alarms] == ["acknowledged"]


def test_it_says_that_it_works(twin: Database) -> None:
    run_to(_engine(twin), T0 + 5 * S)
    with twin.read() as connection:
        beats = heartbeats.heartbeats(connection)
    assert [(beat.name, beat.at_us, beat.done_us, beat.n_waiting) for beat in beats] == [
        ("engine", T0 + 5 * S, T0 + 5 * S, 0)
    ]  # fmt: skip


def test_an_idle_engine_says_so_once_a_second(twin: Database) -> None:
    engine, said = _engine(twin), set()
    run_to(engine, T0 - S)
    for tenth in range(50):
        run_to(engine, T0 + tenth * 100_000)
        with twin.read() as connection:
            said |= {beat.at_us - T0 for beat in heartbeats.heartbeats(connection)}
    assert sorted(said) == [0, 1 * S, 2 * S, 3 * S, 4 * S]
    Talker(twin).says(_crack(0.001, 4.95), at_us=T0 + 4_950_000)
    assert run_to(engine, T0 + 4_960_000).n_readings == 1  # what comes is written down at once
    with twin.read() as connection:
        assert heartbeats.heartbeats(connection)[0].at_us == T0 + 4_960_000


def test_the_gateway_of_who_was_looked_after_is_told_once_and_on_the_record(twin: Database) -> None:
    engine, gateway = _engine(twin), Talker(twin)
    word = _health("down", 25)
    gateway.tells(msgspec.structs.replace(word, data=word.data | {"change": 5}), at_us=T0 + 25 * S)
    down = run_to(engine, T0 + 25 * S).alarms[0]
    with twin.begin() as connection:
        alarms.act(connection, down.alarm_id, "clear", who="mia", why="up again", at_us=T0 + 60 * S)
    run_to(engine, T0 + 61 * S)
    list(_engine(twin).rebuild(T0 + 70 * S))
    with twin.read() as connection:
        (given_,) = orders.unanswered(connection, since_us=T0 + 60 * S)
        assert orders.unanswered(connection, since_us=T0 + 62 * S) == []
        (entry,) = (one for one in audit.page(connection) if one.action == "command_gateway")
    assert (given_.gateway_id, given_.command.verb, given_.who) == ("gw-1", "stand_down", "mia")
    assert given_.command.arguments == {"thing": "tag-1", "upto": 5.0}
    assert (entry.who, entry.subject) == ("mia", "gw-1")
    outcome = Event("command_result", T0 + 80 * S, given_.command.command_id, {"outcome": "done"})
    gateway.tells(outcome, at_us=T0 + 80 * S)
    run_to(_engine(twin), T0 + 80 * S)
    with twin.read() as connection:
        assert orders.unanswered(connection, since_us=T0) == []


def test_two_engines_do_not_work_on_one_store(twin: Database) -> None:
    one, other, gateway = _engine(twin), _engine(twin), Talker(twin)
    run_to(one, T0)
    run_to(other, T0)
    gateway.says(_crack(0.001, 1), at_us=T0 + 1 * S)
    run_to(one, T0 + 1 * S)
    gateway.says(_crack(0.001, 2), at_us=T0 + 2 * S)
    run_to(one, T0 + 2 * S)
    with pytest.raises(InputError, match="another engine"):
        other.step(T0 + 2 * S)
    assert other.step(T0 + 2 * S).n_readings == 0  # it begins again from the store


_WORDS = st.lists(
    st.tuples(
        st.integers(0, 2),  # gateway
        st.integers(0, 30),  # s later than the last
        st.integers(0, 400),  # s on the way
        st.sampled_from([0.001, 0.009, 0.02, 0.06, "pre_alarm", "down", "ok"]),
    ),
    min_size=1,
    max_size=14,
)
_SLOW = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=(Phase.explicit, Phase.generate),
)  # fmt: skip


@pytest.fixture(scope="module")
def groups() -> dict[str, SensorGroup]:
    """The sensors of the three gateways as a group: cracks that open together."""
    random = np.random.default_rng(3)
    widths = random.uniform(0.0, 0.06, (200, 1)) + random.normal(0.0, 1e-3, (200, 3))
    names = [f"s-{number}/crack_width" for number in range(3)]
    return {"wall": fit_group(widths, names, VirtualOptions(interval_s=20.0, n_lags=0, weak_rows=4))}


@pytest.fixture
def fresh() -> Iterator[Callable[[], Database]]:
    """Make a store in memory for each example."""
    made: list[Database] = []

    def make() -> Database:
        database = open_database("sqlite://")
        made.append(database)
        schema.prepare(database, now_us=T0)
        install(database, _PLAN)
        person(database)
        enter(database, *(f"gw-{number}" for number in range(3)))
        return database

    yield make
    for database in made:
        database.close()


def _scene(words: list[tuple[int, int, int, Any]]) -> list[tuple[int, int, Any]]:
    """Gateway, time of coming and item, in the order of coming; each gateway's items stay in their order."""
    at, came, scene = 0, dict.fromkeys(range(3), 0), []
    for gateway, gap, delay, what in words:
        at += gap
        came[gateway] = max(came[gateway], at + delay)
        item = _health(what, at) if isinstance(what, str) else _crack(what, at, f"s-{gateway}")
        scene.append((came[gateway], gateway, item))
    return sorted(scene, key=lambda one: one[:2])


def _say(database: Database, scene: list[tuple[int, int, Any]], talkers: dict[int, Talker]) -> None:
    for came, gateway, item in scene:
        talker = talkers.setdefault(gateway, Talker(database, f"gw-{gateway}"))
        if isinstance(item, Event):
            talker.tells(item, at_us=T0 + came * S)
        else:
            talker.says(item, at_us=T0 + came * S)


@_SLOW
@given(words=_WORDS, cuts=st.lists(st.integers(0, 800), max_size=6), entries=st.integers(1, 4), restart=st.booleans())
def test_batch_equals_stream(
    fresh: Callable[[], Database], groups: dict[str, SensorGroup], words: list[Any], cuts: list[int], entries: int,
    restart: bool,
) -> None:  # fmt: skip
    scene = _scene(words)
    end = 500 + max(800, *(came for came, _, _ in scene))
    batch = fresh()
    _say(batch, scene, {})
    run_to(_engine(batch, groups=groups), T0 + end * S)

    stream, talkers = fresh(), {}
    engine, waiting = _engine(stream, groups=groups, entries=entries), list(scene)
    for cut in sorted(cuts):
        _say(stream, [one for one in waiting if one[0] <= cut], talkers)
        waiting = [one for one in waiting if one[0] > cut]
        run_to(engine, T0 + cut * S)
        if restart:
            engine = _engine(stream, groups=groups, entries=entries)
    _say(stream, waiting, talkers)
    run_to(engine, T0 + end * S)
    assert _stored(stream) == _stored(batch)


@_SLOW
@given(words=_WORDS, order=st.randoms())
def test_any_order_of_delivery_gives_one_state(fresh: Callable[[], Database], words: list[Any], order: Any) -> None:
    """Gateways' messages come in any mixture, at any times; what each said keeps its own order."""
    scene = _scene(words)
    turns = [gateway for _, gateway, _ in scene]
    order.shuffle(turns)
    queues = {gateway: [item for _, who, item in scene if who == gateway] for gateway in set(turns)}
    mixed = [(900 + k, gateway, queues[gateway].pop(0)) for k, gateway in enumerate(turns)]
    results = []
    for each in (scene, mixed):
        database = fresh()
        _say(database, each, {})
        run_to(_engine(database), T0 + 2000 * S)
        stored = _stored(database)
        results.append((stored["readings"], stored["states"]))
    assert results[0] == results[1]


@_SLOW
@given(words=_WORDS, acts=st.lists(st.integers(0, 600), max_size=3))
def test_replay_gives_the_same_alarms(
    fresh: Callable[[], Database], groups: dict[str, SensorGroup], words: list[Any], acts: list[int]
) -> None:
    database, scene, talkers = fresh(), _scene(words), {}
    engine = _engine(database, groups=groups)
    for at in sorted({*acts, *(came for came, _, _ in scene)}):
        _say(database, [one for one in scene if one[0] == at], talkers)
        run_to(engine, T0 + at * S)
        with database.begin() as connection:
            for alarm in alarms.page(connection, is_open=True) if at in acts else []:
                if alarm.stage is Stage.RAISED and alarm.cancel_until_us is None:
                    alarms.act(connection, alarm.alarm_id, "acknowledge", who="mia", at_us=T0 + at * S)
    run_to(engine, T0 + 2000 * S)
    before = _stored(database)
    with database.read() as connection:
        n_notices = len(notice_store.waiting(connection, now_us=T0 + 9000 * S, limit=1000))
    list(_engine(database, groups=groups).rebuild(T0 + 2000 * S))
    assert _stored(database) == before
    with database.read() as connection:
        assert len(notice_store.waiting(connection, now_us=T0 + 9000 * S, limit=1000)) == n_notices


def test_a_crash_before_the_commit_loses_nothing_and_does_nothing_twice(
    twin: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, gateway = _engine(twin), Talker(twin)
    gateway.says(_crack(0.06, 1), _crack(0.06, 2), at_us=T0 + 2 * S)

    def fails(*_: Any, **__: Any) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as broken:
        broken.setattr(heartbeats, "beat", fails)
        with pytest.raises(OSError, match="disk full"):
            engine.step(T0 + 3 * S)
    with twin.read() as connection:
        assert alarms.page(connection) == []
        assert states.cursors(connection) == {}
    stepped = engine.step(T0 + 3 * S)
    assert stepped.n_readings == 2
    assert [told[3] for told in _told(twin)] == ["raised"]
    assert engine.step(T0 + 4 * S).n_readings == 0


def test_a_row_that_was_committed_late_is_counted(twin: Database) -> None:
    engine, gateway = _engine(twin), Talker(twin)
    run_to(engine, T0 + 100 * S)
    gateway.says(_crack(0.001, 1), at_us=T0 + 50 * S)
    assert engine.step(T0 + 101 * S).n_late == 1


def test_the_engine_stays_a_little_behind() -> None:
    database = open_database("sqlite://")
    try:
        schema.prepare(database, now_us=T0)
        install(database, _PLAN)
        engine = Engine(database, site=SITE, options=EngineOptions(settle_s=0.5, registry_s=0))
        Talker(database).says(_crack(0.001, 1), at_us=T0 + 1 * S)
        assert engine.step(T0 + 1 * S).n_readings == 0
        assert engine.step(T0 + 1 * S + 600_000).n_readings == 1
    finally:
        database.close()
