"""The live socket: what concerns one, a heartbeat, resume after a break, and an end with the session."""

import json
from dataclasses import replace
from typing import Any

import anyio
import pytest
from starlette.websockets import WebSocketDisconnect

from highwall.twin.roles import Person, Role
from highwall.twin.sql import alarms, sessions
from highwall.web.alarm_showing import shown_alarms
from highwall.web.app import create_app
from highwall.web.live import Change, Topic
from highwall.web.options import WebOptions
from highwall.web.routes import live as live_route
from tests.web.world import ALARM, PREALARM, World

QUICK = WebOptions(live_interval_s=0.02, heartbeat_s=0.3, recheck_s=0.1)


@pytest.fixture
def quick(world: World) -> World:
    """The site with a socket that does not wait long."""
    services = replace(world.services, options=QUICK)
    return replace(world, services=services, app=create_app(services))


def asset(key: str, location: str, value: int) -> Change:
    return Change(Topic.ASSETS, key, {"id": key, "state": value}, key, location)


def first_with(socket: Any, key: str) -> dict[str, Any]:
    """Next message that holds something of a kind; heartbeats pass by."""
    while True:
        message: dict[str, Any] = socket.receive_json()
        if key in message:
            return message


def test_the_first_word_is_everything_then_changes_then_heartbeats(quick: World) -> None:
    hub = quick.services.hub
    hub.put([asset("p-anna", "north", 1), asset("p-bob", "south", 1)])
    with quick.client("vera").websocket_connect("/api/live") as socket:
        whole = socket.receive_json()
        assert whole["reset"] is True
        assert [one["id"] for one in whole["assets"]] == ["p-anna", "p-bob"]
        assert whole["alarms"] == whole["latest"] == whole["gateways"] == []
        hub.put([asset("p-bob", "south", 2)])
        changed = first_with(socket, "assets")
        assert changed["assets"] == [{"id": "p-bob", "state": 2}]
        assert "reset" not in changed
        beat = socket.receive_json()
        assert set(beat) == {"id", "at"}


def test_many_changes_of_one_thing_are_one_word(quick: World) -> None:
    with quick.client("vera").websocket_connect("/api/live") as socket:
        socket.receive_json()
        quick.services.hub.put(asset("p-anna", "north", number) for number in range(500))
        assert first_with(socket, "assets")["assets"] == [{"id": "p-anna", "state": 499}]


def test_a_break_is_resumed_where_it_began(quick: World) -> None:
    hub = quick.services.hub
    hub.put([asset("p-anna", "north", 1)])
    with quick.client("vera").websocket_connect("/api/live") as socket:
        heard = socket.receive_json()["id"]
    hub.put([asset("p-bob", "south", 5)])
    with quick.client("vera").websocket_connect(f"/api/live?after={heard}") as socket:
        told = socket.receive_json()
    assert "reset" not in told
    assert told["assets"] == [{"id": "p-bob", "state": 5}]


def test_after_the_server_began_anew_everything_is_told(quick: World) -> None:
    quick.services.hub.put([asset("p-anna", "north", 1)])
    with quick.client("vera").websocket_connect("/api/live?after=12") as socket:
        assert socket.receive_json()["reset"] is True


def test_each_hears_what_is_in_reach(quick: World) -> None:
    quick.services.hub.put([asset("p-anna", "north", 1), asset("p-bob", "south", 1)])
    for user, wanted in {"olga": ["p-anna"], "max": ["p-anna"], "vera": ["p-anna", "p-bob"]}.items():
        with quick.client(user).websocket_connect("/api/live") as socket:
            assert [one["id"] for one in socket.receive_json()["assets"]] == wanted


def test_alarms_come_with_what_the_listener_may_do(quick: World) -> None:
    with quick.database.read() as store:
        shown = shown_alarms(store, [alarms.alarm(store, number) for number in (ALARM, PREALARM)])
    quick.services.hub.put(one.change for one in shown)
    for user, wanted in {
        "olga": [[], ["cancel"]],
        "max": [["acknowledge", "shelve", "clear"], ["acknowledge", "clear"]],
    }.items():
        with quick.client(user).websocket_connect("/api/live") as socket:
            assert [one["rights"] for one in socket.receive_json()["alarms"]] == wanted


def test_what_moves_away_is_gone_for_those_who_lose_sight_of_it(quick: World) -> None:
    hub = quick.services.hub
    with quick.database.read() as store:
        shown = shown_alarms(store, alarms.page(store, is_open=True))
    hub.put([asset("p-anna", "north", 1), *(one.change for one in shown)])
    moved = {"kind": "person", "name": "Anna", "location_id": "south"}
    with quick.client("max").websocket_connect("/api/live") as socket:
        heard = socket.receive_json()
        assert [one["id"] for one in heard["alarms"]] == [PREALARM, ALARM]
        quick.client("vera").put("/api/assets/p-anna", json=moved)
        told = first_with(socket, "assets")
        assert told["assets"] == [{"id": "p-anna", "state": None}]
        assert told["alarms"] == [{"id": PREALARM, "state": None}, {"id": ALARM, "state": None}]
        quick.client("vera").post(f"/api/alarms/{ALARM}/acknowledge", json={"note": "mine"})
        beat = socket.receive_json()
        assert set(beat) == {"id", "at"}
    with quick.client("max").websocket_connect(f"/api/live?after={heard['id']}") as socket:  # after a break as well
        assert sorted(one["id"] for one in socket.receive_json()["alarms"]) == [ALARM, PREALARM]
    with quick.client("max").websocket_connect("/api/live") as socket:
        assert socket.receive_json()["alarms"] == []


def test_what_was_at_a_location_that_is_deleted_is_gone_for_those_who_watched_it_there(quick: World) -> None:
    quick.services.hub.put([asset("p-anna", "north", 1)])
    with (
        quick.client("max").websocket_connect("/api/live") as his,
        quick.client("vera").websocket_connect("/api/live") as hers,
    ):
        his.receive_json()
        hers.receive_json()
        quick.client("susan").delete("/api/locations/north")
        assert {"id": "p-anna", "state": None} in first_with(his, "assets")["assets"]
        told = {one["id"]: one["location_id"] for one in first_with(hers, "assets")["assets"]}
    assert told == {"p-anna": None, "m-1": None}


def test_an_alarm_that_is_none_any_more_is_gone_for_all_who_saw_it(quick: World) -> None:
    hub = quick.services.hub
    with quick.database.read() as store:
        hub.put(one.change for one in shown_alarms(store, [alarms.alarm(store, ALARM)]))
    gone, heard = {"id": ALARM, "state": None}, {}
    for user in ("olga", "max", "vera"):
        with quick.client(user).websocket_connect("/api/live") as socket:
            word = socket.receive_json()
        assert [one["id"] for one in word["alarms"]] == [ALARM], user
        heard[user] = word["id"]
    hub.put([Change(Topic.ALARMS, str(ALARM), gone, is_over=True)])
    for user in ("olga", "max", "vera"):
        with quick.client(user).websocket_connect(f"/api/live?after={heard[user]}") as socket:
            assert socket.receive_json()["alarms"] == [gone], user
        with quick.client(user).websocket_connect("/api/live") as socket:
            assert socket.receive_json()["alarms"] == [], user


def test_a_number_that_is_not_finite_spoils_no_word(quick: World) -> None:
    content = {"datastream_id": 1, "value": float("inf")}
    with quick.client("vera").websocket_connect("/api/live") as socket:
        socket.receive_json()
        quick.services.hub.put([Change(Topic.LATEST, "1", content), asset("p-anna", "north", 1)])
        text = socket.receive_text()
    told = json.loads(text, parse_constant=pytest.fail)
    assert (told["latest"][0]["value"], told["assets"][0]["id"]) == (None, "p-anna")


def test_nobody_listens_without_a_session_or_from_another_page(quick: World) -> None:
    with pytest.raises(WebSocketDisconnect), quick.client().websocket_connect("/api/live"):
        pass
    foreign = {"Origin": "https://evil.example"}
    with pytest.raises(WebSocketDisconnect), quick.client("vera").websocket_connect("/api/live", headers=foreign):
        pass
    own = {"Origin": "http://testserver"}
    with quick.client("vera").websocket_connect("/api/live", headers=own) as socket:
        assert socket.receive_json()["reset"] is True


def test_the_socket_ends_with_the_session(quick: World) -> None:
    with quick.client("vera").websocket_connect("/api/live") as socket:
        socket.receive_json()
        with quick.database.begin() as store:
            sessions.close_session(store, quick.sessions["vera"])
        with pytest.raises(WebSocketDisconnect) as ended:
            first_with(socket, "what never comes")
    assert ended.value.code == 4401


def test_a_listener_that_vanishes_in_the_middle_of_a_word_is_no_fault(world: World) -> None:
    class Vanishing:
        async def accept(self) -> None: ...

        async def receive_text(self) -> str:
            return await anyio.sleep_forever()  # type: ignore[return-value]

        async def send_text(self, word: str) -> None:
            raise WebSocketDisconnect(1006)

    who = Person("vera", Role.SUPERVISOR)
    anyio.run(live_route.live, Vanishing(), who, world.services, None)  # ends, and raises nothing
