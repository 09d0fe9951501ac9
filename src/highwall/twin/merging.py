"""One order for what came over many streams: by when it came, whatever stream and whatever step brought it.

Within a stream the order is that of its numbers; a message that waited for an earlier one counts as of when that one
came. Of streams that hold more than one step takes, none may run ahead of the others: the *horizon* is how far all of
them are known.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from highwall.twin.sql.journal import Entry

_AHEAD_US = 5_000_000
"""A row received this far in the future was stamped by a clock that was set back since; it counts as of now."""
_NO_STREAM = 2**62
"""Comes behind every stream of one moment."""


class Timed(NamedTuple):
    """A row of the journal at its turn."""

    at_us: int
    stream_id: int
    first: int
    entry: Entry


class Merged(NamedTuple):
    """Rows in their one order."""

    rows: list[Timed]
    horizon_us: int
    """Everything before then is among the rows."""
    is_cut: bool
    """Whether rows that could be taken wait, because one stream holds more than was read."""


def merge(
    streams: Mapping[int, Sequence[Entry]], *, full: Iterable[int], clock_us: int, now_us: int, settle_us: int
) -> Merged:
    """Put the rows of several streams into one order.

    Parameters
    ----------
    streams
        By stream: its next rows, in order of number.
    full
        Streams of which more rows wait than were read.
    clock_us
        How far the world has come: rows that came before then and were late count as of then.
    settle_us
        Rows younger than this wait for the next step, so that all workers' rows of one moment are there.
    """
    horizon_us = now_us - settle_us
    last, held_back = (horizon_us, _NO_STREAM, 0), set(full)
    rows: list[Timed] = []
    for stream_id, entries in streams.items():
        at_us = clock_us
        for entry in entries:
            came_us = entry.received_us if entry.received_us <= now_us + _AHEAD_US else horizon_us
            at_us = max(at_us, came_us)
            rows.append(Timed(at_us, stream_id, entry.first, entry))
        if stream_id in held_back:
            last = min(last, rows[-1][:3])
    rows.sort()
    return Merged([row for row in rows if row[:3] <= last], last[0], last[1] != _NO_STREAM)
