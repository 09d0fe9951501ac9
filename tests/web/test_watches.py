"""Thresholds of a datastream: the comparisons of the criteria in force that watch it, and no others."""

from typing import Any

import pytest

from highwall.twin.criteria import Criteria, read_criteria
from highwall.twin.matching import Belongs
from highwall.twin.roles import Role
from highwall.twin.sql import criteria, datastreams, things, zones
from highwall.twin.sql.things import Asset, AssetKind
from highwall.twin.sql.zones import Zone, ZoneKind
from highwall.web.watches import watches
from tests.web.world import T0, World

WIDE: dict[str, Any] = {"reading": "crack_width", "above": 0.012, "until": 0.01}
PRISM: dict[str, Any] = {"reading": "displacement", "above": 0.02}
SENSOR = Belongs("crack-1", "crack-1", "sensor")


def content(when: dict[str, Any], **about: Any) -> Criteria:
    level = {"level": 3, "when": when, "owner": "supervisor", "within_s": 60, "on_after_s": 90}
    watched = {"kind": "asset", "of": ["sensor"]} | about
    one = {"id": "wall", "title": "The wall", "source": "test", "about": watched, "levels": [level]}
    return read_criteria({"title": "test", "criteria": [one]})


def put_in_force(world: World, given: Criteria) -> None:
    said = given.model_dump(mode="json", by_alias=True)
    with world.database.begin() as store:
        made = criteria.propose(store, said, who="susan", role=Role.SUPER_MANAGER, why="test", at_us=T0)
        criteria.approve(store, made.proposal_id, who="vera", role=Role.SUPERVISOR, why="test", at_us=T0)


def told(world: World, name: str) -> list[dict[str, Any]]:
    with world.database.begin() as store:
        number = datastreams.datastream_ids(store, [name])[name]
    found: list[dict[str, Any]] = world.client("vera").get(f"/api/datastreams/{number}/thresholds").json()["thresholds"]
    return found


@pytest.mark.parametrize(
    ("when", "alone"),
    [
        (WIDE, [True]),
        ({"any": [PRISM, WIDE]}, [True]),
        ({"all": [WIDE]}, [True]),
        ({"all": [PRISM, WIDE]}, [False]),
        ({"any": [WIDE, {"all": [WIDE, PRISM]}]}, [True, False]),
        ({"not": WIDE}, [False]),
        ({"at_least": 1, "of_these": [WIDE, PRISM]}, [False]),
        (WIDE | {"at_least": 2}, [False]),
        (PRISM, []),
    ],
)
def test_a_comparison_is_alone_where_nothing_must_hold_with_it(when: dict[str, Any], alone: list[bool]) -> None:
    found = watches(content(when), "crack-1/crack_width", SENSOR)
    assert [watch.is_alone for watch in found] == alone


def test_streams_qualifiers_kinds_and_ids_are_asked_for() -> None:
    def is_watched(given: Criteria, name: str = "crack-1/crack_width") -> bool:
        return any(watches(given, name, SENSOR))

    assert not is_watched(content(WIDE, of=["structure"]))
    assert not is_watched(content(WIDE, ids=["crack-2"]))
    assert is_watched(content(WIDE | {"streams": ["crack-1/crack_width"]}, ids=["wall-3"]))
    assert not is_watched(content(WIDE | {"streams": ["crack-2/crack_width"]}))
    left = content(WIDE | {"qualifier": "left"})
    assert is_watched(left, "crack-1/crack_width/left")
    assert not is_watched(left)


def test_a_datastream_tells_what_watches_it(world: World) -> None:
    with world.database.begin() as store:
        things.put_asset(store, Asset("crack-1", AssetKind.SENSOR, "Crack gauge 1", "north"), at_us=T0)
    put_in_force(world, content({"any": [WIDE, WIDE | {"of": "rate", "over_s": 3600, "above": 1e-7, "until": None}]}))
    value, rate = told(world, "crack-1/crack_width")
    assert value == {
        "criterion": "wall", "title": "The wall", "level": 3, "of": "value", "over_s": None, "side": "above",
        "bound": 0.012, "until": 0.01, "in_a_row": 1, "at_least": 1, "component": None, "on_after_s": 90.0,
        "is_alone": True,
    }  # fmt: skip
    assert (rate["of"], rate["over_s"], rate["bound"], rate["until"]) == ("rate", 3600.0, 1e-7, None)
    assert told(world, "tag-1/battery") == []


def test_criteria_of_zones_watch_what_stands_in_them(world: World) -> None:
    shape = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]}
    with world.database.begin() as store:
        zones.put_zones(store, [Zone("z", ZoneKind.CRACK, "Crack", shape, {}, "test", T0)])
        for name, lon in (("inside", 0.5), ("outside", 1.5)):
            gauge = Asset(name, AssetKind.SENSOR, name, longitude=lon, latitude=0.5)
            things.put_asset(store, gauge, at_us=T0)
    put_in_force(world, content(WIDE, kind="zone", of=[], zones=["crack"]))
    assert len(told(world, "inside/crack_width")) == 1
    assert told(world, "outside/crack_width") == []


def test_thresholds_are_for_whoever_may_read_the_datastream(world: World) -> None:
    answers = {user: world.client(user).get("/api/datastreams/2/thresholds").status_code for user in ("olga", "vera")}
    assert answers == {"olga": 403, "vera": 200}
