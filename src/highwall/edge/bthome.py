"""Advertisements of Bluetooth tags in the open format BTHome, version 2, not encrypted.

Objects stand in order of their ids; one whose id is not known hides those behind it, since its length is not known.

Source: https://bthome.io/format
"""

from typing import Final, NamedTuple

from highwall.core.errors import InputError
from highwall.telemetry.messages import Event, Reading

SERVICE: Final = "0000fcd2-0000-1000-8000-00805f9b34fb"
"""UUID under which the data of the format stand."""
_ENCRYPTED: Final = 0x01
_VERSION: Final = 0x40
_VERSION_BITS: Final = 0xE0
_PRESSED: Final = 0x3A
"""Object: a button."""
_PACKET: Final = 0x00
"""Object: number of the packet, the same in its repetitions."""


class _Row(NamedTuple):
    """One kind of object."""

    n_bytes: int
    observed: str = ""
    """Property, or nothing for what is passed over."""
    scale: float = 1.0
    offset: float = 0.0
    """SI value = number × scale + offset."""
    is_signed: bool = False


_ROWS: Final[dict[int, _Row]] = {
    _PACKET: _Row(1),
    0x01: _Row(1, "battery_charge", 0.01),
    0x02: _Row(2, "temperature", 0.01, 273.15, is_signed=True),
    0x03: _Row(2, "humidity", 0.0001),
    0x04: _Row(3, "pressure", 1.0),
    0x05: _Row(3, "illuminance", 0.01),
    0x0C: _Row(2, "battery", 0.001),
    0x2E: _Row(1, "humidity", 0.01),
    _PRESSED: _Row(1),
    0x3F: _Row(2, "tilt", 0.1 * 0.017453292519943295, is_signed=True),
    0x40: _Row(2, "distance", 0.001),
    0x41: _Row(2, "distance", 0.1),
    0x44: _Row(2, "speed", 0.01),
    0x45: _Row(2, "temperature", 0.1, 273.15, is_signed=True),
    0x4A: _Row(2, "battery", 0.1),
    0x51: _Row(2, "acceleration/size", 0.001),
    0x52: _Row(2, "angular_rate/size", 0.001 * 0.017453292519943295),
    0x57: _Row(1, "temperature", 1.0, 273.15, is_signed=True),
}
"""By id; the format knows more, which tags in a mine hardly send."""


class Advertised(NamedTuple):
    """What an advertisement says."""

    readings: list[Reading]
    events: list[Event]
    packet: int | None
    """Number of the packet: an equal one repeats it."""


def read(data: bytes, tag: str, *, at_us: int) -> Advertised:
    """Read the service data of an advertisement.

    Raises
    ------
    InputError
        It is encrypted, of another version, or cut off.
    """
    if not data or data[0] & _VERSION_BITS != _VERSION or data[0] & _ENCRYPTED:
        raise InputError(f"advertisement of {tag}: encrypted, or not BTHome version 2; set the tag up without a key.")
    found, place = Advertised([], [], None), 1
    while place < len(data) and data[place] in _ROWS:
        kind, row = data[place], _ROWS[data[place]]
        raw = data[place + 1 : place + 1 + row.n_bytes]
        if len(raw) < row.n_bytes:
            raise InputError(f"advertisement of {tag} is cut off within object {kind:#04x}.")
        number = int.from_bytes(raw, "little", signed=row.is_signed)
        if row.observed:
            found.readings.append(Reading(f"{tag}/{row.observed}", at_us, number * row.scale + row.offset))
        elif kind == _PRESSED and number:
            found.events.append(Event("button", at_us, tag, {"press": number}))
        elif kind == _PACKET:
            found = found._replace(packet=number)
        place += 1 + row.n_bytes
    return found
