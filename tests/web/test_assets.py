"""Assets, tracks, locations and sync, within the reach of who asks."""

import pytest

from highwall.twin.sql import alarms, audit, changelog, things, tracks
from highwall.twin.watch import Subject
from highwall.web.showing import is_inside
from tests.web.world import ALARM, MINUTE, PREALARM, SOUTH_ALARM, T0, World, alarm


def ids(world: World, user: str) -> list[str]:
    return [asset["id"] for asset in world.client(user).get("/api/assets").json()["assets"]]


def test_everyone_sees_what_is_in_reach_and_no_more(world: World) -> None:
    assert ids(world, "olga") == ["p-anna"]
    assert ids(world, "max") == ["m-1", "p-anna"]
    assert ids(world, "vera") == ["m-1", "p-anna", "p-bob"]


@pytest.mark.parametrize(("user", "status"), [("olga", 403), ("max", 403), ("vera", 200)])
def test_an_asset_out_of_reach_is_refused(world: World, user: str, status: int) -> None:
    assert world.client(user).get("/api/assets/p-bob").status_code == status
    assert world.client(user).get("/api/assets/p-bob/track").status_code == status


def test_an_asset_tells_its_state(world: World) -> None:
    told = world.client("olga").get("/api/assets/p-anna").json()
    assert told["tag_id"] == "tag-1"
    assert told["state"] == {
        "position": {"lon": 0.5, "lat": 0.5, "height_m": 10.0, "radius_m": None, "at": "2025-06-15T15:06:40.000Z"},
        "motion": "idle", "health": "ok", "battery_v": None, "last_heard": "2025-06-15T15:06:40.000Z", "silent": False,
    }  # fmt: skip
    world.clock[0] += 3 * MINUTE
    assert world.client("olga").get("/api/assets/p-anna").json()["state"]["silent"] is True


def test_pages_go_on_behind_a_key(world: World) -> None:
    first = world.client("vera").get("/api/assets?limit=2").json()
    assert ([one["id"] for one in first["assets"]], first["next"]) == (["m-1", "p-anna"], "p-anna")
    second = world.client("vera").get("/api/assets?limit=2&after=p-anna").json()
    assert ([one["id"] for one in second["assets"]], second["next"]) == (["p-bob"], None)


def test_an_asset_is_made_changed_and_retired(world: World) -> None:
    max_ = world.client("max")
    asked = {"kind": "structure", "name": "Crusher", "location_id": "north", "lon": 0.2, "lat": 0.3, "height_m": 5.0}
    told = max_.put("/api/assets/crusher", json=asked).json()
    assert told["state"]["position"] == {"lon": 0.2, "lat": 0.3, "height_m": 5.0, "radius_m": None, "at": None}
    assert max_.put("/api/assets/crusher", json=asked).json() == told
    assert [one.key for one in world.services.hub.since(None).changes] == ["crusher"]
    assert max_.delete("/api/assets/crusher").status_code == 200
    (gone,) = world.services.hub.since(None).changes
    assert gone.content == {"id": "crusher", "state": None}
    assert "crusher" not in ids(world, "vera")


@pytest.mark.parametrize("address", ["/api/assets/p-bob", "/api/sync/assets/HR-2"])
def test_with_an_asset_that_moves_its_open_alarms_are_told_to_every_process(world: World, address: str) -> None:
    with world.database.begin() as store:
        bob = things.asset(store, "p-bob")
        assert bob is not None
        things.put_asset(store, bob._replace(external_id="HR-2"), at_us=T0)
        alarms.put_alarms(store, [alarm(T0, Subject("sensor", "tag-2"))], at_us=T0)
    moved = {"kind": "person", "name": "Bob", "location_id": "spare", "external_id": "HR-2"}
    sent = moved if "sync" not in address else {k: v for k, v in moved.items() if k != "external_id"} | {"id": "p-bob"}
    for keys in ({"p-bob", str(SOUTH_ALARM), str(T0)}, {"p-bob"}):
        before = world.services.hub.number
        answer = world.client("vera").put(address, json=sent)
        assert answer.status_code == 200, answer.text
        told = world.services.hub.since(before).changes
        assert {one.key for one in told} == keys
        assert {one.location_id for one in told} == {"spare"}
    with world.database.read() as store:
        noted = changelog.since(store, 0, writer="another").touched
    assert (noted.assets, set(noted.alarms)) == (("p-bob",), {SOUTH_ALARM, T0})


def test_with_a_location_that_is_deleted_its_assets_and_their_alarms_are_told_to_every_process(world: World) -> None:
    before = world.services.hub.number
    assert world.client("vera").delete("/api/locations/north").status_code == 200
    told = {one.key: one for one in world.services.hub.since(before).changes}
    assert told.keys() == {"p-anna", "m-1", str(ALARM), str(PREALARM)}
    assert {one.location_id for one in told.values()} == {None}
    assert told["p-anna"].content["location_id"] is None
    with world.database.read() as store:
        noted = changelog.since(store, 0, writer="another").touched
    assert (set(noted.assets), set(noted.alarms)) == ({"p-anna", "m-1"}, {ALARM, PREALARM})
    assert "north" not in {one["id"] for one in world.client("vera").get("/api/locations").json()["locations"]}


@pytest.mark.parametrize("place", ["south", None])
def test_a_manager_moves_nothing_into_or_out_of_a_foreign_place(world: World, place: str | None) -> None:
    asked = {"kind": "machine", "name": "M", "location_id": place}
    assert world.client("max").put("/api/assets/m-1", json=asked).status_code == 403
    taken = {"kind": "person", "name": "B", "location_id": "north"}
    assert world.client("max").put("/api/assets/p-bob", json=taken).status_code == 403


def test_an_asset_cannot_be_at_a_place_that_is_not_there(world: World) -> None:
    asked = {"kind": "machine", "name": "M", "location_id": "moon"}
    assert world.client("vera").put("/api/assets/m-1", json=asked).status_code == 404


def test_who_looks_at_a_track_is_on_the_audit_log(world: World) -> None:
    with world.database.begin() as store:
        places = [tracks.Position("p-anna", T0 - n * MINUTE, 0.1 * n, 0.5, None, 10.0) for n in range(3)]
        tracks.insert_positions(store, places)
    told = world.client("max").get("/api/assets/p-anna/track").json()
    assert [round(one["lon"], 1) for one in told["positions"]] == [0.2, 0.1, 0.0]
    with world.database.read() as store:
        entry = audit.page(store, limit=1)[0]
    assert (entry.who, entry.action, entry.subject) == ("max", "see_track", "p-anna")


@pytest.mark.parametrize("span", ["from=2025-01-02&to=2025-01-01", "from=nonsense", "from=2025-01-01T00:00:00Z&to=x"])
def test_a_span_that_makes_no_sense_is_refused(world: World, span: str) -> None:
    assert world.client("max").get(f"/api/assets/p-anna/track?{span}").status_code == 422


def test_locations_tell_who_is_there(world: World) -> None:
    told = {one["id"]: one for one in world.client("vera").get("/api/locations").json()["locations"]}
    assert told["north"]["staff_count"] == 1  # Anna stands inside
    assert told["south"]["staff_count"] == 1  # Bob belongs there, and was never seen
    assert (told["north"]["expected_staff"], told["north"]["procedure_id"]) == (2, "SOP-1")
    assert [one["id"] for one in world.client("max").get("/api/locations").json()["locations"]] == ["north", "spare"]


def test_a_place_is_inside_by_its_outline_and_its_holes() -> None:
    square = [[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]
    hole = [[1, 1], [3, 1], [3, 3], [1, 3], [1, 1]]
    polygon = {"type": "Polygon", "coordinates": [square, hole]}
    assert is_inside(polygon, 0.5, 0.5)
    assert not is_inside(polygon, 2, 2)
    assert not is_inside(polygon, 5, 2)
    assert is_inside({"type": "MultiPolygon", "coordinates": [[hole], [square]]}, 0.5, 3.5)


def test_sync_is_idempotent_and_leaves_one_entry(world: World) -> None:
    vera = world.client("vera")
    asked = {"kind": "person", "name": "Carla", "location_id": "north"}
    first = vera.put("/api/sync/assets/HR-77", json=asked).json()
    again = vera.put("/api/sync/assets/HR-77", json=asked).json()
    assert first == again
    assert (first["id"], first["external_id"]) == ("hr-77", "HR-77")
    moved = vera.put("/api/sync/assets/HR-77", json=asked | {"location_id": "south"}).json()
    assert (moved["id"], moved["location_id"]) == ("hr-77", "south")
    with world.database.read() as store:
        entries = [one for one in audit.page(store) if one.action == "sync_asset"]
        assert len(entries) == 2
        assert len(things.assets(store)) == 4


def test_sync_of_locations_carries_staff_and_procedure(world: World) -> None:
    vera = world.client("vera")
    asked = {"name": "West pit", "expected_staff": 12, "procedure_id": "SOP-9"}
    told = vera.put("/api/sync/locations/L 9", json=asked).json()
    assert (told["id"], told["expected_staff"], told["procedure_id"]) == ("l-9", 12, "SOP-9")
    assert vera.put("/api/sync/locations/L 9", json=asked).json() == told


def test_a_manager_syncs_within_the_scope_alone(world: World) -> None:
    max_ = world.client("max")
    assert (
        max_.put("/api/sync/assets/X", json={"kind": "machine", "name": "X", "location_id": "north"}).status_code == 200
    )
    assert (
        max_.put("/api/sync/assets/X", json={"kind": "machine", "name": "X", "location_id": "south"}).status_code == 403
    )
    assert max_.put("/api/sync/locations/Y", json={"name": "Y"}).status_code == 403
    with world.database.read() as store:
        assert things.location_by_external(store, "Y") is None


@pytest.mark.parametrize(("kind", "more"), [("assets", {"kind": "person"}), ("locations", {})])
def test_two_things_cannot_bear_one_external_id(world: World, kind: str, more: dict[str, str]) -> None:
    vera = world.client("vera")
    told = {"name": "One", "external_id": "E-1", **more}
    assert vera.put(f"/api/{kind}/one", json=told).status_code == 200
    answer = vera.put(f"/api/{kind}/two", json=told)
    assert (answer.status_code, "'one'" in answer.json()["error"]["what"]) == (409, True)
    assert vera.put(f"/api/{kind}/one", json=told).status_code == 200
