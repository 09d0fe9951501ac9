"""The watchdog: the twin says when it does not watch."""

import pytest

from highwall.twin.alarm import Stage
from highwall.twin.sql import alarms, heartbeats
from highwall.twin.sql import notices as notice_store
from highwall.twin.sql.database import Database
from highwall.twin.watchdog import Watchdog
from tests.twin.plans import T0, S, criterion, install, plan


@pytest.fixture
def twin(databases: Database) -> Database:
    install(databases, plan(criterion()))  # which says nothing of the twin itself: the shipped criterion holds
    return databases


def _beat(database: Database, at: float, *, done: float | None = None) -> None:
    done_us = T0 + round((at if done is None else done) * S)
    with database.begin() as connection:
        heartbeats.beat(connection, heartbeats.Heartbeat("engine", T0 + round(at * S), done_us, 0))


def test_an_engine_that_stops_is_told_and_told_again_when_it_works(twin: Database) -> None:
    dog = Watchdog(twin, now_us=T0)
    _beat(twin, 5)
    assert dog.check(T0 + 14 * S) == []
    assert dog.check(T0 + 19 * S) == []
    silent = dog.check(T0 + 21 * S)
    assert [(alarm.sort, alarm.level, alarm.stage) for alarm in silent] == [("not_watching", 4, Stage.RAISED)]
    assert silent[0].alarm_id % 2 == 1
    _beat(twin, 30)
    assert dog.check(T0 + 31 * S) == []
    _beat(twin, 36)
    assert [alarm.stage for alarm in dog.check(T0 + 37 * S)] == [Stage.CLEARED]


def test_an_engine_that_never_began_is_told(twin: Database) -> None:
    dog = Watchdog(twin, now_us=T0)
    assert dog.check(T0 + 14 * S) == []
    assert len(dog.check(T0 + 15 * S)) == 1


def test_an_engine_that_is_behind_is_told_at_a_lower_level(twin: Database) -> None:
    dog = Watchdog(twin, now_us=T0)
    _beat(twin, 100, done=20)
    assert [alarm.level for alarm in dog.check(T0 + 101 * S)] == [2]


def test_a_clock_that_was_set_back_hides_no_engine_that_stopped(twin: Database) -> None:
    dog = Watchdog(twin, now_us=T0 + 3600 * S)
    _beat(twin, 3600)
    assert dog.check(T0 + 3601 * S) == []
    assert dog.check(T0 + 10 * S) == []  # set back by an hour: it has as long to speak as at first
    assert [alarm.level for alarm in dog.check(T0 + 26 * S)] == [4]
    _beat(twin, 27, done=27)
    _beat(twin, 33, done=33)
    dog.check(T0 + 28 * S)
    assert [alarm.stage for alarm in dog.check(T0 + 34 * S)] == [Stage.CLEARED]


def test_an_engine_whose_clock_stands_until_the_other_has_caught_up_is_told(twin: Database) -> None:
    dog = Watchdog(twin, now_us=T0)
    for at in range(0, 70, 5):
        _beat(twin, at, done=3600)  # it takes messages, but rings no timer
        told = dog.check(T0 + at * S)
        assert [alarm.level for alarm in told] == ([2] if at == 60 else [])


def test_another_watchdog_goes_on_with_the_alarm(twin: Database) -> None:
    assert len(Watchdog(twin, now_us=T0).check(T0 + 20 * S)) == 1
    other = Watchdog(twin, now_us=T0 + 30 * S)
    assert other.check(T0 + 50 * S) == []  # it is the same alarm
    with twin.begin() as connection:
        number = alarms.page(connection, is_open=True)[0].alarm_id
        shown = alarms.act(connection, number, "acknowledge", who="mia", at_us=T0 + 51 * S)
        assert shown.stage is Stage.ACKNOWLEDGED
    assert [alarm.stage for alarm in other.check(T0 + 52 * S)] == [Stage.ACKNOWLEDGED]


def test_its_notices_go_out_without_the_engine(twin: Database) -> None:
    Watchdog(twin, now_us=T0).check(T0 + 20 * S)
    with twin.read() as connection:
        told = notice_store.waiting(connection, now_us=T0 + 20 * S)
    assert {notice.channel for notice in told} == {"mail", "webhook"}
