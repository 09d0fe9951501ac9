"""The store from the command line: a backup goes round, history leaves and comes back."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from highwall.cli.store import store_app
from highwall.core.errors import InputError
from highwall.twin.sql import datastreams, observations, schema
from highwall.twin.sql.database import open_database
from highwall.twin.sql.observations import Row
from highwall.workflows.live import store as workflow

OCTOBER_US = 1_760_000_000_000_000


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Address of a store with a hundred readings of October 2025."""
    address = f"sqlite:///{tmp_path / 'twin.db'}"
    database = open_database(address)
    schema.prepare(database, now_us=0)
    with database.begin() as connection:
        one = datastreams.datastream_ids(connection, ["tag-1/strain"])["tag-1/strain"]
        times = range(OCTOBER_US, OCTOBER_US + 100)
        observations.insert_readings(
            connection, [Row(one, at, 1, at - OCTOBER_US + 1, 0.5, None, 1, at) for at in times]
        )
    database.close()
    return address


def run(*words: str) -> str:
    done = CliRunner().invoke(store_app, list(words), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def count(url: str) -> int:
    database = open_database(url)
    with database.read() as connection:
        n_readings = observations.count(connection)
    database.close()
    return n_readings


def test_a_backup_goes_round(url: str, tmp_path: Path) -> None:
    kept, again = tmp_path / "one.backup", f"sqlite:///{tmp_path / 'again.db'}"
    assert "tables" in run("backup", str(kept), "--store", url)
    assert "sound backup of sqlite" in run("verify", str(kept))
    assert "restored: from one.backup" in run("restore", str(kept), "--store", again)
    assert count(again) == 100


def test_history_leaves_and_comes_back(url: str, tmp_path: Path) -> None:
    assert "No month" in run("export", "2025-10-20", str(tmp_path / "history"), "--store", url)
    assert "readings_2025_10.parquet" in run("export", "2025-11-01", str(tmp_path / "history"), "--store", url)
    assert count(url) == 0
    assert "100 readings" in run("import", str(tmp_path / "history" / "readings_2025_10.parquet"), "--store", url)
    assert count(url) == 100


def test_a_day_that_cannot_be_read_is_named(url: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'yesterday'"):
        workflow.export_before(url, "yesterday", folder=tmp_path)
