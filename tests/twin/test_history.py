"""History files: what leaves the store comes back the same, and can be asked without it."""

import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import Connection

from highwall.core.errors import InputError, MissingInputError, OutputError
from highwall.twin.sql import datastreams, history, observations
from highwall.twin.sql.database import Database
from highwall.twin.sql.observations import Row
from tests.twin.test_observations import HOUR, START, at


def fill(database: Database, n: int = 96) -> list[Row]:
    """Readings of two datastreams on four days, two in October and two in November; some text, some missing."""
    with database.begin() as connection:
        ids = datastreams.datastream_ids(connection, ["tag-1/strain", "tag-2/mode"])
        rows = []
        for k in range(n):
            time_us = START + k * HOUR
            rows.append(
                Row(ids["tag-1/strain"], time_us, 1, k + 1, None if k % 7 == 0 else k / 3, None, 1, time_us + 3)
            )
            rows.append(Row(ids["tag-2/mode"], time_us, 2, k + 1, None, f"mode 'é' {k}", 2, time_us + 4))
        observations.insert_readings(connection, rows)
    return sorted(rows, key=lambda row: row[:4])


def everything(database: Database) -> list[Row]:
    with database.read() as connection:
        rows = [
            row for month in observations.months(connection) for row in observations.rows_of_month(connection, month)
        ]
    return sorted(rows, key=lambda row: row[:4])


def test_months_leave_and_come_back_the_same(databases: Database, tmp_path: Path) -> None:
    rows = fill(databases)
    with databases.begin() as connection:
        (path,) = history.archive_before(connection, at("2026-11-15"), folder=tmp_path / "it's history")
        assert observations.months(connection) == ["2026_11"]
        assert observations.count(connection) == 96
    assert path.name == "readings_2026_10.parquet"
    with databases.begin() as connection:
        assert history.import_file(connection, path) == 96
        assert history.import_file(connection, path) == 96
    assert everything(databases) == rows


def test_what_comes_late_is_written_beside_what_left(databases: Database, tmp_path: Path) -> None:
    fill(databases, 10)
    with databases.begin() as connection:
        history.archive_before(connection, at("2026-11-15"), folder=tmp_path)
        late = Row(1, START + 99, 9, 1, 0.25, None, 1, START + 99)
        observations.insert_readings(connection, [late])
        (path,) = history.archive_before(connection, at("2026-11-15"), folder=tmp_path)
    assert path.name == "readings_2026_10_2.parquet"
    assert len(list(history.read(tmp_path))) == 21


@pytest.mark.parametrize("late_us", [START + 99, at("2026-09-20")], ids=["of the month", "of an earlier month"])
def test_what_comes_while_its_month_leaves_is_not_lost(
    databases: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late_us: int
) -> None:
    fill(databases, 10)
    drop = observations.drop

    def write_late() -> None:
        with databases.begin() as connection:
            observations.insert_readings(connection, [Row(1, late_us, 9, 1, 0.25, None, 1, START)])

    writer = threading.Thread(target=write_late)

    def drop_late(connection: Connection, some_months: list[str]) -> None:
        writer.start()
        time.sleep(0.3)  # the writer waits, or has written
        drop(connection, some_months)

    monkeypatch.setattr(observations, "drop", drop_late)
    with databases.begin() as connection:
        (path,) = history.archive_before(connection, at("2026-11-15"), folder=tmp_path)
    writer.join()
    with databases.read() as connection:
        assert observations.count(connection) + len(list(history.read(path))) == 21


def test_history_is_asked_without_the_store(databases: Database, tmp_path: Path) -> None:
    fill(databases)
    with databases.begin() as connection:
        for month in observations.months(connection):
            history.export_month(connection, month, folder=tmp_path)
    past = list(history.read(tmp_path, datastream="tag-2/mode", from_us=START + 46 * HOUR, to_us=START + 50 * HOUR))
    assert [(one.number, one.text) for one in past] == [(k + 1, f"mode 'é' {k}") for k in range(46, 50)]
    assert len(list(history.read(tmp_path))) == 192
    assert sum(one.value is None for one in history.read(tmp_path, datastream="tag-1/strain")) == 14


def test_an_unknown_month_is_named(databases: Database, tmp_path: Path) -> None:
    with databases.begin() as connection, pytest.raises(InputError, match="no readings of '1999_01'"):
        history.export_month(connection, "1999_01", folder=tmp_path)
    with pytest.raises(MissingInputError, match="export a month first"):
        list(history.read(tmp_path))


def test_a_month_that_cannot_be_written_stays(databases: Database, tmp_path: Path) -> None:
    fill(databases)
    (tmp_path / "file").write_text("in the way")
    with databases.begin() as connection, pytest.raises(OutputError, match="cannot be written"):
        history.archive_before(connection, at("2026-12-01"), folder=tmp_path / "file" / "folder")
    assert len(everything(databases)) == 192
