"""Advertisements of RuuviTags, data format 5: the three components of acceleration, and the air.

Source: https://docs.ruuvi.com/communication/bluetooth-advertisements/data-format-5-rawv2
"""

import struct
from collections.abc import Iterator
from typing import Final

from highwall.core.errors import InputError
from highwall.telemetry.messages import Reading

COMPANY: Final = 0x0499
"""Number under which the manufacturer's data stand."""
_LAYOUT: Final = struct.Struct(">BhHHhhhHBH6s")
_FORMAT: Final = 5
_GRAVITY: Final = 9.80665
_NO_SIGNED: Final = -32_768
_NO_UNSIGNED: Final = 65_535
_NO_VOLTAGE: Final = 2047


def read(data: bytes, tag: str, *, at_us: int) -> Iterator[Reading]:
    """Read the manufacturer's data of an advertisement; values that the tag marks as missing are left out.

    Raises
    ------
    InputError
        It is of another format.
    """
    if len(data) != _LAYOUT.size or data[0] != _FORMAT:
        raise InputError(f"advertisement of {tag} is not of data format {_FORMAT}; update the tag's firmware.")
    _, warmth, humidity, pressure, *acceleration, power, _, _, _ = _LAYOUT.unpack(data)
    if _NO_SIGNED not in acceleration:
        yield Reading(f"{tag}/acceleration", at_us, [part * 1e-3 * _GRAVITY for part in acceleration])
    if warmth != _NO_SIGNED:
        yield Reading(f"{tag}/temperature", at_us, warmth * 0.005 + 273.15)
    if humidity != _NO_UNSIGNED:
        yield Reading(f"{tag}/humidity", at_us, humidity * 0.0025e-2)
    if pressure != _NO_UNSIGNED:
        yield Reading(f"{tag}/pressure", at_us, float(pressure + 50_000))
    if power >> 5 != _NO_VOLTAGE:
        yield Reading(f"{tag}/battery", at_us, 1.6 + (power >> 5) * 1e-3)
