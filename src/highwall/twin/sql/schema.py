"""The store's tables and how an older store becomes a newer one; what happened to a store is said, never hidden."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final, NamedTuple

from sqlalchemy import BigInteger, Boolean, Column, Connection, Integer, String, Table, Text, inspect, select, text
from sqlalchemy.exc import DatabaseError

from highwall.core.errors import ConfigError
from highwall.twin.sql import (
    accounts,
    alarms,
    audit,
    changelog,
    criteria,
    datastreams,
    deliveries,
    gateways,
    heartbeats,
    journal,
    losses,
    notices,
    observations,
    orders,
    sessions,
    states,
    streams,
    tags,
    things,
    tracks,
    zones,
)
from highwall.twin.sql.database import METADATA, Database
from highwall.twin.vault import Vault

NOUNS: Final = (
    accounts, alarms, audit, changelog, criteria, datastreams, deliveries, gateways, heartbeats, journal, losses,
    notices, observations, orders, sessions, states, streams, tags, things, tracks, zones,
)  # fmt: skip
"""Modules whose tables make up the store: each declares its own when it is imported."""
_STEPS: Final = Table(
    "schema_steps",
    METADATA,
    Column("name", String(80), primary_key=True),
    Column("applied_us", BigInteger, nullable=False),
)
_EVENTS: Final = Table(
    "store_events",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("what", String(16), nullable=False),
    Column("detail", Text, nullable=False),
    Column("is_told", Boolean, nullable=False, default=False),
)
_LOCK: Final = 0x68_77_31
"""Advisory lock of PostgreSQL, so that several workers that start at once prepare the store one after another."""


class StoreChange(StrEnum):
    """What can happen to a store as a whole."""

    MADE = "made"
    MIGRATED = "migrated"
    RESTORED = "restored"
    REBUILT = "rebuilt"
    REPAIRED = "repaired"


class StoreEvent(NamedTuple):
    """One thing that happened to the store, which somebody must be told."""

    event_id: int
    at_us: int
    what: StoreChange
    detail: str


def _make_tables(connection: Connection, vault: Vault) -> None:
    METADATA.create_all(connection)


def _seal_authenticators(connection: Connection, vault: Vault) -> None:
    """Seal the keys of authenticators; what they overwrite is wiped from the file."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("ALTER TABLE users ALTER COLUMN totp_secret TYPE TEXT"))
    else:
        connection.execute(text("PRAGMA secure_delete = ON"))
    accounts.seal_authenticators(connection, vault)


def _close_replacements(connection: Connection, vault: Vault) -> None:
    tags.add_closing(connection)


MIGRATIONS: Final[dict[str, Callable[[Connection, Vault], None]]] = {
    "0001_tables": _make_tables,
    "0002_change_log": _make_tables,
    "0003_sealed_authenticators": _seal_authenticators,
    "0004_gateway_certificates": _make_tables,
    "0005_closed_replacements": _close_replacements,
}
"""Steps in order, by name; each runs once, in one transaction with the note that it ran."""


def prepare(database: Database, *, now_us: int) -> list[StoreEvent]:
    """Bring a store to the present schema, and give back what was never told about it.

    A store that was made anew is told as loudly as one that was repaired: where one was expected, it is a loss.

    Raises
    ------
    ConfigError
        The store was written by a newer Highwall, or is corrupt, or it has secrets to seal and there is no key; it is
        left as it is.
    """
    try:
        with database.begin() as connection:
            if database.is_postgresql:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            _migrate(connection, database.vault, now_us=now_us)
            return untold(connection)
    except DatabaseError as error:
        if "malformed" in str(error) or "not a database" in str(error):
            raise ConfigError(
                f"store {database.engine.url!r} is corrupt ({error.orig}); it was left as it is: "
                "keep a copy, and restore a backup with highwall store restore FILE."
            ) from error
        raise


def announce(connection: Connection, what: StoreChange, *, detail: str, at_us: int) -> None:
    """Note that something happened to the store as a whole; whoever serves it tells people."""
    connection.execute(_EVENTS.insert().values(at_us=at_us, what=what, detail=detail, is_told=False))


def untold(connection: Connection) -> list[StoreEvent]:
    """What happened to the store and was not yet told, oldest first."""
    wanted = select(_EVENTS.c.id, _EVENTS.c.at_us, _EVENTS.c.what, _EVENTS.c.detail).where(~_EVENTS.c.is_told)
    rows = connection.execute(wanted.order_by(_EVENTS.c.id))
    return [StoreEvent(row.id, row.at_us, StoreChange(row.what), row.detail) for row in rows]


def mark_told(connection: Connection, *, upto: int) -> None:
    """Note that people were told of every event up to this one."""
    connection.execute(_EVENTS.update().where(_EVENTS.c.id <= upto).values(is_told=True))


def applied_steps(connection: Connection) -> list[str]:
    """Names of the migrations that ran on this store, in order; none on an empty store."""
    if not inspect(connection).has_table(_STEPS.name):
        return []
    return list(connection.scalars(select(_STEPS.c.name).order_by(_STEPS.c.name)))


def _migrate(connection: Connection, vault: Vault, *, now_us: int) -> None:
    done = applied_steps(connection)
    unknown = [name for name in done if name not in MIGRATIONS]
    if unknown:
        raise ConfigError(
            f"the store holds {', '.join(unknown)}, which this version of Highwall does not know; "
            "install the version that wrote it, or restore an older backup."
        )
    missing = [name for name in MIGRATIONS if name not in done]
    for name in missing:
        MIGRATIONS[name](connection, vault)
        connection.execute(_STEPS.insert().values(name=name, applied_us=now_us))
    if missing:
        what = StoreChange.MIGRATED if done else StoreChange.MADE
        announce(connection, what, detail=f"{len(missing)} steps: {', '.join(missing)}", at_us=now_us)
