import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.core.errors import InputError
from highwall.telemetry.messages import (
    Event,
    Kind,
    Message,
    Priority,
    Range,
    Reading,
    Resend,
    Status,
    Watermark,
    check_name,
    decoded,
    dropped_message,
    encoded,
    events_message,
    range_of,
    readings_message,
    sender_of,
)

NUMBERS = Range(Priority.TELEMETRY, "a1", 5, 6)
READINGS = [Reading("tag-1/battery", 7, 3.1), Reading("tag-1/acceleration", 8, [0.0, 9.8, 0.1])]
TYPES = [list[Reading], list[Event], Watermark, Resend, Status]


def test_a_pack_of_readings_comes_back():
    message = readings_message("mine", "gw-1", NUMBERS, READINGS)
    assert message.topic == "hw/1/mine/gw-1/up/telemetry"
    assert sender_of(message.topic) == ("mine", "gw-1")
    assert range_of(message) == (NUMBERS, Kind.READINGS)
    assert decoded(message.payload, list[Reading]) == READINGS


def test_events_and_gaps_come_back():
    event = Event("man_down", 7, "person-1", {"health": "down"})
    message = events_message("mine", "gw-1", NUMBERS._replace(last=5), [event])
    assert decoded(message.payload, list[Event]) == [event]
    assert range_of(dropped_message("mine", "gw-1", NUMBERS, "disk full"))[1] is Kind.DROPPED


def test_the_range_is_read_without_the_payload():
    message = readings_message("mine", "gw-1", NUMBERS, READINGS)._replace(payload=b"\xff not JSON")
    assert range_of(message)[0].n == 2


@pytest.mark.parametrize("change", [{"first": "0"}, {"first": "7"}, {"class": "x"}, {"kind": "x"}, {"last": "?"}])
def test_a_range_that_makes_no_sense_is_refused(change):
    message = readings_message("mine", "gw-1", NUMBERS, READINGS)
    with pytest.raises(InputError):
        range_of(message._replace(properties=dict(message.properties) | change))


def test_a_message_without_a_range_is_refused():
    with pytest.raises(InputError, match="a gateway sends class, epoch, first, last, kind"):
        range_of(Message("hw/1/mine/gw-1/up/bulk", b""))


@pytest.mark.parametrize("name", ["", "A", "a/b", "a" * 41, "-a", "ä", "a b"])
def test_names_that_may_not_stand_in_a_topic(name):
    with pytest.raises(InputError, match="use 1 to 40 of"):
        check_name(name, what="gateway")


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NEARLY = st.fixed_dictionaries(
    {"d": st.text(max_size=9), "t": st.integers() | JSON, "r": JSON}, optional={"kind": st.text(), "data": JSON}
).map(lambda row: [row])


@given(
    st.binary(max_size=100) | (JSON | NEARLY).map(lambda content: json.dumps(content).encode()), st.sampled_from(TYPES)
)
def test_any_bytes_give_a_message_or_an_input_error(payload, of):
    try:
        found = decoded(payload, of)
    except InputError:
        return
    msgspec.json.encode(found)
    if of == list[Reading]:
        assert all(-(2**63) <= reading.phenomenon_us < 2**63 for reading in found), "a store keeps 64 bits"


def test_deep_nesting_is_refused():
    with pytest.raises(InputError):
        decoded(b'[{"kind":"a","t":1,"subject":"x","data":{"a":' + b"[" * 100_000, list[Event])


@given(st.dictionaries(st.sampled_from(list(Priority)), st.integers(0, 2**53)))
def test_watermarks_come_back(committed):
    mark = Watermark("a1", committed)
    assert decoded(encoded(mark), Watermark) == mark
