"""Who may come and say what, on a real Mosquitto with TLS: nobody is another, hears another, or comes back revoked."""

import datetime as dt
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from highwall.core.errors import InputError
from highwall.edge.pieces import MAX_ITEM_BYTES, MAX_PACK_BYTES
from highwall.telemetry.messages import Message
from highwall.twin import broker as files
from highwall.twin.authority import (
    Authority,
    Issued,
    Revoked,
    issue_gateway,
    issue_server,
    new_authority,
    revocation_list,
)
from highwall.twin.broker import BrokerOptions, broker_acl, broker_config
from highwall.twin.bus import Acknowledge
from highwall.twin.keys import new_request
from highwall.twin.mqtt import MqttBus, MqttOptions
from tests.twin.mosquitto import Mosquitto, free_port
from tests.waiting import until

SITE = "pit"


@dataclass
class Site:
    """An authority, its broker, and whom it let in."""

    folder: Path
    authority: Authority
    broker: Mosquitto
    gateways: dict[str, Issued] = field(default_factory=dict)
    revoked: list[Revoked] = field(default_factory=list)

    def let_in(self, name: str) -> None:
        request = new_request(name)
        issued = issue_gateway(self.authority, request.request, gateway=name, now=now())
        (self.folder / f"{name}.pem").write_bytes(issued.certificate)
        (self.folder / f"{name}.key").write_bytes(request.key)
        self.gateways[name] = issued
        self.tell()

    def revoke(self, name: str) -> None:
        self.revoked.append(Revoked(self.gateways.pop(name).serial, now()))
        self.tell()

    def tell(self) -> None:
        (self.folder / files.ACL_FILE).write_text(broker_acl(SITE, self.gateways))
        (self.folder / files.REVOKED_FILE).write_bytes(revocation_list(self.authority, self.revoked, now=now()))
        if self.broker._process is not None:
            self.broker.reload()
            time.sleep(0.3)

    def options(self, name: str, *, client_id: str = "") -> MqttOptions:
        is_server = name == "server"
        return MqttOptions(
            host="127.0.0.1", port=self.broker.ports[1 if is_server else 0], client_id=client_id or name,
            authority=self.folder / files.AUTHORITY_FILE, certificate=self.folder / f"{name}.pem",
            key=self.folder / f"{name}.key", max_reconnect_s=1,
        )  # fmt: skip


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    ports = free_port(), free_port()
    options = BrokerOptions(address="127.0.0.1", port=ports[0], server_port=ports[1])
    authority, request = new_authority(SITE, now=now()), new_request("server")
    issued = issue_server(authority, request.request, hosts=["127.0.0.1", "localhost"], now=now())
    (tmp_path / files.AUTHORITY_FILE).write_bytes(authority.certificate)
    (tmp_path / files.CERTIFICATE_FILE).write_bytes(issued.certificate)
    (tmp_path / files.KEY_FILE).write_bytes(request.key)
    made = Site(tmp_path, authority, Mosquitto(tmp_path, config=broker_config(tmp_path, options), ports=ports))
    made.let_in("gw-1")
    made.let_in("gw-2")
    made.broker.start()
    yield made
    made.broker.stop()


class Ear:
    """Hears, and acknowledges."""

    def __init__(self) -> None:
        self.said: list[tuple[str, bytes]] = []

    def __call__(self, message: Message, acknowledge: Acknowledge) -> None:
        self.said.append((message.topic, message.payload))
        acknowledge()


def connected(*buses: MqttBus) -> None:
    until(lambda: all(bus.is_listening for bus in buses))


def test_a_gateway_speaks_to_the_server_and_hears_it(site: Site) -> None:
    server_ear, gateway_ear = Ear(), Ear()
    with MqttBus(site.options("server")) as server, MqttBus(site.options("gw-1")) as gateway:
        server.subscribe("hw/1/pit/+/up/#", server_ear)
        gateway.subscribe("hw/1/pit/gw-1/down/watermark", gateway_ear)
        connected(server, gateway)
        gateway.publish(Message("hw/1/pit/gw-1/up/alarm", b"help"))
        server.publish(Message("hw/1/pit/gw-1/down/watermark", b"7", retain=True))
        until(lambda: bool(server_ear.said and gateway_ear.said))
    assert server_ear.said == [("hw/1/pit/gw-1/up/alarm", b"help")]
    assert gateway_ear.said == [("hw/1/pit/gw-1/down/watermark", b"7")]


def test_a_gateway_can_neither_speak_as_another_nor_as_the_server(site: Site) -> None:
    server_ear, other_ear = Ear(), Ear()
    with (
        MqttBus(site.options("server")) as server,
        MqttBus(site.options("gw-1")) as thief,
        MqttBus(site.options("gw-2")) as other,
    ):
        server.subscribe("hw/1/#", server_ear)
        other.subscribe("hw/1/pit/gw-2/down/command", other_ear)
        connected(server, thief, other)
        for topic in (
            "hw/1/pit/gw-2/up/alarm", "hw/1/pit/gw-2/status", "hw/1/pit/gw-2/down/command",
            "hw/1/pit/gw-1/down/watermark", "hw/1/elsewhere/gw-1/up/alarm", "hw/1/pit/gw-1/up/a/b",
        ):  # fmt: skip
            thief.publish(Message(topic, b"false", retain=True))
        thief.publish(Message("hw/1/pit/gw-1/up/alarm", b"true"))
        until(lambda: bool(server_ear.said))
        time.sleep(0.2)
    assert server_ear.said == [("hw/1/pit/gw-1/up/alarm", b"true")]
    assert other_ear.said == []


def test_a_refused_message_costs_nothing_that_comes_after_it(site: Site) -> None:
    """Where Mosquitto cuts the connection at one, its answer is lost, and the next attempt begins with the same."""
    ear, after = Ear(), [(f"hw/1/pit/gw-1/up/{number}", bytes(200_000)) for number in range(30)]
    with MqttBus(site.options("server")) as server:
        server.subscribe("hw/1/pit/+/up/#", ear)
        connected(server)
        site.broker.kill()  # everything waits, and is sent at once
        with MqttBus(site.options("gw-1")) as gateway:
            gateway.publish(Message("hw/1/pit/gw-2/up/alarm", b"not mine"))
            for topic, payload in after:
                gateway.publish(Message(topic, payload))
            site.broker.start()
            until(lambda: len(ear.said) >= len(after))
            assert gateway._generation == 1, "it was connected once, and for good"
    assert ear.said == after


def test_what_waits_for_the_server_is_limited_by_its_size_alone(site: Site) -> None:
    ear = Ear()
    with MqttBus(site.options("server")) as server:
        server.subscribe("hw/1/pit/+/up/#", ear)
        connected(server)
    with MqttBus(site.options("gw-1")) as gateway:
        for number in range(1500):
            gateway.publish(Message("hw/1/pit/gw-1/up/telemetry", b"%d" % number))
        until(lambda: gateway._n_under_way == 0 and gateway.is_connected)
    with MqttBus(site.options("server")) as server:
        server.subscribe("hw/1/pit/+/up/#", ear)
        until(lambda: len(ear.said) == 1500)


def test_the_broker_takes_whatever_a_gateway_may_send() -> None:
    least = BrokerOptions.model_fields["max_message_kib"].metadata[0].ge
    envelope = 8 * 1024
    assert MAX_PACK_BYTES <= MAX_ITEM_BYTES
    assert MAX_ITEM_BYTES + envelope <= least * 1024


def test_a_gateway_cannot_hear_what_is_said_to_or_by_another(site: Site) -> None:
    ears = {pattern: Ear() for pattern in ("#", "hw/1/pit/gw-2/#", "$share/g/hw/1/pit/+/up/#", "$SYS/#")}
    own = Ear()
    with (
        MqttBus(site.options("server")) as server,
        MqttBus(site.options("gw-2")) as other,
        MqttBus(site.options("gw-1")) as thief,
    ):
        for pattern, ear in ears.items():
            thief.subscribe(pattern, ear)
        thief.subscribe("hw/1/pit/gw-1/down/command", own)
        connected(server, other, thief)
        other.publish(Message("hw/1/pit/gw-2/up/telemetry", b"secret", retain=True))
        server.publish(Message("hw/1/pit/gw-2/down/command", b"secret", retain=True))
        server.publish(Message("hw/1/pit/gw-1/down/command", b"yours"))
        until(lambda: bool(own.said))
        time.sleep(0.2)
    heard = {said for ear in ears.values() for said in ear.said}
    assert heard <= {("hw/1/pit/gw-1/down/command", b"yours")}


def test_a_gateway_cannot_take_the_session_of_another(site: Site) -> None:
    """Its session has the name of its certificate, whatever it asks for."""
    ear = Ear()
    with MqttBus(site.options("gw-2")) as other, MqttBus(site.options("server")) as server:
        other.subscribe("hw/1/pit/gw-2/down/command", ear)
        connected(other, server)
        with MqttBus(site.options("gw-1", client_id="gw-2")) as thief:
            connected(thief)
            time.sleep(0.5)
            assert other.is_connected
        server.publish(Message("hw/1/pit/gw-2/down/command", b"still here"))
        until(lambda: ear.said == [("hw/1/pit/gw-2/down/command", b"still here")])


def test_a_revoked_gateway_is_out_at_once_and_cannot_come_back(site: Site) -> None:
    ear = Ear()
    with MqttBus(site.options("server")) as server:
        server.subscribe("hw/1/pit/+/up/#", ear)
        with MqttBus(site.options("gw-1")) as gateway:
            connected(server, gateway)
            site.revoke("gw-1")
            gateway.publish(Message("hw/1/pit/gw-1/up/alarm", b"from one who was put out"))
            time.sleep(0.5)
            assert ear.said == []  # its connection is open still, and worth nothing
        with MqttBus(site.options("gw-1")) as gateway, MqttBus(site.options("gw-2")) as good:
            connected(good)
            good.publish(Message("hw/1/pit/gw-2/up/alarm", b"from one who was not"))
            until(lambda: bool(ear.said))
            time.sleep(0.5)
            assert not gateway.is_connected
    assert ear.said == [("hw/1/pit/gw-2/up/alarm", b"from one who was not")]


def test_without_a_certificate_of_the_authority_nobody_comes_in(site: Site, tmp_path: Path) -> None:
    foreign = new_authority("elsewhere", now=now())
    request = new_request("gw-1")
    issued = issue_gateway(foreign, request.request, gateway="gw-1", now=now())
    (tmp_path / "foreign.pem").write_bytes(issued.certificate)
    (tmp_path / "foreign.key").write_bytes(request.key)
    none = MqttOptions(host="127.0.0.1", port=site.broker.port, client_id="gw-1", authority=tmp_path / "authority.pem")
    with MqttBus(site.options("foreign")) as forger, MqttBus(none) as nobody:
        time.sleep(1.0)
        assert not forger.is_connected
        assert not nobody.is_connected


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # paho leaves the refused socket open
def test_a_broker_that_the_authority_does_not_vouch_for_is_not_trusted(site: Site, tmp_path: Path) -> None:
    other = new_authority("elsewhere", now=now())
    (tmp_path / "other.pem").write_bytes(other.certificate)
    trusting = site.options("gw-1").model_copy(update={"authority": tmp_path / "other.pem"})
    with MqttBus(trusting) as gateway:
        time.sleep(1.0)
        assert not gateway.is_connected


def test_the_broker_speaks_tls_1_2_at_least(site: Site) -> None:
    context = ssl.create_default_context(cafile=str(site.folder / files.AUTHORITY_FILE))
    context.load_cert_chain(site.folder / "gw-1.pem", site.folder / "gw-1.key")
    with (
        socket.create_connection(("127.0.0.1", site.broker.port), 5) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        assert secure.version() in ("TLSv1.2", "TLSv1.3")


def test_the_rules_list_each_gateway_alone() -> None:
    rules = broker_acl("pit", ["gw-2", "gw-1"])
    assert rules.count("user ") == 3
    assert "user gw-1\ntopic write hw/1/pit/gw-1/up/+\n" in rules
    with pytest.raises(InputError):
        broker_acl("pit", ["gw-1\nuser highwall-server"])
