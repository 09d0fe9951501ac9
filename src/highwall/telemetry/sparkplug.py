"""Payloads and topics of Sparkplug B, decoded; what follows from them over time is in ``sparkplug_host``.

Source: Eclipse Sparkplug 3.0.0, chapters 4 (topics) and 6 (payloads).
"""

import math
from collections.abc import Callable
from enum import StrEnum
from typing import Final, NamedTuple

from highwall.core.errors import InputError
from highwall.telemetry.messages import Message, Result
from highwall.telemetry.protobuf import WireField, as_bytes, as_float, as_int, as_text, wire_fields, written

NAMESPACE: Final = "spBv1.0"
REBIRTH: Final = "Node Control/Rebirth"
"""Metric by which a host asks an edge node to say everything again."""
BD_SEQ: Final = "bdSeq"
"""Metric that ties a death to its birth."""
_COMPRESSED: Final = "SPBV1.0_COMPRESSED"
_BOOLEAN: Final = 11
_SIGNED: Final = {1: 8, 2: 16, 3: 32, 4: 64}
"""Bits of the signed data types Int8 … Int64, which travel as unsigned numbers."""


class Kind(StrEnum):
    """What a message does."""

    NBIRTH = "NBIRTH"
    NDEATH = "NDEATH"
    NDATA = "NDATA"
    DBIRTH = "DBIRTH"
    DDEATH = "DDEATH"
    DDATA = "DDATA"


class Topic(NamedTuple):
    """Who says what."""

    group: str
    kind: Kind
    node: str
    device: str = ""
    """Empty: the node itself."""


class Metric(NamedTuple):
    """One metric of a payload."""

    name: str = ""
    """Empty where only the alias travels."""
    alias: int | None = None
    timestamp_ms: int | None = None
    datatype: int | None = None
    is_historical: bool = False
    is_null: bool = False
    value: Result = None
    """As on the wire: whole numbers unsigned, see :meth:`result`."""
    is_readable: bool = True
    """False: bytes, data sets and templates, which are no results."""

    def result(self, datatype: int | None) -> Result:
        """The value as its data type has it; NaN and infinity are None."""
        value = None if self.is_null else self.value
        if isinstance(value, bool | str) or value is None:
            return value
        if isinstance(value, int):
            return float(_signed(value, _SIGNED[datatype])) if datatype in _SIGNED else float(value)
        return value if isinstance(value, float) and math.isfinite(value) else None


class Payload(NamedTuple):
    """One message's payload."""

    timestamp_ms: int | None = None
    seq: int | None = None
    """0 … 255; a death has none."""
    metrics: tuple[Metric, ...] = ()

    def metric(self, name: str) -> Metric | None:
        """The metric of a name, if it is there."""
        return next((metric for metric in self.metrics if metric.name == name), None)


def read_topic(topic: str) -> Topic:
    """Take a topic apart: ``spBv1.0/GROUP/KIND/NODE[/DEVICE]``.

    Raises
    ------
    InputError
        It is another one.
    """
    parts = topic.split("/")
    try:
        if parts[0] != NAMESPACE or len(parts) not in (4, 5) or not all(parts):
            raise ValueError(topic)
        found = Topic(parts[1], Kind(parts[2]), *parts[3:])
        if (found.kind[0] == "D") is not bool(found.device):
            raise ValueError(topic)
    except ValueError as error:
        kinds = ", ".join(Kind)
        raise InputError(
            f"topic {topic[:100]!r}: expected {NAMESPACE}/GROUP/KIND/NODE[/DEVICE], KIND {kinds}."
        ) from error
    return found


def decode(data: bytes) -> Payload:
    """Decode a payload.

    Raises
    ------
    InputError
        It is no Sparkplug B payload, or a compressed one.
    """
    timestamp_ms, seq, metrics = None, None, []
    for field in wire_fields(data):
        if field.number == 1:
            timestamp_ms = as_int(field)
        elif field.number == 2:
            metrics.append(_metric(as_bytes(field)))
        elif field.number == 3:
            seq = as_int(field)
        elif field.number == 4 and as_text(field) == _COMPRESSED:
            raise InputError("compressed Sparkplug payload; switch compression off at the edge node.")
    return Payload(timestamp_ms, seq, tuple(metrics))


def rebirth_command(group: str, node: str, *, now_ms: int) -> Message:
    """Ask an edge node to say everything again."""
    metric = b"".join(
        (written(1, REBIRTH.encode()), written(3, now_ms), written(4, _BOOLEAN), written(_VALUE_BOOLEAN, 1))
    )
    return Message(f"{NAMESPACE}/{group}/NCMD/{node}", written(1, now_ms) + written(2, metric))


def _metric(data: bytes) -> Metric:
    metric = Metric()
    for field in wire_fields(data):
        taken = _TAKES.get(field.number)
        if taken is not None:
            metric = taken(metric, field)
    return metric


def _signed(value: int, bits: int) -> int:
    """Two's complement; Int8 and Int16 may come as such of 32 bits, or of their own."""
    number = value & ((1 << bits) - 1)
    return number - (1 << bits) if number >> (bits - 1) else number


_VALUE_BOOLEAN: Final = 14
_TAKES: Final[dict[int, Callable[[Metric, WireField], Metric]]] = {
    1: lambda metric, field: metric._replace(name=as_text(field)),
    2: lambda metric, field: metric._replace(alias=as_int(field)),
    3: lambda metric, field: metric._replace(timestamp_ms=as_int(field)),
    4: lambda metric, field: metric._replace(datatype=as_int(field)),
    5: lambda metric, field: metric._replace(is_historical=bool(as_int(field))),
    7: lambda metric, field: metric._replace(is_null=bool(as_int(field))),
    10: lambda metric, field: metric._replace(value=as_int(field)),
    11: lambda metric, field: metric._replace(value=as_int(field)),
    12: lambda metric, field: metric._replace(value=as_float(field)),
    13: lambda metric, field: metric._replace(value=as_float(field)),
    _VALUE_BOOLEAN: lambda metric, field: metric._replace(value=bool(as_int(field))),
    15: lambda metric, field: metric._replace(value=as_text(field)),
    16: lambda metric, field: metric._replace(is_readable=False),
    17: lambda metric, field: metric._replace(is_readable=False),
    18: lambda metric, field: metric._replace(is_readable=False),
}
"""What each field of a metric does; others are left out, as the format allows."""
