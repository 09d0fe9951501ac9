"""Every answer tells the browser to trust nothing from elsewhere."""

from dataclasses import replace

import pytest

from highwall.twin.sql import heartbeats
from highwall.web.app import create_app
from highwall.web.headers import CONTENT_POLICY
from highwall.web.options import WebOptions
from tests.web.world import World


def secure(world: World) -> World:
    """The same site behind https."""
    services = replace(world.services, options=WebOptions(is_secure=True))
    return replace(world, services=services, app=create_app(services))


@pytest.mark.parametrize("address", ["/", "/api/health", "/api/me", "/api/nothing", "/elsewhere"])
def test_every_answer_has_the_headers(world: World, address: str) -> None:
    headers = world.client().get(address).headers
    assert headers["content-security-policy"] == CONTENT_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "strict-transport-security" not in headers
    assert "server" not in headers


def test_the_policy_names_no_host_and_allows_nothing_inline() -> None:
    assert "default-src 'none'" in CONTENT_POLICY
    assert "frame-ancestors 'none'" in CONTENT_POLICY
    for word in ("http", "unsafe", "*", "blob: 'self'"):
        assert word not in CONTENT_POLICY


def test_answers_about_people_are_kept_by_no_cache(world: World) -> None:
    assert world.client("max").get("/api/assets").headers["cache-control"] == "no-store"
    assert world.client("max").get("/sta/v1.1/Things").headers["cache-control"] == "no-store"


def test_no_other_origin_is_ever_allowed(world: World) -> None:
    answer = world.client("max").get("/api/assets", headers={"Origin": "https://evil.example"})
    assert not any(name.startswith("access-control") for name in answer.headers)


def test_health_tells_which_part_is_late(world: World) -> None:
    assert world.client().get("/api/health").json()["ok"] is True
    with world.database.begin() as store:
        heartbeats.beat(store, heartbeats.Heartbeat("engine", world.clock[0] - 61_000_000, 0, 3))
    told = world.client().get("/api/health").json()
    assert (told["ok"], told["late"]) == (False, ["engine"])
