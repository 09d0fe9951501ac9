"""Opening the file of an outbox: made where there is none, checked, and set aside loudly where it is damaged."""

import datetime as dt
import fcntl
import logging
import os
import sqlite3
from contextlib import closing
from io import BufferedWriter
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from highwall.core.errors import InputError, MissingInputError, OutputError
from highwall.edge.outbox_file import OutboxFile, new_epoch
from highwall.telemetry.messages import Event, Kind, Priority

_FORMAT: Final = 1
_PRAGMAS: Final = ("journal_mode=WAL", "synchronous=FULL", "journal_size_limit=16777216", "cache_size=-4096")
"""Durable when a transaction ends; little memory, and a journal that shrinks again."""
_SCHEMA: Final = """
CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sequences (class TEXT PRIMARY KEY, last INTEGER NOT NULL, committed INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE fragments (
    class TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, kind TEXT NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (class, first)
);
"""
_MEMORY: Final = "CREATE TABLE IF NOT EXISTS memory (name TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID"
"""Came later than the format, which it leaves as it is."""
_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_LOG: Final = logging.getLogger(__name__)


class Peek(NamedTuple):
    """What a look into an outbox shows."""

    boot_epoch: str
    waiting: dict[Priority, int]
    """Numbers that the server has not confirmed, by class."""
    n_bytes: int


def open_file(path: Path, *, now_us: int) -> OutboxFile:
    """Open the file of an outbox; make it where there is none; set it aside where it is damaged.

    A new outbox begins with an event ``outbox_created`` in class alarm, which names what was set aside.

    Raises
    ------
    InputError
        It is of a later version, or no outbox.
    OutputError
        It cannot be written, or another process holds it.
    """
    lock = _lock(path)
    try:
        try:
            connection = _open_whole(path)
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _DAMAGED:
                raise
            _set_aside(path, error, now_us=now_us)
            connection = _connect(path)
        if not _has_tables(connection):
            _create(connection, path=path, now_us=now_us)
        connection.execute(_MEMORY)
        return OutboxFile(connection, path=path, lock=lock)
    except (OSError, sqlite3.Error) as error:
        lock.close()
        raise OutputError(f"no outbox can be opened at {path}: {error}; free some disk space.") from error
    except InputError:
        lock.close()
        raise


def peek(path: Path) -> Peek:
    """Look into the file of an outbox, which a gateway may be working with.

    Raises
    ------
    MissingInputError
        There is none.
    InputError
        It cannot be read.
    """
    if not path.exists():
        raise MissingInputError(f"no outbox at {path}; a gateway makes it when it first runs.")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            (epoch,) = connection.execute("SELECT value FROM facts WHERE key = 'boot_epoch'").fetchone()
            rows = connection.execute(
                "SELECT s.class, s.last - s.committed, (SELECT coalesce(sum(length(body)), 0) FROM fragments f "
                "WHERE f.class = s.class) FROM sequences s"
            ).fetchall()
    except sqlite3.Error as error:
        raise InputError(f"the outbox at {path} cannot be read: {error}.") from error
    return Peek(epoch, {Priority(name): waiting for name, waiting, _ in rows}, sum(row[2] for row in rows))


def _lock(path: Path) -> BufferedWriter:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.with_name(path.name + ".lock").open("ab")
    except OSError as error:
        raise OutputError(f"no outbox can be opened at {path}: {error}.") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise OutputError(f"another process holds the outbox at {path}; stop it first.") from error
    return file


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _open_whole(path: Path) -> sqlite3.Connection:
    """Open a file that is whole; raises ``SQLITE_CORRUPT`` where it is not."""
    connection = _connect(path)
    try:
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise _damage(found)
        if _has_tables(connection):
            _check_format(connection, path)
            _check_unbroken(connection)
    except (sqlite3.Error, InputError):
        connection.close()
        raise
    return connection


def _check_format(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != _FORMAT:
        raise InputError(f"{path} is no outbox of format {_FORMAT} (found {version}); use the version that wrote it.")


def _check_unbroken(connection: sqlite3.Connection) -> None:
    """Numbers behind the watermark must all be there, once."""
    rows = connection.execute(
        "SELECT s.class, s.last - s.committed, coalesce(sum(f.last - max(f.first, s.committed + 1) + 1), 0) "
        "FROM sequences s LEFT JOIN fragments f ON f.class = s.class GROUP BY s.class"
    ).fetchall()
    for priority, expected, found in rows:
        if expected != found:
            raise _damage(f"class {priority} should hold {expected} numbers and holds {found}")
    if len(rows) != len(Priority):
        raise _damage(f"it counts {len(rows)} classes")


def _damage(found: str) -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError(found)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def _has_tables(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0])


def _set_aside(path: Path, error: sqlite3.DatabaseError, *, now_us: int) -> None:
    at = dt.datetime.fromtimestamp(now_us / 1e6, dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            os.replace(part, path.with_name(f"{path.name}.damaged-{at}{suffix}"))
    _LOG.error("outbox %s is damaged (%s); it was set aside as %s.damaged-%s", path, error, path.name, at)


def _create(connection: sqlite3.Connection, *, path: Path, now_us: int) -> None:
    damaged = sorted(found.name for found in path.parent.glob(f"{path.name}.damaged-*Z"))
    event = Event("outbox_created", now_us, "outbox", {"set_aside": damaged})
    connection.executescript(
        f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {_FORMAT};"
        f"INSERT INTO facts VALUES ('boot_epoch', '{new_epoch()}');"
    )
    connection.executemany(
        "INSERT INTO sequences VALUES (?, ?, 0)", [(name, int(name is Priority.ALARM)) for name in Priority]
    )
    connection.execute(
        "INSERT INTO fragments VALUES (?, 1, 1, ?, ?)", (Priority.ALARM, Kind.EVENTS, msgspec.json.encode(event))
    )
    connection.execute("COMMIT")
