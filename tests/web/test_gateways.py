"""Gateways over HTTP: let in once with a code, commanded, configured, put out."""

import hashlib
import json

import pytest

from highwall.telemetry.messages import Priority, SignedConfig, Status
from highwall.twin.roles import Role
from highwall.twin.sql import accounts, audit, gateways, orders
from tests.web.world import T0, World


def let_in(world: World, *, name: str = "North gate", location_id: str | None = "north") -> dict[str, str]:
    asked = {"name": name, "location_id": location_id}
    made = world.client("susan").post("/api/gateways/claims", json=asked).json()
    body = {"code": made["code"].lower(), "csr": "-----BEGIN CERTIFICATE REQUEST-----"}
    told: dict[str, str] = world.client().post("/api/gateways/claim", json=body).json()
    again = world.client().post("/api/gateways/claim", json=body)
    assert again.status_code == 422
    return told


def test_a_code_lets_one_gateway_in_once(world: World) -> None:
    told = let_in(world)
    assert told == {
        "gateway_id": "north-gate", "site": "mine", "certificate": "certificate of north-gate",
        "authority": "authority", "broker": "mqtts://127.0.0.1:8883", "signing_key": "key",
    }  # fmt: skip
    with world.database.read() as store:
        found = gateways.gateway(store, "north-gate")
        actions = [one.action for one in audit.page(store)]
    assert found is not None
    assert found.is_trusted
    assert actions == ["claim", "open_claim"]


def test_a_code_runs_out(world: World) -> None:
    made = world.client("susan").post("/api/gateways/claims", json={"name": "Late"}).json()
    world.clock[0] += 25 * 3_600_000_000
    body = {"code": made["code"], "csr": "x"}
    assert world.client().post("/api/gateways/claim", json=body).status_code == 422


def test_gateways_are_listed_within_reach_with_buffer_and_last_word(world: World) -> None:
    let_in(world)
    let_in(world, name="South gate", location_id="south")
    status = Status(True, T0, "e1", {Priority.TELEMETRY: 7}, 3.5, "abc", "1.0")
    with world.database.begin() as store:
        gateways.note_status(store, "north-gate", status, heard_us=T0)
    (told,) = world.client("max").get("/api/gateways").json()["gateways"]
    assert (told["id"], told["state"], told["waiting"], told["buffer_days"]) == (
        "north-gate",
        "online",
        {"telemetry": 7},
        3.5,
    )
    both = world.client("vera").get("/api/gateways").json()["gateways"]
    assert [one["state"] for one in both] == ["online", "waiting"]


@pytest.mark.parametrize(("heartbeat_s", "online_s", "offline_s"), [(None, 119, 121), (15.0, 119, 121), (60, 239, 241)])
def test_a_gateway_that_fell_silent_is_off_line(
    world: World, heartbeat_s: float | None, online_s: int, offline_s: int
) -> None:
    let_in(world)
    with world.database.begin() as store:
        gateways.note_status(store, "north-gate", Status(True, T0), heard_us=T0)
    if heartbeat_s is not None:
        sent = {"content": {"limits": {"heartbeat_s": heartbeat_s}}, "why": "w"}
        world.client("susan").post("/api/gateways/north-gate/configurations", json=sent)
    for later_s, state in ((online_s, "online"), (offline_s, "offline")):
        world.clock[0] = T0 + later_s * 1_000_000
        (told,) = world.client("max").get("/api/gateways").json()["gateways"]
        assert told["state"] == state


def given(world: World) -> list[SignedConfig]:
    """Configurations of the north gate that wait to be sent, oldest first."""
    with world.database.read() as store:
        return [one.signed for one in reversed(orders.configurations(store, "north-gate"))]


def test_a_command_is_kept_to_be_sent_and_audited(world: World) -> None:
    let_in(world)
    told = world.client("vera").post(
        "/api/gateways/north-gate/commands", json={"verb": "scan", "arguments": {"for": 5}}
    )
    with world.database.read() as store:
        (kept,) = orders.unanswered(store, since_us=T0)
        actions = [one.action for one in audit.page(store)]
    order = kept.command
    assert (kept.gateway_id, kept.who, actions[0]) == ("north-gate", "vera", "command_gateway")
    assert (order.command_id, order.verb, order.arguments) == (told.json()["id"], "scan", {"for": 5.0})
    (listed,) = world.client("vera").get("/api/gateways").json()["gateways"][0]["commands"]
    assert (listed["verb"], listed["who"], listed["done"]) == ("scan", "vera", None)


def test_configurations_are_numbered_and_signed(world: World) -> None:
    let_in(world)
    for why in ("first", "second"):
        asked = {"content": {"scan_s": 5}, "why": why}
        world.client("susan").post("/api/gateways/north-gate/configurations", json=asked)
    assert [json.loads(one.content) for one in given(world)] == [
        {"gateway": "north-gate", "scan_s": 5, "version": number} for number in (1, 2)
    ]


def test_versions_are_told_with_the_one_in_force_by_the_hash_that_the_gateway_reports(world: World) -> None:
    let_in(world)
    susan, path = world.client("susan"), "/api/gateways/north-gate/configurations"
    assert susan.get(path).json() == {
        "versions": [], "in_force": None, "reported_hash": "", "content_schema": {"title": "GatewayConfig"}
    }  # fmt: skip
    for seconds in (5, 6):
        susan.post(path, json={"content": {"scan_s": seconds}, "why": "w"})
    first = given(world)[0].content
    status = Status(True, T0, "e1", config_hash=hashlib.sha256(first.encode()).hexdigest())
    with world.database.begin() as store:
        gateways.note_status(store, "north-gate", status, heard_us=T0)
        orders.note_outcome(store, "north-gate", version=2, outcome="rolled_back", at_us=T0)
    told = susan.get(path).json()
    assert (told["in_force"], told["reported_hash"]) == (1, status.config_hash)
    assert [(one["version"], one["outcome"]) for one in told["versions"]] == [(2, "rolled_back"), (1, None)]
    assert told["versions"][1]["content"] == first
    assert world.client("vera").get(path).status_code == 403  # an address of a camera may hold a password


def test_a_configuration_that_no_gateway_would_take_is_not_signed(world: World) -> None:
    let_in(world)
    path = "/api/gateways/north-gate/configurations"
    refused = world.client("susan").post(path, json={"content": {"surprise": 1}, "why": "w"})
    assert (refused.status_code, "surprise" in refused.json()["error"]["what"]) == (422, True)
    assert world.client("susan").get(path).json()["versions"] == []


def test_a_revoked_gateway_is_out(world: World) -> None:
    let_in(world)
    assert world.client("susan").post("/api/gateways/north-gate/revoke").status_code == 200
    assert world.client("vera").get("/api/gateways").json()["gateways"][0]["state"] == "revoked"
    assert world.client("susan").post("/api/gateways/north-gate/revoke").status_code == 409
    assert world.client("susan").post("/api/gateways/nowhere/revoke").status_code == 404


def test_a_name_alone_takes_no_working_gateways_place(world: World) -> None:
    let_in(world)
    susan = world.client("susan")
    assert susan.post("/api/gateways/claims", json={"name": "North gate"}).status_code == 409
    assert susan.post("/api/gateways/claims", json={"id": "north-gate", "name": "North gate"}).status_code == 200


def test_a_gateway_beyond_ones_scope_cannot_be_claimed(world: World) -> None:
    let_in(world, name="South gate", location_id="south")
    with world.database.begin() as store:
        accounts.change_user(store, "max", {"role": Role.SUPER_MANAGER, "locations": frozenset({"north"})})
    asked = {"id": "south-gate", "name": "Mine now", "location_id": "north"}
    assert world.client("max").post("/api/gateways/claims", json=asked).status_code == 403
