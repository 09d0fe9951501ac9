"""SensorThings for reading, on every store: sets, entities, filters, and pages that lose and repeat nothing."""

from typing import Any

import pytest

from highwall.twin.roles import Action
from highwall.twin.sql import accounts, datastreams, observations, sessions
from highwall.twin.sql.database import Database
from highwall.web.routes import sta
from highwall.web.sta import expanding
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
    assert [one["name"] for one in told["value"]] == [
        "Things", "Locations", "Datastreams", "Observations", "ObservedProperties",
    ]  # fmt: skip
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
        ("Observations", {}), ("Observations", {"filter": "Datastream/id gt 1"}), ("Things", {"skip": "3"}),
        ("Things", {"orderby": "name"}), ("Things", {"filter": "name ="}), ("Things", {"apply": "x"}),
        ("Datastreams", {"skiptoken": "x"}), ("Datastreams(1)/Observations", {"skiptoken": "1.2"}),
        ("Datastreams(1)/Observations", {"orderby": "result"}), ("Things('m-1')", {"filter": "id eq 1"}),
        ("Things", {"count": "true", "filter": "name eq 'x'"}),
        ("Datastreams(1)/Observations", {"count": "true", "filter": "result gt 1"}),
        ("Things", {"select": "nothing"}), ("Things", {"select": "a b"}), ("Things", {"expand": "Observations"}),
        ("Locations", {"expand": "Things"}), ("Things", {"expand": "Datastreams($top=0)"}),
        ("Things", {"expand": "Datastreams($filter=id eq 1)"}), ("Things", {"expand": "Datastreams($top=5"}),
        ("Things", {"expand": "Datastreams/Thing/Datastreams/Thing/Datastreams"}),
        ("Things", {"expand": "Datastreams($orderby=name)"}),
    ],
)  # fmt: skip
def test_what_is_not_offered_is_refused_in_words(world: World, path: str, query: dict[str, str]) -> None:
    answer = world.client("vera").get(f"{ROOT}/{path}", params={f"${name}": value for name, value in query.items()})
    assert answer.status_code == 400
    told = answer.json()["error"]
    assert told["what"]
    assert told["cure"]


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
    assert [one.entity["n"] for one in rest.items] == [MOST_ROWS, MOST_ROWS + 1]


def test_an_option_without_its_sign_is_not_passed_over(world: World) -> None:
    answer = world.client("vera").get(f"{ROOT}/Things", params={"expand": "Locations"})
    assert answer.status_code == 400
    assert "$expand" in answer.json()["error"]["cure"]


def test_things_are_told_with_where_they_are_and_what_they_read(world: World) -> None:
    query = "Locations,Datastreams($expand=Observations($top=2;$orderby=phenomenonTime desc;$select=result))"
    bob, anna = (
        next(one for one in asked(world, "Things", expand=query)["value"] if one["@iot.id"] == name)
        for name in ("p-bob", "p-anna")
    )
    assert anna["Locations"][0]["location"]["coordinates"] == [0.5, 0.5, 10.0]
    (battery,) = anna["Datastreams"]
    assert battery["name"] == "tag-1/battery"
    assert battery["Observations"] == [{"result": 3.2}, {"result": 3.1}]
    rest = world.client("vera").get(battery["Observations@iot.nextLink"]).json()
    assert rest["value"] == [{"result": 3.0}]
    assert bob["Locations"] == []
    assert "Observations@iot.nextLink" not in bob["Datastreams"][0]


def test_a_datastream_is_told_with_its_thing_and_property(world: World) -> None:
    battery, _, crack = asked(world, "Datastreams", expand="Thing,ObservedProperty")["value"]
    assert battery["Thing"] == asked(world, "Things('p-anna')")
    told = world.client("vera").get(battery["ObservedProperty@iot.navigationLink"]).json()
    assert battery["ObservedProperty"] == told
    assert told["@iot.id"] == "battery"
    assert crack["Thing"] is None  # bound to nothing
    one = asked(world, "Datastreams(1)", expand="Thing/Locations,ObservedProperty", select="name,ObservedProperty")
    assert set(one) == {"name", "ObservedProperty", "ObservedProperty@iot.navigationLink", "Thing"}
    assert one["Thing"]["Locations"][0]["@iot.id"] == "at-p-anna"


def test_readings_are_told_with_their_datastream(world: World) -> None:
    reading = asked(world, "Datastreams(1)/Observations", top="1", expand="Datastream/Thing")["value"][0]
    assert reading["Datastream"]["@iot.id"] == 1
    assert reading["Datastream"]["Thing"]["@iot.id"] == "p-anna"


def test_the_next_page_inside_an_entity_is_expanded_as_the_first(world: World) -> None:
    query = "Observations($top=1;$expand=Datastream($select=name;$expand=Thing($select=name)))"
    first = asked(world, "Datastreams(1)", expand=query)
    rest = world.client("vera").get(first["Observations@iot.nextLink"]).json()
    (one,) = rest["value"]
    assert one["@iot.id"] != first["Observations"][0]["@iot.id"]
    assert one["Datastream"] == first["Observations"][0]["Datastream"]
    assert one["Datastream"]["Thing"] == {"name": asked(world, "Things('p-anna')")["name"]}


def test_only_what_is_selected_is_told_on_every_page(world: World) -> None:
    told = asked(world, "Things", select="id,properties", top="2")
    assert [set(one) for one in told["value"]] == [{"@iot.id", "properties"}] * 2
    rest = world.client("vera").get(told["@iot.nextLink"]).json()
    assert [set(one) for one in rest["value"]] == [{"@iot.id", "properties"}]


@pytest.mark.parametrize(
    ("user", "path", "query", "n"),
    [
        ("vera", "Things", {}, 3), ("max", "Things", {}, 2), ("olga", "Things", {}, 1), ("vera", "Datastreams", {}, 3),
        ("olga", "Datastreams", {}, 1), ("max", "Locations", {}, 2), ("vera", "Things('p-bob')/Datastreams", {}, 1),
        ("vera", "Datastreams(3)/Observations", {}, 10), ("vera", "Things('p-bob')/Locations", {}, 0),
        ("vera", "Observations", {"filter": "Datastream/id eq 3 and phenomenonTime gt 2025-06-15T15:00:40Z"}, 6),
        ("vera", "Datastreams(3)/Observations", {"filter": "phenomenonTime lt 2025-06-15T14:59:40Z"}, 2),
        ("vera", "Datastreams(3)/Observations", {"filter": "phenomenonTime eq 2025-06-15T14:59:40Z"}, 1),
    ],
)  # fmt: skip
def test_what_is_counted_is_what_the_pages_hold(
    world: World, user: str, path: str, query: dict[str, str], n: int
) -> None:
    told = asked(world, path, user=user, count="true", **query)
    assert told["@iot.count"] == n == len(told["value"])
    alone = asked(world, path, user=user, count="true", top="0", **query)
    assert alone == {"@iot.count": n, "value": []}


def test_readings_without_end_are_not_counted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sta, "_MOST_COUNTED", 9)
    answer = world.client("vera").get(f"{ROOT}/Datastreams(3)/Observations", params={"$count": "true"})
    assert answer.status_code == 400
    assert "phenomenonTime" in answer.json()["error"]["cure"]
    assert asked(world, "Datastreams(1)/Observations", count="true")["@iot.count"] == 3


def test_an_expansion_tells_no_more_than_a_request_may_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expanding, "MOST_ROWS", 9)
    assert len(asked(world, "Datastreams", expand="Observations($top=2)")["value"]) == 3
    answer = world.client("vera").get(f"{ROOT}/Datastreams", params={"$expand": "Observations($top=5)"})
    assert answer.status_code == 400
    assert "$top" in answer.json()["error"]["cure"]


def test_an_expansion_tells_nothing_out_of_reach(world: World) -> None:
    told = asked(world, "Things", user="max", expand="Datastreams/Observations,Locations")
    assert {one["@iot.id"] for one in told["value"]} == {"m-1", "p-anna"}
    assert "tag-2" not in str(told)
    own = asked(world, "Datastreams", user="olga", expand="Thing/Datastreams")
    assert [one["Thing"]["@iot.id"] for one in own["value"]] == ["p-anna"]


def test_a_token_follows_no_expansion_that_it_was_not_granted(world: World) -> None:
    with world.database.begin() as store:
        vera = accounts.find_user(store, "vera")
        granted = frozenset({Action.SEE_ASSETS})
        _, token = sessions.add_token(store, vera.id, "map", actions=granted, until_us=T0 + MINUTE)
    client = world.client()
    client.headers["Authorization"] = f"Bearer {token}"
    assert client.get(f"{ROOT}/Things", params={"$expand": "Locations"}).status_code == 200
    for expand in ("Datastreams", "Locations,Datastreams($top=1)"):
        assert client.get(f"{ROOT}/Things", params={"$expand": expand}).status_code == 403
    assert client.get(f"{ROOT}/Things('m-1')", params={"$expand": "Datastreams"}).status_code == 403


def test_expansions_answer_on_every_store(databases: Database) -> None:
    world = make_world(databases)
    told = asked(world, "Things", expand="Datastreams/Observations", count="true")
    results = [
        one["result"] for thing in told["value"] for stream in thing["Datastreams"] for one in stream["Observations"]
    ]
    assert results == [3.0, 3.1, 3.2, 4.0]
    assert told["@iot.count"] == 3
    assert asked(world, "Datastreams(3)/Observations", count="true")["@iot.count"] == 10


def test_times_of_this_file_are_right() -> None:
    assert T0 - 8 * MINUTE == 1_749_999_520_000_000  # 2025-06-15T14:58:40Z
