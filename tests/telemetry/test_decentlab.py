import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.core.errors import InputError
from highwall.telemetry.decentlab import MODELS, decode
from highwall.telemetry.observed import OBSERVED, stream_name

IN_SI = {
    None: (1.0, 0.0), "mm": (1e-3, 0.0), "V": (1.0, 0.0), "°C": (1.0, 273.15), "bar": (1e5, 0.0), "Hz": (1.0, 0.0),
    "g": (1e-3, 0.0), "µm": (1e-6, 0.0), "µm⋅m⁻¹": (1e-6, 0.0), "ms": (1e-3, 0.0), "µS⋅cm⁻¹": (1e-4, 0.0),
    "mS⋅cm⁻¹": (1e-1, 0.0),
}  # fmt: skip
CONSTANTS = {"f0": 15383.72, "k": 46.4859, "Pmin": -1.0, "Pmax": 10.0, "kp": 8192.0, "kec": 1024.0}
KL66 = bytes.fromhex("0203d400033bf67fff3bf60c60")


def constants_in(key: str) -> dict[str, float]:
    return {name: float(value) for name, value in re.findall(r"(\w+)=([-\d.]+)", key)}


@pytest.mark.real
@pytest.mark.parametrize("model", list(MODELS))
def test_the_makers_vectors_are_equal(model: str, real_data: Path):
    vectors = json.loads((real_data / "iot" / "decentlab_vectors.json").read_text())
    (key,) = (key for key in vectors if key.split(" ")[0] == model)
    for vector in vectors[key]:
        found = decode(bytes.fromhex(vector["hex"]), model, constants=constants_in(key))
        expected = dict(vector["decoded"])
        assert found.device_id == expected.pop("Device ID")
        expected.pop("Protocol version")
        titles = {c.title: c.observed for part in MODELS[model].parts for c in part.channels}
        assert set(found.values) == {titles[title] for title in expected}
        for title, there in expected.items():
            scale, offset = IN_SI[there["unit"]]
            assert found.values[titles[title]] == pytest.approx(there["value"] * scale + offset, rel=1e-12), title


def test_a_strain_is_an_elongation_over_the_gauge():
    values = decode(KL66, "DL-KL66", constants=CONSTANTS).values
    assert values["strain"] == pytest.approx(values["elongation"] / 0.066)
    assert values["strain"] == pytest.approx(10.588e-6, rel=1e-4)


def test_readings_are_named_after_the_thing():
    readings = decode(KL66, "DL-KL66", constants=CONSTANTS).readings("crack-7", 5)
    assert {reading.datastream for reading in readings} >= {"crack-7/strain", "crack-7/elongation", "crack-7/battery"}
    assert {reading.phenomenon_us for reading in readings} == {5}


def test_a_wire_that_was_not_counted_is_missing():
    values = decode(bytes.fromhex("0203d400033bf600000000" + "0c60"), "DL-KL66", constants=CONSTANTS).values
    assert values["strain"] is None
    assert values["battery"] == pytest.approx(3.168)


def test_constants_must_be_given():
    with pytest.raises(InputError, match="needs its constants f0, k"):
        decode(KL66, "DL-KL66")


def test_an_unknown_model_is_named():
    with pytest.raises(InputError, match="'DL-XYZ' has no built-in decoding"):
        decode(KL66, "DL-XYZ")


@pytest.mark.parametrize("payload", [b"", b"\x02", KL66[:-1], KL66 + b"\0", b"\x01" + KL66[1:]])
def test_a_payload_of_another_shape_is_refused(payload):
    with pytest.raises(InputError, match="DL-KL66"):
        decode(payload, "DL-KL66", constants=CONSTANTS)


@given(
    st.binary(max_size=60) | st.binary(max_size=40).map(lambda rest: b"\x02\x00\x01\x00\x03" + rest),
    st.sampled_from(list(MODELS)),
)
def test_any_bytes_give_values_or_an_input_error(payload, model):
    try:
        found = decode(payload, model, constants=CONSTANTS)
    except InputError:
        return
    assert all(value is None or abs(value) < 1e12 for value in found.values.values())


@given(st.lists(st.integers(0, 0xFFFF), min_size=12, max_size=12), st.sampled_from(list(MODELS)))
def test_any_words_of_the_right_number_are_decoded(words, model):
    parts = MODELS[model].parts
    n_words = sum(part.n_words for part in parts)
    body = b"".join(word.to_bytes(2, "big") for word in (words * 2)[:n_words])
    found = decode(b"\x02\x00\x07\x00\x03" + body, model, constants=CONSTANTS)
    assert len(found.values) == sum(len(part.channels) for part in parts)


def test_what_a_mine_watches_has_a_unit():
    observed = {stream_name(f"x/{c.observed}").observed for m in MODELS.values() for p in m.parts for c in p.channels}
    assert observed - OBSERVED.keys() == {"count", "duration", "weight", "conductivity", "freezing", "samples"}
