"""The schema: made once, brought forward by named steps, refused when it is newer or broken; never in silence."""

import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, inspect, text

from highwall.core.errors import ConfigError
from highwall.twin import sql
from highwall.twin.sql import schema, tags
from highwall.twin.sql.database import METADATA, Database, open_database
from highwall.twin.sql.schema import StoreChange
from highwall.twin.vault import Vault


def test_a_new_store_is_told_once(databases: Database) -> None:
    with databases.begin() as connection:
        (event,) = schema.untold(connection)
        schema.mark_told(connection, upto=event.event_id)
    assert event.what is StoreChange.MADE
    assert schema.prepare(databases, now_us=5) == []
    with databases.begin() as connection:
        schema.announce(connection, StoreChange.RESTORED, detail="from twin-1.backup", at_us=6)
    (told,) = schema.prepare(databases, now_us=7)
    assert (told.what, told.detail, told.at_us) == (StoreChange.RESTORED, "from twin-1.backup", 6)


def test_every_table_that_is_declared_is_made(databases: Database) -> None:
    for module in pkgutil.iter_modules(sql.__path__):
        importlib.import_module(f"{sql.__name__}.{module.name}")
    with databases.read() as connection:
        assert set(inspect(connection).get_table_names()) == set(METADATA.tables)


def test_an_older_store_is_brought_forward(databases: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def step(name: str) -> Callable[[Connection, Vault], None]:
        return lambda connection, vault: ran.append(name)

    more = {**schema.MIGRATIONS, "0008_more": step("0008"), "0009_yet_more": step("0009")}
    monkeypatch.setattr(schema, "MIGRATIONS", more)
    events = schema.prepare(databases, now_us=5)
    assert ran == ["0008", "0009"]
    assert [event.what for event in events] == [StoreChange.MADE, StoreChange.MIGRATED]
    with databases.read() as connection:
        assert schema.applied_steps(connection) == list(more)


def test_a_step_that_fails_leaves_the_store_as_it_was(databases: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(connection: Connection, vault: Vault) -> None:
        connection.execute(text("CREATE TABLE half (a INTEGER)"))
        raise InterruptedError

    monkeypatch.setattr(schema, "MIGRATIONS", {**schema.MIGRATIONS, "0008_half": fail})
    with pytest.raises(InterruptedError):
        schema.prepare(databases, now_us=5)
    with databases.begin() as connection:
        connection.execute(text("CREATE TABLE half (a INTEGER)"))
        assert "0008_half" not in schema.applied_steps(connection)


def test_requests_of_an_older_store_can_be_closed(databases: Database) -> None:
    with databases.begin() as connection:
        for column in ("closed_by", "closed_us"):
            connection.execute(text(f"ALTER TABLE tag_replacements DROP COLUMN {column}"))
        connection.execute(text("DELETE FROM schema_steps WHERE name = '0005_closed_replacements'"))
    schema.prepare(databases, now_us=5)
    with databases.begin() as connection:
        tags.issue(connection, ["tag-1", "tag-2"], at_us=1)
        tags.claim(connection, "tag-1", asset_id="ada", who="bo", at_us=2)
        asked = tags.ask_replacement(connection, "tag-1", by_tag="tag-2", who="bo", role="manager", why="-", at_us=3)
        tags.reject_replacement(connection, asked, who="cy", at_us=4)
        assert tags.open_replacements(connection) == []


def test_a_newer_store_is_refused(databases: Database) -> None:
    with databases.begin() as connection:
        connection.execute(text("INSERT INTO schema_steps VALUES ('9999_future', 1)"))
    with pytest.raises(ConfigError, match=r"9999_future.*does not know"):
        schema.prepare(databases, now_us=1)


def test_a_corrupt_store_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "twin.db"
    database = open_database(f"sqlite:///{path}")
    schema.prepare(database, now_us=0)
    database.close()
    path.write_bytes(path.read_bytes()[:100] + b"\xa5" * 40_000)
    before = path.read_bytes()
    with pytest.raises(ConfigError, match=r"corrupt|no store"):
        schema.prepare(open_database(f"sqlite:///{path}"), now_us=0)
    assert path.read_bytes() == before
