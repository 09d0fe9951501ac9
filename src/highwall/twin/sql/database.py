"""Opening the store, and the few things in which SQLite and PostgreSQL differ."""

import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, MetaData, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from highwall.core.errors import ConfigError, InputError
from highwall.twin.vault import Vault

METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every table of the twin stands here; each module of nouns declares its own."""
_PRAGMAS: Final = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000", "cache_size=-65536")
_DISCREET: Final[dict[str, Any]] = {"hide_parameters": True}
"""A failed statement is logged without its values: they may be names, or hashes of passwords and codes."""


class Database:
    """A store that is open."""

    def __init__(self, engine: Engine, vault: Vault) -> None:
        self.engine = engine
        self.vault = vault
        """Seals what must be read again; its key is not in the store."""
        self._alone = threading.RLock() if isinstance(engine.pool, StaticPool) else nullcontext()
        """A store in memory has one connection, and so one user at a time."""
        self.writer = secrets.token_hex(8)
        """Name under which this process notes its changes, for the others."""

    @property
    def is_postgresql(self) -> bool:
        """Whether this is PostgreSQL, where writers lock rows, not the whole file."""
        return self.engine.dialect.name == "postgresql"

    @property
    def troubles(self) -> tuple[type[Exception], ...]:
        """Errors that tell of the store itself, as a full disk or a lost connection, not of what was to be written."""
        driver = self.engine.dialect.loaded_dbapi
        return OperationalError, InterfaceError, driver.OperationalError, driver.InterfaceError, OSError

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """One transaction that writes: durable when the block ends, undone when it raises."""
        with self._alone, self.engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One transaction that reads: a state of one moment."""
        with self._alone, self.engine.connect().execution_options(highwall_reads=True) as connection:
            yield connection

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def open_database(url: str, *, key: Path | None = None) -> Database:
    """Open a store: ``sqlite:///FILE``, ``sqlite://`` (memory) or ``postgresql+psycopg://…``.

    Parameters
    ----------
    key
        File of the key of its secrets; by default ``FILE.key`` beside an SQLite store.

    Raises
    ------
    ConfigError
        The address is not one of these, or nothing answers there.
    """
    try:
        address = make_url(url)
        if address.get_backend_name() not in ("sqlite", "postgresql"):
            raise ConfigError(f"store {address.render_as_string()}: give sqlite:///FILE or postgresql+psycopg://….")
        is_sqlite = address.get_backend_name() == "sqlite"
        engine = _sqlite(url) if is_sqlite else create_engine(url, pool_pre_ping=True, **_DISCREET)
        with engine.connect():
            pass
    except (ArgumentError, SQLAlchemyError, ImportError) as error:
        raise ConfigError(f"no store can be opened: {error}; give sqlite:///FILE or postgresql+psycopg://….") from error
    return Database(engine, _vault(address, key))


def _vault(address: URL, key: Path | None) -> Vault:
    """Vault of a store; PostgreSQL has no folder beside it."""
    if address.get_backend_name() == "postgresql":
        return Vault(key)
    if _is_in_memory(address):
        return Vault(None, is_lasting=False)
    return Vault(key or Path(f"{address.database}.key"))


def _is_in_memory(address: URL) -> bool:
    return address.database in (None, "", ":memory:")


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows whose key is not there yet, and leave the others as they are."""
    if rows:
        connection.execute(_dialect(connection).insert(table).on_conflict_do_nothing(), list(rows))


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows; where the primary key is there already the other columns given are overwritten."""
    if not rows:
        return
    statement = _dialect(connection).insert(table)
    keys = [column.name for column in table.primary_key]
    changed = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    if not changed:
        raise InputError(f"rows for {table.name} hold nothing but their key {keys}; use insert_new.")
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed), list(rows))


def _dialect(connection: Connection) -> Any:
    return postgresql if connection.dialect.name == "postgresql" else sqlite


def _sqlite(url: str) -> Engine:
    """SQLite with its own transactions in hand: the driver would begin them too late to keep others out."""
    is_alone = _is_in_memory(make_url(url))
    options: dict[str, Any] = {"connect_args": {"check_same_thread": False}, **_DISCREET}
    engine = create_engine(url, **options, poolclass=StaticPool) if is_alone else create_engine(url, **options)

    @event.listens_for(engine, "connect")
    def _open(connection: Any, record: Any) -> None:
        connection.isolation_level = None
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reads = connection.get_execution_options().get("highwall_reads", False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine
