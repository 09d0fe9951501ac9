"""Logging in over HTTP: the cookie, the setup code, the brake, and who one is."""

from dataclasses import replace

import pyotp
import pytest
from fastapi.testclient import TestClient

from highwall.twin.sql import accounts, audit
from highwall.web.app import create_app
from highwall.web.guards import COOKIE
from highwall.web.options import WebOptions
from tests.web.world import T0, World

PASSWORD = "three small lamps"


def code_for(world: World, name: str) -> str:
    with world.database.begin() as store:
        return accounts.issue_code(store, name, at_us=T0)


def test_a_new_user_chooses_a_password_and_logs_in_and_out(world: World) -> None:
    client = world.client()
    chosen = client.post("/api/setup", json={"code": code_for(world, "max"), "password": PASSWORD})
    assert chosen.json() == {
        "name": "max", "role": "manager", "totp_secret": None, "totp_uri": None, "totp_qr": None,
    }  # fmt: skip
    answer = client.post("/api/login", json={"name": "max", "password": PASSWORD})
    assert answer.status_code == 200
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(answer.headers["set-cookie"].split("; "))
    me = client.get("/api/me").json()
    assert (me["name"], me["role"], me["scope"]) == ("max", "manager", ["north", "spare"])
    assert "call_aid" not in me["rights"]
    old = client.cookies[COOKIE]
    assert client.post("/api/logout").status_code == 200
    client.cookies.set(COOKIE, old)
    assert client.get("/api/me").status_code == 401


def test_a_super_manager_is_given_an_authenticator_and_needs_it(world: World) -> None:
    client = world.client()
    chosen = client.post("/api/setup", json={"code": code_for(world, "susan"), "password": PASSWORD}).json()
    assert chosen["totp_qr"].startswith("<svg")
    without = client.post("/api/login", json={"name": "susan", "password": PASSWORD})
    assert (without.status_code, without.json()["needs_code"]) == (401, True)
    code = pyotp.TOTP(chosen["totp_secret"]).at(T0 // 1_000_000)
    answer = client.post("/api/login", json={"name": "susan", "password": PASSWORD, "code": code})
    assert answer.json()["role"] == "super_manager"


def test_choosing_a_password_ends_open_sessions(world: World) -> None:
    client = world.client("max")
    assert client.get("/api/me").status_code == 200
    world.client().post("/api/setup", json={"code": code_for(world, "max"), "password": PASSWORD})
    assert client.get("/api/me").status_code == 401


def test_guessing_is_answered_with_wait(world: World) -> None:
    client = world.client()
    statuses = [
        client.post("/api/login", json={"name": "max", "password": f"guess {n}"}).status_code for n in range(7)
    ]  # fmt: skip
    assert statuses == [401] * 5 + [429] * 2
    waiting = client.post("/api/login", json={"name": "max", "password": "guess"})
    assert int(waiting.headers["retry-after"]) > 0
    assert set(waiting.json()["error"]) == {"what", "cure"}


def test_a_session_ends_after_its_hours(world: World) -> None:
    client = world.client("max")
    world.clock[0] += 13 * 3_600_000_000
    assert client.get("/api/me").status_code == 401


@pytest.mark.parametrize("address", ["/api/login", "/api/setup", "/api/logout", "/api/users"])
def test_what_changes_something_needs_our_own_header(world: World, address: str) -> None:
    client = world.client("susan")
    del client.headers["X-Highwall"]
    assert client.post(address, json={}).status_code == 403


def test_a_token_needs_no_header_and_no_cookie(world: World) -> None:
    made = world.client("susan").post(
        "/api/tokens", json={"user": "max", "title": "dispatch", "actions": ["see_assets"]}
    )
    client = world.client()
    del client.headers["X-Highwall"]
    client.headers["Authorization"] = f"Bearer {made.json()['token']}"
    assert client.get("/api/assets").status_code == 200
    assert client.get("/api/alarms").status_code == 403
    assert client.get("/api/me").json()["rights"] == ["see_assets"]
    assert world.client("susan").delete(f"/api/tokens/{made.json()['id']}").status_code == 200
    assert client.get("/api/assets").status_code == 401


def test_a_bad_token_is_not_helped_by_a_good_cookie(world: World) -> None:
    client = world.client("susan")
    client.headers["Authorization"] = "Bearer wrong"
    assert client.get("/api/me").status_code == 401


def test_secure_pages_send_secure_cookies_and_hsts(world: World) -> None:
    from tests.web.test_headers import secure

    client = secure(world).client()
    client.post("/api/setup", json={"code": code_for(world, "max"), "password": PASSWORD})
    answer = client.post("/api/login", json={"name": "max", "password": PASSWORD})
    assert "Secure" in answer.headers["set-cookie"]
    assert answer.headers["strict-transport-security"].startswith("max-age=")


def test_logins_are_on_the_audit_log(world: World) -> None:
    client = world.client()
    client.post("/api/login", json={"name": "max", "password": "wrong one"})
    with world.database.read() as store:
        entry = audit.page(store, limit=1)[0]
    assert (entry.action, entry.subject, entry.detail) == ("login_refused", "max", {"address": "unknown"})


PROXY = "10.0.0.7"


def behind(world: World, peer: str, forwarded: str) -> TestClient:
    """Client whose requests come from a peer that says for whom it speaks."""
    options = WebOptions(trusted_proxies=["10.0.0.0/24"])
    app = create_app(replace(world.services, options=options))
    headers = {"X-Highwall": "1", "X-Forwarded-For": forwarded}
    return TestClient(app, headers=headers, client=(peer, 40_000))


def addresses(world: World) -> list[str]:
    """Addresses of the failed logins on the audit log, oldest first."""
    with world.database.read() as store:
        return [one.detail["address"] for one in audit.page(store) if one.action == "login_refused"][::-1]


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        (PROXY, "203.0.113.5", "203.0.113.5"),
        (PROXY, "198.51.100.1, 203.0.113.5", "203.0.113.5"),  # what the client made up stands on the left
        (PROXY, "203.0.113.5, 10.0.0.9", "203.0.113.5"),  # two proxies of ours
        ("192.0.2.1", "203.0.113.5", "192.0.2.1"),  # not a proxy of ours
        (PROXY, "2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        (PROXY, "nonsense", "unknown"),
    ],
)
def test_a_forwarded_address_is_believed_from_our_proxies_alone(
    world: World, peer: str, forwarded: str, address: str
) -> None:
    behind(world, peer, forwarded).post("/api/login", json={"name": "max", "password": "wrong"})
    assert addresses(world) == [address]


def test_without_proxies_nobody_chooses_an_address(world: World) -> None:
    client = world.client()
    client.headers["X-Forwarded-For"] = "203.0.113.5"
    client.post("/api/login", json={"name": "max", "password": "wrong"})
    assert addresses(world) == ["unknown"]  # the peer of a test has no address


def test_one_behind_the_proxy_is_locked_out_and_the_others_are_not(world: World) -> None:
    world.client().post("/api/setup", json={"code": code_for(world, "vera"), "password": PASSWORD})
    guesser = behind(world, PROXY, "203.0.113.5")
    statuses = [guesser.post("/api/login", json={"name": "max", "password": "wrong"}).status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]
    right = {"name": "vera", "password": PASSWORD}
    assert guesser.post("/api/login", json=right).status_code == 200
