"""The small site, on a store in memory; and the stores of the twin's tests."""

from collections.abc import Iterator

import pytest

from highwall.twin.sql import schema
from highwall.twin.sql.database import open_database
from tests.twin.conftest import database_url, databases, postgresql_server, prepared_template
from tests.web.world import World, make_world

__all__ = ["database_url", "databases", "postgresql_server", "prepared_template", "world"]


@pytest.fixture
def world() -> Iterator[World]:
    database = open_database("sqlite://")
    schema.prepare(database, now_us=0)
    yield make_world(database)
    database.close()
