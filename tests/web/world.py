"""A small site for the tests of the server: two places, two people, a machine, a sensor, and one user a role."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from unittest.mock import patch

import msgspec
from fastapi import FastAPI
from fastapi.testclient import TestClient

from highwall.core.errors import InputError
from highwall.telemetry.messages import SignedConfig
from highwall.twin.alarm import Alarm, Stage, Transition
from highwall.twin.criteria import read_criteria
from highwall.twin.roles import Role
from highwall.twin.sql import accounts, alarms, criteria, datastreams, observations, sessions, states, tags, things
from highwall.twin.sql.database import Database, open_database
from highwall.twin.sql.observations import Row
from highwall.twin.sql.things import Asset, AssetKind, Location
from highwall.twin.state import AssetState, Fact, Stamp
from highwall.twin.watch import Subject
from highwall.web.app import create_app
from highwall.web.guards import COOKIE
from highwall.web.live import Hub
from highwall.web.options import WebOptions
from highwall.web.services import FindingsBook, GatewayDesk, Place, Services

T0 = 1_750_000_000_000_000
"""2025-06-15T15:06:40Z, when the clock of these tests stands."""
MINUTE = 60_000_000
PLACE = Place("mine", "The mine", "America/Sao_Paulo", (0.5, 0.5), (0.0, 0.0, 1.0, 1.0))
SQUARE = '{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1],[0,0]]]}'
USERS = {"olga": Role.OPERATOR, "max": Role.MANAGER, "vera": Role.SUPERVISOR, "susan": Role.SUPER_MANAGER}
"""Olga is the person p-anna, Max has the north and a spare place, Vera and Susan the whole site."""
ALARM, PREALARM, SOUTH_ALARM = T0 - 30 * MINUTE, T0 - 1_000_000, T0 - 20 * MINUTE
FINDING = {
    "id": "F-1", "kind": "beyond_boundary", "state": "new", "statement": "It lies beyond.", "probability": 0.9,
    "area_m2": 100.0, "first_seen": "2025-01-01", "last_seen": "2025-01-01", "absent_since": None, "facts": {},
    "events": [], "evidence": {}, "geometry": {"type": "Point", "coordinates": [0.5, 0.5]},
}  # fmt: skip


CRITERIA = {
    "title": "test", "criteria": [{
        "id": "man-down", "title": "Man down", "source": "test", "about": {"kind": "asset", "of": ["person"]},
        "levels": [{
            "level": 3, "when": {"state": "health", "among": ["down"]}, "owner": "supervisor", "within_s": 60,
            "prealarm_s": 60,
        }],
    }],
}  # fmt: skip


@dataclass
class World:
    """The site, its application, and clients that are logged in."""

    database: Database
    app: FastAPI
    services: Services
    clock: list[int]
    sessions: dict[str, str]
    decided: list[tuple[str, ...]] = field(default_factory=list)

    def client(self, user: str | None = None) -> TestClient:
        """Client of a user's browser; None: nobody is logged in."""
        cookies = {} if user is None else {COOKIE: self.sessions[user]}
        return TestClient(
            self.app, headers={"X-Highwall": "1"}, cookies=cookies, raise_server_exceptions=False,
        )  # fmt: skip


def make_world(database: Database, *, options: WebOptions | None = None, **more: Any) -> World:
    """Fill an empty store, and put the application over it."""
    clock = [T0]
    with database.begin() as store:
        _fill(store)
        opened = {name: _user(store, name, role) for name, role in USERS.items()}
    decided: list[tuple[str, ...]] = []
    services = Services(
        database, PLACE, lambda: clock[0],
        Hub(start_us=T0), options or WebOptions(), findings=FindingsBook(lambda: [FINDING], _decide(decided)),
        gateways=desk(), **more,
    )  # fmt: skip
    app = _app() if options is None else create_app(services)
    app.state.services = services
    return World(database, app, services, clock, opened, decided)


@cache
def _app() -> FastAPI:
    """One application for all tests: putting it together takes longer than most of them; each has its services."""
    return create_app(Services(open_database("sqlite://"), PLACE, lambda: T0, Hub(start_us=T0)))


def desk() -> GatewayDesk:
    """Desk that certifies without cryptography."""
    return GatewayDesk(
        certify=lambda gateway, request: (f"certificate of {gateway}", "ab" * 32), authority="authority",
        broker="mqtts://127.0.0.1:8883", verifying_key="key", sign=lambda content: SignedConfig(content, "signature"),
        refresh=lambda: None, schema={"title": "GatewayConfig"}, check=no_surprise,
    )  # fmt: skip


def no_surprise(content: str) -> None:
    """Refuse the one name that no configuration holds."""
    if '"surprise"' in content:
        raise InputError("surprise is no name of a configuration; leave it out.")


def state_of(asset_id: str, *, lon: float, lat: float, at_us: int, health: str = "ok") -> bytes:
    """State of a person who is somewhere."""
    stamp = Stamp(at_us, "g", 1)
    facts = {"position": Fact([lon, lat, 10.0], stamp), "health": Fact(health, stamp), "motion": Fact("idle", stamp)}
    return msgspec.json.encode(AssetState(asset_id, "person", facts, at_us))


def alarm(alarm_id: int, subject: Subject, *, prealarm: bool = False) -> Alarm:
    """Alarm of the shipped criteria that is open."""
    return Alarm(
        alarm_id, "man-down", subject, "condition", "Man down", 3, Stage.RAISED, alarm_id, alarm_id, Role.SUPERVISOR,
        alarm_id + MINUTE, cancel_until_us=T0 + MINUTE if prealarm else None, evidence=("he lies",), version=1,
    )  # fmt: skip


def rows(datastream_id: int, values: Iterable[float], *, step_us: int = MINUTE) -> list[Row]:
    """Readings a minute apart, the last one at T0."""
    told = list(values)
    first = T0 - step_us * (len(told) - 1)
    return [
        Row(datastream_id, first + n * step_us, 1, n + 1, value, None, 1, T0) for n, value in enumerate(told)
    ]  # fmt: skip


def _fill(store: Any) -> None:
    with patch.object(criteria, "default_criteria", lambda: read_criteria(CRITERIA)):
        criteria.install_default(store, at_us=T0)
    things.put_location(store, Location("north", "North wall", SQUARE, 2, "SOP-1"))
    things.put_location(store, Location("south", "South dump"))
    things.put_location(store, Location("spare", "Spare place"))
    for asset_id, kind, place in (
        ("p-anna", AssetKind.PERSON, "north"),
        ("p-bob", AssetKind.PERSON, "south"),
        ("m-1", AssetKind.MACHINE, "north"),
    ):  # fmt: skip
        things.put_asset(store, Asset(asset_id, kind, asset_id.upper(), place), at_us=T0)
    tags.issue(store, ["tag-1", "tag-2", "tag-3", "tag-4"], at_us=T0)
    tags.claim(store, "tag-1", asset_id="p-anna", who="test", at_us=T0)
    tags.claim(store, "tag-2", asset_id="p-bob", who="test", at_us=T0)
    states.put_states(store, {"p-anna": state_of("p-anna", lon=0.5, lat=0.5, at_us=T0)}, at_us=T0)
    found = datastreams.datastream_ids(store, ["tag-1/battery", "tag-2/battery", "crack-1/crack_width"])
    readings = rows(found["tag-1/battery"], [3.0, 3.1, 3.2]) + rows(found["tag-2/battery"], [4.0])
    observations.insert_readings(store, readings + rows(found["crack-1/crack_width"], [0.001 * n for n in range(10)]))
    known = [
        alarm(ALARM, Subject("asset", "p-anna")), alarm(PREALARM, Subject("asset", "p-anna"), prealarm=True),
        alarm(SOUTH_ALARM, Subject("asset", "p-bob")),
    ]  # fmt: skip
    alarms.put_alarms(store, known, at_us=T0)
    alarms.put_transitions(store, [Transition(ALARM, ALARM, "highwall", "raised", "he lies", 3)])


def _user(store: Any, name: str, role: Role) -> str:
    scope = frozenset({"north", "spare"}) if role is Role.MANAGER else None
    asset = "p-anna" if role is Role.OPERATOR else None
    user = accounts.add_user(store, name, role, at_us=T0, locations=scope, asset_id=asset)
    return sessions.open_session(store, user.id, now_us=T0, hours=12)


def _decide(decided: list[tuple[str, ...]]) -> Callable[[str, str, str, str], dict[str, Any]]:
    def decide(finding_id: str, state: str, who: str, why: str) -> dict[str, Any]:
        decided.append((finding_id, state, who, why))
        return FINDING | {"state": state}

    return decide
