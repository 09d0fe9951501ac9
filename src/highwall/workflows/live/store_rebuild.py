"""`highwall store rebuild`: all that the engine concluded, worked out again from the journal, and what differs then."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from highwall.core.errors import ConflictError
from highwall.twin.ledger import NAME
from highwall.twin.sql import alarms, datastreams, forgetting, heartbeats, journal, observations, schema, states, tracks
from highwall.twin.sql.database import Database, open_database
from highwall.workflows.live.serve import engine_of
from highwall.workflows.live.verb import read_config

ALIVE_US: Final = 30_000_000
"""A server that was heard this short a time ago may still work [µs]; it says so at least every ten seconds."""
_EXAMPLES: Final = 5
_MOST: Final = 10_000_000
_Concluded = Mapping[str, Mapping[Any, Any]]
"""By sort and name, what was concluded."""


class Difference(NamedTuple):
    """How one sort of conclusions differs from what stood there before."""

    what: str
    n_before: int
    n_after: int
    n_changed: int
    """Those that are new, gone or other."""
    examples: tuple[str, ...]

    def __str__(self) -> str:
        named = f" ({', '.join(self.examples)}, …)" if self.examples else ""
        return f"{self.what}: {self.n_before} before, {self.n_after} after, {self.n_changed} differ{named}"


class Rebuilt(NamedTuple):
    """What a rebuild did."""

    since_us: int | None
    """When the oldest message came that the journal holds."""
    is_whole: bool
    """Whether the journal goes back to the beginning; else what is older stands as it stood."""
    n_readings: int
    differences: tuple[Difference, ...]


def rebuild(
    store: str,
    *,
    config: Path | None = None,
    advance: Callable[[str, int, int], None] = lambda what, done, total: None,
    clock_us: Callable[[], int] = lambda: time.time_ns() // 1000,
) -> Rebuilt:
    """Work everything out again, and compare.

    Parameters
    ----------
    config
        serve.yaml: the engine works as the server's does.
    advance
        Told what is done, how far, and how far it goes.

    Raises
    ------
    ConflictError
        A server works on this store.
    """
    database = open_database(store)
    try:
        now_us = clock_us()
        schema.prepare(database, now_us=now_us)
        _check_alone(database, now_us=now_us)
        engine = engine_of(database, read_config(config))
        with database.read() as connection:
            begins = journal.beginning(connection)
            total = sum(journal.heads(connection).values())
        before = _concluded(database)
        n_readings = 0
        for stepped in engine.rebuild(now_us):
            n_readings += stepped.n_readings
            with database.read() as connection:
                advance("numbers of the journal", sum(states.cursors(connection).values()), total)
        return Rebuilt(begins.at_us, begins.is_whole, n_readings, _compared(before, _concluded(database)))
    finally:
        database.close()


def _check_alone(database: Database, *, now_us: int) -> None:
    with database.read() as connection:
        said = [beat.at_us for beat in heartbeats.heartbeats(connection) if beat.name == NAME]
    if said and now_us - said[0] < ALIVE_US:
        raise ConflictError(
            f"a server worked on this store {max(0, now_us - said[0]) / 1e6:.0f} s ago; stop it, and try again half a "
            "minute later."
        )


def _concluded(database: Database) -> _Concluded:
    """Everything that a rebuild may change, by sort and name."""
    with database.read() as connection:
        names = {one.id: one.name for one in datastreams.datastreams(connection, limit=_MOST)}
        newest = observations.latest(connection, names)
        return {
            "states of assets": states.states(connection),
            "latest values": {names[one]: row for one, row in newest.items()},
            "alarms": alarms.all_alarms(connection),
            "readings": forgetting.by_flag(connection),
            "positions": tracks.counts(connection),
        }


def _compared(before: _Concluded, after: _Concluded) -> tuple[Difference, ...]:
    return tuple(_difference(what, before[what], after[what]) for what in before)


def _difference(what: str, before: Mapping[Any, Any], after: Mapping[Any, Any]) -> Difference:
    changed = sorted(str(one) for one in before.keys() | after.keys() if before.get(one) != after.get(one))
    if what in ("readings", "positions"):
        n_before, n_after = sum(before.values()), sum(after.values())
        n_changed = sum(abs(before.get(one, 0) - after.get(one, 0)) for one in before.keys() | after.keys())
        return Difference(what, n_before, n_after, n_changed, tuple(changed[:_EXAMPLES]))
    return Difference(what, len(before), len(after), len(changed), tuple(changed[:_EXAMPLES]))
