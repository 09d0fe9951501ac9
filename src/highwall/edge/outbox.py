"""The outbox: what a gateway has to say, on disk until the server has it durably, whatever is cut, killed or full.

Items are kept in *fragments*, as many as were put at once, each with its range of numbers and its JSON ready to travel.
Numbers run on from 1 in each class for as long as the file lives; its ``boot_epoch`` is made once, with the file. Only
the server's watermark takes fragments away. A full outbox gives up the lowest class first, the oldest first, and keeps
a fragment that says so in the place of what it gave up. Beside them stands what the gateway must remember over a kill,
written in the same transaction as what follows from it.
"""

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from highwall.core.errors import InputError, OutputError
from highwall.edge.outbox_file import Fragment, OutboxFile, new_epoch
from highwall.edge.outbox_opening import open_file
from highwall.edge.pieces import N_PACK, Items, Pack, chunks, joined, kind_of
from highwall.telemetry.messages import (
    Dropped,
    Kind,
    Priority,
    Range,
    Watermark,
)

FULL: Final = "the outbox was full"
GONE: Final = "confirmed once by the server, and no longer kept"
_SACRIFICE: Final = (Priority.BULK, Priority.TELEMETRY, Priority.ALARM)
"""In this order classes are given up."""


class Stored(NamedTuple):
    """What became of items that were put."""

    numbers: Range
    n_dropped: int
    """How many numbers, of these or older ones, were given up to make room."""


class Outbox:
    """An outbox that is open; safe to use from several threads of one process."""

    def __init__(self, file: OutboxFile, *, max_bytes: int) -> None:
        self._file = file
        self._lock = threading.RLock()
        self._max_bytes = max_bytes
        self._n_bytes_put = 0
        self._unsettled: set[Priority] = set()
        """Classes of which the server has more than the file knows."""
        self._recount()

    @property
    def boot_epoch(self) -> str:
        """Name of the life of this file, in which its numbers are unique."""
        return self._epoch

    @property
    def n_bytes(self) -> int:
        """What is kept [byte]."""
        return sum(self._bytes.values())

    @property
    def max_bytes(self) -> int:
        """How much is kept before the outbox counts as full [byte]."""
        return self._max_bytes

    @property
    def n_bytes_put(self) -> int:
        """What was put since the outbox was opened [byte]."""
        return self._n_bytes_put

    def last(self, priority: Priority) -> int:
        """Last number given out in a class; 0: none yet."""
        return self._last[priority]

    def committed(self, priority: Priority) -> int:
        """Number up to which the server has all of a class."""
        return self._committed[priority]

    def waiting(self) -> dict[Priority, int]:
        """How many numbers of each class the server has not confirmed."""
        with self._lock:
            return {priority: self._last[priority] - self._committed[priority] for priority in Priority}

    def put(self, priority: Priority, items: Items, *, memory: Mapping[str, bytes] | None = None) -> Stored:
        """Keep items, durably when this returns, under the next numbers of their class.

        Parameters
        ----------
        memory
            What must be remembered exactly if these items are kept, by name; empty: no longer.

        Raises
        ------
        InputError
            There are none, readings and events are mixed, or one is larger than a message may be.
        OutputError
            The disk does not take them; nothing of them is kept, and the same call may be made again.
        """
        kind, pieces = kind_of(items), [msgspec.json.encode(item) for item in items]
        with self._transaction():
            self._delete_confirmed()
            first = self._last[priority] + 1
            for chunk in chunks(pieces):
                self._add(priority, kind, chunk)
            numbers = Range(priority, self._epoch, first, self._last[priority])
            self._file.set_last(priority, numbers.last)
            self._file.remember(memory or {})
            self._n_bytes_put += sum(map(len, pieces))
            return Stored(numbers, self._make_room())

    def remember(self, memory: Mapping[str, bytes]) -> None:
        """Keep what must outlive the process, durably, by name; what stood under a name before is replaced,
        or forgotten where the new is empty.

        Raises
        ------
        OutputError
            The disk does not take it.
        """
        with self._transaction():
            self._file.remember(memory)

    def memory(self) -> dict[str, bytes]:
        """All that was remembered, by name."""
        with self._lock, self._told():
            return self._file.memory()

    def pack(self, priority: Priority, *, after: int, n_most: int = N_PACK) -> Pack | None:
        """What there is to say from number ``after + 1`` on, in one message; None: nothing yet.

        It may begin before that number, where that was kept together. For numbers that are no longer kept it says so.
        """
        with self._lock:
            with self._told(), closing(self._file.fragments(priority, after=after)) as fragments:
                head = next(fragments, None)
                if head is not None and head.first <= after + 1:
                    return joined(head, fragments, priority=priority, epoch=self._epoch, n_most=n_most)
            last = head.first - 1 if head is not None else self._last[priority]
            if after >= last:
                return None
            numbers = Range(priority, self._epoch, after + 1, last)
            return Pack(numbers, Kind.DROPPED, msgspec.json.encode(Dropped(GONE)))

    def trim(self, watermark: Watermark) -> bool:
        """Let go of what the server has durably; False: the watermark is not about this outbox.

        It leaves the disk with the next :meth:`put` or :meth:`settle`, so that a confirmation costs no write of its
        own; one that a power cut takes is given again.

        A server that has more than was ever put here knows a later state of this file, which was put back from a copy:
        what waits is then numbered anew under another epoch, rather than taken for what the server has.
        """
        with self._lock:
            if watermark.boot_epoch != self._epoch:
                return False
            if any(number > self._last[priority] for priority, number in watermark.committed.items()):
                self._begin_anew()
                return False
            for priority, number in watermark.committed.items():
                if number > self._committed[priority]:
                    self._committed[priority] = number
                    self._unsettled.add(priority)
        return True

    def settle(self) -> None:
        """Take from the disk what the server has confirmed.

        Raises
        ------
        OutputError
            The disk does not answer.
        """
        if self._unsettled:
            with self._transaction():
                self._delete_confirmed()

    def resize(self, max_bytes: int) -> None:
        """Change how much is kept.

        Raises
        ------
        InputError
            It holds more than that already: nothing is given up for a smaller bound.
        """
        with self._lock:
            if max_bytes < self.n_bytes:
                raise InputError(f"the outbox holds {self.n_bytes} bytes; a bound of {max_bytes} would give some up.")
            self._max_bytes = max_bytes

    def close(self) -> None:
        """Close the file, so that another process may open it."""
        with self._lock:
            try:
                self.settle()
            finally:
                self._file.close()

    def _begin_anew(self) -> None:
        with self._transaction():
            self._delete_confirmed()
            self._file.renumber(new_epoch())
            self._recount()

    def _delete_confirmed(self) -> None:
        for priority in self._unsettled:
            self._bytes[priority] -= self._file.trim(priority, self._committed[priority])
        self._unsettled = set()

    def _add(self, priority: Priority, kind: Kind, pieces: list[bytes]) -> None:
        first = self._last[priority] + 1
        fragment = Fragment(first, first + len(pieces) - 1, kind, b",".join(pieces))
        self._file.add(priority, fragment)
        self._last[priority] = fragment.last
        self._bytes[priority] += len(fragment.body)

    def _make_room(self) -> int:
        """Give up the oldest of the lowest class until the rest fits, and count the numbers."""
        n_dropped = 0
        for priority in _SACRIFICE:
            while self.n_bytes > self._max_bytes:
                oldest = self._file.oldest_kept(priority)
                if oldest is None:
                    break
                self._bytes[priority] += self._file.give_up(priority, oldest, FULL)
                n_dropped += oldest.n
        return n_dropped

    def _recount(self) -> None:
        """Read the counters from the file."""
        self._epoch = self._file.epoch()
        counts = {priority: self._file.count(priority) for priority in Priority}
        self._last = {priority: count.last for priority, count in counts.items()}
        self._committed = {priority: count.committed for priority, count in counts.items()}
        self._bytes = {priority: count.n_bytes for priority, count in counts.items()}
        self._unsettled = set()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing, in the file and in the counters."""
        with self._lock, self._told():
            before = (dict(self._last), dict(self._bytes), self._n_bytes_put, self._epoch, set(self._unsettled))
            committed = dict(self._committed)
            try:
                with self._file.transaction():
                    yield
            except BaseException:
                self._last, self._bytes, self._n_bytes_put, self._epoch, self._unsettled = before
                self._committed = committed
                raise

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise OutputError(
                f"the outbox at {self._file.path} does not answer ({error}): free some disk space; if it is damaged, "
                "start again, and it is set aside."
            ) from error


def open_outbox(path: Path, *, now_us: int, max_mib: int = 1024) -> Outbox:
    """Open the outbox of a gateway; what is damaged is set aside, loudly, never replaced in silence.

    Parameters
    ----------
    now_us
        When that is, microseconds since 1970 UTC.
    max_mib
        How much is kept before the outbox counts as full; the file is larger by up to a half [MiB].

    Raises
    ------
    InputError
        It is of a later version, or no outbox.
    OutputError
        It cannot be written, or another process holds it.
    """
    return Outbox(open_file(path, now_us=now_us), max_bytes=max_mib * 2**20)
