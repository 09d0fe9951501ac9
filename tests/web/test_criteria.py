"""Criteria over HTTP: the super manager proposes, a second person decides."""

from copy import deepcopy

from tests.web.world import CRITERIA, World


def proposed(world: World, *, within_s: float = 30.0) -> dict[str, object]:
    content = deepcopy(CRITERIA)
    content["criteria"][0]["levels"][0]["within_s"] = within_s  # type: ignore[index]
    sent = {"content": content, "based_on": 1, "why": "faster"}
    return world.client("susan").post("/api/criteria/proposals", json=sent).json()  # type: ignore[no-any-return]


def test_a_change_takes_two_people(world: World) -> None:
    asked = proposed(world)
    address = f"/api/criteria/proposals/{asked['id']}"
    assert world.client("susan").post(f"{address}/approve", json={"why": "mine"}).status_code == 403
    told = world.client("vera").post(f"{address}/approve", json={"why": "agreed"}).json()
    assert told["version"] == 2
    assert told["content"]["criteria"][0]["levels"][0]["within_s"] == 30.0
    assert [(one["proposed_by"], one["approved_by"]) for one in told["versions"]][-1] == ("susan", "vera")
    assert world.client("max").get("/api/criteria").json() == told
    assert world.client("vera").post(f"{address}/reject", json={"why": "late"}).status_code == 422


def test_a_refused_proposal_changes_nothing(world: World) -> None:
    asked = proposed(world)
    told = world.client("vera").post(f"/api/criteria/proposals/{asked['id']}/reject", json={"why": "too fast"}).json()
    assert (told["state"], told["decided_by"], told["decided_why"]) == ("rejected", "vera", "too fast")
    assert world.client("max").get("/api/criteria").json()["version"] == 1
    assert [one["state"] for one in world.client("max").get("/api/criteria/proposals").json()["proposals"]] == [
        "rejected"
    ]


def test_a_document_that_was_written_from_an_older_version_is_refused(world: World) -> None:
    asked = proposed(world)
    world.client("vera").post(f"/api/criteria/proposals/{asked['id']}/approve", json={"why": "agreed"})
    sent = {"content": CRITERIA | {"title": "late"}, "based_on": 1, "why": "slower"}
    answer = world.client("susan").post("/api/criteria/proposals", json=sent)
    assert answer.status_code == 422
    assert answer.json()["error"]["what"] == "this proposal was written against version 1, and 2 is in force"
    assert world.client("susan").post("/api/criteria/proposals", json=sent | {"based_on": 2}).status_code == 200


def test_criteria_that_make_no_sense_are_refused_with_their_fault(world: World) -> None:
    content = deepcopy(CRITERIA)
    content["criteria"][0]["levels"][0]["when"] = {"state": "health", "among": ["dead"]}  # type: ignore[index]
    answer = world.client("susan").post("/api/criteria/proposals", json={"content": content, "based_on": 1, "why": "w"})
    assert answer.status_code == 422
    assert "never 'dead'" in answer.text


def test_a_content_that_was_read_can_be_sent_back(world: World) -> None:
    now = world.client("susan").get("/api/criteria").json()["content"]
    answer = world.client("susan").post("/api/criteria/proposals", json={"content": now, "based_on": 1, "why": "same"})
    assert "in force" in answer.json()["error"]["what"]


def test_what_is_shipped_is_told_as_such_and_every_known_property_with_its_unit(world: World) -> None:
    told = world.client("susan").get("/api/criteria").json()
    assert [version["is_shipped"] for version in told["versions"]] == [True]
    assert told["units"]["crack_probability"] == {"unit": "1", "scale": 1.0, "offset": 0.0}
    assert told["units"]["crack_width"]["unit"] == "mm"
