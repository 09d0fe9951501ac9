"""The file under the outbox: its tables, and what is read and written in them."""

import logging
import secrets
import sqlite3
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from io import BufferedWriter
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from highwall.telemetry.messages import Dropped, Kind, Priority

_LOG: Final = logging.getLogger(__name__)


class Fragment(NamedTuple):
    """Items that were put at once."""

    first: int
    last: int
    kind: Kind
    body: bytes
    """Members of a JSON array without its brackets; of kind ``dropped`` the whole payload."""

    @property
    def n(self) -> int:
        """How many numbers."""
        return self.last - self.first + 1


class Count(NamedTuple):
    """One class of an outbox."""

    last: int
    committed: int
    n_bytes: int


class OutboxFile:
    """The tables of an outbox; one process at a time holds them."""

    def __init__(self, connection: sqlite3.Connection, *, path: Path, lock: BufferedWriter) -> None:
        self._connection = connection
        self._held = lock
        self.path = path

    def epoch(self) -> str:
        """Name of the life of this file."""
        (value,) = self._connection.execute("SELECT value FROM facts WHERE key = 'boot_epoch'").fetchone()
        return str(value)

    def count(self, priority: Priority) -> Count:
        """Counters of a class, with the bytes that its fragments take."""
        last, committed = self._connection.execute(
            "SELECT last, committed FROM sequences WHERE class = ?", (priority,)
        ).fetchone()
        (n_bytes,) = self._connection.execute(
            "SELECT coalesce(sum(length(body)), 0) FROM fragments WHERE class = ?", (priority,)
        ).fetchone()
        return Count(last, committed, n_bytes)

    def fragments(self, priority: Priority, *, after: int) -> Generator[Fragment, None, None]:
        """Fragments with numbers behind ``after``, in order; each is read when it is asked for."""
        found = self._connection.execute(
            "SELECT first, last, kind, body FROM fragments WHERE class = ? AND first >= coalesce((SELECT first FROM "
            "(SELECT first, last FROM fragments WHERE class = ? AND first <= ? ORDER BY first DESC LIMIT 1) "
            "WHERE last > ?), ?) ORDER BY first",
            (priority, priority, after + 1, after, after + 1),
        )
        with closing(found):
            for row in found:
                yield _fragment(row)

    def oldest_kept(self, priority: Priority) -> Fragment | None:
        """Oldest fragment of a class that was not given up yet."""
        row = self._connection.execute(
            "SELECT first, last, kind, body FROM fragments WHERE class = ? AND kind <> ? ORDER BY first LIMIT 1",
            (priority, Kind.DROPPED),
        ).fetchone()
        return None if row is None else _fragment(row)

    def add(self, priority: Priority, fragment: Fragment) -> None:
        """Add a fragment behind the others of its class."""
        self._connection.execute("INSERT INTO fragments VALUES (?, ?, ?, ?, ?)", (priority, *fragment))

    def set_last(self, priority: Priority, number: int) -> None:
        """Note the last number given out."""
        self._connection.execute("UPDATE sequences SET last = ? WHERE class = ?", (number, priority))

    def give_up(self, priority: Priority, fragment: Fragment, reason: str) -> int:
        """Keep of a fragment only that it was given up, and why; says by how many bytes the class changed."""
        body = msgspec.json.encode(Dropped(reason))
        grown = self._connection.execute(
            "UPDATE fragments SET last = ? WHERE class = ? AND kind = ? AND body = ? AND last = ? AND first = "
            "(SELECT max(first) FROM fragments WHERE class = ? AND first < ?)",
            (fragment.last, priority, Kind.DROPPED, body, fragment.first - 1, priority, fragment.first),
        ).rowcount
        self._connection.execute("DELETE FROM fragments WHERE class = ? AND first = ?", (priority, fragment.first))
        if grown:
            return -len(fragment.body)
        self.add(priority, Fragment(fragment.first, fragment.last, Kind.DROPPED, body))
        return len(body) - len(fragment.body)

    def trim(self, priority: Priority, number: int) -> int:
        """Delete what lies wholly at or below a number, and say how many bytes that were."""
        below = (priority, number, number)
        (n_bytes,) = self._connection.execute(
            "SELECT coalesce(sum(length(body)), 0) FROM fragments WHERE class = ? AND first <= ? AND last <= ?", below
        ).fetchone()
        self._connection.execute("DELETE FROM fragments WHERE class = ? AND first <= ? AND last <= ?", below)
        self._connection.execute("UPDATE sequences SET committed = ? WHERE class = ?", (number, priority))
        return int(n_bytes)

    def remember(self, memory: Mapping[str, bytes]) -> None:
        """Put what must outlive the process in the place of what stood under its names; empty: forget that."""
        kept = {name: body for name, body in memory.items() if body}
        self._connection.executemany("INSERT OR REPLACE INTO memory VALUES (?, ?)", kept.items())
        over = ((name,) for name in memory.keys() - kept.keys())
        self._connection.executemany("DELETE FROM memory WHERE name = ?", over)

    def memory(self) -> dict[str, bytes]:
        """All that was remembered, by name."""
        return dict(self._connection.execute("SELECT name, body FROM memory").fetchall())

    def renumber(self, epoch: str) -> None:
        """Begin a new life: what is kept is counted from 1 under another epoch."""
        _LOG.error(
            "outbox %s is older than what the server has; what it holds is sent under epoch %s", self.path, epoch
        )
        self._connection.execute("UPDATE facts SET value = ? WHERE key = 'boot_epoch'", (epoch,))
        for priority in Priority:
            (first,) = self._connection.execute(
                "SELECT min(first) FROM fragments WHERE class = ?", (priority,)
            ).fetchone()
            shift = self.count(priority).last if first is None else first - 1
            self._connection.execute(
                "UPDATE fragments SET first = ? - first, last = last - ? WHERE class = ?", (shift, shift, priority)
            )
            self._connection.execute("UPDATE fragments SET first = -first WHERE class = ?", (priority,))
            self._connection.execute(
                "UPDATE sequences SET last = last - ?, committed = 0 WHERE class = ?", (shift, priority)
            )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Close the file and let others have it."""
        self._connection.close()
        self._held.close()


def new_epoch() -> str:
    """Make a name for the life of an outbox."""
    return secrets.token_hex(8)


def _fragment(row: tuple[int, int, str, bytes]) -> Fragment:
    first, last, kind, body = row
    return Fragment(first, last, Kind(kind), body)
