import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.telemetry.device_map import Device, Field, in_si, mapped, name_from
from highwall.telemetry.messages import Reading, check_name

DEVICE = Device("crack-7", (Field("crack/mm", "crack_width", 1e-3), Field("t", "temperature", offset=273.15)))


def test_fields_are_mapped_and_converted():
    readings = mapped(DEVICE, {"crack": {"mm": 12.5}, "t": 20, "other": 1}, phenomenon_us=3)
    assert readings == [Reading("crack-7/crack_width", 3, 0.0125), Reading("crack-7/temperature", 3, 293.15)]


@pytest.mark.parametrize("decoded", [None, {}, [], {"crack": 5}, {"crack": None}, "text"])
def test_what_is_not_there_gives_no_reading(decoded):
    assert mapped(DEVICE, decoded, phenomenon_us=3) == []


def test_what_is_there_but_no_number_is_missing():
    assert mapped(DEVICE, {"t": None}, phenomenon_us=3) == [Reading("crack-7/temperature", 3, None)]
    assert in_si({"a": 1}, DEVICE.fields[0]) is None
    assert in_si(float("nan"), DEVICE.fields[0]) is None
    assert in_si(10**400, DEVICE.fields[0]) is None


def test_texts_states_and_vectors():
    field = Field("a", "acceleration", 2.0)
    assert in_si("open", field) == "open"
    assert in_si(True, field) is True
    assert in_si([1, 2.5], field) == [2.0, 5.0]
    assert in_si([1, None], field) is None


@given(st.text())
def test_names_from_any_text_may_stand_in_a_topic(text):
    assert check_name(name_from(text), what="thing")


@given(st.lists(st.text(st.sampled_from("aA b-é"), max_size=50), unique=True, min_size=2, max_size=2))
def test_different_texts_have_different_names(texts):
    assert name_from(texts[0]) != name_from(texts[1])


def test_a_name_that_may_stand_is_left():
    assert name_from("edge-1_b") == "edge-1_b"
