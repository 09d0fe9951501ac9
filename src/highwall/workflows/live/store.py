"""`highwall store`: the live twin's store from outside: backups, and history that leaves and comes back."""

import time
from datetime import UTC, datetime
from pathlib import Path

from highwall.core.errors import InputError
from highwall.twin.sql import accounts, backup, history, schema
from highwall.twin.sql.database import open_database


def back_up(store: str, path: Path) -> backup.BackupReport:
    """Copy a store to a file while it works, and check the copy; see :func:`highwall.twin.sql.backup.backup`."""
    database = open_database(store)
    try:
        return backup.backup(database, path)
    finally:
        database.close()


def key_of(store: str) -> str:
    """Where the key of a store's secrets is, which no backup holds."""
    database = open_database(store)
    try:
        return database.vault.where
    finally:
        database.close()


def locked_out(store: str) -> list[str]:
    """Users whose authenticator cannot be read with the key that is there."""
    database = open_database(store)
    try:
        with database.read() as connection:
            return accounts.locked_out(connection, database.vault)
    finally:
        database.close()


def put_back(path: Path, store: str) -> list[schema.StoreEvent]:
    """Put a backup back where there is no store yet; see :func:`highwall.twin.sql.backup.restore`."""
    return backup.restore(path, store, now_us=time.time_ns() // 1000)


def export_before(store: str, before: str, *, folder: Path) -> list[Path]:
    """Write the months that ended before a day to Parquet files, and drop them from the store.

    Parameters
    ----------
    before
        Day, as ``2026-11-01``, UTC.

    Raises
    ------
    InputError
        The day cannot be read.
    OutputError
        A file cannot be written; then nothing is dropped.
    """
    try:
        day = datetime.fromisoformat(before).replace(tzinfo=UTC)
    except ValueError as error:
        raise InputError(f"day {before!r}: give it as 2026-11-01.") from error
    database = open_database(store)
    try:
        schema.prepare(database, now_us=time.time_ns() // 1000)
        with database.begin() as connection:
            return history.archive_before(connection, int(day.timestamp()) * 1_000_000, folder=folder)
    finally:
        database.close()


def import_files(store: str, paths: list[Path]) -> int:
    """Put the readings of history files back into a store, each once, and count those in the files."""
    database = open_database(store)
    try:
        schema.prepare(database, now_us=time.time_ns() // 1000)
        n_readings = 0
        for path in paths:
            with database.begin() as connection:
                n_readings += history.import_file(connection, path)
        return n_readings
    finally:
        database.close()
