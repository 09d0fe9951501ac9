"""Logging in elsewhere, over HTTP: who comes back, and with which rights."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from highwall.twin.oidc import Arrival, Departure
from highwall.twin.roles import Role
from highwall.twin.sql import accounts
from highwall.web.app import create_app
from tests.web.world import T0, World

SUBJECT = "https://id.example|u-1"


class Provider:
    """Stands for the client, and lets in whomever it is told."""

    def __init__(self, arrival: Arrival) -> None:
        self._arrival = arrival

    def depart(self, *, now_us: int) -> Departure:
        return Departure("https://id.example/authorize?state=s", "bound")

    def arrive(self, *, state: str, code: str, binding: str, now_us: int) -> Arrival:
        assert (state, code, binding) == ("s", "c", "bound")
        return self._arrival


def come_back(world: World, arrival: Arrival) -> Any:
    services = replace(world.services, oidc=Provider(arrival))  # type: ignore[arg-type]
    client = replace(world, services=services, app=create_app(services)).client()
    gone = client.get("/api/oidc/start", follow_redirects=False)
    assert gone.headers["location"].startswith("https://id.example/")
    assert {"HttpOnly", "SameSite=lax"} <= set(gone.headers["set-cookie"].split("; "))
    return client, client.get("/api/oidc/callback?state=s&code=c", follow_redirects=False)


def test_a_new_person_of_a_known_group_comes_in(world: World) -> None:
    client, answer = come_back(world, Arrival(SUBJECT, "nina", Role.MANAGER, False))
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert client.get("/api/me").json()["role"] == "manager"
    with world.database.read() as store:
        found = accounts.find_subject(store, SUBJECT)
    assert found is not None
    assert not found.has_password


def enter(world: World, **changes: Any) -> None:
    with world.database.begin() as store:
        accounts.add_user(store, "nina", changes.pop("role", Role.OPERATOR), at_us=T0, subject=SUBJECT)
        accounts.change_user(store, "nina", changes)


REFUSED: dict[str, tuple[Callable[[World], None], Arrival]] = {
    "nobody entered": (lambda world: None, Arrival(SUBJECT, "nina", None, False)),
    "shut out": (lambda world: enter(world, is_active=False), Arrival(SUBJECT, "nina", Role.MANAGER, False)),
    "super manager without a second factor": (
        lambda world: enter(world, role=Role.SUPER_MANAGER), Arrival(SUBJECT, "nina", None, False),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_who_may_not_stays_out(world: World, case: str) -> None:
    prepare, arrival = REFUSED[case]
    prepare(world)
    client, answer = come_back(world, arrival)
    assert answer.status_code == 401
    assert client.get("/api/me").status_code == 401


def test_a_name_that_is_taken_here_is_not_taken_over(world: World) -> None:
    client, answer = come_back(world, Arrival(SUBJECT, "susan", Role.OPERATOR, False))
    assert answer.status_code == 409
    assert client.get("/api/me").status_code == 401


def test_the_role_here_counts_not_the_providers(world: World) -> None:
    enter(world)
    client, _ = come_back(world, Arrival(SUBJECT, "nina", Role.SUPER_MANAGER, True))
    assert client.get("/api/me").json()["role"] == "operator"


def test_without_a_provider_there_is_nothing_to_start(world: World) -> None:
    assert world.client().get("/api/oidc/start", follow_redirects=False).status_code == 404


def test_the_page_of_the_door_knows_whether_there_is_a_provider(world: World) -> None:
    assert world.client().get("/api/health").json()["login_elsewhere"] is False
    services = replace(world.services, oidc=Provider(Arrival(SUBJECT, "nina", None, False)))  # type: ignore[arg-type]
    client = replace(world, services=services, app=create_app(services)).client()
    assert client.get("/api/health").json()["login_elsewhere"] is True
