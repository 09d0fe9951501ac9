"""Datastreams: in reach, with units that people read, decimated."""

from highwall.twin.sql import observations
from tests.web.world import World, rows


def names(world: World, user: str, query: str = "") -> list[str]:
    found = world.client(user).get(f"/api/datastreams{query}").json()["datastreams"]
    return [one["name"] for one in found]


def test_datastreams_are_seen_within_reach(world: World) -> None:
    assert names(world, "olga") == ["tag-1/battery"]
    assert names(world, "max") == ["tag-1/battery"]
    assert names(world, "vera") == ["tag-1/battery", "tag-2/battery", "crack-1/crack_width"]
    assert names(world, "vera", "?asset=p-bob") == ["tag-2/battery"]
    assert world.client("max").get("/api/datastreams?asset=p-bob").status_code == 403
    assert world.client("max").get("/api/datastreams/3").status_code == 403
    assert world.client("vera").get("/api/datastreams/99").status_code == 404


def test_a_datastream_tells_its_newest_reading_and_how_to_show_it(world: World) -> None:
    told = world.client("vera").get("/api/datastreams/3").json()
    assert told["shown"] == {"unit": "mm", "scale": 1000.0, "offset": 0.0}
    assert told["latest"] == {"value": 0.001 * 9, "text": None, "at": "2025-06-15T15:06:40.000Z", "flag": 1}
    own = world.client("olga").get("/api/datastreams/1").json()
    assert (own["asset_id"], own["property"]) == ("p-anna", "battery")


def test_pages_go_on_behind_a_number(world: World) -> None:
    first = world.client("vera").get("/api/datastreams?limit=2").json()
    assert first["next"] == 2
    assert [
        one["id"] for one in world.client("vera").get("/api/datastreams?limit=2&after=2").json()["datastreams"]
    ] == [3]


def test_few_readings_come_whole_and_many_as_extremes(world: World) -> None:
    few = world.client("vera").get("/api/datastreams/1/series").json()
    assert (few["min"], few["is_decimated"]) == ([3.0, 3.1, 3.2], False)
    assert few["t"][-1] == 1_750_000_000_000
    with world.database.begin() as store:
        values = [(-1.0) ** n * n for n in range(1000)]
        observations.insert_readings(store, rows(2, values))
    many = world.client("vera").get("/api/datastreams/2/series?points=50").json()
    assert many["is_decimated"]
    assert len(many["t"]) <= 50
    assert (min(many["min"]), max(many["max"])) == (-999.0, 998.0)
