"""`highwall serve`: from a message on the bus to the browser, in one process that may end at any time."""

import http.server
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import geopandas as gpd
import numpy as np
import pyotp
import pytest
import rasterio
from fastapi.testclient import TestClient
from rasterio.transform import from_origin
from shapely.geometry import box

from highwall.core.errors import ConfigError, HighwallError, InputError, MissingInputError
from highwall.telemetry.messages import Priority, Range, Reading, readings_message
from highwall.twin.keys import new_request, verify_config
from highwall.twin.sql import datastreams, gateways, journal, observations, schema, zones
from highwall.twin.sql.database import Database, open_database
from highwall.twin.webhook import check_signature
from highwall.workflows.live.gateways import open_desk, prepare_secrets, tell_broker
from highwall.workflows.live.options import PushOptions, ServeConfig
from highwall.workflows.live.push import Pusher
from highwall.workflows.live.run import place_of, readings_of, zones_of
from highwall.workflows.live.serve import Running, Serving, new_code, now_us, running
from highwall.workflows.live.threads import Repeated
from highwall.workflows.live.verb import read_config, serve_verb
from highwall.workflows.watching.findings_register import read_register
from tests.waiting import until

CRS = "EPSG:32723"
CONFIG = ServeConfig(center=(-44.0, -20.0), step_s=0.02)
PASSWORD = "three small lamps"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A folder as `highwall monitor` leaves it, with one finding and one patch that moves."""
    folder = tmp_path / "run"
    folder.mkdir()
    summary = {"site": {"name": "Test mine"}, "scene": {"acquired": "2025-03-01"}}
    (folder / "summary.json").write_text(json.dumps(summary))
    profile = {
        "driver": "GTiff", "count": 3, "height": 64, "width": 64, "dtype": "uint16", "crs": CRS, "nodata": 0,
        "transform": from_origin(600_000, 7_780_000, 10, 10),
    }  # fmt: skip
    with rasterio.open(folder / "scene.tif", "w", **profile) as file:
        file.write(np.full((3, 64, 64), 1000, np.uint16))
        file.descriptions = ("B02", "B03", "B04")
    patch = box(600_100, 7_779_500, 600_300, 7_779_900)
    columns = {"patch_id": ["P1", "P2"], "motion_class": ["subsidence", "none"], "cluster_velocity": [-0.03, np.nan]}
    gpd.GeoDataFrame(columns, geometry=[patch, patch], crs=CRS).to_parquet(folder / "activity.parquet")
    (folder / "activity_series.csv").write_text(
        "patch_id,date,displacement_m\nP1,2025-01-01,0.0\nP1,2025-01-13,-0.01\n"
    )
    entry = {
        "finding_id": "F-1", "kind": "outside_any_permit", "first_seen": "2025-03-01", "last_seen": "2025-03-01",
        "facts": {"statement": "A mine.", "probability": 0.9, "area_m2": 80_000.0, "evidence": "{}"},
        "ground": patch.wkt,
    }  # fmt: skip
    (folder / "register.json").write_text(json.dumps({"crs": CRS, "entries": [entry]}))
    return folder


def logged_in(twin: Running) -> TestClient:
    """The first super manager, as on a first start."""
    client = TestClient(twin.app, headers={"X-Highwall": "1"})
    key = client.post("/api/setup", json={"code": twin.setup_code, "password": PASSWORD}).json()["totp_secret"]
    code = pyotp.TOTP(key).now()
    assert client.post("/api/login", json={"name": "super", "password": PASSWORD, "code": code}).status_code == 200
    return client


def say(twin: Running, first: int, *values: float) -> None:
    """Readings of a battery, as a gateway sends them."""
    at = now_us()
    readings = [Reading("p-1/battery", at + n, value) for n, value in enumerate(values)]
    numbers = Range(Priority.TELEMETRY, "e1", first, first + len(values) - 1)
    twin.bus.publish(readings_message("mine", "g-1", numbers, readings))


def test_a_word_on_the_bus_reaches_the_browser(run: Path) -> None:
    with running(Serving("sqlite://", "memory", (run,), None, CONFIG)) as twin:
        client = logged_in(twin)
        client.put("/api/assets/p-1", json={"kind": "person", "name": "Anna"})
        with client.websocket_connect("/api/live") as socket:
            assert socket.receive_json()["reset"] is True
            say(twin, 1, 3.7)
            told = until(lambda: socket.receive_json().get("latest"))
        assert told[0]["value"] == 3.7
        battery = until(lambda: client.get("/api/assets/p-1").json()["state"]["battery_v"])
        assert battery == 3.7
        assert client.get("/api/site").json()["title"] == "Test mine"
        assert client.get("/api/audit/verify").json()["is_intact"]


def test_a_restart_goes_on_where_it_ended(run: Path, tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'twin.db'}"
    serving = Serving(store, "memory", (run,), None, CONFIG)
    told: list[str] = []
    with running(serving, say=told.append) as twin:
        assert twin.setup_code is not None
        say(twin, 1, 3.0, 3.1)
        until(lambda: battery(twin.database) == [3.0, 3.1])
    assert any(line.startswith("STORE MADE") for line in told)
    again: list[str] = []
    with running(serving, say=again.append) as twin:
        assert twin.setup_code is None
        say(twin, 2, 3.1, 3.2)  # number 2 comes again
        until(lambda: battery(twin.database) == [3.0, 3.1, 3.2])
        with twin.database.read() as connection:
            moved = datastreams.named(connection, "patch-p1/displacement")
            assert moved is not None
            rows = observations.page(connection, moved.id, from_us=0, to_us=2**62)
            streams = journal.streams(connection, "space")
    assert not any(line.startswith("STORE") for line in again)
    assert [row.value for row in rows] == [0.0, -0.01]
    assert len(streams) == 1


def battery(database: Database) -> list[float | None]:
    with database.read() as connection:
        found = datastreams.named(connection, "p-1/battery")
        rows = observations.page(connection, found.id, from_us=0, to_us=2**62) if found else []
    return [row.value for row in rows]


def test_a_run_becomes_zones_and_a_decision_reaches_its_register(run: Path) -> None:
    with running(Serving("sqlite://", "memory", (run,), None, CONFIG)) as twin:
        client = logged_in(twin)
        found = {one["properties"]["id"]: one for one in client.get("/api/zones").json()["features"]}
        assert set(found) == {"F-1", "motion-p1"}
        assert found["motion-p1"]["properties"]["velocity"] == -0.03
        assert client.get("/api/findings").json()["findings"][0]["state"] == "new"
        client.post("/api/findings/F-1/close", json={"why": "settled"})
        assert {one["id"] for one in client.get("/api/zones").json()["features"]} == {"motion-p1"}
    (entry,) = read_register(run / "register.json").entries
    assert (entry.state, entry.events[-1].by, entry.events[-1].why) == ("closed", "super", "settled")
    assert zones_of(run)[zones.ZoneKind.FINDING] == []


def test_readings_of_a_run_are_the_same_message_each_time(run: Path) -> None:
    first, second = readings_of(run, site="mine"), readings_of(run, site="mine")
    assert first == second
    assert first is not None
    assert first.properties["last"] == "2"
    with (run / "activity_series.csv").open("a") as file:
        file.write("P1,2025-01-25,-0.02\n")
    third = readings_of(run, site="mine")
    assert third is not None
    assert third.properties["epoch"] != first.properties["epoch"]


@pytest.mark.parametrize("bus", ["redis://x:1", "mqtt://", "mqtts://127.0.0.1:8884"])
def test_a_bus_that_cannot_be_used_is_refused(bus: str) -> None:
    with pytest.raises(ConfigError), running(Serving("sqlite://", bus, (), None, CONFIG)):
        pass


def test_without_a_run_a_centre_is_needed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="center"):
        place_of(ServeConfig(), ())
    with pytest.raises(MissingInputError, match="monitor"):
        place_of(ServeConfig(), (tmp_path,))


def test_a_thread_that_fails_is_told_once_and_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    rounds: list[int] = []

    def work() -> bool:
        rounds.append(1)
        if len(rounds) < 3:
            raise HighwallError("the store is away")
        return False

    thread = Repeated("test", work, every_s=0.01)
    thread.start()
    until(lambda: len(rounds) > 3)
    thread.close()
    assert caplog.text.count("the store is away") == 1
    assert thread.trouble == ""


class Receiver(http.server.BaseHTTPRequestHandler):
    """A system that follows tracking; refuses the first word."""

    got: ClassVar[list[tuple[dict[str, str], bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.got.append((dict(self.headers.items()), body))
        self.send_response(503 if len(self.got) == 1 else 204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def receiver() -> Iterator[str]:
    Receiver.got = []
    server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/tracking"
    server.shutdown()
    server.server_close()
    thread.join()


def test_tracking_is_pushed_signed_newest_first_and_again_until_taken(receiver: str) -> None:
    from highwall.web.live import Change, Topic

    secret = "0123456789abcdef"
    pusher = Pusher(PushOptions(url=receiver, secret=secret), site="mine")
    pusher.take([Change(Topic.ASSETS, "p-1", {"id": "p-1", "state": 1}, "p-1", "north")])
    assert pusher.send(now_us=now_us()) == 0
    assert pusher.trouble
    pusher.take([Change(Topic.ASSETS, "p-1", {"id": "p-1", "state": 2}, "p-1", "south")])
    pusher.take([Change(Topic.LATEST, "9", {"value": 1}, "p-1", "north")])
    at_us = now_us()
    assert pusher.send(now_us=at_us) == 1
    assert pusher.send(now_us=at_us) == 0
    headers, body = Receiver.got[-1]
    assert json.loads(body)["assets"] == [{"id": "p-1", "state": 2, "location_id": "south"}]
    assert check_signature(headers, body, secret=secret, now_us=at_us).startswith("mine:tracking:")
    assert secret not in pusher.trouble


def test_secrets_are_made_once_and_only_for_the_owner(tmp_path: Path) -> None:
    from highwall.twin.broker import BrokerOptions

    folder, options = tmp_path / "secrets", BrokerOptions()
    prepare_secrets(folder, site="mine", hosts=("localhost",), options=options)
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    prepare_secrets(folder, site="mine", hosts=("localhost",), options=options)
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
    assert folder.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir() if path.is_file())


def test_the_desk_lets_in_signs_and_puts_out(tmp_path: Path) -> None:
    from cryptography import x509

    from highwall.twin.broker import BrokerOptions

    folder, database = tmp_path / "secrets", open_database("sqlite://")
    schema.prepare(database, now_us=0)
    prepare_secrets(folder, site="mine", hosts=("localhost",), options=BrokerOptions())
    desk = open_desk(folder, database, site="mine", address="mine.example:8883")
    certificate, fingerprint = desk.certify("g-1", new_request("x").request)
    with database.begin() as store:
        gateways.open_claim(
            store, "K" * 20, gateway_id="g-1", name="G", location_id=None, who="s", at_us=0, expires_us=9
        )
        gateways.redeem(store, "K" * 20, at_us=1)
        gateways.trust(store, "g-1", fingerprint=fingerprint, at_us=1)
    tell_broker(folder, database, site="mine")
    assert "user g-1" in (folder / "broker.acl").read_text()
    with database.begin() as store:
        gateways.revoke(store, "g-1", at_us=2)
    desk.refresh()
    assert "user g-1" not in (folder / "broker.acl").read_text()
    revoked = x509.load_pem_x509_crl((folder / "revoked.pem").read_bytes())
    serial = x509.load_pem_x509_certificate(certificate.encode()).serial_number
    assert revoked.get_revoked_certificate_by_serial_number(serial) is not None
    assert verify_config(desk.sign('{"a": 1}'), desk.verifying_key) == '{"a": 1}'
    with pytest.raises(InputError, match="the most that travels"):
        desk.check('{"devices": "' + "x" * 600_000 + '"}')
    database.close()


def test_the_configuration_takes_secrets_from_the_environment_and_repeats_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "serve.yaml"
    path.write_text("site: pit\npush: {url: https://ops.example/x, secret: '${PUSH_SECRET}'}\n")
    with pytest.raises(ConfigError, match="PUSH_SECRET"):
        read_config(path)
    monkeypatch.setitem(os.environ, "PUSH_SECRET", "0123456789abcdef")
    config = read_config(path)
    assert config.push is not None
    assert config.push.secret.get_secret_value() == "0123456789abcdef"
    assert "0123456789abcdef" not in repr(config)
    monkeypatch.setitem(os.environ, "PUSH_SECRET", "hush-hush")
    with pytest.raises(ConfigError, match=r"push\.secret") as caught:
        read_config(path)
    assert "hush" not in str(caught.value)
    path.write_text("push: {url: http://ops.example/x, secret: 0123456789abcdef}\n")
    with pytest.raises(ConfigError, match="https"):
        read_config(path)


def test_the_verb_makes_a_code_for_who_lost_the_password(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'twin.db'}"
    with running(Serving(store, "memory", (), None, CONFIG)) as twin:
        client = logged_in(twin)
    told = serve_verb(
        store, bus="memory", runs=(), secrets=None, config=None, address=("", 1), user="super",
        say=lambda message: None,
    )  # fmt: skip
    code = told.rpartition(" ")[2]
    with running(Serving(store, "memory", (), None, CONFIG)) as twin:
        client = TestClient(twin.app, headers={"X-Highwall": "1"})
        assert client.post("/api/setup", json={"code": code, "password": PASSWORD}).status_code == 200
    with pytest.raises(MissingInputError):
        new_code(store, "nobody")
