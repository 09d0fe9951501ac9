"""Alarms over HTTP: who sees which, what one may do about them, and that everybody who watches is told."""

import msgspec
import pytest

from highwall.twin.sql import alarms, audit
from highwall.web.live import Topic
from tests.web.world import ALARM, MINUTE, PREALARM, SOUTH_ALARM, T0, World


def seen(world: World, user: str) -> dict[int, list[str]]:
    return {one["id"]: one["rights"] for one in world.client(user).get("/api/alarms").json()["alarms"]}


def test_everyone_sees_the_alarms_in_reach_with_the_rights_to_act(world: World) -> None:
    assert seen(world, "olga") == {PREALARM: ["cancel"], ALARM: []}
    assert seen(world, "max") == {PREALARM: ["acknowledge", "clear"], ALARM: ["acknowledge", "shelve", "clear"]}
    all_of_them = seen(world, "vera")
    assert set(all_of_them) == {PREALARM, ALARM, SOUTH_ALARM}
    assert "call_aid" in all_of_them[SOUTH_ALARM]


def test_an_alarm_tells_its_subject_and_its_life(world: World) -> None:
    told = world.client("max").get(f"/api/alarms/{ALARM}").json()
    assert told["subject"] == {"kind": "asset", "id": "p-anna", "name": "P-ANNA"}
    assert (told["level"], told["owner_role"], told["evidence"]) == (3, "supervisor", ["he lies"])
    assert [step["what"] for step in told["transitions"]] == ["raised"]
    assert world.client("max").get(f"/api/alarms/{SOUTH_ALARM}").status_code == 403
    assert world.client("max").get("/api/alarms/7").status_code == 404


def test_an_answer_counts_at_once_and_is_told_and_audited(world: World) -> None:
    before = world.services.hub.number
    told = world.client("max").post(f"/api/alarms/{ALARM}/acknowledge", json={"note": "on my way"}).json()
    assert (told["state"], told["rights"]) == ("acknowledged", ["shelve", "clear"])
    (change,) = world.services.hub.since(before).changes
    assert (change.topic, change.key, change.content["state"]) == (Topic.ALARMS, str(ALARM), "acknowledged")
    with world.database.read() as store:
        assert [act.what for act in alarms.waiting_acts(store)] == ["acknowledge"]
        entry = audit.page(store, limit=1)[0]
    assert (entry.who, entry.action, entry.subject) == ("max", "alarm_acknowledge", f"alarm {ALARM}")


def test_what_an_alarm_does_not_allow_is_refused_and_leaves_nothing(world: World) -> None:
    max_ = world.client("max")
    late = {"until": "2035-01-01T00:00:00Z", "why": "later"}
    assert max_.post(f"/api/alarms/{ALARM}/shelve", json=late).status_code == 422
    assert max_.post(f"/api/alarms/{ALARM}/clear", json={"why": "  "}).status_code == 422
    with world.database.read() as store:
        assert alarms.waiting_acts(store) == []
        assert audit.page(store) == []


def test_an_alarm_is_shelved_for_a_time_by_the_servers_clock_and_no_longer_than_it_tells(world: World) -> None:
    max_ = world.client("max")
    longest_s = {one["id"]: one["longest_shelf_s"] for one in max_.get("/api/alarms").json()["alarms"]}
    assert longest_s == {PREALARM: None, ALARM: 8 * 3600.0}
    given = {"for_s": longest_s[ALARM] + 0.001, "why": "the drill works there"}
    assert max_.post(f"/api/alarms/{ALARM}/shelve", json=given).status_code == 422
    told = max_.post(f"/api/alarms/{ALARM}/shelve", json=given | {"for_s": longest_s[ALARM]}).json()
    assert (told["state"], told["shelved_until"]) == ("shelved", "2025-06-15T23:06:40.000Z")


@pytest.mark.parametrize("ends", [{}, {"for_s": 60, "until": "2025-06-15T15:10:00Z"}, {"for_s": 0}])
def test_a_shelf_has_one_end(world: World, ends: dict[str, object]) -> None:
    given = {"why": "later"} | ends
    assert world.client("max").post(f"/api/alarms/{ALARM}/shelve", json=given).status_code == 422


def test_what_may_not_be_shelved_is_not_offered_for_it(world: World) -> None:
    with world.database.begin() as store:
        of_no_criteria = msgspec.structs.replace(alarms.alarm(store, ALARM), criterion="forgotten")
        alarms.put_alarms(store, [of_no_criteria], at_us=T0)
    told = world.client("max").get(f"/api/alarms/{ALARM}").json()
    assert (told["longest_shelf_s"], told["rights"]) == (None, ["acknowledge", "clear"])


def test_only_the_subject_cancels_a_pre_alarm(world: World) -> None:
    assert world.client("vera").post(f"/api/alarms/{PREALARM}/cancel", json={}).status_code == 403
    told = world.client("olga").post(f"/api/alarms/{PREALARM}/cancel", json={}).json()
    assert told["state"] == "cancelled"
    assert world.client("olga").post(f"/api/alarms/{ALARM}/cancel", json={}).status_code == 422


def test_a_pre_alarm_cannot_be_cancelled_too_late(world: World) -> None:
    world.clock[0] = T0 + 2 * MINUTE
    assert world.client("olga").post(f"/api/alarms/{PREALARM}/cancel", json={}).status_code == 422


def test_calling_for_aid_is_the_supervisors(world: World) -> None:
    asked = {"message": "two ambulances to the north gate"}
    assert world.client("max").post(f"/api/alarms/{ALARM}/call-aid", json=asked).status_code == 403
    told = world.client("vera").post(f"/api/alarms/{ALARM}/call-aid", json=asked).json()
    assert told["transitions"][-1]["why"] == asked["message"]


@pytest.mark.parametrize("user", ["olga", "max", "vera"])
def test_pages_cover_every_alarm_once(world: World, user: str) -> None:
    client, found, after = world.client(user), [], ""
    while True:
        page = client.get(f"/api/alarms?state=all&limit=1{after}").json()
        found += [one["id"] for one in page["alarms"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert sorted(found) == sorted(seen(world, user))
