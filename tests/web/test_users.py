"""Users, tokens and the audit log over HTTP."""

import pytest

from highwall.twin.roles import Role
from highwall.twin.sql import accounts, audit
from tests.web.world import World


def test_a_user_is_made_changed_and_shut_out(world: World) -> None:
    susan = world.client("susan")
    made = susan.post("/api/users", json={"name": "nina", "role": "manager", "scope": ["north"]}).json()
    assert made["user"] == {
        "name": "nina", "role": "manager", "scope": ["north"], "asset_id": None, "is_active": True,
        "has_password": False, "has_authenticator": False,
    }  # fmt: skip
    assert len(made["setup_code"]) == 23
    changed = susan.patch("/api/users/nina", json={"role": "supervisor", "scope": None}).json()
    assert (changed["role"], changed["scope"]) == ("supervisor", None)
    assert susan.patch("/api/users/nina", json={"is_active": False}).json()["is_active"] is False
    assert susan.post("/api/users", json={"name": "nina", "role": "manager"}).status_code == 409


def test_a_change_ends_the_users_sessions_at_once(world: World) -> None:
    vera = world.client("vera")
    assert vera.get("/api/gateways").status_code == 200
    world.client("susan").patch("/api/users/vera", json={"role": "operator"})
    assert vera.get("/api/gateways").status_code == 401


def test_a_promoted_user_must_choose_password_and_authenticator_anew(world: World) -> None:
    susan = world.client("susan")
    susan.patch("/api/users/vera", json={"role": "super_manager"})
    vera = next(user for user in susan.get("/api/users").json()["users"] if user["name"] == "vera")
    assert (vera["has_password"], vera["has_authenticator"]) == (False, False)


def test_the_last_super_manager_stays(world: World) -> None:
    assert world.client("susan").patch("/api/users/susan", json={"is_active": False}).status_code == 409


def test_a_token_never_exceeds_its_user(world: World) -> None:
    asked = {"user": "max", "title": "t", "actions": ["sync", "manage_users"]}
    answer = world.client("susan").post("/api/tokens", json=asked)
    assert answer.status_code == 403
    assert "manage_users" in answer.json()["error"]["what"]


def test_the_audit_log_is_paged_and_verified(world: World) -> None:
    susan = world.client("susan")
    for number in range(5):
        susan.post("/api/users", json={"name": f"u{number}", "role": "operator"})
    first = susan.get("/api/audit?limit=3").json()
    assert [entry["subject"] for entry in first["entries"]] == ["u4", "u3", "u2"]
    second = susan.get(f"/api/audit?limit=3&before={first['next']}").json()
    assert [entry["subject"] for entry in second["entries"]] == ["u1", "u0"]
    assert second["next"] is None
    head = first["entries"][0]["hash"]
    verdict = susan.get(f"/api/audit/verify?anchor={head}").json()
    assert (verdict["is_intact"], verdict["n"], verdict["head"]) == (True, 5, head)


def test_tampering_is_seen_over_http(world: World) -> None:
    susan = world.client("susan")
    susan.post("/api/users", json={"name": "u", "role": "operator"})
    with world.database.begin() as store:
        store.execute(audit.AUDIT.update().values(who="max"))
    verdict = susan.get("/api/audit/verify").json()
    assert (verdict["is_intact"], verdict["broken_at"]) == (False, 1)


@pytest.mark.parametrize("name", ["nobody", "Max", "a b"])
def test_users_who_are_not_there(world: World, name: str) -> None:
    assert world.client("susan").post(f"/api/users/{name}/code").status_code in (404, 422)


@pytest.mark.parametrize(
    ("method", "address", "body"),
    [
        ("PATCH", "/api/users/susan", {"is_active": False}),
        ("POST", "/api/users/susan/code", None),
        ("POST", "/api/tokens", {"user": "vera", "title": "t", "actions": ["sync"]}),
    ],
)
def test_nobody_acts_as_a_user_of_a_wider_scope(world: World, method: str, address: str, body: object) -> None:
    with world.database.begin() as store:
        accounts.change_user(store, "max", {"role": Role.SUPER_MANAGER, "locations": frozenset({"north"})})
    answer = world.client("max").request(method, address, json=body)
    assert (answer.status_code, "wider" in answer.json()["error"]["what"]) == (403, True)


@pytest.mark.parametrize("decision", ["approve_criteria", "approve_tags"])
def test_no_token_decides_as_a_second_person(world: World, decision: str) -> None:
    asked = {"user": "vera", "title": "t", "actions": ["sync", decision]}
    answer = world.client("susan").post("/api/tokens", json=asked)
    assert (answer.status_code, decision in answer.json()["error"]["what"]) == (403, True)
