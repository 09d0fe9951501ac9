"""Stores that the tests of the twin run on: SQLite in memory, SQLite in a file, PostgreSQL."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from highwall.twin.sql import schema
from highwall.twin.sql.database import Database, open_database
from tests.twin import postgresql

_COUNTER = itertools.count()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[URL]:
    """Address of a PostgreSQL of the tests' own; skips where none is installed."""
    if postgresql.program("initdb") is None:
        pytest.skip("no PostgreSQL (initdb) on this machine")
    with postgresql.server() as address:
        yield address


@pytest.fixture(scope="session")
def prepared_template(postgresql_server: URL) -> Iterator[str]:
    """Name of a PostgreSQL database with every table in it: copying it is quicker than making them."""
    with postgresql.database(postgresql_server, "prepared") as address:
        database = open_database(address.render_as_string(hide_password=False))
        schema.prepare(database, now_us=0)
        database.close()
        yield "prepared"


@pytest.fixture(params=["sqlite-memory", "sqlite-file", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Address of a store of each kind; the test may open it as often as it likes."""
    if request.param == "sqlite-memory":
        yield "sqlite://"
    elif request.param == "sqlite-file":
        yield f"sqlite:///{tmp_path / 'twin.db'}"
    else:
        server, template = request.getfixturevalue("postgresql_server"), request.getfixturevalue("prepared_template")
        with postgresql.database(server, f"test_{next(_COUNTER)}", template=template) as address:
            yield address.render_as_string(hide_password=False)


@pytest.fixture
def databases(database_url: str, tmp_path: Path) -> Iterator[Database]:
    """An open store with every table in it: the test runs once on each kind."""
    database = open_database(database_url, key=tmp_path / "store.key")
    schema.prepare(database, now_us=0)
    yield database
    database.close()
