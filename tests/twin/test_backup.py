"""Backups: one moment of a store at work, verified, put back elsewhere with a word about it."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from highwall.core.errors import ConfigError, InputError, MissingInputError, OutputError
from highwall.telemetry.messages import Priority, Resend
from highwall.twin.sql import journal
from highwall.twin.sql.backup import backup, restore, verify
from highwall.twin.sql.database import Database, open_database
from highwall.twin.sql.schema import StoreChange
from tests.twin import postgresql
from tests.twin.test_journal import EPOCH, numbers, pack, store


@pytest.fixture
def elsewhere(databases: Database, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """Address of an empty place for a store of the same kind."""
    if not databases.is_postgresql:
        yield f"sqlite:///{tmp_path / 'elsewhere' / 'twin.db'}"
        return
    server: URL = request.getfixturevalue("postgresql_server")
    with postgresql.database(server, "elsewhere") as address:
        yield address.render_as_string(hide_password=False)


def test_a_backup_is_put_back_and_says_so(databases: Database, elsewhere: str, tmp_path: Path) -> None:
    store(databases, [pack(1, 50), pack(60, 70)])
    report = backup(databases, tmp_path / "kept" / "one.backup")
    assert report == verify(report.path)
    assert report.n_tables > 20
    store(databases, [pack(51, 59)])
    events = restore(report.path, elsewhere, now_us=9)
    assert [event.what for event in events] == [StoreChange.MADE, StoreChange.RESTORED]
    assert report.sha256 in events[1].detail
    again = open_database(elsewhere)
    assert numbers(again) == list(range(1, 51))
    with again.read() as connection:
        gap = journal.missing_ranges(connection, moved_before_us=99)
    assert gap == [("gw-1", Resend(EPOCH, Priority.TELEMETRY, 51, 59))]
    again.close()
    with pytest.raises(ConfigError, match=r"restored over|tables already"):
        restore(report.path, elsewhere, now_us=10)


def test_a_backup_is_of_one_moment_while_others_write(databases: Database, elsewhere: str, tmp_path: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        for first in range(1, 100_000, 10):
            store(databases, [pack(first, first + 9)])
            if stop.is_set():
                return

    writer = threading.Thread(target=write)
    writer.start()
    try:
        report = backup(databases, tmp_path / "busy.backup")
    finally:
        stop.set()
        writer.join()
    restore(report.path, elsewhere, now_us=9)
    again = open_database(elsewhere)
    with again.read() as connection:
        watermark = journal.heads(connection).get(1, 0)
        assert journal.size(connection) == watermark
    if watermark:
        assert numbers(again, limit=100) == list(range(1, watermark + 1))
    again.close()


def test_nothing_is_written_over(databases: Database, tmp_path: Path) -> None:
    backup(databases, tmp_path / "one.backup")
    with pytest.raises(OutputError, match="exists already"):
        backup(databases, tmp_path / "one.backup")
    assert [path.name for path in tmp_path.iterdir() if "backup" in path.name] == ["one.backup"]


def test_a_damaged_backup_is_refused(databases: Database, elsewhere: str, tmp_path: Path) -> None:
    store(databases, [pack(first, first + 99) for first in range(1, 5000, 100)])
    path = backup(databases, tmp_path / "one.backup").path
    content = path.read_bytes()
    half = len(content) // 2
    path.write_bytes(content[:half] + b"\x5a" * 9000 + content[half + 9000 :])
    with pytest.raises(InputError, match=r"damaged|failed"):
        restore(path, elsewhere, now_us=1)
    path.write_bytes(content[:half])
    with pytest.raises(InputError, match=r"damaged|failed"):
        verify(path)
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(InputError, match="is no backup"):
        verify(path)
    path.unlink()
    with pytest.raises(MissingInputError):
        verify(path)


def test_a_backup_goes_back_to_its_own_kind(databases: Database, tmp_path: Path) -> None:
    path = backup(databases, tmp_path / "one.backup").path
    other = "sqlite:///other.db" if databases.is_postgresql else "postgresql+psycopg://postgres@127.0.0.1:1/x"
    with pytest.raises(ConfigError, match="another kind"):
        restore(path, other, now_us=1)
