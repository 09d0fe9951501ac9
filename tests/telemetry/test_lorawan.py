import json
from base64 import b64decode, b64encode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.core.errors import InputError
from highwall.telemetry.device_map import Device, Field
from highwall.telemetry.lorawan import hear, read_uplink

KL66 = bytes.fromhex("0203d400033bf67fff3bf60c60")
EUI = "70b3d57ba0000001"
CHIRPSTACK = {
    "deduplicationId": "57433366-50a6-4dc2-8145-2df1bbc70d9e",
    "time": "2026-03-01T10:15:30.123456789+00:00",
    "deviceInfo": {"tenantName": "Mine", "deviceName": "crack 7", "devEui": EUI},
    "devAddr": "0189440e", "adr": True, "dr": 5, "fCnt": 12, "fPort": 1, "confirmed": False,
    "data": b64encode(KL66).decode(),
    "object": {"battery_voltage": {"value": 3.168, "unit": "V"}, "elongation": {"value": 0.7, "unit": "µm"}},
    "rxInfo": [{"gatewayId": "0016c001f153a14c", "rssi": -48, "snr": 9.0}],
}  # fmt: skip
TTS = {
    "end_device_ids": {"device_id": "crack-7", "application_ids": {"application_id": "mine"}, "dev_eui": EUI.upper()},
    "received_at": "2026-03-01T10:15:31Z",
    "uplink_message": {
        "f_port": 1, "f_cnt": 12, "frm_payload": b64encode(KL66).decode(),
        "decoded_payload": {"battery_voltage": {"value": 3.168}, "elongation": {"value": 0.7}},
        "received_at": "2026-03-01T10:15:30.123456789Z",
    },
}  # fmt: skip
CHIRPSTACK_3 = {
    "applicationID": "123", "applicationName": "mine", "deviceName": "crack 7",
    "devEUI": b64encode(bytes.fromhex(EUI)).decode(),
    "rxInfo": [
        {"gatewayID": "AwMDAwMDAwM=", "time": "2026-03-01T10:15:30.123456Z", "rssi": -48, "loRaSNR": 9},
        {"gatewayID": "BAQEBAQEBAQ=", "time": "2026-03-01T10:15:30.123999Z", "rssi": -90, "loRaSNR": 1},
    ],
    "txInfo": {"frequency": 868100000, "modulation": "LORA"}, "adr": True, "dr": 1, "fCnt": 12, "fPort": 1,
    "data": b64encode(KL66).decode(),
    "objectJSON": json.dumps(CHIRPSTACK["object"]), "tags": {}, "confirmedUplink": True, "devAddr": "AFE5Qg==",
}  # fmt: skip
"""As version 3 documents its JSON, after its Protobuf: bytes are base64, what a codec decoded is a text."""
CHIRPSTACK_3_LEGACY = {key: value for key, value in CHIRPSTACK_3.items() if key != "objectJSON"} | {
    "devEUI": EUI.upper(), "object": CHIRPSTACK["object"],
    "rxInfo": [{"gatewayID": "0303030303030303", "name": "roof", "time": "2026-03-01T10:15:30.123456Z", "rssi": -57}],
}  # fmt: skip
"""As its older format, "JSON (v3)", has it: hexadecimal, and an object."""
FIELDS = (Field("battery_voltage/value", "battery"), Field("elongation/value", "elongation", 1e-6))
DEVICES = {EUI: Device("crack-7", FIELDS)}
AT_US = 1_772_360_130_123_456


@pytest.mark.parametrize(
    ("network", "content"),
    [("chirpstack", CHIRPSTACK), ("tts", TTS), ("chirpstack", CHIRPSTACK_3), ("chirpstack", CHIRPSTACK_3_LEGACY)],
)
def test_all_networks_say_the_same(network, content):
    uplink = read_uplink(json.dumps(content).encode())
    assert uplink[:7] == (network, EUI, AT_US, 1, 12, KL66, uplink.decoded)
    heard = hear(uplink, DEVICES, received_us=0)
    values = {reading.datastream: (reading.phenomenon_us, reading.result) for reading in heard.readings}
    assert values == {"crack-7/battery": (AT_US, 3.168), "crack-7/elongation": (AT_US, pytest.approx(0.7e-6))}
    assert not heard.problem


def test_the_raw_bytes_are_kept():
    event = hear(read_uplink(json.dumps(TTS).encode()), DEVICES, received_us=0).event
    assert (event.kind, event.event_us, event.subject) == ("uplink", AT_US, "crack-7")
    assert b64decode(event.data["raw"]) == KL66


def test_an_unknown_device_is_told_and_its_bytes_kept():
    heard = hear(read_uplink(json.dumps(TTS).encode()), {}, received_us=0)
    assert heard.readings == ()
    assert "not in the gateway's configuration" in heard.problem
    assert heard.event.subject == f"lorawan-{EUI}"
    assert b64decode(heard.event.data["raw"]) == KL66


def test_the_built_in_decoding_needs_no_decoded_object():
    content = CHIRPSTACK | {"object": None}
    devices = {EUI: Device("crack-7", decentlab="DL-KL66", calibration={"f0": 15383.72, "k": 46.4859})}
    heard = hear(read_uplink(json.dumps(content).encode()), devices, received_us=0)
    values = {reading.datastream: reading.result for reading in heard.readings}
    assert values["crack-7/strain"] == pytest.approx(10.588269392998809e-6)


def test_a_payload_that_does_not_fit_is_told():
    content = CHIRPSTACK | {"data": "AAAA"}
    devices = {EUI: Device("crack-7", decentlab="DL-CTD10")}
    heard = hear(read_uplink(json.dumps(content).encode()), devices, received_us=0)
    assert heard.readings == ()
    assert "no payload" in heard.problem


def test_without_a_time_it_is_when_it_came():
    content = {key: value for key, value in CHIRPSTACK.items() if key != "time"}
    heard = hear(read_uplink(json.dumps(content).encode()), DEVICES, received_us=77)
    assert {reading.phenomenon_us for reading in heard.readings} == {77}


def test_the_documented_example_of_chirpstack_3_is_read():
    content = CHIRPSTACK_3 | {"devEUI": "AgICAgICAgI=", "data": "VGVzdA==", "objectJSON": '{"temperatureSensor":25}'}
    uplink = read_uplink(json.dumps(content).encode())
    assert (uplink.dev_eui, uplink.raw, uplink.decoded) == ("02" * 8, b"Test", {"temperatureSensor": 25})


@pytest.mark.parametrize(
    ("changed", "at_us"),
    [
        ({"rxInfo": []}, None), ({"rxInfo": [{"time": None}]}, None), ({"rxInfo": None}, None),
        ({"rxInfo": [], "publishedAt": "2026-03-01T10:15:30.123456Z"}, AT_US),
        ({"rxInfo": [{"time": "1970-01-01T00:00:01Z"}], "publishedAt": "2026-03-01T10:15:30.123456Z"}, AT_US),
    ],
)  # fmt: skip
def test_chirpstack_3_tells_the_time_of_its_gateways_where_they_know_it(changed, at_us):
    assert read_uplink(json.dumps(CHIRPSTACK_3 | changed).encode()).phenomenon_us == at_us


@pytest.mark.parametrize("text", ["", "null"])
def test_without_a_codec_nothing_is_decoded(text):
    assert read_uplink(json.dumps(CHIRPSTACK_3 | {"objectJSON": text}).encode()).decoded is None


@pytest.mark.parametrize(
    "content",
    [
        CHIRPSTACK_3 | {"objectJSON": "{"}, CHIRPSTACK_3 | {"objectJSON": "[1]"}, CHIRPSTACK_3 | {"devEUI": "AgIC"},
        CHIRPSTACK_3 | {"devEUI": "0 1 2 3 4 5 6 7 "}, CHIRPSTACK_3 | {"rxInfo": [{"time": "now"}]},
        CHIRPSTACK | {"time": "yesterday"}, CHIRPSTACK | {"time": "2026-03-01T10:15:30"},
        CHIRPSTACK | {"data": "not base64!"}, CHIRPSTACK | {"deviceInfo": {"devEui": "12"}},
        CHIRPSTACK | {"deviceInfo": {"devEui": "0 1 2 3 4 5 6 7 "}}, CHIRPSTACK | {"fCnt": 1 << 70},
        TTS | {"uplink_message": None}, {"join_accept": {}}, {}, [],
    ],
)  # fmt: skip
def test_what_is_no_uplink_is_refused(content):
    with pytest.raises(InputError):
        read_uplink(json.dumps(content).encode())


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
ALTERED = st.builds(
    lambda base, key, value: base | {key: value},
    st.sampled_from([CHIRPSTACK, TTS, CHIRPSTACK_3]),
    st.sampled_from([*CHIRPSTACK, *TTS, *CHIRPSTACK_3]),
    JSON,
)
TIMED = st.datetimes().map(lambda time: CHIRPSTACK | {"time": time.isoformat() + "+14:00"})
DECODED = JSON.map(lambda value: CHIRPSTACK | {"object": {"battery_voltage": {"value": value}, "elongation": value}})


@given(st.binary(max_size=200) | (JSON | ALTERED | TIMED | DECODED).map(lambda content: json.dumps(content).encode()))
def test_any_bytes_give_readings_or_an_input_error(payload):
    try:
        heard = hear(read_uplink(payload), DEVICES, received_us=0)
    except InputError:
        return
    msgspec.json.encode((heard.readings, heard.event))


def test_deep_nesting_is_refused():
    with pytest.raises(InputError):
        read_uplink(b'{"deviceInfo":' + b"[" * 100_000)
