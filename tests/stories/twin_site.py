"""A small site whose twin runs: the real server on a free port, its bus in memory, a gateway with a script."""

import hashlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyotp
import uvicorn

from highwall.telemetry.messages import (
    Command,
    Event,
    Message,
    Priority,
    Range,
    Reading,
    Status,
    encoded,
    events_message,
    readings_message,
    status_topic,
)
from highwall.twin.criteria import read_criteria
from highwall.twin.roles import Role
from highwall.twin.secrets import new_code
from highwall.twin.sql import accounts, criteria, gateways, orders, schema, sessions, tags, things
from highwall.twin.sql.database import Database, open_database
from highwall.twin.sql.things import Asset, AssetKind, Location
from highwall.web.guards import COOKIE
from highwall.workflows.live.options import ServeConfig
from highwall.workflows.live.serve import Running, Serving, running

SITE, GATEWAY = "small", "gw-1"
LON, LAT = -44.0355, -19.9023
"""Middle of the small site [degree]."""
PASSWORD = "seven grey stones roll"
PEOPLE = {"olga": Role.OPERATOR, "max": Role.MANAGER, "vera": Role.SUPERVISOR, "susan": Role.SUPER_MANAGER}
"""Olga is Ana, who works in the pit; Max has the pit in scope, Vera and Susan the whole site."""
ANSWER_S = 6.0
"""Time limit of the alarm about a fall; then it escalates."""
CRITERIA = {
    "title": "Small site",
    "criteria": [
        {
            "id": "man-down", "title": "A person is down", "source": "story", "blind": None,
            "about": {"kind": "asset", "of": ["person"]},
            "levels": [{
                "level": 1, "when": {"state": "health", "among": ["pre_alarm", "down"]}, "owner": "manager",
                "within_s": 600, "prealarm_s": 600, "clears": "itself",
            }, {
                "level": 4, "when": {"state": "health", "among": ["down"]}, "owner": "manager", "within_s": ANSWER_S,
                "escalation": [{"after_s": 0, "to": "supervisor"}], "actions": ["Call the person by radio"],
            }],
        },
        {
            "id": "wall", "title": "The wall moves", "source": "story", "blind": None,
            "about": {"kind": "asset", "of": ["sensor"]},
            "levels": [{
                "level": 2, "when": {"reading": "displacement", "above": 0.02, "until": 0.01}, "owner": "manager",
                "within_s": 3600,
            }],
        },
    ],
}  # fmt: skip


class TwinSite:
    """What the stories act on: the server, and the mouth of a gateway."""

    def __init__(self, folder: Path, run: Path) -> None:
        self.store = f"sqlite:///{folder / 'twin.db'}"
        self.secret = self._furnish()
        config = ServeConfig(
            site=SITE, title="Serra Pequena", time_zone="America/Sao_Paulo", step_s=0.05,
            permits=run.parent / "permits.gpkg",
        )  # fmt: skip
        self.serving = Serving(store=self.store, runs=[run], secrets=folder / "secrets", config=config)
        self.port = _free_port()
        self._twin: Running | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._said = dict.fromkeys(Priority, 0)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def alive(self) -> Iterator["TwinSite"]:
        """The twin works and its pages are served, until the block ends."""
        with running(self.serving) as self._twin:
            self.open_door()
            try:
                yield self
            finally:
                self.shut_door()

    def open_door(self) -> None:
        """Serve pages; the twin behind them works anyway."""
        config = uvicorn.Config(
            self._twin.app, host="127.0.0.1", port=self.port, log_level="error", access_log=False,
            ws="websockets-sansio", timeout_graceful_shutdown=1,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.02)

    def shut_door(self) -> None:
        """Serve no more; whoever listens is cut off."""
        self._server.should_exit = True
        self._thread.join()

    def session(self, name: str) -> dict[str, Any]:
        """Cookie of someone who has logged in."""
        now_us = time.time_ns() // 1000
        with self._twin.database.begin() as store:
            token = sessions.open_session(store, accounts.find_user(store, name).id, now_us=now_us, hours=1.0)
        return {"name": COOKIE, "value": token, "url": self.address}

    def code(self) -> str:
        """What the super manager's authenticator shows."""
        return pyotp.TOTP(self.secret).now()

    def place(self, tag: str, lon: float, lat: float) -> None:
        """A tag says where it is."""
        self.read(f"{tag}/position", [lon, lat, 800.0])

    def read(self, datastream: str, *results: Any, every_us: int = 0) -> None:
        """A sensor reads, once or several times, the last time now."""
        first = time.time_ns() // 1000 - every_us * (len(results) - 1)
        readings = [Reading(datastream, first + n * every_us, result) for n, result in enumerate(results)]
        self._publish(readings_message, Priority.TELEMETRY, readings)

    def fall(self, tag: str, health: str = "down") -> None:
        """A gateway has worked out that someone fell, or that all is well."""
        event = Event("man_down", time.time_ns() // 1000, tag, {"health": health})
        self._publish(events_message, Priority.ALARM, [event])

    def answer_command(self, **result: Any) -> None:
        """The gateway says what came of the newest command that it was given."""
        event = Event("command_result", time.time_ns() // 1000, self.newest_command().command_id, result)
        self._publish(events_message, Priority.BULK, [event])

    def newest_command(self) -> Command:
        """What the gateway was last told to do."""
        with self._twin.database.read() as store:
            return orders.commands(store, GATEWAY, limit=1)[0].command

    def greet(self) -> None:
        """The gateway tells its status."""
        word = Status(True, time.time_ns() // 1000, "e1", {Priority.TELEMETRY: 40}, 5.5, "9c1f" * 8, "0.1.0")
        self._twin.bus.publish(Message(status_topic(SITE, GATEWAY), encoded(word), retain=True))

    def works_by_newest(self) -> dict[str, Any]:
        """The gateway says that it works by the newest configuration that it was given, which is given back."""
        with self._twin.database.read() as store:
            content = orders.configurations(store, GATEWAY)[0].content
        digest = hashlib.sha256(content.encode()).hexdigest()
        word = Status(True, time.time_ns() // 1000, "e1", config_hash=digest)
        self._twin.bus.publish(Message(status_topic(SITE, GATEWAY), encoded(word), retain=True))
        self._wait_for_hash(digest)
        return json.loads(content)

    def _wait_for_hash(self, digest: str) -> None:
        for _ in range(200):
            with self._twin.database.read() as store:
                status = gateways.gateway(store, GATEWAY).status
            if status is not None and status.config_hash == digest:
                return
            time.sleep(0.02)
        raise AssertionError("the server did not take the gateway's word")

    def _publish(self, pack: Any, priority: Priority, items: list[Any]) -> None:
        first = self._said[priority] + 1
        self._said[priority] += len(items)
        numbers = Range(priority, "e1", first, self._said[priority])
        self._twin.bus.publish(pack(SITE, GATEWAY, numbers, items))

    def _furnish(self) -> str:
        database = open_database(self.store)
        now_us = time.time_ns() // 1000
        schema.prepare(database, now_us=now_us)
        with database.begin() as store:
            _put_things(store, now_us)
            _put_criteria(store, now_us)
        secret = _put_people(database, now_us)
        database.close()
        return secret


def _put_things(store: Any, now_us: int) -> None:
    things.put_location(store, Location("pit", "Pit", _square(LON, LAT, 0.004), 2, "OP-7"))
    things.put_location(store, Location("plant", "Plant", _square(LON + 0.006, LAT, 0.001), 1))
    for asset_id, kind, name, place in (
        ("p-ana", AssetKind.PERSON, "Ana Ribeiro", "pit"), ("p-bruno", AssetKind.PERSON, "Bruno Costa", "pit"),
        ("p-celia", AssetKind.PERSON, "Célia Dias", "plant"), ("m-21", AssetKind.MACHINE, "Truck 21", "pit"),
    ):  # fmt: skip
        things.put_asset(store, Asset(asset_id, kind, name, place), at_us=now_us)
    prism = Asset("s-prism", AssetKind.SENSOR, "Prism N-4", "pit", longitude=LON, latitude=LAT + 0.002)
    things.put_asset(store, prism, at_us=now_us)
    owners = {"t-ana": "p-ana", "t-bruno": "p-bruno", "t-celia": "p-celia", "t-truck": "m-21"}
    tags.issue(store, [*owners, "t-spare"], at_us=now_us)
    for tag, asset in owners.items():
        tags.claim(store, tag, asset_id=asset, who="story", at_us=now_us)
    code = new_code()
    gateways.open_claim(
        store, code, gateway_id=GATEWAY, name="Pit rim", location_id="pit", who="story", at_us=now_us,
        expires_us=now_us + 60_000_000,
    )  # fmt: skip
    gateways.redeem(store, code, at_us=now_us)
    gateways.trust(store, GATEWAY, fingerprint="ab" * 32, at_us=now_us)


def _put_criteria(store: Any, now_us: int) -> None:
    criteria.install_default(store, at_us=now_us)
    content = read_criteria(CRITERIA).model_dump(mode="json", by_alias=True)
    made = criteria.propose(store, content, who="susan", role=Role.SUPER_MANAGER, why="first set", at_us=now_us)
    criteria.approve(store, made.proposal_id, who="vera", role=Role.SUPERVISOR, why="read it", at_us=now_us)


def _put_people(database: Database, now_us: int) -> str:
    """Enter the people, and give the key of the super manager's authenticator."""
    secret = ""
    for name, role in PEOPLE.items():
        with database.begin() as store:
            accounts.add_user(
                store, name, role, at_us=now_us, locations=frozenset({"pit"}) if role is Role.MANAGER else None,
                asset_id="p-ana" if role is Role.OPERATOR else None,
            )  # fmt: skip
            code = accounts.issue_code(store, name, at_us=now_us)
            made = accounts.choose_password(
                store, code, PASSWORD, issuer="story", now_us=now_us, vault=database.vault
            )  # fmt: skip
        secret = made.totp.secret if made.totp else secret
    return secret


def _square(lon: float, lat: float, half: float) -> str:
    west, south, east, north = lon - half, lat - half, lon + half, lat + half
    corners = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return f'{{"type": "Polygon", "coordinates": [{corners}]}}'


def _free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])
