"""The bus on a real Mosquitto: at least once, in order, and an acknowledgement that counts only where it belongs."""

import gc
import socket
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from highwall.core.errors import ConfigError, OutputError
from highwall.telemetry.messages import Message
from highwall.twin.bus import Acknowledge
from highwall.twin.mqtt import MqttBus, MqttOptions
from tests.twin.mosquitto import Mosquitto, free_port
from tests.waiting import until


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    running = Mosquitto(tmp_path / "broker").start()
    yield running
    running.stop()


def options(broker: Mosquitto, name: str) -> MqttOptions:
    return MqttOptions(host="127.0.0.1", port=broker.port, client_id=name, max_reconnect_s=1)


class Keeper:
    """A handler that notes what came, and acknowledges when told to."""

    def __init__(self, *, acknowledges: bool = True) -> None:
        self.acknowledges = acknowledges
        self.messages: list[Message] = []
        self.owed: list[Acknowledge] = []

    def __call__(self, message: Message, acknowledge: Acknowledge) -> None:
        self.messages.append(message)
        self.owed.append(acknowledge)
        if self.acknowledges:
            acknowledge()

    @property
    def said(self) -> list[bytes]:
        return [message.payload for message in self.messages]


def test_messages_arrive_whole_and_in_order(broker: Mosquitto) -> None:
    keeper = Keeper()
    with MqttBus(options(broker, "server")) as server, MqttBus(options(broker, "gw-1")) as gateway:
        server.subscribe("hw/1/+/+/up/#", keeper)
        until(lambda: server.is_connected and gateway.is_connected)
        time.sleep(0.1)  # until the broker knows the subscription
        for number in range(50):
            gateway.publish(Message("hw/1/pit/gw-1/up/alarm", b"%d" % number, {"first": str(number), "class": "alarm"}))
        until(lambda: len(keeper.messages) == 50)
    assert keeper.said == [b"%d" % number for number in range(50)]
    assert keeper.messages[7].properties == {"first": "7", "class": "alarm"}
    assert not keeper.messages[7].retain


def test_retained_messages_come_to_whoever_subscribes_later(broker: Mosquitto) -> None:
    keeper = Keeper()
    with MqttBus(options(broker, "server")) as server:
        server.publish(Message("hw/1/pit/gw-1/down/watermark", b"7", retain=True))
    with MqttBus(options(broker, "gw-1")) as gateway:
        gateway.subscribe("hw/1/pit/gw-1/down/watermark", keeper)
        until(lambda: keeper.said == [b"7"])
    assert keeper.messages[0].retain


def test_what_was_not_acknowledged_comes_again_and_what_was_does_not(broker: Mosquitto) -> None:
    keeper = Keeper(acknowledges=False)
    with MqttBus(options(broker, "server")) as server, MqttBus(options(broker, "gw-1")) as gateway:
        server.subscribe("a/#", keeper)
        until(lambda: server.is_connected and gateway.is_connected)
        time.sleep(0.1)
        for number in range(3):
            gateway.publish(Message("a/b", b"%d" % number))
        until(lambda: len(keeper.messages) == 3)
        keeper.owed[0]()
        time.sleep(0.1)
    again = Keeper()
    with MqttBus(options(broker, "server")) as server:
        server.subscribe("a/#", again)
        until(lambda: len(again.messages) == 2)
    assert again.said == [b"1", b"2"]


def test_messages_wait_for_a_handler_that_subscribes_late(broker: Mosquitto) -> None:
    first, late = Keeper(), Keeper()
    with MqttBus(options(broker, "server")) as server:
        server.subscribe("a/#", first)
        until(lambda: server.is_connected)
        time.sleep(0.1)
    with MqttBus(options(broker, "gw-1")) as gateway:
        gateway.publish(Message("a/b", b"while away"))
    with MqttBus(options(broker, "server")) as server:
        until(lambda: server.is_connected)
        time.sleep(0.2)  # the message is here now, and nobody for it
        server.subscribe("a/#", late)
        until(lambda: late.said == [b"while away"])
    assert first.said == []


def test_a_late_acknowledgement_does_not_confirm_a_message_of_the_next_connection(broker: Mosquitto) -> None:
    """After a broken connection the broker gives packet number 1 to another message."""
    keeper = Keeper(acknowledges=False)
    with MqttBus(options(broker, "server")) as server:
        server.subscribe("a/#", keeper)
        until(lambda: server.is_connected)
        time.sleep(0.1)
        with MqttBus(options(broker, "gw-1")) as gateway:
            gateway.publish(Message("a/b", b"old"))
            until(lambda: len(keeper.messages) == 1)
        broker.kill()  # before it saved: what it held is gone, and packet numbers begin again
        until(lambda: not server.is_connected)
        broker.start()
        until(lambda: server.is_connected)
        time.sleep(0.1)
        with MqttBus(options(broker, "gw-1")) as gateway:
            gateway.publish(Message("a/b", b"new"))
            until(lambda: b"new" in keeper.said)
        for acknowledge in keeper.owed[: keeper.said.index(b"new")]:
            acknowledge()
        time.sleep(0.2)
    again = Keeper()
    with MqttBus(options(broker, "server")) as server:
        server.subscribe("a/#", again)
        until(lambda: b"new" in again.said)


def test_two_handlers_must_both_acknowledge(broker: Mosquitto) -> None:
    quick, slow = Keeper(), Keeper(acknowledges=False)
    with MqttBus(options(broker, "server")) as server, MqttBus(options(broker, "gw-1")) as gateway:
        server.subscribe("a/b", slow)
        server.subscribe("a/b", quick)
        until(lambda: server.is_connected and gateway.is_connected)
        time.sleep(0.1)
        gateway.publish(Message("a/b", b"x"))
        until(lambda: bool(quick.said and slow.said))
    again = Keeper()
    with MqttBus(options(broker, "server")) as server:
        server.subscribe("a/b", again)
        until(lambda: again.said == [b"x"])


def test_a_handler_that_fails_is_offered_its_message_again_and_others_go_on(
    broker: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(message: Message, acknowledge: Acknowledge) -> None:
        raise RuntimeError("no room")

    keeper = Keeper()
    with MqttBus(options(broker, "server")) as server, MqttBus(options(broker, "gw-1")) as gateway:
        server.subscribe("bad/#", fail)
        server.subscribe("good/#", keeper)
        until(lambda: server.is_connected and gateway.is_connected)
        time.sleep(0.1)
        gateway.publish(Message("bad/1", b"x"))
        gateway.publish(Message("good/1", b"y"))
        until(lambda: keeper.said == [b"y"])
    assert "a handler failed on bad/1" in caplog.text
    again = Keeper()
    with MqttBus(options(broker, "server")) as server:
        server.subscribe("bad/#", again)
        until(lambda: again.said == [b"x"])


def test_published_while_the_broker_is_away_it_arrives_when_it_is_back(broker: Mosquitto) -> None:
    keeper = Keeper()
    with MqttBus(options(broker, "server")) as server, MqttBus(options(broker, "gw-1")) as gateway:
        server.subscribe("a/#", keeper)
        until(lambda: server.is_connected and gateway.is_connected)
        broker.stop()
        until(lambda: not gateway.is_connected and not server.is_connected)
        gateway.publish(Message("a/b", b"kept"))
        broker.start()
        until(lambda: keeper.said == [b"kept"])


def test_a_message_that_the_broker_does_not_take_holds_nothing_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keeper = Keeper()
    narrow = Mosquitto.plain(tmp_path / "narrow", more="max_packet_size 65536").start()
    with MqttBus(options(narrow, "server")) as server:
        server.subscribe("a/#", keeper)
        until(lambda: server.is_listening)
        narrow.stop()
    with MqttBus(options(narrow, "server")) as server, MqttBus(options(narrow, "gw-1")) as gateway:
        server.subscribe("a/#", keeper)
        for payload in (b"early", bytes(80_000), b"waited"):
            gateway.publish(Message("a/b", payload))
        narrow.start()
        until(lambda: len(keeper.said) == 2)
        for payload in (bytes(65_500), bytes(65_600), b"after"):
            gateway.publish(Message("a/b", payload, {"class": "bulk"}))
        until(lambda: b"after" in keeper.said)
        assert gateway._generation == 1, "it was connected once, and for good"
    narrow.stop()
    assert keeper.said == [b"early", b"waited", bytes(65_500), b"after"]
    assert caplog.text.count("it is left out") == 2


def test_workers_of_one_group_share_messages_out(broker: Mosquitto) -> None:
    one, two = Keeper(), Keeper()
    with (
        MqttBus(options(broker, "worker-1")) as first,
        MqttBus(options(broker, "worker-2")) as second,
        MqttBus(options(broker, "gw-1")) as gateway,
    ):
        first.subscribe("$share/ingest/a/#", one)
        second.subscribe("$share/ingest/a/#", two)
        until(lambda: first.is_connected and second.is_connected and gateway.is_connected)
        time.sleep(0.1)
        for number in range(40):
            gateway.publish(Message("a/b", b"%d" % number))
        until(lambda: len(one.said) + len(two.said) == 40)
    assert sorted(map(int, one.said + two.said)) == list(range(40))
    assert one.said
    assert two.said


def test_the_will_speaks_for_one_who_vanished_not_for_one_who_left(broker: Mosquitto) -> None:
    keeper = Keeper()
    gone = Message("hw/1/pit/gw-1/status", b"gone")
    with MqttBus(options(broker, "server")) as server:
        server.subscribe("hw/1/+/+/status", keeper)
        until(lambda: server.is_connected)
        with MqttBus(options(broker, "gw-1"), will=gone) as gateway:
            until(lambda: gateway.is_connected)
        time.sleep(0.2)
        assert keeper.said == []
        with MqttBus(options(broker, "gw-1"), will=gone) as vanishing:
            until(lambda: vanishing.is_connected)
            link = vanishing._client.socket()
            assert link is not None
            link.shutdown(socket.SHUT_RDWR)
            until(lambda: keeper.said == [b"gone"])


def test_a_closed_bus_refuses(broker: Mosquitto) -> None:
    bus = MqttBus(options(broker, "gw-1"))
    bus.close()
    bus.close()
    assert not bus.is_connected
    with pytest.raises(OutputError, match="closed"):
        bus.publish(Message("a/b", b""))


def test_certificates_that_are_not_there_are_named(tmp_path: Path) -> None:
    wrong = MqttOptions(client_id="x", port=free_port(), authority=tmp_path / "none.pem")
    with pytest.raises(ConfigError, match=r"none\.pem"):
        MqttBus(wrong)


def test_threads_publish_without_losing_one(broker: Mosquitto) -> None:
    keeper = Keeper()
    with MqttBus(options(broker, "server")) as server, MqttBus(options(broker, "gw-1")) as gateway:
        server.subscribe("a/#", keeper)
        until(lambda: server.is_connected and gateway.is_connected)
        time.sleep(0.1)

        def speak(name: int) -> None:
            for number in range(100):
                gateway.publish(Message(f"a/{name}", b"%d" % number))

        threads = [threading.Thread(target=speak, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        until(lambda: len(keeper.messages) == 400)
    for name in range(4):
        said = [int(message.payload) for message in keeper.messages if message.topic == f"a/{name}"]
        assert said == list(range(100))


def test_a_closed_bus_that_is_dropped_leaves_no_socket_open(broker: Mosquitto) -> None:
    """Sockets that wait for the collector of garbage are warned of, in whichever test it runs."""
    buses = [MqttBus(options(broker, "gw-1"))]
    with buses[0]:
        buses[0].subscribe("a", Keeper())
        until(lambda: buses[0].is_listening)
    client = weakref.ref(buses[0]._client)
    gc.disable()
    try:
        buses.clear()
        assert client() is None
    finally:
        gc.enable()


def test_what_mqtt_cannot_carry_is_refused_where_it_is_published_and_holds_up_nothing(broker: Mosquitto) -> None:
    keeper = Keeper()
    with MqttBus(options(broker, "server")) as server, MqttBus(options(broker, "gw-1")) as gateway:
        server.subscribe("a/+", keeper)
        until(lambda: server.is_listening)
        with pytest.raises(OutputError, match="the properties of a/b cannot be published"):
            gateway.publish(Message("a/b", b"1", {"name": "x" * 70_000}))
        gateway.publish(Message("a/b", b"2"))
        until(lambda: keeper.said == [b"2"])
        with pytest.raises(OutputError, match=r"a/\+ cannot be published"):
            gateway.publish(Message("a/+", b"3"))


def test_an_early_message_that_cannot_be_sent_holds_up_no_other(broker: Mosquitto) -> None:
    keeper = Keeper()
    with MqttBus(options(broker, "server")) as server:
        server.subscribe("a/b", keeper)
        until(lambda: server.is_listening)
        with MqttBus(options(broker, "gw-1")) as gateway:
            gateway.publish(Message("a/+", b"1"))
            gateway.publish(Message("a/b", b"2"))
            until(lambda: keeper.said == [b"2"])
            assert gateway._n_under_way == 0


def test_more_than_can_wait_for_the_first_connection_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("highwall.twin.mqtt._MOST_WAITING", 2)
    bus = MqttBus(MqttOptions(host="127.0.0.1", port=free_port(), client_id="gw-1"))
    monkeypatch.setattr("highwall.twin.mqtt._FLUSH_S", 0.0)
    bus.publish(Message("a/b", b"1"))
    bus.publish(Message("a/b", b"2"))
    with pytest.raises(OutputError, match=r"2 messages of gw-1 .* wait for its first connection"):
        bus.publish(Message("a/b", b"3"))
    bus.close()
