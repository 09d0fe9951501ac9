"""A gateway from its claim to the server's store: over TLS, killed and started again, and nothing is lost."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.twin.mosquitto import Mosquitto, free_port

from highwall.core.errors import InputError, MissingInputError
from highwall.telemetry.messages import Message, Priority, down_topic, encoded
from highwall.twin.broker import BrokerOptions
from highwall.twin.ingest import Ingest
from highwall.twin.mqtt import MqttBus, MqttOptions
from highwall.twin.sql import gateways, journal, schema
from highwall.twin.sql.database import Database, open_database
from highwall.web.services import GatewayDesk
from highwall.workflows.gateway import join, run, standing
from highwall.workflows.serve_gateways import open_desk, prepare_secrets

SITE = "pit"
_RUN = """
import sys
from pathlib import Path
from highwall.workflows.gateway import run
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
        with self.database.begin() as connection:
            gateways.open_claim(
                connection, "0123456789ABCDEFGHJK", gateway_id=gateway, name=gateway, location_id=None, who="test",
                at_us=1, expires_us=10,
            )  # fmt: skip

        def post(address: str, body: bytes) -> bytes:
            assert address == "https://mine.example/api/gateways/claim"
            given = msgspec.json.decode(body)
            with self.database.begin() as connection:
                found = gateways.redeem(connection, given["code"], at_us=2)
            return msgspec.json.encode(self.let_in(found.id, given["csr"].encode()))

        join(folder, server="https://mine.example", code=" 0123456789ABCDEFGHJK\n", post=post)

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


def until(is_true: Callable[[], bool], *, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > end:
            pytest.fail("what was waited for did not happen")
        time.sleep(0.05)


@contextmanager
def running(folder: Path, *, radio: str = "none") -> Iterator[None]:
    """Run a gateway on a thread, which ends with the block whatever happens in it."""
    stop, began = threading.Event(), threading.Event()
    given = {"radio": radio, "stop": stop, "say": lambda text: began.set()}
    thread = threading.Thread(target=run, args=(folder,), kwargs=given, daemon=True)
    thread.start()
    try:
        assert began.wait(20)
        yield
    finally:
        stop.set()
        thread.join(20)


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
            process.wait(20)
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


def test_a_folder_is_claimed_once(mine: Mine, tmp_path: Path) -> None:
    mine.join(tmp_path / "gateway", "gw-1")
    with pytest.raises(InputError, match="gw-1"):
        join(tmp_path / "gateway", server="https://mine.example", code="X", post=lambda address, body: b"")


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
        "import sys, highwall.workflows.gateway, highwall.edge.agent;"
        f"print([name for name in {heavy.split()!r} if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ})
    assert told.stdout.strip() == "[]"
