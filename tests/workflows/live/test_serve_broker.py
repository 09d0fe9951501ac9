"""The whole way with a real Mosquitto and TLS: a claim code, a certificate, a reading in the pages, and out again."""

import time
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from fastapi.testclient import TestClient

from highwall.edge.registration import claim, mqtt_options
from highwall.telemetry.messages import Priority, Range, Reading, readings_message
from highwall.twin.broker import CONFIG_FILE, BrokerOptions
from highwall.twin.mqtt import MqttBus
from highwall.workflows.live.gateways import prepare_secrets
from highwall.workflows.live.options import ServeConfig
from highwall.workflows.live.serve import Running, Serving, now_us, running
from tests.twin.mosquitto import Mosquitto, free_port
from tests.waiting import until

PASSWORD = "three small lamps"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Running]:
    """A server on mqtts, and the broker that its folder of secrets sets up."""
    ports = free_port(), free_port()
    options = BrokerOptions(address="127.0.0.1", port=ports[0], server_port=ports[1], user="root")
    config = ServeConfig(center=(0.0, 0.0), broker=f"localhost:{ports[0]}", mosquitto=options, step_s=0.05)
    secrets = tmp_path / "secrets"
    prepare_secrets(secrets, site=config.site, hosts=("localhost", "127.0.0.1"), options=options)
    serving = Serving(f"sqlite:///{tmp_path / 'twin.db'}", f"mqtts://127.0.0.1:{ports[1]}", (), secrets, config)
    with running(serving) as twin:
        broker = Mosquitto(tmp_path / "log", config=(secrets / CONFIG_FILE).read_text(), ports=ports).start()
        until(lambda: twin.bus.is_connected)
        yield twin
    broker.stop()


def logged_in(twin: Running) -> TestClient:
    client = TestClient(twin.app, headers={"X-Highwall": "1"})
    key = client.post("/api/setup", json={"code": twin.setup_code, "password": PASSWORD}).json()["totp_secret"]
    code = pyotp.TOTP(key).now()
    client.post("/api/login", json={"name": "super", "password": PASSWORD, "code": code}).raise_for_status()
    return client


def test_a_gateway_comes_in_speaks_and_is_put_out(site: Running, tmp_path: Path) -> None:
    twin, client = site, logged_in(site)
    made = client.post("/api/gateways/claims", json={"name": "North gate"}).json()

    def post(address: str, body: bytes) -> bytes:
        answer = TestClient(twin.app).post(address, content=body, headers={"Content-Type": "application/json"})
        return answer.raise_for_status().content

    folder = tmp_path / "gateway"
    identity = claim(folder, server="http://localhost", code=made["code"], post=post)
    assert identity.gateway == "north-gate"
    bus = MqttBus(mqtt_options(folder, identity, identity.first_config().destination))
    until(lambda: bus.is_connected)
    numbers = Range(Priority.TELEMETRY, "e1", 1, 1)
    bus.publish(readings_message("mine", "north-gate", numbers, [Reading("crack-1/crack_width", now_us(), 0.002)]))
    bus.publish(readings_message("mine", "other-gate", numbers, [Reading("lie-1/crack_width", now_us(), 9.0)]))
    streams = until(lambda: client.get("/api/datastreams").json()["datastreams"])
    assert [(one["name"], one["latest"]["value"]) for one in streams] == [("crack-1/crack_width", 0.002)]
    assert client.post("/api/gateways/north-gate/revoke").status_code == 200
    bus.close()
    again = MqttBus(mqtt_options(folder, identity, identity.first_config().destination))
    time.sleep(2.0)
    assert not again.is_connected
    again.close()
    assert [one["state"] for one in client.get("/api/gateways").json()["gateways"]] == ["revoked"]
