"""LoRaWAN payloads of the Decentlab sensors that a mine uses: strain, pressure and level, distance.

A payload is the protocol version (1 byte), the device (2), flags (2) that say which parts follow, then the parts as
unsigned 16-bit words, all big-endian. Formulas are the maker's; results here are SI.

Source: Decentlab, payload descriptions of each model; checked against the maker's vectors.
"""

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from highwall.core.errors import InputError
from highwall.telemetry.messages import Reading

VERSION: Final = 2
_HEAD: Final = struct.Struct(">BHH")
_KELVIN: Final = 273.15
_TICKS: Final = 32768.0
"""Hz, of the clock that times a vibrating wire, and the middle of a signed word."""
_BAR: Final = 1e5
_GAUGE_M: Final = 0.066
"""m, between the anchors of a KL66."""
_GRAM_TO_METRE: Final = -1.5e-9 * 9.8067
"""m of a KL66 by gram on its wire."""

Words = Sequence[int]
Constants = Mapping[str, float]


class Channel(NamedTuple):
    """One value of a part."""

    title: str
    """What the maker calls it."""
    observed: str
    """``property[/qualifier]``."""
    value: Callable[[Words, Constants], float]
    """SI, from the part's words and the device's constants."""


class Part(NamedTuple):
    """Words that come together, if their flag is set."""

    n_words: int
    channels: tuple[Channel, ...]


class Model(NamedTuple):
    """One of the maker's models."""

    parts: tuple[Part, ...]
    constants: tuple[str, ...] = ()
    """What must be read off the device's label."""


class Decoded(NamedTuple):
    """What a payload says."""

    device_id: int
    values: dict[str, float | None]
    """By ``property[/qualifier]``, SI; None is missing."""

    def readings(self, thing: str, phenomenon_us: int) -> list[Reading]:
        """As readings of a thing."""
        return [Reading(f"{thing}/{observed}", phenomenon_us, value) for observed, value in self.values.items()]


def decode(payload: bytes, model: str, *, constants: Constants | None = None) -> Decoded:
    """Decode one uplink payload.

    Raises
    ------
    InputError
        The model is not known, a constant is missing, or the payload is not of this model.
    """
    found, constants = _model(model, constants or {}), constants or {}
    device_id, parts, words = _taken_apart(payload, found, model)
    values: dict[str, float | None] = {}
    for part in parts:
        own, words = words[: part.n_words], words[part.n_words :]
        values |= {channel.observed: _value(channel, own, constants) for channel in part.channels}
    return Decoded(device_id, values)


def _model(model: str, constants: Constants) -> Model:
    found = MODELS.get(model)
    if found is None:
        raise InputError(f"Decentlab model {model!r} has no built-in decoding; there are {', '.join(MODELS)}.")
    missing = [name for name in found.constants if name not in constants]
    if missing:
        raise InputError(f"{model} needs its constants {', '.join(missing)}; they stand on the device's label.")
    return found


def _taken_apart(payload: bytes, model: Model, name: str) -> tuple[int, list[Part], list[int]]:
    """Device, the parts that are there, and all their words."""
    if len(payload) < _HEAD.size:
        raise InputError(f"{name}: {len(payload)} bytes are no payload; {_HEAD.size} and more are expected.")
    version, device_id, flags = _HEAD.unpack_from(payload)
    parts = [part for bit, part in enumerate(model.parts) if flags >> bit & 1]
    n_words = sum(part.n_words for part in parts)
    if version != VERSION or flags >> len(model.parts) or len(payload) != _HEAD.size + 2 * n_words:
        raise InputError(
            f"{name}: protocol version {version}, flags {flags:#b} and {len(payload)} bytes do not fit this model; "
            "is it another one?"
        )
    return device_id, parts, list(struct.unpack_from(f">{n_words}H", payload, _HEAD.size))


def _value(channel: Channel, words: Words, constants: Constants) -> float | None:
    try:
        value = float(channel.value(words, constants))
    except (ZeroDivisionError, OverflowError):  # the sensor counted nothing, or its constants are absurd
        return None
    return value if math.isfinite(value) else None


def _word(title: str, observed: str, index: int, *, scale: float = 1.0, zero: float = 0.0, add: float = 0.0) -> Channel:
    """A channel that is one word: (word - zero) × scale + add."""
    return Channel(title, observed, lambda words, constants: (words[index] - zero) * scale + add)


def _celsius(title: str, observed: str, index: int, *, scale: float) -> Channel:
    return _word(title, observed, index, scale=scale, zero=_TICKS, add=_KELVIN)


def _frequency(words: Words, constants: Constants) -> float:
    return words[0] / words[1] * _TICKS


def _elongation(words: Words, constants: Constants) -> float:
    return _weight(words, constants) * _GRAM_TO_METRE


def _weight(words: Words, constants: Constants) -> float:
    """Load of the wire [g]."""
    return (_frequency(words, constants) ** 2 - constants["f0"] ** 2) * constants["k"] * 1e-6


def _range_of_pressure(words: Words, constants: Constants) -> float:
    low, high = constants["Pmin"], constants["Pmax"]
    return ((words[0] - 16384) / 32768 * (high - low) + low) * _BAR


def _fine_pressure(words: Words, constants: Constants) -> float:
    return (words[0] - 32768) / constants["kp"] * _BAR


def _fine_conductivity(words: Words, constants: Constants) -> float:
    return (words[3] - 32768) / constants["kec"] * 0.1


def _distances(*, acquired: Channel, n_samples: str, total: tuple[Channel, ...] = ()) -> Part:
    """A laser's distances: its statistics of some shots."""
    names = (
        ("average", ""), ("minimum", "/minimum"), ("maximum", "/maximum"), ("median", "/median"),
        ("10th percentile", "/p10"), ("25th percentile", "/p25"), ("75th percentile", "/p75"),
        ("90th percentile", "/p90"), ("most frequent value", "/mode"),
    )  # fmt: skip
    statistics = tuple(
        _word(f"Distance: {title}", f"distance{qualifier}", index, scale=1e-3)
        for index, (title, qualifier) in enumerate(names)
    )
    return Part(11 + len(total), (*statistics, _word(n_samples, "samples", 9), acquired, *total))


_BATTERY: Final = Part(1, (_word("Battery voltage", "battery", 0, scale=1e-3),))
_ACQUIRED: Final = _word("Total acquisition time", "duration", 10, scale=1e-3 / 1.024)
_COARSE_TEMPERATURE: Final = _word("Temperature", "temperature", 1, scale=0.003125, zero=384, add=_KELVIN - 50.0)
_TEMPERATURE: Final = _celsius("Temperature", "temperature", 1, scale=1 / 256)
_PRESSURE_BY_RANGE: Final = Model(
    (Part(2, (Channel("Pressure", "pressure", _range_of_pressure), _COARSE_TEMPERATURE)), _BATTERY), ("Pmin", "Pmax")
)
_FINE_PRESSURE: Final = Model(
    (Part(2, (Channel("Pressure", "pressure", _fine_pressure), _TEMPERATURE)), _BATTERY), ("kp",)
)


def _level(conductivity_scale: float) -> Model:
    return Model(
        (
            Part(
                4,
                (
                    _word("Water depth", "water_level", 0, scale=1e-3, zero=_TICKS),
                    _celsius("Temperature", "temperature", 1, scale=0.1),
                    _word("Electrical conductivity", "conductivity", 2, scale=1e-4 * conductivity_scale),
                    _word("Freezing flag", "freezing", 3),
                ),
            ),
            _BATTERY,
        )
    )


MODELS: Final[dict[str, Model]] = {
    "DL-KL66": Model(
        (
            Part(
                3,
                (
                    _word("Counter reading", "count", 0),
                    _word("Measurement interval", "duration", 1, scale=1 / _TICKS),
                    Channel("Frequency", "frequency", _frequency),
                    Channel("Weight", "weight", lambda words, constants: _weight(words, constants) * 1e-3),
                    Channel("Elongation", "elongation", _elongation),
                    Channel("Strain", "strain", lambda words, constants: _elongation(words, constants) / _GAUGE_M),
                ),
            ),
            _BATTERY,
        ),
        ("f0", "k"),
    ),
    "DL-PR21": _PRESSURE_BY_RANGE,
    "DL-PR26": _PRESSURE_BY_RANGE,
    "DL-PR36": _FINE_PRESSURE,
    "DL-PR36CTD": Model(
        (
            Part(
                4,
                (
                    Channel("Pressure", "pressure", _fine_pressure),
                    _celsius("Temperature (electronics)", "temperature/electronics", 1, scale=1 / 256),
                    _celsius("Temperature (PT1000)", "temperature", 2, scale=1 / 256),
                    Channel("Electrical conductivity", "conductivity", _fine_conductivity),
                ),
            ),
            _BATTERY,
        ),
        ("kp", "kec"),
    ),
    "DL-CTD10": _level(1.0),
    "DL-CTD10B": _level(2.0),
    "DL-LID": Model((_distances(acquired=_ACQUIRED, n_samples="Number of samples"), _BATTERY)),
    "DL-LID2": Model(
        (
            _distances(
                acquired=_ACQUIRED,
                n_samples="Number of valid samples",
                total=(_word("Number of total samples", "samples/total", 11),),
            ),
            _BATTERY,
        )
    ),
    "DL-MBX": Model(
        (
            Part(2, (_word("Distance", "distance", 0, scale=1e-3), _word("Number of valid samples", "samples", 1))),
            _BATTERY,
        )
    ),
}  # fmt: skip
"""Every model with a built-in decoding."""
