"""Just enough of the Protocol Buffers wire format to read foreign payloads, and to write a command."""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from highwall.core.errors import InputError

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
"""Wire types; groups (3, 4) are not used by anything that we read."""
_LONGEST_VARINT: Final = 10
_MASK: Final = (1 << 64) - 1


class WireField(NamedTuple):
    """One field of a message as it stands on the wire."""

    number: int
    wire_type: int
    value: int | bytes
    """Unsigned, or the bytes of a string, of bytes or of a message."""


def wire_fields(data: bytes) -> Iterator[WireField]:
    """Fields of a message in the order of the wire.

    Raises
    ------
    InputError
        It breaks off, or holds a wire type that does not exist.
    """
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire_type = key >> 3, key & 7
        if number == 0:
            raise InputError(f"field number 0 at byte {at}: not a Protocol Buffers message.")
        value, at = _value(data, at, wire_type)
        yield WireField(number, wire_type, value)


def as_float(field: WireField) -> float:
    """A field of type ``float`` or ``double``.

    Raises
    ------
    InputError
        It is neither 4 nor 8 bytes wide.
    """
    if field.wire_type == FIXED32 and isinstance(field.value, int):
        return float(struct.unpack("<f", field.value.to_bytes(4, "little"))[0])
    if field.wire_type == FIXED64 and isinstance(field.value, int):
        return float(struct.unpack("<d", field.value.to_bytes(8, "little"))[0])
    raise InputError(f"field {field.number} has wire type {field.wire_type}; expected a float or double.")


def as_int(field: WireField) -> int:
    """A field of an integer type, unsigned.

    Raises
    ------
    InputError
        It is of another kind.
    """
    if isinstance(field.value, int):
        return field.value
    raise InputError(f"field {field.number} holds bytes; expected a whole number.")


def as_bytes(field: WireField) -> bytes:
    """A field of bytes, a string or a message.

    Raises
    ------
    InputError
        It is of another kind.
    """
    if isinstance(field.value, bytes):
        return field.value
    raise InputError(f"field {field.number} holds a number; expected bytes.")


def as_text(field: WireField) -> str:
    """A field of type ``string``.

    Raises
    ------
    InputError
        It is of another kind, or not UTF-8.
    """
    try:
        return as_bytes(field).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"field {field.number} is not UTF-8: {error}.") from error


def written(number: int, value: int | bytes) -> bytes:
    """One field: a whole number as a varint, bytes with their length."""
    if isinstance(value, int):
        return _written(number << 3 | VARINT) + _written(value)
    return _written(number << 3 | LENGTH) + _written(len(value)) + value


def _written(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _value(data: bytes, at: int, wire_type: int) -> tuple[int | bytes, int]:
    if wire_type == VARINT:
        return _varint(data, at)
    if wire_type == LENGTH:
        length, at = _varint(data, at)
        return _cut(data, at, length), at + length
    if wire_type in (FIXED32, FIXED64):
        width = 4 if wire_type == FIXED32 else 8
        return int.from_bytes(_cut(data, at, width), "little"), at + width
    raise InputError(f"wire type {wire_type} at byte {at}: not a Protocol Buffers message.")


def _cut(data: bytes, at: int, length: int) -> bytes:
    if at + length > len(data):
        raise InputError(f"message of {len(data)} bytes breaks off: {length} more were announced at byte {at}.")
    return data[at : at + length]


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for index in range(_LONGEST_VARINT):
        if at + index >= len(data):
            raise InputError(f"message of {len(data)} bytes breaks off within a number.")
        byte = data[at + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value & _MASK, at + index + 1
    raise InputError(f"number of more than {_LONGEST_VARINT} bytes at byte {at}: not a Protocol Buffers message.")
