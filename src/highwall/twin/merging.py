"""One order for what came over many streams: by when it came, whatever stream and whatever step brought it.

Within a stream the order is that of its numbers; a message that waited for an earlier one counts as of when that one
came. Of streams that hold more than one step takes, none may run ahead of the others: the *horizon* is how far all of
them are known.

A clock that is set back leaves the world's clock ahead of it. What comes then counts as of the world's clock, which
stands until the other has caught up.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from highwall.twin.sql.journal import Entry

_AHEAD_US = 5_000_000
"""A row received further in the future than this counts as of now."""
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
    """Everything before then is among the rows; never before ``clock_us``."""
    is_cut: bool
    """Whether rows that could be taken wait, because one stream holds more than was read."""

    def has_come(self, at_us: int, *, now_us: int) -> bool:
        """Whether it is time for what was done then; what is ahead of the clock comes after all else."""
        return at_us <= self.horizon_us or (is_ahead(at_us, now_us) and not self.is_cut)


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
    settled_us = now_us - settle_us
    last, held_back = (max(clock_us, settled_us), _NO_STREAM, 0), set(full)
    rows: list[Timed] = []
    for stream_id, entries in streams.items():
        came_us = 0
        for entry in entries:
            came_us = max(came_us, settled_us if is_ahead(entry.received_us, now_us) else entry.received_us)
            if came_us > settled_us:
                break
            rows.append(Timed(max(clock_us, came_us), stream_id, entry.first, entry))
        else:
            if stream_id in held_back:
                last = min(last, rows[-1][:3])
    rows.sort()
    return Merged([row for row in rows if row[:3] <= last], last[0], last[1] != _NO_STREAM)


def is_ahead(at_us: int, now_us: int) -> bool:
    """Whether a time is so far in the future that it was stamped by a clock that was set back since."""
    return at_us > now_us + _AHEAD_US
