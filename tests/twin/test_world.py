"""The world, without a store: whose word counts, what belongs to whom, where everything is."""

from typing import Any

from highwall.telemetry.messages import Event, Reading
from highwall.telemetry.rssi import Beacon
from highwall.twin.alarm import Act
from highwall.twin.changes import Source
from highwall.twin.engine_options import EngineOptions
from highwall.twin.places import area_of
from highwall.twin.registry import Known, Registry, findings_of
from highwall.twin.sightings import FindingSeen, WatchKey
from highwall.twin.watch import Subject
from highwall.twin.world import World
from tests.twin.plans import T0, S, criterion, level, plan

_SOURCE = Source(1, "gw-1", "gw-1/telemetry/e1")
_RING = [[7.0, 51.0], [7.01, 51.0], [7.01, 51.01], [7.0, 51.01], [7.0, 51.0]]
_AREA = area_of("wall", "crack", {"type": "Polygon", "coordinates": [_RING]})
_PEOPLE = Registry(assets={"ann": Known("ann", "person")}, owners={"tag-1": "ann"}, gateways=frozenset({"gw-1"}))


def _world(*criteria: dict[str, Any], registry: Registry = _PEOPLE) -> World:
    world = World(plan(*criteria), version=1, registry=registry, options=EngineOptions(), now_us=T0)
    world.begin()
    return world


def _reads(world: World, *readings: Reading, at: float = 1.0, first: int = 1) -> None:
    world.advance(T0 + round(at * S))
    world.take_readings(_SOURCE, first, readings, received_us=T0 + round(at * S))


def test_a_tag_speaks_for_the_asset_that_it_is_bound_to() -> None:
    world = _world()
    _reads(world, Reading("tag-1/battery", T0, 3.1), Reading("tag-2/battery", T0, 2.9))
    assert world.states["ann"].battery_v == 3.1
    assert world.states["ann"].gateway == "gw-1"
    assert world.states.keys() == {"ann"}
    assert len(world.changes.readings) == 2  # what is bound to nothing is kept all the same


def test_what_a_tag_said_before_it_was_claimed_counts_when_it_is() -> None:
    world = _world(registry=_PEOPLE._replace(owners={}))
    _reads(world, Reading("tag-1/battery", T0, 3.1))
    assert world.states == {}
    world.take_registry(_PEOPLE)
    assert world.states["ann"].battery_v == 3.1
    other = Known("bob", "person")
    world.take_registry(_PEOPLE._replace(assets={"ann": Known("ann", "person"), "bob": other}, owners={"tag-1": "bob"}))
    assert "bob" not in world.states  # what it said of one person is not said of the next


def test_a_reading_that_failed_is_kept_and_changes_no_state() -> None:
    world = _world()
    _reads(world, Reading("tag-1/battery", T0, 900.0))
    assert world.changes.n_failed == 1
    assert [kept.flag for kept in world.changes.readings] == [4]
    assert "ann" not in world.states


def test_a_reading_from_the_future_freezes_nothing() -> None:
    world = _world()
    _reads(world, Reading("tag-1/battery", T0 + 10**15, 3.3))
    _reads(world, Reading("tag-1/battery", T0, 3.0), first=2)
    assert world.states["ann"].battery_v == 3.0


def test_an_event_from_the_future_counts_as_of_now() -> None:
    world = _world()
    world.take_events(_SOURCE, 1, [Event("man_down", T0 + 10**15, "tag-1", {"health": "down"})], received_us=T0 + 5)
    assert world.states["ann"].facts["health"].stamp.at_us == T0 + 5


def test_a_gateway_that_works_it_out_is_believed_alone() -> None:
    world = _world()
    world.take_events(_SOURCE, 1, [Event("motion", T0, "tag-1", {"motion": "idle"})], received_us=T0)
    swings = [Reading("tag-1/acceleration", T0 + k * 50_000, [0.0, 0.0, 5.0 + 9.0 * (k % 2)]) for k in range(400)]
    _reads(world, *swings, at=30.0, first=2)
    assert world.states["ann"].motion == "idle"
    assert world.states["ann"].health == "ok"  # the server still watches over what the gateway does not tell


def test_other_events_are_handed_on() -> None:
    world = _world()
    world.take_events(_SOURCE, 1, [Event("command_result", T0, "c-1", {"ok": True})], received_us=T0)
    assert world.changes.reported[0].event.subject == "c-1"


def test_sensors_that_stand_in_a_zone_speak_for_it() -> None:
    two = {"reading": "crack_width", "above": 0.01, "at_least": 2, "silent_after_s": 3600}
    sensors = {f"s-{k}": Known(f"s-{k}", "sensor", 7.005, 51.005) for k in (1, 2)}
    registry = Registry(assets=sensors | {"s-3": Known("s-3", "sensor", 8.0, 51.0)}, areas=(_AREA,))
    world = _world(criterion(about={"kind": "zone"}, levels=[level(3, when=two)]), registry=registry)
    _reads(world, Reading("s-1/crack_width", T0, 0.02), Reading("s-3/crack_width", T0, 0.02))
    assert world.book.open_alarms() == []
    _reads(world, Reading("s-2/crack_width", T0, 0.02), first=3)
    assert [str(alarm.subject) for alarm in world.book.open_alarms()] == ["zone:wall"]
    world.take_registry(registry._replace(areas=()))
    assert [alarm.is_active for alarm in world.book.open_alarms()] == [False]


def test_people_in_a_zone_are_counted() -> None:
    people = {name: Known(name, "person") for name in ("ann", "bob")}
    registry = Registry(assets=people, owners={"tag-1": "ann", "tag-2": "bob"}, areas=(_AREA,))
    crowd = criterion(about={"kind": "zone"}, levels=[level(2, when={"present": ["person"], "at_least": 2})])
    world = _world(crowd, registry=registry)
    _reads(world, Reading("tag-1/position", T0, [7.005, 51.005, 0.0]))
    assert world.book.open_alarms() == []
    _reads(world, Reading("tag-2/position", T0, [7.006, 51.005, 0.0]), first=2)
    assert len(world.book.open_alarms()) == 1
    assert len(world.changes.passed) == 2


def test_a_place_from_beacons_has_a_radius() -> None:
    registry = _PEOPLE._replace(beacons={"b-1": Beacon(7.0, 51.0, 0.0, -59.0)})
    world = _world(registry=registry)
    _reads(world, Reading("tag-1/rssi/b-1", T0, -70.0))
    place = world.states["ann"].position
    assert place is not None
    assert abs(place.lon - 7.0) < 1e-3
    assert place.radius_m is not None
    assert place.radius_m > 1.0


def test_a_finding_raises_an_alarm_until_it_is_dismissed() -> None:
    rule = criterion(
        about={"kind": "finding"}, blind=None,
        levels=[level(1, when={"finding": ["outside_any_permit"], "min_probability": 0.9}, clears="itself")],
    )  # fmt: skip
    world = _world(rule)
    zones = [("F-1", {"kind": "outside_any_permit", "probability": 0.97}, T0), ("F-2", {"kind": "other"}, T0)]
    world.take_registry(_PEOPLE._replace(findings=findings_of(zones, {})))
    assert [str(alarm.subject) for alarm in world.book.open_alarms()] == ["finding:F-1"]
    world.take_registry(_PEOPLE._replace(findings=findings_of(zones, {"F-1": "dismissed"})))
    assert world.book.open_alarms() == []
    assert world.registry.findings[0] == FindingSeen("F-1", "outside_any_permit", "dismissed", 0.97, T0)


_BEHIND = criterion(
    "behind", about={"kind": "gateway"}, blind=None, is_about_watching=True,
    levels=[level(2, when={"silent": "data", "for_s": 900}, clears="itself")],
)  # fmt: skip
_SILENT = criterion(
    "silent", about={"kind": "gateway"}, blind=None, is_about_watching=True,
    levels=[level(3, when={"silent": "word", "for_s": 120}, clears="itself")],
)  # fmt: skip


def test_a_gateway_that_brings_old_data_is_told_apart_from_one_that_is_silent() -> None:
    world = _world(_BEHIND)
    _reads(world, Reading("tag-1/battery", T0, 3.0), at=1000.0)
    world.advance(T0 + 1001 * S)
    assert [alarm.criterion for alarm in world.book.open_alarms()] == ["behind"]
    _reads(world, Reading("tag-1/battery", T0 + 1001 * S, 3.0), at=1002.0, first=2)
    assert world.book.open_alarms() == []


def test_the_twins_own_criteria_are_not_the_engines() -> None:
    own = criterion(
        "twin", about={"kind": "system", "ids": ["engine"]}, is_about_watching=True,
        levels=[level(4, when={"silent": "word", "for_s": 5})],
    )  # fmt: skip
    world = _world(own)
    world.advance(T0 + 100 * S)
    assert world.book.open_alarms() == []


def test_a_source_that_was_never_entered_as_a_gateway_is_not_missed() -> None:
    world = _world(_BEHIND, _SILENT)
    own = Source(2, "space", "space/bulk/e1")
    world.take_readings(own, 1, [Reading("patch-1/displacement", T0 - 10**12, 0.0)], received_us=T0)
    world.take_word("gw-1", heard_us=T0 + 4000 * S)  # the one that is entered goes on
    world.advance(T0 + 4000 * S)
    assert world.book.open_alarms() == []
    assert world.lookout.watches.keys() == {WatchKey(name, Subject("gateway", "gw-1")) for name in ("behind", "silent")}


def test_a_gateway_that_was_put_out_is_no_longer_missed() -> None:
    world = _world(_SILENT)
    world.advance(T0 + 200 * S)
    assert [str(alarm.subject) for alarm in world.book.open_alarms()] == ["gateway:gw-1"]
    world.take_registry(_PEOPLE._replace(gateways=frozenset()))
    assert world.book.open_alarms() == []
    assert world.lookout.watches == {}


def test_a_gateway_that_a_criterion_names_is_missed_whether_it_was_entered_or_not() -> None:
    world = _world(_SILENT | {"about": {"kind": "gateway", "ids": ["gw-9"]}})
    world.advance(T0 + 200 * S)
    assert [str(alarm.subject) for alarm in world.book.open_alarms()] == ["gateway:gw-9"]


_DOWN = criterion(
    "down", about={"kind": "asset", "of": ["person"]}, blind=None,
    levels=[level(4, when={"state": "health", "among": ["down"]}, clears="by_hand")],
)  # fmt: skip


def _down(world: World, gateway: str, *, at: float, count: int = 1) -> None:
    at_us = T0 + round(at * S)
    fallen = [Event("man_down", at_us, "tag-1", {"health": "down", "change": count})]
    world.take_events(Source(1, gateway, f"{gateway}/alarm/e1"), 1, fallen, received_us=at_us)


def test_every_gateway_that_judges_a_tag_is_told_that_its_person_was_looked_after() -> None:
    world = _world(_DOWN)
    _down(world, "gw-1", at=1, count=3)
    _down(world, "gw-2", at=2, count=8)
    (alarm,) = world.book.open_alarms()
    world.take_act(Act(7, T0 + 9 * S, alarm.alarm_id, "acknowledge", "mia"))
    assert world.changes.looked_after == []
    world.take_act(Act(8, T0 + 10 * S, alarm.alarm_id, "clear", "mia", "she is well"))
    assert [(one.gateway, one.thing, one.upto, one.who) for one in world.changes.looked_after] == [
        ("gw-1", "tag-1", 3, "mia"),
        ("gw-2", "tag-1", 8, "mia"),
    ]
    assert len({one.command_id for one in world.changes.looked_after}) == 2


def test_a_gateway_is_told_of_a_pre_alarm_that_was_cancelled_on_the_server() -> None:
    early = level(1, when={"state": "health", "among": ["pre_alarm"]}, prealarm_s=60, clears="itself")
    world = _world(_DOWN | {"levels": [early, *_DOWN["levels"]]})
    word = {"health": "pre_alarm", "change": 2}
    world.take_events(_SOURCE, 1, [Event("man_down", T0, "tag-1", word)], received_us=T0)
    (alarm,) = world.book.open_alarms()
    world.take_act(Act(9, T0 + 5 * S, alarm.alarm_id, "cancel", "ann"))
    assert [(one.gateway, one.thing, one.upto) for one in world.changes.looked_after] == [("gw-1", "tag-1", 2)]


def test_words_of_one_gateway_follow_each_other_whatever_its_clock_does() -> None:
    world = _world(_DOWN)
    ahead, right = T0 + 50 * S, T0 + 2 * S  # the clock was set right in between
    for number, (at_us, health) in enumerate([(ahead, "ok"), (right, "down")], start=1):
        word = Event("man_down", at_us, "tag-1", {"health": health, "change": number})
        world.take_events(_SOURCE, number, [word], received_us=T0 + number * S)
    assert world.state_of("ann").health == "down"
    assert len(world.book.open_alarms()) == 1


def test_a_tag_that_the_server_judges_itself_needs_no_command() -> None:
    world = _world(_DOWN)
    still = [Reading("tag-1/acceleration", T0 + k * 100_000, [9.8, 0.0, 0.2]) for k in range(600)]
    impact = Reading("tag-1/acceleration", T0 + 8 * S, [10.0, 5.0, 30.0])
    upright = [Reading("tag-1/acceleration", T0 + k * 100_000, [0.3, 0.2, 9.8]) for k in range(80)]
    _reads(world, *upright, impact, *still[90:], at=61.0)
    (alarm,) = world.book.open_alarms()
    world.take_act(Act(8, T0 + 70 * S, alarm.alarm_id, "clear", "mia", "she is well"))
    assert world.states["ann"].health == "ok"
    assert world.changes.looked_after == []
