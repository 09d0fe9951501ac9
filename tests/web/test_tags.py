"""Tags over HTTP: issued, printed, claimed once, replaced by two people of different roles."""

from dataclasses import replace

from highwall.twin.roles import Role
from highwall.twin.sql import accounts, audit, sessions, tags
from highwall.twin.tags import printed, read_scan
from highwall.web.app import create_app
from tests.web.world import T0, World


def test_tags_are_issued_and_claimed_once_by_a_scan(world: World) -> None:
    max_ = world.client("max")
    new = max_.post("/api/tags", json={"count": 3}).json()["tags"]
    assert [read_scan(tag) for tag in new] == new
    scanned = printed(new[0])
    assert max_.post(f"/api/tags/{scanned}/claim", json={"asset_id": "m-1"}).status_code == 200
    assert max_.post(f"/api/tags/{new[0]}/claim", json={"asset_id": "p-anna"}).status_code == 422
    assert world.client("vera").get("/api/assets/m-1").json()["tag_id"] == new[0]


def test_a_misread_tag_and_a_foreign_asset_are_refused(world: World) -> None:
    max_ = world.client("max")
    assert max_.post("/api/tags/TAG-0000000X/claim", json={"asset_id": "m-1"}).status_code == 422
    assert max_.post("/api/tags/tag-3/claim", json={"asset_id": "p-bob"}).status_code == 403
    with world.database.read() as store:
        found = tags.tag(store, "tag-3")
    assert found is not None
    assert not found.is_used


def test_a_replacement_takes_two_roles(world: World) -> None:
    asked = world.client("max").post("/api/tags/tag-1/replace", json={"by_tag": "tag-4", "why": "broken"}).json()
    (listed,) = world.client("vera").get("/api/tags").json()["replacements"]
    assert (listed["id"], listed["asked_by"], listed["why"]) == (asked["request"], "max", "broken")
    address = f"/api/tags/replacements/{asked['request']}/approve"
    assert world.client("max").post(address).status_code == 403
    assert world.client("vera").post(address).status_code == 200
    assert world.client("vera").get("/api/assets/p-anna").json()["tag_id"] == "tag-4"


def test_one_role_alone_cannot_replace(world: World) -> None:
    asked = world.client("vera").post("/api/tags/tag-1/replace", json={"by_tag": "tag-4", "why": "broken"}).json()
    assert world.client("vera").post(f"/api/tags/replacements/{asked['request']}/approve").status_code == 422


def test_a_request_is_put_away(world: World) -> None:
    asked = world.client("max").post("/api/tags/tag-1/replace", json={"by_tag": "tag-4", "why": "broken"}).json()
    address = f"/api/tags/replacements/{asked['request']}"
    vera = world.client("vera")
    assert vera.post(f"{address}/reject").json() == {"done": True}
    assert vera.get("/api/tags").json()["replacements"] == []
    assert [vera.post(f"{address}/{deed}").status_code for deed in ("approve", "reject")] == [422, 422]
    assert vera.get("/api/assets/p-anna").json()["tag_id"] == "tag-1"
    with world.database.read() as store:
        (entry, *_) = audit.page(store)
    assert (entry.who, entry.action, entry.subject) == ("vera", "reject_replacement", "tag-1")


def test_whoever_asked_may_withdraw_the_request_and_no_other_manager(world: World) -> None:
    asked = world.client("max").post("/api/tags/tag-1/replace", json={"by_tag": "tag-4", "why": "broken"}).json()
    address = f"/api/tags/replacements/{asked['request']}/reject"
    with world.database.begin() as store:
        moira = accounts.add_user(store, "moira", Role.MANAGER, at_us=T0)
        world.sessions["moira"] = sessions.open_session(store, moira.id, now_us=T0, hours=12)
    refused = world.client("moira").post(address)
    assert (refused.status_code, "another's" in refused.text) == (403, True)
    assert world.client("max").post(address).json() == {"done": True}
    assert world.client("max").get("/api/tags").json()["replacements"] == []
    assert world.client("max").post(address).status_code == 422
    with world.database.read() as store:
        (entry, *_) = audit.page(store)
    assert (entry.who, entry.action, entry.subject) == ("max", "withdraw_replacement", "tag-1")


def test_an_approval_closes_the_requests_that_it_overtook(world: World) -> None:
    max_, vera = world.client("max"), world.client("vera")
    asked = [
        max_.post("/api/tags/tag-1/replace", json={"by_tag": tag, "why": "broken"}).json()["request"]
        for tag in ("tag-3", "tag-4")
    ]
    assert vera.post(f"/api/tags/replacements/{asked[0]}/approve").status_code == 200
    assert vera.get("/api/tags").json()["replacements"] == []
    with world.database.read() as store:
        (entry, *_) = audit.page(store)
    assert entry.detail["overtaken"] == asked[1:]


def test_the_sheet_holds_the_free_tags(world: World) -> None:
    printed_tags: list[list[str]] = []

    def sheet(free: list[str]) -> bytes:
        printed_tags.append(list(free))
        return b"%PDF-1.7"

    services = replace(world.services, tag_sheet=sheet)
    answer = replace(world, app=create_app(services), services=services).client("max").get("/api/tags/sheet.pdf")
    assert (answer.content, answer.headers["content-type"]) == (b"%PDF-1.7", "application/pdf")
    assert printed_tags == [["tag-3", "tag-4"]]


def test_tags_and_replacements_beyond_ones_scope_are_out_of_reach(world: World) -> None:
    asked = world.client("max").post("/api/tags/tag-1/replace", json={"by_tag": "tag-4", "why": "broken"}).json()
    with world.database.begin() as store:
        accounts.change_user(store, "vera", {"locations": frozenset({"south"})})
    vera = world.client("vera")
    told = vera.get("/api/tags").json()
    assert "tag-1" not in [tag["id"] for tag in told["tags"]]
    assert told["replacements"] == []
    for deed in ("approve", "reject"):
        assert vera.post(f"/api/tags/replacements/{asked['request']}/{deed}").status_code == 403
    with world.database.read() as store:
        assert [one.id for one in tags.open_replacements(store)] == [asked["request"]]
