"""Many rows at once, as each store takes them fastest: prepared statements in SQLite, COPY in PostgreSQL."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Table

TEMPORARY: Final = "highwall_load_"
_TYPES: Final = {
    "Integer": "int4",
    "BigInteger": "int8",
    "SmallInteger": "int2",
    "Double": "float8",
    "Text": "text",
    "String": "varchar",
    "LargeBinary": "bytea",
}
"""PostgreSQL's names of the column types that are loaded in bulk."""


def load(
    connection: Connection, table: Table, rows: Sequence[Sequence[Any]], *, conflict: str = "ON CONFLICT DO NOTHING"
) -> None:
    """Insert rows whose values stand in the order of the table's columns.

    Parameters
    ----------
    conflict
        What holds for a row whose key is there already: SQL that both stores read. No two of ``rows`` may have one
        key unless it is to do nothing.
    """
    if not rows:
        return
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    if connection.dialect.name == "postgresql":
        _copy(connection, table, rows, columns=columns)
        source = f"SELECT {columns} FROM {TEMPORARY}{table.name}"
        connection.exec_driver_sql(f'INSERT INTO "{table.name}" ({columns}) {source} {conflict}')
        connection.exec_driver_sql(f"DELETE FROM {TEMPORARY}{table.name}")  # for another load in this transaction
        return
    marks = ", ".join("?" * len(table.columns))
    statement = f'INSERT INTO "{table.name}" ({columns}) VALUES ({marks}) {conflict}'
    _driver(connection).executemany(statement, rows)


def _copy(connection: Connection, table: Table, rows: Sequence[Sequence[Any]], *, columns: str) -> None:
    name = f"{TEMPORARY}{table.name}"
    connection.exec_driver_sql(
        f'CREATE TEMPORARY TABLE IF NOT EXISTS {name} (LIKE "{table.name}" INCLUDING DEFAULTS) ON COMMIT DELETE ROWS'
    )
    with (
        _driver(connection).cursor() as cursor,
        cursor.copy(f"COPY {name} ({columns}) FROM STDIN (FORMAT BINARY)") as copy,
    ):
        copy.set_types([_TYPES[type(column.type).__name__] for column in table.columns])
        for row in rows:
            copy.write_row(row)


def _driver(connection: Connection) -> Any:
    """The driver's own connection, in the transaction that is open."""
    return connection.connection.driver_connection
