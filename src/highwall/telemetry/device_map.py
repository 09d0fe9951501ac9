"""Which field of a foreign device is which datastream: rows of a gateway's configuration."""

import math
import re
import zlib
from collections.abc import Mapping
from typing import Any

import msgspec

from highwall.telemetry.messages import Reading, Result

_NOT_IN_NAMES = re.compile(r"[^a-z0-9_-]+")
_LONGEST_NAME = 40


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One field of what a device says, and what it observes."""

    path: str
    """Where it stands: keys joined by ``/``; of Sparkplug, the metric's name."""
    observed: str
    """``property[/qualifier]``, as ``displacement/north``."""
    scale: float = 1.0
    offset: float = 0.0
    """SI value = value × scale + offset; for numbers alone."""


class Device(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One foreign device."""

    thing: str
    """Its name in Highwall."""
    fields: tuple[Field, ...] = ()
    decentlab: str = ""
    """Model of the built-in decoding, as ``DL-KL66``; empty: none."""
    calibration: dict[str, float] = {}
    """Constants on the device's label, as ``{"f0": 15383.72, "k": 46.4859}``."""


Devices = Mapping[str, Device]
"""By the name under which the network knows them: a DevEUI, or ``group/node[/device]`` of Sparkplug."""


def mapped(device: Device, decoded: Any, *, phenomenon_us: int) -> list[Reading]:
    """Readings of the fields that are there; a field that is there but is no number, text or state gives None."""
    found = []
    for field in device.fields:
        is_there, value = _at(decoded, field.path)
        if is_there:
            result = in_si(value, field)
            found.append(Reading(f"{device.thing}/{field.observed}", phenomenon_us, result))
    return found


def in_si(value: Any, field: Field) -> Result:
    """A value as it came, in SI units; NaN, infinity and what is no result become None."""
    if isinstance(value, bool | str):
        return value
    if isinstance(value, list):
        numbers = [_number(item, field) for item in value]
        return [number for number in numbers if number is not None] if None not in numbers else None
    return _number(value, field)


def name_from(text: str) -> str:
    """A name that may stand in a topic, from any text; one that had to be changed ends in a checksum of the text.

    So two texts do not come to share a name because they differ in a blank, a capital or far behind.
    """
    name = _NOT_IN_NAMES.sub("-", text.lower()).strip("-_")
    if name and name == text and len(name) <= _LONGEST_NAME:
        return name
    checksum = f"{zlib.crc32(text.encode('utf-8', 'surrogatepass')):08x}"
    return f"{name[: _LONGEST_NAME - 9]}-{checksum}".lstrip("-")


def _number(value: Any, field: Field) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = value * field.scale + field.offset
    except OverflowError:  # an integer of JSON that no float holds
        return None
    return float(number) if math.isfinite(number) else None


def _at(decoded: Any, path: str) -> tuple[bool, Any]:
    """Whether something stands at a path of nested objects, and what."""
    for key in path.split("/"):
        if not isinstance(decoded, dict) or key not in decoded:
            return False, None
        decoded = decoded[key]
    return True, decoded
