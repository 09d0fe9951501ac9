"""The journal: what gateways said, whole, each sequence number in exactly one row, with the watermark beside it.

A *stream* is one sequence: gateway, priority class and boot epoch. Its row (:mod:`highwall.twin.sql.streams`) holds
which numbers are there, and moves in the transaction that stores them, under a lock of that row. Of a message that
overlaps what is there only the new part gets rows: after that numbers need never be compared again.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, LargeBinary, String, Table, delete, func, select

from highwall.core.errors import InputError
from highwall.telemetry.messages import Kind, Message, Range, check_name, range_of, sender_of
from highwall.twin.sql import losses
from highwall.twin.sql.database import METADATA
from highwall.twin.sql.streams import Stream, StreamKey, heads, locked, missing_ranges, move, streams, watermarks

__all__ = [
    "Entry", "Stored", "Stream", "append", "append_all", "heads", "missing_ranges", "read_stream", "set_aside", "size",
    "streams", "trim", "watermarks",
]  # fmt: skip

_JOURNAL: Final = Table(
    "journal",
    METADATA,
    Column("stream_id", Integer, primary_key=True, autoincrement=False),
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
    Column("message_first", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("received_us", BigInteger, nullable=False),
    Index("ix_journal_received", "received_us"),
)
MOST_NUMBERS: Final = 100_000
"""More items than this in one message are a broken counter, not a message; gateways pack 10 to 100."""
_GREATEST: Final = 2**53
_EPOCH: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_Item = TypeVar("_Item")


class Stored(NamedTuple):
    """What became of one message."""

    gateway: str
    """Empty: the topic names none."""
    numbers: Range | None
    """What it carried; None: no usable range, so that it was set aside whole."""
    stream_id: int | None
    n_new: int
    """How many of its numbers were not there before; 0: a duplicate."""
    reason: str = ""
    """Why it was set aside; empty: it was not."""


class Entry(NamedTuple):
    """One row of the journal: some numbers of one stream, with the payload of the message that brought them."""

    stream_id: int
    first: int
    last: int
    message_first: int
    """Number of the payload's first item; below ``first`` where the message overlapped what was there."""
    kind: Kind
    payload: bytes
    received_us: int

    def own(self, items: Sequence[_Item]) -> Sequence[_Item]:
        """Those of the payload's items that this row stands for."""
        return items[self.first - self.message_first : self.last - self.message_first + 1]


class Beginning(NamedTuple):
    """How far back the journal goes."""

    at_us: int | None
    """When the oldest message came that it holds; None: it holds none."""
    firsts: dict[int, int]
    """By stream, the first number that it holds, or will hold."""
    is_whole: bool
    """Whether nothing was trimmed."""


def append(connection: Connection, message: Message, *, site: str, received_us: int) -> Stored:
    """Make one message durable when the transaction commits; see :func:`append_all`."""
    return append_all(connection, [message], site=site, received_us=received_us)[0]


def append_all(connection: Connection, messages: Sequence[Message], *, site: str, received_us: int) -> list[Stored]:
    """Make messages durable when the transaction commits, and move their streams' watermarks.

    A message without a usable range is set aside with its payload; nothing here raises for what a gateway sent.
    """
    carried = [_carried(message, site=site) for message in messages]
    keys = sorted({what.key for what in carried if isinstance(what, _Carried)})
    writing = _Writing(locked(connection, keys, at_us=received_us), received_us)
    stored = [writing.take(message, what) for message, what in zip(messages, carried, strict=True)]
    writing.write(connection)
    return stored


def read_stream(connection: Connection, stream_id: int, *, after: int, upto: int, limit: int = 1000) -> list[Entry]:
    """Rows of one stream in order of number, from ``after`` + 1 to ``upto``, which is at most its watermark.

    Numbers that were given up have no row: the last number of a row, or ``upto`` after the last row, is the cursor.
    """
    wanted = (
        select(_JOURNAL)
        .where(_JOURNAL.c.stream_id == stream_id, _JOURNAL.c.first > after, _JOURNAL.c.first <= upto)
        .order_by(_JOURNAL.c.first)
        .limit(limit)
    )
    return [Entry(*row)._replace(kind=Kind(row.kind)) for row in connection.execute(wanted)]


def set_aside(connection: Connection, entry: Entry, *, topic: str, reason: str) -> None:
    """Note that an entry's payload cannot be used; it is kept, and its numbers stay committed."""
    losses.set_aside(
        connection, entry.payload, stream_id=entry.stream_id, first=entry.first, last=entry.last, topic=topic,
        reason=reason, at_us=entry.received_us,
    )  # fmt: skip


def trim(connection: Connection, cursors: Mapping[int, int], *, received_before_us: int) -> int:
    """Delete what was received before then and has been worked out, and say how many rows that were.

    Parameters
    ----------
    cursors
        By stream, up to which number the engine has worked it out; a stream that is not named is left alone.
    """
    n_rows = 0
    for stream, upto in cursors.items():
        done = _JOURNAL.c.stream_id == stream, _JOURNAL.c.last <= upto, _JOURNAL.c.received_us < received_before_us
        n_rows += connection.execute(delete(_JOURNAL).where(*done)).rowcount
    return n_rows


def beginning(connection: Connection) -> Beginning:
    """Tell how far back the journal goes."""
    wanted = select(_JOURNAL.c.stream_id, func.min(_JOURNAL.c.first), func.min(_JOURNAL.c.received_us))
    rows = connection.execute(wanted.group_by(_JOURNAL.c.stream_id)).all()
    heads_ = heads(connection)
    firsts = {stream: upto + 1 for stream, upto in heads_.items()} | {row[0]: row[1] for row in rows}
    is_whole = all(first == 1 for stream, first in firsts.items() if heads_.get(stream, 0))
    return Beginning(min((row[2] for row in rows), default=None), firsts, is_whole)


def size(connection: Connection) -> int:
    """How many items the journal was given, those that were lost apart."""
    return int(connection.scalar(select(func.coalesce(func.sum(_JOURNAL.c.last - _JOURNAL.c.first + 1), 0))) or 0)


class _Carried(NamedTuple):
    """What a message carries, read from its properties alone."""

    gateway: str
    numbers: Range
    kind: Kind

    @property
    def key(self) -> StreamKey:
        return self.gateway, self.numbers.priority.value, self.numbers.boot_epoch


class _Writing:
    """Rows that one transaction is about to write."""

    def __init__(self, held: dict[StreamKey, Stream], received_us: int) -> None:
        self._held = held
        self._moved: dict[StreamKey, Stream] = {}
        self._received_us = received_us
        self._rows: dict[Table, list[dict[str, Any]]] = {_JOURNAL: [], losses.DEAD_LETTERS: [], losses.LOST_RANGES: []}

    def take(self, message: Message, carried: "_Carried | _Unusable") -> Stored:
        """Decide what becomes of one message."""
        if isinstance(carried, _Unusable):
            row = losses.dead_letter(message, reason=carried.reason, received_us=self._received_us)
            self._rows[losses.DEAD_LETTERS].append(row)
            return Stored(carried.gateway, None, None, 0, carried.reason)
        stream = self._held[carried.key]
        fresh = stream.ranges.missing(carried.numbers.first, carried.numbers.last)
        if fresh:
            self._keep(message, carried, stream.stream_id, fresh)
            self._move(carried, stream)
        return Stored(carried.gateway, carried.numbers, stream.stream_id, sum(piece.n for piece in fresh))

    def write(self, connection: Connection) -> None:
        """Send what was decided to the store."""
        for table, rows in self._rows.items():
            if rows:
                connection.execute(table.insert(), rows)
        move(connection, self._moved.values())

    def _keep(self, message: Message, carried: _Carried, stream_id: int, fresh: Iterable[tuple[int, int]]) -> None:
        lost = losses.reason_given(message.payload) if carried.kind is Kind.DROPPED else None
        for first, last in fresh:
            row = {"stream_id": stream_id, "first": first, "last": last, "received_us": self._received_us}
            if lost is not None:
                self._rows[losses.LOST_RANGES].append(row | {"reason": lost})
                continue
            whole = {"message_first": carried.numbers.first, "kind": carried.kind.value, "payload": message.payload}
            self._rows[_JOURNAL].append(row | whole)

    def _move(self, carried: _Carried, stream: Stream) -> None:
        ranges = stream.ranges.add(carried.numbers.first, carried.numbers.last)
        has_moved = ranges.unbroken > stream.watermark
        moved = stream._replace(ranges=ranges, moved_us=self._received_us if has_moved else stream.moved_us)
        self._held[carried.key] = self._moved[carried.key] = moved


class _Unusable(NamedTuple):
    """Why a message has no place in any stream."""

    gateway: str
    reason: str


def _carried(message: Message, *, site: str) -> _Carried | _Unusable:
    gateway = ""
    try:
        where, name = sender_of(message.topic)
        gateway = check_name(name, what="gateway")
        if where != site:
            return _Unusable("", f"topic {message.topic!r} is of another site than {site!r}.")
        numbers, kind = range_of(message)
        _check(numbers, kind)
    except InputError as error:
        return _Unusable(gateway, str(error))
    return _Carried(gateway, numbers, kind)


def _check(numbers: Range, kind: Kind) -> None:
    if not _EPOCH.fullmatch(numbers.boot_epoch):
        raise InputError(f"boot epoch {numbers.boot_epoch[:80]!r}: use 1 to 64 of letters, digits and _.:-.")
    if numbers.last >= _GREATEST or (numbers.n > MOST_NUMBERS and kind is not Kind.DROPPED):
        raise InputError(
            f"one message of numbers {numbers.first} to {numbers.last}: at most {MOST_NUMBERS} items go into one."
        )
