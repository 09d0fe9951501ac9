"""Several server processes on one store: what one of them changes, the sockets of the others are told."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from highwall.telemetry.messages import Priority, Range, Reading, readings_message
from highwall.twin.roles import Role
from highwall.twin.sql import accounts, sessions
from highwall.twin.sql.database import Database
from highwall.web.guards import COOKIE
from highwall.workflows.live.options import ServeConfig
from highwall.workflows.live.serve import Running, Serving, now_us, running
from tests.twin import postgresql
from tests.waiting import PATIENCE_S, until

CONFIG = ServeConfig(center=(-44.0, -20.0), step_s=0.02)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Address of a store that several processes can open."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'twin.db'}"
        return
    with postgresql.database(request.getfixturevalue("postgresql_server"), "processes") as address:
        yield address.render_as_string(hide_password=False)


@contextmanager
def pages(url: str, folder: Path) -> Iterator[int]:
    """Run a process that serves pages alone; gives its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "serve.yaml").write_text("center: [-44.0, -20.0]\n")
    given = ["--pages-only", "--store", url, "--config", str(folder / "serve.yaml"), "--port", str(port)]
    command = [sys.executable, "-c", "from highwall.cli import main; main()", "serve", *given]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        until(lambda: process.poll() is not None or _answers(port))
        assert process.poll() is None, process.stderr and process.stderr.read()
        yield port
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def session(database: Database) -> str:
    with database.begin() as store:
        user = accounts.add_user(store, "vera", Role.SUPERVISOR, at_us=now_us())
        return sessions.open_session(store, user.id, now_us=now_us(), hours=1)


def heard(wire: Any, topic: str) -> Any:
    """Next word of a socket that tells something of a topic."""
    return until(lambda: json.loads(wire.recv(timeout=PATIENCE_S)).get(topic))


def of_person(twin: Running) -> list[Any]:
    """What the process of the engine tells of the person."""
    return [dict(one.content) for one in twin.services.hub.since(None).changes if one.key == "p-1"]


def say(twin: Running, value: float) -> None:
    numbers = Range(Priority.TELEMETRY, "e1", 1, 1)
    twin.bus.publish(readings_message("mine", "g-1", numbers, [Reading("p-1/battery", now_us(), value)]))


def test_sockets_of_another_process_are_told_and_tell_back(url: str, tmp_path: Path) -> None:
    with running(Serving(url, "memory", (), None, CONFIG)) as twin, pages(url, tmp_path) as port:
        cookie = {"Cookie": f"{COOKIE}={session(twin.database)}"}
        with (
            connect(f"ws://127.0.0.1:{port}/api/live", additional_headers=cookie) as wire,
            httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=cookie | {"X-Highwall": "1"}) as client,
        ):
            assert json.loads(wire.recv(timeout=PATIENCE_S))["reset"] is True
            client.put("/api/assets/p-1", json={"kind": "person", "name": "Anna"}).raise_for_status()
            assert heard(wire, "assets")[0]["id"] == "p-1"
            until(lambda: of_person(twin))
            began = time.monotonic()
            say(twin, 3.7)
            assert heard(wire, "latest")[0]["value"] == 3.7
            took_s = time.monotonic() - began
            until(lambda: client.get("/api/assets/p-1").json()["state"]["battery_v"] == 3.7)
            client.delete("/api/assets/p-1").raise_for_status()
            until(lambda: heard(wire, "assets") == [{"id": "p-1", "state": None}])
            until(lambda: of_person(twin) == [{"id": "p-1", "state": None}])
    assert took_s < 5.0, "the other process polls four times a second"
