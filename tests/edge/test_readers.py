"""Brokers beside the gateway: what they say becomes readings, and what cannot be read is told, not lost."""

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.edge.options import ReaderOptions
from highwall.edge.readers import Heard, Reader
from highwall.telemetry.messages import Message, Priority
from highwall.telemetry.protobuf import written
from highwall.twin.bus import MemoryBus
from tests.edge.gateways import NOW

_UPLINK = {
    "deviceInfo": {"devEui": "0011223344556677"}, "time": "2026-03-04T05:06:07Z", "fPort": 1, "fCnt": 9,
    "data": base64.b64encode(b"\x01\x02").decode(), "object": {"t": 20.0},
}  # fmt: skip


def reader(kind: str, **more: object) -> tuple[Reader, MemoryBus]:
    bus = MemoryBus()
    return Reader(ReaderOptions.model_validate({"kind": kind, "topics": ["#"], **more}), bus), bus


def settle(heard: Heard) -> None:
    for acknowledge in heard.owed:
        acknowledge()


def test_native_readings_and_events_are_taken_as_they_are() -> None:
    native, bus = reader("native")
    bus.publish(Message("x", b'{"d":"s-1/strain","t":5,"r":1e-6}'))
    bus.publish(Message("x", b'[{"d":"s-1/strain","t":6,"r":2e-6}]'))
    bus.publish(Message("x", b'{"kind":"button","t":7,"subject":"tag-1"}'))
    heard = native.heard(NOW)
    assert [reading.result for reading in heard.readings] == [1e-6, 2e-6]
    assert [(priority, event.kind) for priority, event in heard.events] == [(Priority.ALARM, "button")]
    assert len(bus._unanswered) == 3
    settle(heard)
    assert bus._unanswered == {}


def test_an_uplink_becomes_readings_and_keeps_its_bytes() -> None:
    fields = [{"path": "t", "observed": "temperature", "offset": 273.15}]
    lorawan, bus = reader("lorawan", devices={"0011223344556677": {"thing": "s-1", "fields": fields}})
    bus.publish(Message("application/1/device/0011223344556677/event/up", msgspec.json.encode(_UPLINK)))
    heard = lorawan.heard(NOW)
    assert [(reading.datastream, reading.result) for reading in heard.readings] == [("s-1/temperature", 293.15)]
    ((priority, event),) = heard.events
    assert (priority, event.kind, event.data["raw"]) == (Priority.BULK, "uplink", "AQI=")


def test_an_uplink_of_an_unknown_device_is_kept_and_told() -> None:
    lorawan, bus = reader("lorawan")
    bus.publish(Message("up", msgspec.json.encode(_UPLINK)))
    heard = lorawan.heard(NOW)
    assert heard.readings == []
    assert [event.kind for _, event in heard.events] == ["uplink", "unreadable"]


def sparkplug_payload(seq: int, *metrics: bytes) -> bytes:
    return b"".join((*(written(2, metric) for metric in metrics), written(3, seq)))


def metric(name: str, alias: int, value: int) -> bytes:
    named = written(1, name.encode()) if name else b""
    return named + written(2, alias) + written(4, 4) + written(11, value)  # data type 4: Int64


def test_a_sparkplug_node_is_followed_and_asked_for_a_rebirth_after_a_gap() -> None:
    fields = [{"path": "level", "observed": "water_level"}]
    sparkplug, bus = reader("sparkplug", devices={"G/N": {"thing": "well-1", "fields": fields}})
    bus.publish(Message("spBv1.0/G/NBIRTH/N", sparkplug_payload(0, metric("level", 7, 3))))
    bus.publish(Message("spBv1.0/G/NDATA/N", sparkplug_payload(1, metric("", 7, 4))))
    heard = sparkplug.heard(NOW)
    assert [(reading.datastream, reading.result) for reading in heard.readings] == [
        ("well-1/water_level", 3.0), ("well-1/water_level", 4.0),
    ]  # fmt: skip
    asked: list[str] = []
    bus.subscribe("spBv1.0/G/NCMD/N", lambda message, acknowledge: asked.append(message.topic))
    bus.publish(Message("spBv1.0/G/NDATA/N", sparkplug_payload(5, metric("", 7, 9))))
    heard = sparkplug.heard(NOW)
    assert heard.readings == []
    assert asked == ["spBv1.0/G/NCMD/N"]
    sparkplug.heard(NOW)
    assert asked == ["spBv1.0/G/NCMD/N"]  # our own command is not read as a message of the node


@pytest.mark.parametrize("kind", ["native", "lorawan", "sparkplug"])
@given(
    payload=st.binary(max_size=80), topic=st.sampled_from(["x", "spBv1.0/G/NDATA/N", "spBv1.0/G/DBIRTH/N/D", "a/b/c"])
)
def test_no_message_breaks_a_reader_and_each_is_acknowledged(kind: str, payload: bytes, topic: str) -> None:
    any_reader, bus = reader(kind)
    bus.publish(Message(topic, payload))
    settle(any_reader.heard(NOW))
    assert bus._unanswered == {} or topic.startswith("spBv1.0")  # a rebirth that we asked for waits for its node


def test_an_unreadable_message_is_told_with_its_beginning() -> None:
    native, bus = reader("native")
    bus.publish(Message("tags/1", b"\xff" * 1000))
    ((priority, event),) = native.heard(NOW).events
    assert (priority, event.kind, event.data["topic"]) == (Priority.BULK, "unreadable", "tags/1")
    assert base64.b64decode(event.data["begins"]) == b"\xff" * 300
    assert native.n_unreadable == 1
