"""What did not get through: messages that could not be used, with their payload, and numbers that were given up."""

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import BigInteger, Column, Connection, Integer, LargeBinary, Table, Text, delete, select

from highwall.core.errors import InputError
from highwall.telemetry.messages import Dropped, Message, decoded
from highwall.twin.sql.database import METADATA

DEAD_LETTERS: Final = Table(
    "dead_letters",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("topic", Text, nullable=False),
    Column("stream_id", Integer),
    Column("first", BigInteger),
    Column("last", BigInteger),
    Column("payload", LargeBinary, nullable=False),
    Column("properties", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("received_us", BigInteger, nullable=False),
)
LOST_RANGES: Final = Table(
    "lost_ranges",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("stream_id", Integer, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("received_us", BigInteger, nullable=False),
)
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\ud800-\udfff]")


class DeadLetter(NamedTuple):
    """A message, or a part of one, that could not be used."""

    letter_id: int
    topic: str
    stream_id: int | None
    first: int | None
    last: int | None
    payload: bytes
    reason: str
    received_us: int


class LostRange(NamedTuple):
    """Numbers that a gateway gave up."""

    lost_id: int
    stream_id: int
    first: int
    last: int
    reason: str
    received_us: int


def dead_letter(message: Message, *, reason: str, received_us: int) -> dict[str, Any]:
    """Row for a message that has no place in any stream."""
    return {
        "topic": _printable(message.topic),
        "payload": message.payload,
        "properties": _printable(msgspec.json.encode(dict(message.properties)).decode(errors="replace")),
        "reason": _printable(reason),
        "received_us": received_us,
    }


def reason_given(payload: bytes) -> str:
    """Why a gateway gave numbers up, of the payload of its message."""
    try:
        return _printable(decoded(payload, Dropped).reason)
    except InputError:
        return "the gateway gave no reason that can be read"


def keep(connection: Connection, message: Message, *, reason: str, received_us: int) -> None:
    """Set a message aside that has no place in any stream."""
    connection.execute(DEAD_LETTERS.insert(), [dead_letter(message, reason=reason, received_us=received_us)])


def set_aside(
    connection: Connection,
    payload: bytes,
    *,
    stream_id: int,
    first: int,
    last: int,
    topic: str,
    reason: str,
    at_us: int,
) -> None:
    """Note that the payload of a stream's numbers cannot be used; it is kept, and the numbers stay committed."""
    row = dead_letter(Message(topic, payload), reason=reason, received_us=at_us)
    row |= {"stream_id": stream_id, "first": first, "last": last}
    connection.execute(DEAD_LETTERS.insert(), [row])


def forget(connection: Connection, firsts: Mapping[int, int]) -> None:
    """Delete what the engine set aside, of each stream from a number on: it looks at it again."""
    for stream, first in firsts.items():
        again = DEAD_LETTERS.c.stream_id == stream, DEAD_LETTERS.c.first >= first
        connection.execute(delete(DEAD_LETTERS).where(*again))


def dead_letters(connection: Connection, *, after: int = 0, limit: int = 100) -> list[DeadLetter]:
    """What could not be used, oldest first, after a given one."""
    columns = [column for column in DEAD_LETTERS.c if column.name != "properties"]
    wanted = select(*columns).where(DEAD_LETTERS.c.id > after).order_by(DEAD_LETTERS.c.id).limit(limit)
    return [DeadLetter(*row) for row in connection.execute(wanted)]


def lost_ranges(connection: Connection, *, after: int = 0, limit: int = 100) -> list[LostRange]:
    """What gateways gave up, oldest first, after a given one."""
    wanted = select(LOST_RANGES).where(LOST_RANGES.c.id > after).order_by(LOST_RANGES.c.id).limit(limit)
    return [LostRange(*row) for row in connection.execute(wanted)]


def _printable(given: str) -> str:
    """Text as any store takes it: PostgreSQL refuses the character NUL, UTF-8 half a pair."""
    return _UNPRINTABLE.sub("\ufffd", given)
