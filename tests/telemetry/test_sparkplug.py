import json
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.core.errors import InputError
from highwall.telemetry.sparkplug import Kind, Topic, decode, read_topic, rebirth_command
from tests.telemetry.sparkplug_wire import WirePayload, wire


@pytest.mark.real
def test_the_vectors_are_equal(real_data: Path):
    vectors = json.loads((real_data / "iot" / "sparkplug_vectors.json").read_text())
    assert len(vectors) == 3
    for vector in vectors:
        payload, given_ = decode(bytes.fromhex(vector["hex"])), vector["input"]
        assert (payload.timestamp_ms, payload.seq) == (given_["timestamp"], given_["seq"])
        assert len(payload.metrics) == len(given_["metrics"])
        for metric, expected in zip(payload.metrics, given_["metrics"], strict=True):
            assert (metric.name, metric.alias) == (expected["name"], expected["alias"])
            assert metric.timestamp_ms == expected["timestamp"]
            assert metric.result(metric.datatype) == expected["value"]
            assert metric.is_null is (expected["value"] is None)


@pytest.mark.parametrize(
    ("datatype", "field", "on_wire", "value"),
    [
        (1, "int_value", 0xFF, -1.0), (1, "int_value", 0xFFFFFFFF, -1.0), (2, "int_value", 0xFFFE, -2.0),
        (3, "int_value", 0x80000000, -(2.0**31)), (4, "long_value", 2**64 - 1, -1.0), (5, "int_value", 200, 200.0),
        (8, "long_value", 2**63, 2.0**63), (9, "float_value", 0.5, 0.5), (10, "double_value", 12.3456, 12.3456),
        (10, "double_value", float("nan"), None), (9, "float_value", float("-inf"), None),
        (11, "boolean_value", True, True), (12, "string_value", "güt", "güt"), (13, "long_value", 1000, 1000.0),
    ],
)  # fmt: skip
def test_every_type_of_value(datatype, field, on_wire, value):
    (metric,) = decode(wire({"name": "m", "datatype": datatype, field: on_wire})).metrics
    assert metric.result(metric.datatype) == value
    assert type(metric.result(metric.datatype)) is type(value)


def test_a_null_has_no_value_even_if_one_travels():
    (metric,) = decode(wire({"name": "m", "datatype": 10, "is_null": True, "double_value": 1.0})).metrics
    assert metric.result(10) is None


def test_marks():
    (metric,) = decode(wire({"alias": 7, "timestamp": 5, "is_historical": True, "bytes_value": b"x"})).metrics
    assert (metric.name, metric.alias, metric.timestamp_ms) == ("", 7, 5)
    assert metric.is_historical
    assert not metric.is_readable


METRICS = st.fixed_dictionaries(
    {"name": st.text(max_size=12)},
    optional={
        "alias": st.integers(0, 2**64 - 1),
        "timestamp": st.integers(0, 2**64 - 1),
        "datatype": st.integers(0, 34),
        "is_historical": st.booleans(),
        "double_value": st.floats(allow_nan=False),
        "int_value": st.integers(0, 2**32 - 1),
    },
)


@given(st.lists(METRICS, max_size=5), st.integers(0, 255))
def test_reads_what_the_protobuf_package_writes(metrics, seq):
    payload = decode(wire(*metrics, seq=seq))
    assert payload.seq == seq
    assert [metric.name for metric in payload.metrics] == [metric["name"] for metric in metrics]
    for metric, expected in zip(payload.metrics, metrics, strict=True):
        assert (metric.alias, metric.timestamp_ms) == (expected.get("alias"), expected.get("timestamp"))


@given(st.binary(max_size=120))
def test_any_bytes_give_a_payload_or_an_input_error(data):
    try:
        payload = decode(data)
    except InputError:
        return
    for metric in payload.metrics:
        metric.result(metric.datatype)


@given(st.lists(METRICS, max_size=3), st.data())
def test_broken_payloads_give_a_payload_or_an_input_error(metrics, data):
    whole = bytearray(wire(*metrics, seq=1))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] = data.draw(st.integers(0, 255))
    try:
        payload = decode(bytes(whole[: data.draw(st.integers(0, len(whole)))]))
    except InputError:
        return
    for metric in payload.metrics:
        metric.result(metric.datatype)


def test_a_compressed_payload_names_the_cure():
    with pytest.raises(InputError, match="switch compression off"):
        decode(wire(uuid="SPBV1.0_COMPRESSED", body=b"x"))


def test_a_payload_that_breaks_off_is_refused():
    with pytest.raises(InputError, match="breaks off"):
        decode(b"\x12\x7f" + struct.pack("B", 1))


def test_topics():
    assert read_topic("spBv1.0/mine/NBIRTH/edge") == Topic("mine", Kind.NBIRTH, "edge")
    assert read_topic("spBv1.0/mine/DDATA/edge/dev") == Topic("mine", Kind.DDATA, "edge", "dev")


@given(
    st.text(max_size=30)
    | st.sampled_from([
        "spBv1.0/a/NDATA/b/c", "spBv1.0/a/DDATA/b", "spBv1.0/a/STATE/b", "spAv1.0/a/NDATA/b", "spBv1.0//NDATA/b",
        "spBv1.0/a/NDATA", "", "/", "spBv1.0/a/NCMD/b", "spBv1.0/a/DDATA/b/c/d",
    ])
)  # fmt: skip
def test_other_topics_are_refused(topic):
    with pytest.raises(InputError, match="/GROUP/KIND/NODE"):
        read_topic(topic)


def test_the_rebirth_command_is_what_protobuf_reads():
    message = rebirth_command("mine", "edge", now_ms=1_700_000_000_000)
    assert message.topic == "spBv1.0/mine/NCMD/edge"
    payload = WirePayload.FromString(message.payload)
    (metric,) = payload.metrics
    assert (payload.timestamp, metric.name, metric.datatype, metric.boolean_value) == (
        1_700_000_000_000, "Node Control/Rebirth", 11, True,
    )  # fmt: skip
