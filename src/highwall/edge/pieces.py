"""What goes into an outbox cut into pieces that fit a message each, and what comes out of it joined to packs."""

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Final, NamedTuple

from highwall.core.errors import InputError
from highwall.edge.outbox_file import Fragment
from highwall.telemetry.messages import Event, Kind, Message, Priority, Range, Reading, up_message

N_PACK: Final = 100
"""Most items in one message."""
MAX_PACK_BYTES: Final = 256 * 1024
"""Size at which a message is closed, however few items it holds [byte]."""
MAX_ITEM_BYTES: Final = 512 * 1024
"""Largest item that is taken: more would not pass the broker [byte]."""

Items = Sequence[Reading] | Sequence[Event]


class Pack(NamedTuple):
    """Items whose numbers follow one another, ready to travel."""

    numbers: Range
    kind: Kind
    payload: bytes

    def message(self, site: str, gateway: str) -> Message:
        """Make the message that carries it."""
        return up_message(site, gateway, self.numbers, self.kind, self.payload)


def kind_of(items: Items) -> Kind:
    """Tell what items are.

    Raises
    ------
    InputError
        There are none, or readings and events are mixed.
    """
    kinds = {Kind.READINGS if isinstance(item, Reading) else Kind.EVENTS for item in items}
    if len(kinds) != 1:
        raise InputError("put readings, or events, at least one, and not both at once.")
    return kinds.pop()


def chunks(pieces: list[bytes]) -> Iterator[list[bytes]]:
    """Cut encoded items into parts that fit a message each.

    Raises
    ------
    InputError
        One is larger than a message may be.
    """
    chunk: list[bytes] = []
    size = 0
    for piece in pieces:
        if len(piece) > MAX_ITEM_BYTES:
            raise InputError(f"an item takes {len(piece)} bytes; the most that travels is {MAX_ITEM_BYTES}.")
        if chunk and (len(chunk) == N_PACK or size + len(piece) > MAX_PACK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(piece)
        size += len(piece)
    yield chunk


def joined(head: Fragment, others: Iterator[Fragment], *, priority: Priority, epoch: str, n_most: int) -> Pack:
    """Join fragments of one kind, the first in any case, the others while they fit."""
    bodies, last, size = [head.body], head.last, len(head.body)
    for fragment in takewhile(lambda found: found.kind == head.kind != Kind.DROPPED, others):
        size += len(fragment.body)
        if fragment.last - head.first >= n_most or size > MAX_PACK_BYTES:
            break
        bodies.append(fragment.body)
        last = fragment.last
    body = b",".join(bodies)
    payload = body if head.kind is Kind.DROPPED else b"[" + body + b"]"
    return Pack(Range(priority, epoch, head.first, last), head.kind, payload)
