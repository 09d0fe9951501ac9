"""What gateways tell of themselves: which of it anybody must hear of, and the alarms that follow."""

from typing import Any

import pytest

from highwall.core.errors import ConfigError
from highwall.telemetry.messages import Event
from highwall.twin.alarm import Act, Stage
from highwall.twin.changes import Source
from highwall.twin.criteria import default_criteria
from highwall.twin.engine_options import EngineOptions
from highwall.twin.happenings import Happening, happening_of
from highwall.twin.registry import Registry
from highwall.twin.world import World
from tests.twin.plans import T0, S, criterion, level, plan

_SOURCE = Source(1, "gw-1", "gw-1/alarm/e1")


def _local(number: int, subject: str = "s-1") -> Event:
    return Event("local_alarm", T0, subject, {"criterion": "crack", "level": number, "was_level": 0})


def _world(*criteria: dict[str, Any]) -> World:
    """A world that follows some criteria, or the shipped ones."""
    given = plan(*criteria) if criteria else default_criteria()
    registry = Registry(gateways=frozenset({"gw-1"}))
    world = World(given, version=1, registry=registry, options=EngineOptions(), now_us=T0)
    world.begin()
    return world


def _tells(world: World, event: Event, *, at: float = 0.0) -> None:
    at_us = T0 + round(at * S)
    world.advance(at_us)
    world.take_word("gw-1", heard_us=at_us)
    world.take_events(_SOURCE, 1, [event], received_us=at_us)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (Event("outbox_created", T0, "outbox", {"set_aside": []}), None),
        (Event("outbox_created", T0, "outbox", {"set_aside": "?"}), None),
        (Event("config_report", T0, "version-3", {"outcome": "applied", "version": 3}), None),
        (Event("command_result", T0, "c-1", {"outcome": "refused"}), None),
        (_local(3), Happening("local_alarm", "local alarm crack of s-1", True, 3)),
        (_local(0), Happening("local_alarm", "local alarm crack of s-1", False, 0)),
        (Event("local_alarm", T0, "s-1", {"level": "high"}), Happening("local_alarm", "local alarm of s-1", False)),
    ],
)
def test_what_anybody_must_hear_of(event: Event, expected: Happening | None) -> None:
    assert happening_of(event) == expected


@pytest.mark.parametrize(
    ("event", "name", "said"),
    [
        (
            Event("outbox_created", T0, "outbox", {"set_aside": ["outbox.db.damaged-1Z"]}), "gateway-outbox-replaced",
            "its outbox was damaged and replaced by an empty one",
        ),
        (
            Event("outbox_full", T0, "outbox", {"n_dropped": 5}), "gateway-drops-readings",
            "its outbox is full, and it gives up what is oldest",
        ),
        (
            Event("lost_before_outbox", T0, "outbox", {"n": 5}), "gateway-drops-readings",
            "its disk took nothing, and items were lost",
        ),
        (
            Event("config_report", T0, "version-3", {"outcome": "rolled_back", "version": 3}), "gateway-configuration",
            "configuration version-3 was rolled back",
        ),
        (
            Event("config_report", T0, "version-4", {"outcome": "refused", "version": 4}), "gateway-configuration",
            "configuration version-4 was refused",
        ),
        (_local(3), "local-alarm", "local alarm crack of s-1"),
    ],
)  # fmt: skip
def test_the_shipped_criteria_raise_an_alarm_that_waits_for_an_answer(event: Event, name: str, said: str) -> None:
    world = _world()
    _tells(world, event)
    (alarm,) = world.book.open_alarms()
    assert (alarm.criterion, str(alarm.subject), alarm.evidence) == (name, "gateway:gw-1", (said,))
    for minute in range(1, 60 * 25):
        world.take_word("gw-1", heard_us=T0 + 60 * minute * S)
        world.advance(T0 + 60 * minute * S)
    (alarm,) = world.book.open_alarms()
    assert (alarm.stage, alarm.is_active) == (Stage.RAISED, False)
    world.take_act(Act(1, world.clock_us, alarm.alarm_id, "acknowledge", "mia"))
    assert world.book.open_alarms() == []


def test_a_local_alarm_has_the_level_that_the_gateway_gave_it_and_ends_when_it_says_so() -> None:
    world = _world()
    for number in (2, 4, 3):
        _tells(world, _local(number), at=number)
        assert [alarm.level for alarm in world.book.open_alarms()] == [number]
    _tells(world, _local(1, "s-2"), at=5)
    _tells(world, _local(0), at=6)
    assert [alarm.level for alarm in world.book.open_alarms()] == [1]  # the other sensor's still holds


def test_what_is_told_again_later_holds_longer() -> None:
    full = criterion(
        about={"kind": "gateway"}, blind=None,
        levels=[level(2, when={"event": ["outbox_full"], "for_s": 100}, clears="itself")],
    )  # fmt: skip
    world = _world(full)
    _tells(world, Event("outbox_full", T0 - 10**10, "outbox", {}))  # it waited in the gateway: it counts when it comes
    _tells(world, Event("outbox_full", T0, "outbox", {}), at=60)
    world.advance(T0 + 159 * S)
    assert len(world.book.open_alarms()) == 1
    world.advance(T0 + 160 * S)
    assert world.book.open_alarms() == []


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ({"event": ["outbox_fool"], "for_s": 1}, "outbox_full"),
        ({"event": ["outbox_full"], "for_s": 1, "least_level": 2}, "local_alarm alone"),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused(when: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        plan(criterion(about={"kind": "gateway"}, levels=[level(when=when)]))
