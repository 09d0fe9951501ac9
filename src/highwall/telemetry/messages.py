"""The wire: what gateways and the server say to one another, as typed JSON under versioned topics.

A message from a gateway carries its *range*, priority class and sequence numbers, beside the payload, so that one whose
payload cannot be decoded is still counted, set aside and acknowledged, and never holds up what comes after it.
"""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Final, NamedTuple, TypeVar

import msgspec

from highwall.core.errors import InputError

VERSION: Final = "hw/1"
"""First two levels of every topic: name and version of this wire."""
STAND_DOWN: Final = "stand_down"
"""Verb of the command that a person was looked after."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")

Result = float | list[float] | str | bool | None
"""What a sensor found: a number, a vector, a text, a state; None is missing."""
Micros = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""A time as the wire may state it: whatever 64 bits hold; whether it can be true is judged later."""
_Message = TypeVar("_Message")


class Priority(StrEnum):
    """Classes of messages, most urgent first; each has its own sequence."""

    ALARM = "alarm"
    TELEMETRY = "telemetry"
    BULK = "bulk"


class Kind(StrEnum):
    """What a message's payload holds."""

    READINGS = "readings"
    EVENTS = "events"
    DROPPED = "dropped"


class Reading(msgspec.Struct, frozen=True, rename={"datastream": "d", "phenomenon_us": "t", "result": "r"}):
    """One result of one datastream."""

    datastream: str
    """``thing/property[/qualifier]``, as ``tag-17/rssi/beacon-3``."""
    phenomenon_us: Micros
    """When it held, microseconds since 1970 UTC."""
    result: Result


class Event(msgspec.Struct, frozen=True, rename={"event_us": "t"}):
    """Something that a gateway concluded or did."""

    kind: str
    """``man_down``, ``local_alarm``, ``command_result``, ``config_report``, ``inference``, ``uplink``, …"""
    event_us: Micros
    subject: str
    """What it is about: a thing, a command, a configuration."""
    data: dict[str, Any] = {}


class Sighted(NamedTuple):
    """What the tags around a gateway said."""

    readings: list[Reading]
    """In order of time."""
    events: list[Event]
    """``button``: someone pressed the button of a tag."""


class Dropped(msgspec.Struct, frozen=True):
    """Why a gateway gave up the sequence numbers of its message's range."""

    reason: str


class Watermark(msgspec.Struct, frozen=True):
    """Up to which number all of a sequence is durable at the server."""

    boot_epoch: str
    committed: dict[Priority, int]
    """Last number of the unbroken run from 1, by class; 0: nothing yet."""


class Resend(msgspec.Struct, frozen=True):
    """The server misses numbers, and asks for them again."""

    boot_epoch: str
    priority: Priority
    first: int
    last: int


class Command(msgspec.Struct, frozen=True):
    """What a gateway shall do; its result comes back as an event ``command_result`` about ``command_id``."""

    command_id: str
    verb: str
    """``scan``, ``restart``, ``calibrate``, ``infer``, ``stand_down``."""
    arguments: dict[str, Result] = {}


class SignedConfig(msgspec.Struct, frozen=True):
    """A gateway's configuration, version by version."""

    content: str
    """The configuration as JSON text, exactly as it was signed."""
    signature: str
    """Ed25519, base64."""


class CertificateRequest(msgspec.Struct, frozen=True):
    """A gateway wants its certificate renewed; the broker has checked the present one."""

    csr: str
    """PKCS #10, PEM."""


class CertificateAnswer(msgspec.Struct, frozen=True):
    """What the server answers to it."""

    certificate: str = ""
    """PEM; empty: refused."""
    reason: str = ""
    """Why it was refused."""


class Status(msgspec.Struct, frozen=True):
    """A gateway's last word; retained by the broker, and its will when it vanishes."""

    online: bool
    status_us: int
    boot_epoch: str = ""
    waiting: dict[Priority, int] = {}
    """Messages' readings not yet durable at the server, by class."""
    buffer_days: float | None = None
    """How long the outbox can still hold what comes at the present rate [day]."""
    config_hash: str = ""
    version: str = ""


class Range(NamedTuple):
    """Which numbers of which sequence a message carries; both ends belong to it."""

    priority: Priority
    boot_epoch: str
    first: int
    last: int

    @property
    def n(self) -> int:
        """How many numbers."""
        return self.last - self.first + 1


class Message(NamedTuple):
    """What travels on a bus."""

    topic: str
    payload: bytes
    properties: Mapping[str, str] = {}
    """MQTT 5 user properties."""
    retain: bool = False


def up_topic(site: str, gateway: str, priority: Priority) -> str:
    """Topic under which a gateway says something that must not be lost."""
    return f"{_root(site, gateway)}/up/{priority}"


def status_topic(site: str, gateway: str) -> str:
    """Topic of a gateway's retained :class:`Status`."""
    return f"{_root(site, gateway)}/status"


def renewal_topic(site: str, gateway: str) -> str:
    """Topic of a gateway's :class:`CertificateRequest`; ``+`` as the gateway: of everyone's."""
    return f"{_root(site, gateway)}/renew" if gateway != "+" else f"{VERSION}/{check_name(site, what='site')}/+/renew"


def down_topic(site: str, gateway: str, what: str) -> str:
    """Topic of one of ``watermark``, ``resend``, ``command``, ``config``, ``certificate`` to a gateway."""
    return f"{_root(site, gateway)}/down/{what}"


def sender_of(topic: str) -> tuple[str, str]:
    """Site and gateway of a topic.

    Raises
    ------
    InputError
        The topic is not of this wire.
    """
    parts = topic.split("/")
    if len(parts) < 5 or "/".join(parts[:2]) != VERSION:
        raise InputError(f"topic {topic!r} is not of this wire; expected {VERSION}/SITE/GATEWAY/….")
    return parts[2], parts[3]


def readings_message(site: str, gateway: str, numbers: Range, readings: Sequence[Reading]) -> Message:
    """Pack readings, whose numbers follow one another, into one message."""
    return up_message(site, gateway, numbers, Kind.READINGS, msgspec.json.encode(readings))


def events_message(site: str, gateway: str, numbers: Range, events: Sequence[Event]) -> Message:
    """Pack events, whose numbers follow one another, into one message."""
    return up_message(site, gateway, numbers, Kind.EVENTS, msgspec.json.encode(events))


def dropped_message(site: str, gateway: str, numbers: Range, reason: str) -> Message:
    """Announce that numbers were given up, so that no gap is permanent."""
    return up_message(site, gateway, numbers, Kind.DROPPED, msgspec.json.encode(Dropped(reason)))


def up_message(site: str, gateway: str, numbers: Range, kind: Kind, payload: bytes) -> Message:
    """Wrap a payload that is encoded already."""
    properties = {
        "class": numbers.priority, "epoch": numbers.boot_epoch, "first": str(numbers.first), "last": str(numbers.last),
        "kind": kind,
    }  # fmt: skip
    return Message(up_topic(site, gateway, numbers.priority), payload, properties)


def range_of(message: Message) -> tuple[Range, Kind]:
    """Read what a message from a gateway carries, without its payload.

    Raises
    ------
    InputError
        A property is missing or makes no sense.
    """
    given = message.properties
    try:
        numbers = Range(Priority(given["class"]), given["epoch"], int(given["first"]), int(given["last"]))
        kind = Kind(given["kind"])
    except (KeyError, ValueError) as error:
        raise InputError(
            f"message on {message.topic} without a usable {error}; a gateway sends class, epoch, first, last, kind."
        ) from error
    if not 1 <= numbers.first <= numbers.last:
        raise InputError(f"message on {message.topic} counts from {numbers.first} to {numbers.last}.")
    return numbers, kind


def decoded(payload: bytes, of: type[_Message]) -> _Message:
    """Decode and validate a payload: a message type, or ``list[Reading]``, ``list[Event]``.

    Raises
    ------
    InputError
        It is not JSON, or not of that type.
    """
    try:
        return msgspec.json.decode(payload, type=of)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"payload of {len(payload)} bytes cannot be read: {error}.") from error


def encoded(message: msgspec.Struct) -> bytes:
    """Encode a message type as JSON."""
    return msgspec.json.encode(message)


def check_name(name: str, *, what: str) -> str:
    """Give back the name of a site, gateway or thing that may stand in a topic.

    Raises
    ------
    InputError
        It holds other characters than a-z, 0-9, - and _, or is empty or longer than 40.
    """
    if not _NAME.fullmatch(name):
        raise InputError(f"{what} {name!r}: use 1 to 40 of a-z, 0-9, - and _, beginning with a letter or digit.")
    return name


def _root(site: str, gateway: str) -> str:
    return f"{VERSION}/{check_name(site, what='site')}/{check_name(gateway, what='gateway')}"
