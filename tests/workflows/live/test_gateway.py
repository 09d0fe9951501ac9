"""A gateway from its claim to the server's store: over TLS, killed and started again, and nothing is lost."""

import base64
import datetime as dt
import hashlib
import io
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from PIL import Image

import highwall
from highwall.classification.crack_windows.classifier import CONVOLUTION, properties
from highwall.core.errors import InputError, MissingInputError
from highwall.edge import registration
from highwall.edge.registration import mqtt_options, read_identity
from highwall.edge.renewal import valid_until
from highwall.telemetry.live_windows import HOUR_US
from highwall.telemetry.messages import (
    CertificateAnswer,
    CertificateRequest,
    Event,
    Kind,
    Message,
    Priority,
    Reading,
    decoded,
    down_topic,
    encoded,
    renewal_topic,
)
from highwall.twin.authority import Authority, issue_gateway, new_authority
from highwall.twin.broker import BrokerOptions
from highwall.twin.bus import MemoryBus
from highwall.twin.ingest import Ingest
from highwall.twin.keys import new_request, request_for
from highwall.twin.mqtt import MqttBus, MqttOptions
from highwall.twin.secrets import new_code
from highwall.twin.sql import audit, gateways, journal, schema
from highwall.twin.sql.database import Database, open_database
from highwall.web.services import GatewayDesk
from highwall.workflows.live.gateway import join, now_us, run, standing
from highwall.workflows.live.gateways import open_desk, prepare_secrets
from highwall.workflows.live.renewals import Renewals
from tests.twin.mosquitto import Mosquitto, free_port
from tests.waiting import PATIENCE_S, until

SITE = "pit"
_RUN = """
import sys
from pathlib import Path
from highwall.workflows.live.gateway import run
run(Path(sys.argv[1]), radio="simulated")
"""


@dataclass
class Mine:
    """A server with its broker."""

    folder: Path
    broker: Mosquitto
    database: Database
    desk: GatewayDesk

    def bus(self, name: str = "highwall-server") -> MqttBus:
        return MqttBus(
            MqttOptions(
                host="127.0.0.1",
                port=self.broker.ports[1],
                client_id=name,
                authority=self.folder / "authority.pem",
                certificate=self.folder / "server.pem",
                key=self.folder / "server.key",
                max_reconnect_s=1,
            )
        )

    def let_in(self, gateway: str, request: bytes) -> dict[str, Any]:
        """Answer a claim as the server does."""
        certificate, fingerprint = self.desk.certify(gateway, request)
        with self.database.begin() as connection:
            gateways.trust(connection, gateway, fingerprint=fingerprint, at_us=2)
        self.desk.refresh()
        return {
            "gateway_id": gateway, "site": SITE, "certificate": certificate, "authority": self.desk.authority,
            "broker": self.desk.broker, "signing_key": self.desk.verifying_key,
        }  # fmt: skip

    def join(self, folder: Path, gateway: str) -> None:
        """Claim a gateway, without the page between."""
        code = new_code()
        with self.database.begin() as connection:
            gateways.open_claim(
                connection, code, gateway_id=gateway, name=gateway, location_id=None, who="test",
                at_us=1, expires_us=10,
            )  # fmt: skip

        def post(address: str, body: bytes) -> bytes:
            assert address == "https://mine.example/api/gateways/claim"
            given = msgspec.json.decode(body)
            with self.database.begin() as connection:
                found = gateways.redeem(connection, given["code"], at_us=2)
            return msgspec.json.encode(self.let_in(found.id, given["csr"].encode()))

        join(folder, server="https://mine.example", code=f" {code}\n", post=post)

    def committed(self, gateway: str) -> dict[Priority, int]:
        """Watermarks of the store, of whichever outbox."""
        with self.database.read() as connection:
            found = journal.watermarks(connection)
        return {key: number for word in found.get(gateway, []) for key, number in word.committed.items()}


@pytest.fixture
def mine(tmp_path: Path) -> Iterator[Mine]:
    ports = free_port(), free_port()
    folder = tmp_path / "secrets"
    options = BrokerOptions(address="127.0.0.1", port=ports[0], server_port=ports[1])
    prepare_secrets(folder, site=SITE, hosts=("127.0.0.1",), options=options)
    database = open_database(f"sqlite:///{tmp_path / 'twin.db'}")
    schema.prepare(database, now_us=0)
    desk = open_desk(folder, database, site=SITE, address=f"127.0.0.1:{ports[0]}")
    broker = Mosquitto(folder, config=(folder / "mosquitto.conf").read_text(), ports=ports).start()
    yield Mine(folder, broker, database, desk)
    broker.stop()
    database.close()


@contextmanager
def running(folder: Path, *, radio: str = "none") -> Iterator[None]:
    """Run a gateway on a thread, which ends with the block whatever happens in it."""
    stop, began = threading.Event(), threading.Event()
    given = {"radio": radio, "stop": stop, "say": lambda text: began.set()}
    thread = threading.Thread(target=run, args=(folder,), kwargs=given, daemon=True)
    thread.start()
    try:
        assert began.wait(PATIENCE_S)
        yield
    finally:
        stop.set()
        thread.join(PATIENCE_S)


def test_a_claimed_gateway_delivers_and_a_revoked_one_does_not(mine: Mine, tmp_path: Path) -> None:
    folder = tmp_path / "gateway"
    mine.join(folder, "gw-1")
    assert (folder / "gateway.key").stat().st_mode & 0o077 == 0
    with mine.bus() as bus, Ingest(mine.database, bus, site=SITE), running(folder, radio="simulated"):
        until(lambda: mine.committed("gw-1").get(Priority.TELEMETRY, 0) > 300)
        with mine.database.begin() as connection:
            assert gateways.revoke(connection, "gw-1", at_us=5)
        mine.desk.refresh()
        time.sleep(1.0)
        before = mine.committed("gw-1")
        time.sleep(1.5)
        assert mine.committed("gw-1") == before
    told = standing(folder)
    assert told["waiting"]["telemetry"] > 100
    assert told["gateway"] == "gw-1"


def test_kill_9_of_gateway_and_broker_loses_no_number(mine: Mine, tmp_path: Path) -> None:
    folder = tmp_path / "gateway"
    mine.join(folder, "gw-1")
    command = [sys.executable, "-c", _RUN, str(folder)]
    with mine.bus() as bus, Ingest(mine.database, bus, site=SITE):
        for turn in range(4):
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            wanted = mine.committed("gw-1").get(Priority.TELEMETRY, 0) + 150
            until(lambda wanted=wanted: mine.committed("gw-1").get(Priority.TELEMETRY, 0) > wanted)
            if turn == 1:
                mine.broker.kill()
                time.sleep(0.5)
                mine.broker.start()
            process.send_signal(signal.SIGKILL if turn < 3 else signal.SIGTERM)
            process.wait(PATIENCE_S)
        # what is left is sent by the next run, without new readings
        with running(folder):
            until(lambda: not any(standing(folder)["waiting"].values()))
    with mine.database.read() as connection:
        streams = journal.streams(connection, "gw-1")
        missing = journal.missing_ranges(connection, moved_before_us=2**62)
    assert len({stream.boot_epoch for stream in streams}) == 1  # the outbox lived through all of it
    assert missing == []


def test_a_signed_configuration_reaches_a_gateway_over_the_broker(mine: Mine, tmp_path: Path) -> None:
    folder = tmp_path / "gateway"
    mine.join(folder, "gw-1")
    config = {"gateway": "gw-1", "version": 1, "limits": {"heartbeat_s": 1.0}}
    with mine.bus() as bus, Ingest(mine.database, bus, site=SITE), running(folder):
        signed = mine.desk.sign(msgspec.json.encode(config).decode())
        bus.publish(Message(down_topic(SITE, "gw-1", "config"), encoded(signed), retain=True))
        until(lambda: standing(folder)["configuration_version"] == 1)
        until(lambda: not standing(folder)["is_on_trial"])
        with mine.database.read() as connection:
            found = gateways.gateway(connection, "gw-1")
    assert found is not None
    assert found.status is not None


@contextmanager
def started(command: list[str]) -> Iterator[None]:
    """Run a command until the block ends."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def sensor_network(path: Path) -> Path:
    """A classifier of windows of a day that says the same of all that opened by a millimetre."""
    info = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [
            onnx.helper.make_node("ReduceMax", ["levels"], ["most"], axes=[1, 2], keepdims=0),
            onnx.helper.make_node("Sigmoid", ["most"], ["probability"]),
        ],
        "tiny",
        [info("levels", onnx.TensorProto.FLOAT, ["n", 8, 24])],
        [info("probability", onnx.TensorProto.FLOAT, ["n"])],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=10)
    onnx.helper.set_model_props(model, properties(kind=CONVOLUTION, n_samples=24, training_data="none"))
    onnx.save(model, str(path))
    return path


def said_by(mine: Mine, gateway: str) -> tuple[list[Event], list[Reading], int]:
    """Every event and reading that a gateway brought into the journal, and the bytes of all of it."""
    events, readings, n_bytes = [], [], 0
    with mine.database.read() as connection:
        for stream in journal.streams(connection, gateway):
            for entry in journal.read_stream(
                connection, stream.stream_id, after=0, upto=stream.watermark, limit=10_000
            ):
                n_bytes += len(entry.payload)
                if entry.kind is Kind.EVENTS:
                    events += decoded(entry.payload, list[Event])
                elif entry.kind is Kind.READINGS:
                    readings += decoded(entry.payload, list[Reading])
    return events, readings, n_bytes


def test_gateway_run_judges_images_and_ground_as_its_configuration_says(mine: Mine, tmp_path: Path) -> None:
    """The shipped crack network on a folder of images, a small one on sensors of a broker beside the gateway."""
    folder, images = tmp_path / "gateway", tmp_path / "camera"
    images.mkdir()
    pixels = np.random.default_rng(0).integers(0, 255, (512, 512, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(images / "wall.png")
    cracks = Path(highwall.__file__).parent / "classification" / "weights" / "cracks.onnx"
    beside = Mosquitto(tmp_path / "beside").start()
    mine.join(folder, "gw-1")
    config = {
        "gateway": "gw-1", "version": 1, "limits": {"heartbeat_s": 1.0},
        "watch": {"folder": str(images), "every_s": 1, "weights": str(cracks), "infer": {"threshold": 1e-6}},
        "cracks": {
            "weights": str(sensor_network(tmp_path / "sensors.onnx")),
            "places": [{"thing": "crack-1", "opening": "k-1/crack_width"}],
        },
        "readers": [{"kind": "native", "port": beside.port, "topics": ["sensors/#"]}],
    }  # fmt: skip
    last = now_us() // HOUR_US - 1
    widths = [Reading("k-1/crack_width", (last - 23 + n) * HOUR_US + 1, n * 1e-4) for n in range(24)]
    command = [shutil.which("highwall", path=Path(sys.executable).parent), "gateway", "run", str(folder)]
    with mine.bus() as bus, Ingest(mine.database, bus, site=SITE):
        signed = mine.desk.sign(msgspec.json.encode(config).decode())
        bus.publish(Message(down_topic(SITE, "gw-1", "config"), encoded(signed), retain=True))
        with started(command):
            until((folder / "audit.jsonl").exists)
            until(lambda: standing(folder)["configuration_version"] == 1)
            with MqttBus(MqttOptions(host="127.0.0.1", port=beside.port, client_id="logger")) as logger:
                until(lambda: logger.is_connected)
                logger.publish(Message("sensors/k-1", msgspec.json.encode(widths)))
                until(lambda: any("probability" in one.datastream for one in said_by(mine, "gw-1")[1]))
            until(lambda: any(one.kind == "inference" for one in said_by(mine, "gw-1")[0]))
    beside.stop()
    events, readings, n_bytes = said_by(mine, "gw-1")
    (verdict,) = (one.data for one in events if one.kind == "inference")
    assert (verdict["image"], verdict["model_sha256"]) == ("wall.png", hashlib.sha256(cracks.read_bytes()).hexdigest())
    with Image.open(io.BytesIO(base64.b64decode(verdict["chip_png"]))) as chip:
        best = max(verdict["finds"], key=lambda find: find["probability"])
        assert np.array_equal(
            np.asarray(chip), pixels[best["y"] : best["y"] + chip.height, best["x"] : best["x"] + chip.width]
        )
    assert n_bytes < (images / "wall.png").stat().st_size  # the image itself stays where it is
    told = {one.phenomenon_us // HOUR_US - 1: one.result for one in readings if one.datastream.startswith("crack-1/")}
    opened = np.arcsinh(np.median([one.result for one in widths]) / 2e-4)  # from the middle to the widest
    assert told[last] == pytest.approx(1 / (1 + np.exp(-opened)), abs=0.02)


def test_a_folder_is_claimed_once(mine: Mine, tmp_path: Path) -> None:
    mine.join(tmp_path / "gateway", "gw-1")
    with pytest.raises(InputError, match="gw-1"):
        join(tmp_path / "gateway", server="https://mine.example", code="X", post=lambda address, body: b"")


def test_a_claim_that_was_cut_off_anywhere_or_whose_certificate_is_damaged_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = new_authority("pit", now=dt.datetime.now(dt.UTC))
    whole = registration.replace_file

    def answered(address: str, body: bytes) -> bytes:
        request = msgspec.json.decode(body)["csr"].encode()
        issued = issue_gateway(authority, request, gateway="gw-1", now=dt.datetime.now(dt.UTC))
        told = {"gateway_id": "gw-1", "site": "pit", "broker": "mine.example:8883", "signing_key": "K"}
        pem = {"certificate": issued.certificate.decode(), "authority": authority.certificate.decode()}
        return msgspec.json.encode(told | pem)

    def claimed(*, n_written: int = 9) -> None:
        left = iter(range(n_written))

        def cut_off(path: Path, content: bytes) -> None:
            if next(left, None) is None:
                raise KeyboardInterrupt
            whole(path, content)

        monkeypatch.setattr(registration, "replace_file", cut_off)
        join(tmp_path, server="https://mine.example", code="X", post=answered)

    for n_written in (1, 1, 2):  # the key; then, as it is there, authority; authority and identity
        with pytest.raises(KeyboardInterrupt):
            claimed(n_written=n_written)
    claimed()
    with pytest.raises(InputError, match="belongs to gateway 'gw-1' already"):
        claimed()
    (tmp_path / "gateway.pem").write_bytes(b"damaged")
    claimed()
    assert valid_until(tmp_path) > dt.datetime.now(dt.UTC)


def age(mine: Mine, folder: Path, gateway: str, *, days: float) -> bytes:
    """Put a certificate that was issued so long ago in the place of a gateway's own."""
    authority = Authority((mine.folder / "authority.pem").read_bytes(), (mine.folder / "authority.key").read_bytes())
    request = request_for((folder / "gateway.key").read_bytes(), gateway)
    issued = issue_gateway(
        authority, request, gateway=gateway, now=dt.datetime.now(dt.UTC) - dt.timedelta(days=days)
    )  # fmt: skip
    (mine.folder / "issued" / f"{issued.fingerprint}.pem").write_bytes(issued.certificate)
    (folder / "gateway.pem").write_bytes(issued.certificate)
    with mine.database.begin() as connection:
        gateways.trust(connection, gateway, fingerprint=issued.fingerprint, at_us=3)
    mine.desk.refresh()
    return issued.certificate


def opens(mine: Mine, folder: Path, gateway: str) -> bool:
    """Whether the broker lets the gateway of a folder in."""
    with MqttBus(mqtt_options(folder, read_identity(folder))) as bus:
        end = time.monotonic() + 2.0
        while not bus.is_connected and time.monotonic() < end:
            time.sleep(0.05)
        return bus.is_connected


def test_a_certificate_is_renewed_before_its_end_and_all_of_a_gateways_are_revoked(mine: Mine, tmp_path: Path) -> None:
    folder, before = tmp_path / "gateway", tmp_path / "before"
    mine.join(folder, "gw-1")
    old = age(mine, folder, "gw-1", days=700)
    shutil.copytree(folder, before)
    with mine.bus() as bus, Ingest(mine.database, bus, site=SITE), running(folder, radio="simulated"):
        Renewals(mine.database, bus, mine.desk, site=SITE, clock_us=now_us).listen()
        until(lambda: not (folder / "gateway.pem").read_bytes().startswith(old))
        renewed = mine.committed("gw-1").get(Priority.TELEMETRY, 0)
        until(lambda: mine.committed("gw-1").get(Priority.TELEMETRY, 0) > renewed + 300)  # over a new connection
    assert valid_until(folder) - valid_until(before) > dt.timedelta(days=600)
    assert not (folder / "gateway.key.next").exists()
    assert opens(mine, before, "gw-1")  # the old one is good until its end
    assert opens(mine, folder, "gw-1")
    with mine.database.begin() as connection:
        (entry,) = (one for one in audit.page(connection) if one.action == "renew_certificate")
        assert (entry.who, entry.subject) == ("gateway gw-1", "gw-1")
        assert gateways.revoke(connection, "gw-1", at_us=now_us())
    mine.desk.refresh()
    time.sleep(0.5)
    assert not opens(mine, before, "gw-1")
    assert not opens(mine, folder, "gw-1")


def test_a_request_of_a_revoked_gateway_or_one_too_many_gets_no_certificate(mine: Mine, tmp_path: Path) -> None:
    mine.join(tmp_path / "gateway", "gw-1")
    clock, answers, bus = [10**15], [], MemoryBus()
    bus.subscribe(down_topic(SITE, "gw-1", "certificate"), lambda one, _: answers.append(one))
    Renewals(mine.database, bus, mine.desk, site=SITE, clock_us=lambda: clock[0]).listen()
    asked = Message(
        renewal_topic(SITE, "gw-1"), encoded(CertificateRequest(new_request("other-name").request.decode()))
    )
    bus.publish(asked)
    bus.publish(asked)
    given = [decoded(one.payload, CertificateAnswer) for one in answers]
    assert [one.certificate.startswith("-----BEGIN CERTIFICATE-----") for one in given] == [True]
    assert b"gw-1" in x509.load_pem_x509_certificate(given[0].certificate.encode()).subject.public_bytes()
    clock[0] += 3_600_000_000
    bus.publish(asked._replace(payload=encoded(CertificateRequest("no request"))))
    with mine.database.begin() as connection:
        gateways.revoke(connection, "gw-1", at_us=5)
    bus.publish(asked)
    reasons = [decoded(one.payload, CertificateAnswer).reason for one in answers[1:]]
    assert ["cannot be read" in reasons[0], "it is not in" in reasons[1]] == [True, True]


def test_a_gateway_whose_certificate_ran_out_keeps_all_and_is_claimed_again(
    mine: Mine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "gateway"
    mine.join(folder, "gw-1")
    age(mine, folder, "gw-1", days=800)
    with mine.bus() as bus, Ingest(mine.database, bus, site=SITE):
        with running(folder, radio="simulated"):
            until(lambda: standing(folder)["waiting"]["telemetry"] > 100)
        assert "claim again: highwall gateway claim" in caplog.text
        assert standing(folder)["certificate_has_run_out"]
        waiting = standing(folder)["waiting"]["telemetry"]
        assert mine.committed("gw-1") == {}
        mine.join(folder, "gw-1")
        assert not standing(folder)["certificate_has_run_out"]
        with running(folder):
            until(lambda: not any(standing(folder)["waiting"].values()))
    assert mine.committed("gw-1")[Priority.TELEMETRY] >= waiting
    with pytest.raises(InputError, match="belongs to gateway"):
        mine.join(folder, "gw-1")


def test_the_servers_own_certificate_is_renewed_near_its_end(tmp_path: Path) -> None:
    now = dt.datetime.now(dt.UTC)
    for days in (700, 695, 0):
        prepare_secrets(
            tmp_path, site=SITE, hosts=("127.0.0.1",), options=BrokerOptions(), now=now - dt.timedelta(days=days)
        )  # fmt: skip
        certificate = x509.load_pem_x509_certificate((tmp_path / "server.pem").read_bytes())
        key = serialization.load_pem_private_key((tmp_path / "server.key").read_bytes(), None)
        assert certificate.public_key() == key.public_key()
        assert (certificate.not_valid_after_utc > now + dt.timedelta(days=600)) is (days == 0)


@pytest.mark.parametrize("server", ["http://mine.example", "mine.example", "ftp://mine.example", "https://"])
def test_a_code_does_not_travel_in_the_open(tmp_path: Path, server: str) -> None:
    with pytest.raises(InputError, match="in the open"):
        join(tmp_path / "g", server=server, code="X", post=lambda address, body: b"")


def test_a_folder_of_no_gateway_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingInputError, match="highwall gateway claim"):
        run(tmp_path)


def test_a_gateway_needs_no_more_than_the_base_layer(tmp_path: Path) -> None:
    heavy = "rasterio numba xarray odc torch pandas scipy geopandas dask matplotlib sqlalchemy fastapi onnxruntime PIL"
    code = (
        "import sys, highwall.workflows.live.gateway, highwall.edge.agent;"
        f"print([name for name in {heavy.split()!r} if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ})
    assert told.stdout.strip() == "[]"
