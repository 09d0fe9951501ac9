"""LoRaWAN uplinks as network servers hand them on: ChirpStack 3 and 4, The Things Stack.

The network server's decoded object is mapped to datastreams field by field; the raw bytes are kept in an event, so that
a mapping that was wrong or missing can be made good later.
"""

import binascii
import datetime as dt
import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Annotated, Any, Final, NamedTuple

import msgspec

from highwall.core.errors import InputError
from highwall.telemetry import decentlab
from highwall.telemetry.device_map import Device, Devices, mapped
from highwall.telemetry.messages import Event, Reading, Result

EVENT: Final = "uplink"
"""Kind of the event that keeps the raw bytes; it travels in the class ``bulk``."""
_EUI: Final = re.compile("[0-9a-fA-F]{16}")
_SET_US: Final = 1_262_304_000_000_000
"""A gateway that tells a time before 2010 never knew it [µs since 1970 UTC]."""
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


_Count = Annotated[int, msgspec.Meta(ge=0, lt=2**32)]


class Uplink(NamedTuple):
    """What a device sent, as its network server tells it."""

    network: str
    """``chirpstack`` or ``tts``."""
    dev_eui: str
    """16 hexadecimal digits, lower case."""
    phenomenon_us: int | None
    """When it was received [µs since 1970 UTC], where the network server says so."""
    f_port: int | None
    f_cnt: int | None
    raw: bytes
    decoded: dict[str, Any] | None
    """The network server's decoded object, if it has a decoder for the device."""


class Heard(NamedTuple):
    """What is made of an uplink."""

    readings: tuple[Reading, ...]
    event: Event
    """The raw bytes."""
    problem: str = ""
    """Why there are no readings, if there are none."""


class _DeviceInfo(msgspec.Struct):
    devEui: str  # noqa: N815 - the wire's name


class _ChirpStack(msgspec.Struct):
    deviceInfo: _DeviceInfo  # noqa: N815
    time: str | None = None
    fPort: _Count | None = None  # noqa: N815
    fCnt: _Count | None = None  # noqa: N815
    data: str = ""
    object: dict[str, Any] | None = None


class _ReceivedBy(msgspec.Struct):
    time: str | None = None


class _ChirpStack3(msgspec.Struct):
    """JSON after the Protobuf of version 3, and the older format "JSON (v3)" of the same server."""

    devEUI: str  # noqa: N815
    """Base64; hexadecimal in the older format."""
    rxInfo: list[_ReceivedBy] | None = None  # noqa: N815
    publishedAt: str | None = None  # noqa: N815
    fPort: _Count | None = None  # noqa: N815
    fCnt: _Count | None = None  # noqa: N815
    data: str | None = None
    objectJSON: str | None = None  # noqa: N815
    """What a codec decoded, as a text; ``object`` in the older format."""
    object: dict[str, Any] | None = None


class _Ids(msgspec.Struct):
    dev_eui: str


class _UplinkMessage(msgspec.Struct):
    received_at: str | None = None
    f_port: _Count | None = None
    f_cnt: _Count | None = None
    frm_payload: str = ""
    decoded_payload: dict[str, Any] | None = None


class _Tts(msgspec.Struct):
    end_device_ids: _Ids
    uplink_message: _UplinkMessage
    received_at: str | None = None


def read_uplink(payload: bytes) -> Uplink:
    """Read the JSON of an uplink, of whichever of the network servers.

    Raises
    ------
    InputError
        It is not JSON, or an uplink of none of them.
    """
    top = _decode(payload, dict[str, Any])
    reader = next((reader for key, reader in _READERS.items() if key in top), None)
    if reader is None:
        raise InputError(
            f"JSON with {', '.join(sorted(top)[:6]) or 'nothing in it'} is no uplink of ChirpStack 4 "
            "(deviceInfo, data), ChirpStack 3 (devEUI, data) or The Things Stack (end_device_ids, uplink_message)."
        )
    return reader(payload)


def hear(uplink: Uplink, devices: Devices, *, received_us: int) -> Heard:
    """Turn an uplink into readings, and keep its bytes; what cannot be decoded is told, not lost.

    Parameters
    ----------
    devices
        By DevEUI, lower case.
    received_us
        When it came here [µs since 1970 UTC]; stands in for a time that the network server does not give.
    """
    at_us = received_us if uplink.phenomenon_us is None else uplink.phenomenon_us
    device = devices.get(uplink.dev_eui)
    event = _event(uplink, device, at_us)
    if device is None:
        return Heard((), event, f"device {uplink.dev_eui} is not in the gateway's configuration.")
    try:
        readings = _readings(uplink, device, at_us)
    except InputError as error:
        return Heard((), event, str(error))
    return Heard(tuple(readings), event, "" if readings else f"no field of {device.thing} is in its decoded object.")


def _readings(uplink: Uplink, device: Device, at_us: int) -> list[Reading]:
    readings = mapped(device, uplink.decoded, phenomenon_us=at_us)
    if device.decentlab:
        decoded = decentlab.decode(uplink.raw, device.decentlab, constants=device.calibration)
        readings += decoded.readings(device.thing, at_us)
    return readings


def _event(uplink: Uplink, device: Device | None, at_us: int) -> Event:
    data: dict[str, Result] = {
        "network": uplink.network, "dev_eui": uplink.dev_eui, "f_port": uplink.f_port, "f_cnt": uplink.f_cnt,
        "raw": b64encode(uplink.raw).decode("ascii"),
    }  # fmt: skip
    return Event(EVENT, at_us, device.thing if device else f"lorawan-{uplink.dev_eui}", data)


def _chirpstack(payload: bytes) -> Uplink:
    found = _decode(payload, _ChirpStack)
    raw, eui = _raw(found.data), _eui(found.deviceInfo.devEui)
    return Uplink("chirpstack", eui, _micros(found.time), found.fPort, found.fCnt, raw, found.object)


def _chirpstack_3(payload: bytes) -> Uplink:
    found = _decode(payload, _ChirpStack3)
    decoded = found.object
    if found.objectJSON:
        decoded = _decode(found.objectJSON.encode("utf-8", "surrogatepass"), dict[str, Any] | None)
    return Uplink(
        "chirpstack",
        _eui_of_3(found.devEUI),
        _time_of_3(found),
        found.fPort,
        found.fCnt,
        _raw(found.data or ""),
        decoded,
    )  # fmt: skip


def _eui_of_3(text: str) -> str:
    return _eui(text if _EUI.fullmatch(text) else _raw(text).hex())


def _time_of_3(found: _ChirpStack3) -> int | None:
    """When the first gateway whose clock was set received it, else when the server published it."""
    heard = [at_us for one in found.rxInfo or () if (at_us := _micros(one.time)) is not None and at_us > _SET_US]
    return min(heard) if heard else _micros(found.publishedAt)


def _tts(payload: bytes) -> Uplink:
    found = _decode(payload, _Tts)
    up = found.uplink_message
    time = _micros(up.received_at or found.received_at)
    eui = _eui(found.end_device_ids.dev_eui)
    return Uplink("tts", eui, time, up.f_port, up.f_cnt, _raw(up.frm_payload), up.decoded_payload)


_READERS: Final[dict[str, Callable[[bytes], Uplink]]] = {
    "deviceInfo": _chirpstack, "uplink_message": _tts, "devEUI": _chirpstack_3,
}  # fmt: skip


def _decode(payload: bytes, of: Any) -> Any:
    try:
        return msgspec.json.decode(payload, type=of)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"uplink of {len(payload)} bytes cannot be read: {error}.") from error


def _raw(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputError(f"an uplink's bytes are not base64: {error}.") from error


def _eui(text: str) -> str:
    if not _EUI.fullmatch(text):
        raise InputError(f"DevEUI {text[:40]!r}: expected 16 hexadecimal digits.")
    return text.lower()


def _micros(text: str | None) -> int | None:
    """RFC 3339, to the nanosecond, as microseconds since 1970."""
    if not text:
        return None
    try:
        return (dt.datetime.fromisoformat(text) - _EPOCH) // dt.timedelta(microseconds=1)
    except (ValueError, TypeError, OverflowError) as error:
        raise InputError(f"time {text[:40]!r} of an uplink: expected RFC 3339 with a zone.") from error
