"""Streams: which numbers of each sequence are durable; one row each, which several ingests move in turn."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    or_,
    select,
    tuple_,
    update,
)

from highwall.telemetry.messages import Priority, Resend, Watermark
from highwall.telemetry.watermark import Ranges
from highwall.twin.sql.database import METADATA, insert_new

_STREAMS: Final = Table(
    "streams",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("gateway", String(40), nullable=False),
    Column("priority", String(16), nullable=False),
    Column("boot_epoch", String(64), nullable=False),
    Column("watermark", BigInteger, nullable=False),
    Column("highest", BigInteger, nullable=False),
    Column("ranges", Text, nullable=False),
    Column("moved_us", BigInteger, nullable=False),
    UniqueConstraint("gateway", "priority", "boot_epoch"),
)
_MOVE: Final = update(_STREAMS).where(_STREAMS.c.id == bindparam("stream"))
_MOST_KEYS: Final = 300
_NEVER_US: Final = 2**63 - 1
StreamKey = tuple[str, str, str]
"""Gateway, priority class and boot epoch."""


class Stream(NamedTuple):
    """One sequence of one gateway, and which of its numbers are durable."""

    stream_id: int
    gateway: str
    priority: Priority
    boot_epoch: str
    ranges: Ranges
    moved_us: int
    """When its watermark last moved."""

    @property
    def watermark(self) -> int:
        """Last number of the unbroken run from 1; 0: nothing yet."""
        return self.ranges.unbroken


def streams(connection: Connection, gateway: str | None = None) -> list[Stream]:
    """Every stream, or those of one gateway, in the order in which they began."""
    wanted = select(_STREAMS).order_by(_STREAMS.c.id)
    if gateway is not None:
        wanted = wanted.where(_STREAMS.c.gateway == gateway)
    return [_stream(row) for row in connection.execute(wanted)]


def watermarks(connection: Connection, gateways: Iterable[str] | None = None) -> dict[str, list[Watermark]]:
    """What each gateway may trim: by gateway its watermarks, the latest boot epoch last."""
    wanted = select(_STREAMS.c.gateway, _STREAMS.c.boot_epoch, _STREAMS.c.priority, _STREAMS.c.watermark)
    if gateways is not None:
        wanted = wanted.where(_STREAMS.c.gateway.in_(list(gateways)))
    found: dict[str, dict[str, dict[Priority, int]]] = {}
    for row in connection.execute(wanted.order_by(_STREAMS.c.id)):
        epochs = found.setdefault(row.gateway, {})
        epochs.setdefault(row.boot_epoch, {})[Priority(row.priority)] = row.watermark
    return {name: [Watermark(*epoch) for epoch in epochs.items()] for name, epochs in found.items()}


def missing_ranges(
    connection: Connection, *, moved_before_us: int, moved_after_us: int = _NEVER_US
) -> list[tuple[str, Resend]]:
    """First gap of each stream whose watermark has stood still since then: by gateway, what to ask for again.

    Parameters
    ----------
    moved_after_us
        One that moved later than this did so before the clock was set back, and counts as standing still.
    """
    moved_us = _STREAMS.c.moved_us
    is_still = or_(moved_us < moved_before_us, moved_us > moved_after_us)
    standing = select(_STREAMS).where(_STREAMS.c.highest > _STREAMS.c.watermark, is_still)
    found = map(_stream, connection.execute(standing.order_by(_STREAMS.c.id)))
    return [(one.gateway, Resend(one.boot_epoch, one.priority, *one.ranges.gaps()[0])) for one in found]


def heads(connection: Connection) -> dict[int, int]:
    """Watermark of every stream by its id: up to where :func:`read_stream` has everything."""
    return {row.id: row.watermark for row in connection.execute(select(_STREAMS.c.id, _STREAMS.c.watermark))}


def locked(connection: Connection, keys: Sequence[StreamKey], *, at_us: int) -> dict[StreamKey, Stream]:
    """Give streams by gateway, class and boot epoch, made where they are new, locked until the transaction ends.

    They are locked in one order, so that several workers cannot wait for one another in a ring.
    """
    found: dict[StreamKey, Stream] = {}
    for start in range(0, len(keys), _MOST_KEYS):
        wanted = keys[start : start + _MOST_KEYS]
        there = _select_locked(connection, wanted)
        new = [key for key in wanted if key not in there]
        if new:
            insert_new(connection, _STREAMS, [_new_stream(key, at_us=at_us) for key in new])
            there |= _select_locked(connection, new)
        found |= there
    return found


def move(connection: Connection, moved: Iterable[Stream]) -> None:
    """Write down which numbers of streams are there now."""
    values = [_as_values(stream) for stream in moved]
    if values:
        connection.execute(_MOVE, values)


def _select_locked(connection: Connection, keys: Sequence[StreamKey]) -> dict[StreamKey, Stream]:
    key = tuple_(_STREAMS.c.gateway, _STREAMS.c.priority, _STREAMS.c.boot_epoch)
    rows = connection.execute(select(_STREAMS).where(key.in_(keys)).order_by(_STREAMS.c.id).with_for_update())
    return {(row.gateway, row.priority, row.boot_epoch): _stream(row) for row in rows}


def _new_stream(key: StreamKey, *, at_us: int) -> dict[str, Any]:
    names = dict(zip(("gateway", "priority", "boot_epoch"), key, strict=True))
    return names | {"watermark": 0, "highest": 0, "ranges": "[]", "moved_us": at_us}


def _stream(row: Any) -> Stream:
    ranges = Ranges(msgspec.json.decode(row.ranges, type=list[tuple[int, int]]))
    return Stream(row.id, row.gateway, Priority(row.priority), row.boot_epoch, ranges, row.moved_us)


def _as_values(stream: Stream) -> dict[str, Any]:
    return {
        "stream": stream.stream_id,
        "watermark": stream.watermark,
        "highest": stream.ranges.highest,
        "ranges": msgspec.json.encode(list(stream.ranges)).decode(),
        "moved_us": stream.moved_us,
    }
