"""SensorThings for reading, on every store: sets, entities, filters, and pages that lose and repeat nothing."""

from typing import Any

import pytest

from highwall.twin.sql import datastreams, observations
from highwall.twin.sql.database import Database
from highwall.web.sta.filters import EVERYTHING, parse
from highwall.web.sta.paging import MOST_ROWS, Item, page
from tests.web.world import MINUTE, T0, World, make_world, rows

ROOT = "/sta/v1.1"


def asked(world: World, path: str, user: str = "vera", **query: str) -> dict[str, Any]:
    answer = world.client(user).get(f"{ROOT}/{path}", params={f"${name}": value for name, value in query.items()})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def follow(world: World, path: str, **query: str) -> list[Any]:
    """All entities of a set, page after page."""
    told = asked(world, path, **query)
    found = list(told["value"])
    while "@iot.nextLink" in told:
        told = world.client("vera").get(told["@iot.nextLink"]).json()
        found += told["value"]
    return found


def test_the_root_lists_the_sets(world: World) -> None:
    told = world.client("olga").get(ROOT).json()
    assert [one["name"] for one in told["value"]] == ["Things", "Locations", "Datastreams", "Observations"]
    assert told["value"][0]["url"] == "http://testserver/sta/v1.1/Things"


def test_things_are_assets_and_lead_on(world: World) -> None:
    told = asked(world, "Things", user="max")
    assert [one["@iot.id"] for one in told["value"]] == ["m-1", "p-anna"]
    anna = world.client("max").get(told["value"][1]["@iot.selfLink"]).json()
    assert anna == told["value"][1]
    (at,) = world.client("max").get(anna["Locations@iot.navigationLink"]).json()["value"]
    assert at["location"] == {"type": "Point", "coordinates": [0.5, 0.5, 10.0]}
    (stream,) = world.client("max").get(anna["Datastreams@iot.navigationLink"]).json()["value"]
    assert stream["name"] == "tag-1/battery"
    assert stream["unitOfMeasurement"]["symbol"] == "V"
    newest = world.client("max").get(stream["Observations@iot.navigationLink"] + "?$top=1&$orderby=phenomenonTime desc")
    (reading,) = newest.json()["value"]
    assert (reading["result"], reading["phenomenonTime"], reading["resultQuality"]) == (
        3.2,
        "2025-06-15T15:06:40.000Z",
        1,
    )


@pytest.mark.parametrize(
    ("path", "wanted", "names"),
    [
        ("Things", "properties/kind eq 'person'", ["P-ANNA", "P-BOB"]),
        ("Things", "id eq 'm-1' or startswith(name,'P-B')", ["M-1", "P-BOB"]),
        ("Locations", "substringof('wall',name)", ["North wall"]),
        ("Datastreams", "properties/property eq 'battery'", ["tag-1/battery", "tag-2/battery"]),
        ("Datastreams", "Thing/id eq 'p-bob'", ["tag-2/battery"]),
        ("Datastreams", "id gt 2", ["crack-1/crack_width"]),
    ],
)
def test_sets_are_filtered(world: World, path: str, wanted: str, names: list[str]) -> None:
    assert [one["name"] for one in asked(world, path, filter=wanted)["value"]] == names


def test_pages_of_readings_lose_and_repeat_nothing_on_every_store(databases: Database) -> None:
    world = make_world(databases)
    with databases.begin() as store:
        number = datastreams.datastream_ids(store, ["pump-1/flow"])["pump-1/flow"]
        observations.insert_readings(store, rows(number, [float(n) for n in range(250)]))
    path = f"Datastreams({number})/Observations"
    upward = follow(world, path, top="60", filter="result ge 10")
    assert [one["result"] for one in upward] == [float(n) for n in range(10, 250)]
    downward = follow(world, path, top="100", orderby="phenomenonTime desc")
    assert [one["result"] for one in downward] == [float(n) for n in range(249, -1, -1)]


def test_readings_are_bounded_by_time_with_ends_as_asked(world: World) -> None:
    def results(wanted: str) -> list[float]:
        return [
            one["result"] for one in asked(world, "Observations", filter=f"Datastream/id eq 3 and {wanted}")["value"]
        ]

    assert results("phenomenonTime ge 2025-06-15T15:05:40Z") == [0.008, 0.009000000000000001]
    assert results("phenomenonTime gt 2025-06-15T15:05:40Z") == [0.009000000000000001]
    assert results("phenomenonTime lt 2025-06-15T14:58:40Z") == [0.0]
    assert results("phenomenonTime eq 2025-06-15T14:58:40Z") == [0.001]
    assert results("not phenomenonTime lt 2025-06-15T15:06:40Z") == [0.009000000000000001]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("Observations", {}), ("Observations", {"filter": "Datastream/id gt 1"}), ("Things", {"count": "true"}),
        ("Things", {"expand": "Locations"}), ("Things", {"orderby": "name"}), ("Things", {"filter": "name ="}),
        ("Datastreams", {"skiptoken": "x"}), ("Datastreams(1)/Observations", {"skiptoken": "1.2"}),
        ("Datastreams(1)/Observations", {"orderby": "result"}), ("Things", {"top": "0"}),
    ],
)  # fmt: skip
def test_what_is_not_offered_is_refused_in_words(world: World, path: str, query: dict[str, str]) -> None:
    answer = world.client("vera").get(f"{ROOT}/{path}", params={f"${name}": value for name, value in query.items()})
    assert answer.status_code == 422
    assert set(answer.json()["error"]) == {"what", "cure"}


def test_nobody_reads_out_of_reach(world: World) -> None:
    max_ = world.client("max")
    assert max_.get(f"{ROOT}/Things('p-bob')").status_code == 403
    assert max_.get(f"{ROOT}/Datastreams(2)/Observations").status_code == 403
    assert max_.get(f"{ROOT}/Observations", params={"$filter": "Datastream/id eq 2"}).status_code == 403
    assert [one["name"] for one in asked(world, "Datastreams", user="olga")["value"]] == ["tag-1/battery"]


def test_a_filter_that_finds_little_reads_no_more_than_it_may() -> None:
    n_read = 0

    def fetch(after: str | None, limit: int) -> list[Item]:
        nonlocal n_read
        first = int(after or -1) + 1
        n_read += limit
        return [Item(str(n), {"n": n}, {"n": float(n)}) for n in range(first, first + limit)]

    found = page(fetch, parse("n eq 1e9"), after=None, top=10)
    assert found == ([], str(MOST_ROWS - 1))
    assert n_read == MOST_ROWS
    rest = page(fetch, EVERYTHING, after=found.next_key, top=2)
    assert [one["n"] for one in rest.entities] == [MOST_ROWS, MOST_ROWS + 1]


def test_times_of_this_file_are_right() -> None:
    assert T0 - 8 * MINUTE == 1_749_999_520_000_000  # 2025-06-15T14:58:40Z
