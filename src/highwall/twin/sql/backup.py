"""Backups of the whole store: taken while it works, checked before they count, put back only where nothing is lost."""

import hashlib
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy import inspect
from sqlalchemy.engine import URL, make_url

from highwall.core.errors import ConfigError, InputError, MissingInputError, OutputError
from highwall.twin.sql import schema
from highwall.twin.sql.database import Database, open_database

_SQLITE: Final = b"SQLite format 3\x00"
_POSTGRESQL: Final = b"PGDMP"
_PROGRAMS: Final = Path("/usr/lib/postgresql")


class BackupReport(NamedTuple):
    """What a backup holds."""

    path: Path
    kind: str
    """``sqlite`` or ``postgresql``."""
    n_bytes: int
    sha256: str
    n_tables: int


def backup(database: Database, path: Path) -> BackupReport:
    """Copy the store as it is at one moment to a file, while others go on writing, and verify the copy.

    Raises
    ------
    OutputError
        The file exists, or cannot be written; nothing half-written is left.
    """
    if path.exists():
        raise OutputError(f"{path} exists already; give a backup a name of its own.")
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _dump(database.engine.url, part) if database.is_postgresql else _copy(database, part)
        report = verify(part)
        part.replace(path)
    except (OSError, sqlite3.Error) as error:
        raise OutputError(f"no backup could be written to {path}: {error}.") from error
    finally:
        part.unlink(missing_ok=True)
    return report._replace(path=path)


def verify(path: Path) -> BackupReport:
    """Check that a backup can be read from end to end.

    Raises
    ------
    MissingInputError
        There is no such file.
    InputError
        It is damaged, or no backup.
    """
    if not path.is_file():
        raise MissingInputError(f"no backup at {path}.")
    with path.open("rb") as file:
        head = file.read(len(_SQLITE))
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if head == _SQLITE:
        kind, n_tables = "sqlite", _check_sqlite(path)
    elif head.startswith(_POSTGRESQL):
        kind, n_tables = "postgresql", _check_dump(path)
    else:
        raise InputError(f"{path} is no backup: it begins with {head!r}.")
    return BackupReport(path, kind, path.stat().st_size, digest, n_tables)


def restore(path: Path, url: str, *, now_us: int) -> list[schema.StoreEvent]:
    """Put a backup back as a new store, which says so, and give what is to be told about it.

    Gateways that had trimmed what this older store misses are asked for it, and answer with what is gone.

    Raises
    ------
    ConfigError
        There is a store at that address already, or it is of another kind than the backup.
    """
    report = verify(path)
    address = make_url(url)
    if address.get_backend_name() != report.kind:
        raise ConfigError(
            f"{path} is a backup of {report.kind}; {address.render_as_string()} is another kind of store."
        )
    if report.kind == "sqlite":
        _put_back(path, address)
    else:
        _load(path, address)
    database = open_database(url)
    try:
        with database.begin() as connection:
            detail = f"from {path.name}, SHA-256 {report.sha256}"
            schema.announce(connection, schema.StoreChange.RESTORED, detail=detail, at_us=now_us)
        return schema.prepare(database, now_us=now_us)
    finally:
        database.close()


def _copy(database: Database, path: Path) -> None:
    with database.read() as connection, closing(sqlite3.connect(path)) as target:
        source: Any = connection.connection.driver_connection
        source.backup(target)  # in one step: in parts it would begin anew whenever someone writes
        target.execute("PRAGMA journal_mode=DELETE")


def _check_sqlite(path: Path) -> int:
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as connection:
            (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'").fetchone()
            connection.execute("SELECT count(*) FROM schema_steps")
    except sqlite3.DatabaseError as error:
        raise InputError(f"backup {path} is damaged: {error}; use an older one.") from error
    if verdict != "ok":
        raise InputError(f"backup {path} is damaged: {verdict}; use an older one.")
    return int(tables[0])


def _put_back(path: Path, address: URL) -> None:
    target = Path(address.database or "")
    if not address.database or target.exists():
        raise ConfigError(
            f"{target or 'a store in memory'} cannot be restored over; move it away, or name another file."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    shutil.copyfile(path, part)
    part.replace(target)


def _dump(address: URL, path: Path) -> None:
    _run(["pg_dump", "--format=custom", f"--file={path}", *_at(address)], address)


def _check_dump(path: Path) -> int:
    """Have the whole dump turned into SQL, which reads every block, and count its tables."""
    _run(["pg_restore", "--file=/dev/null", str(path)], None)
    listing = _run(["pg_restore", "--list", str(path)], None)
    return sum(" TABLE public " in line for line in listing.splitlines())


def _load(path: Path, address: URL) -> None:
    database = open_database(address.render_as_string(hide_password=False))
    try:
        with database.read() as connection:
            if inspect(connection).get_table_names():
                raise ConfigError(f"{address.render_as_string()} holds tables already; restore into an empty database.")
    finally:
        database.close()
    _run(["pg_restore", "--single-transaction", "--exit-on-error", "--no-owner", *_at(address), str(path)], address)


def _at(address: URL) -> list[str]:
    given = {"--host": address.host, "--port": address.port, "--username": address.username}
    return [*(f"{name}={value}" for name, value in given.items() if value), f"--dbname={address.database}"]


def _run(command: list[str], address: URL | None) -> str:
    """Run a program of PostgreSQL; the password goes by the environment, where no list of processes shows it."""
    secret = {"PGPASSWORD": str(address.password)} if address is not None and address.password else {}
    done = subprocess.run(
        [_program(command[0]), *command[1:]], env=os.environ | secret, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise InputError(f"{command[0]} failed: {done.stderr.strip()[-500:]}")
    return done.stdout


def _program(name: str) -> str:
    installed = sorted(_PROGRAMS.glob(f"*/bin/{name}"), reverse=True)
    found = shutil.which(name) or (str(installed[0]) if installed else None)
    if found is None:
        raise ConfigError(f"no {name} on this machine; install PostgreSQL's client programs.")
    return found
