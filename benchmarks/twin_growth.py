"""Growth of the store: 100,000 datastreams and ten million readings on both stores, a hundred million once on SQLite.

What must stay quick whatever the store holds: the latest values of a screenful of datastreams, and a day of one of
them, by page and as a course. Readings are spread over datastreams as they come from the field: everyone in turn.

::

    python benchmarks/twin_growth.py                            # 10^7 readings on SQLite and PostgreSQL
    python benchmarks/twin_growth.py --readings 100000000 --stores sqlite --in-order --keep build/growth.db

A store that is kept is not filled again: filling takes long, and what is asked of it is better asked when the machine
has nothing else to do.
"""

import argparse
import itertools
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from harness import Row, report
from highwall.twin.sql import datastreams, observations, schema
from highwall.twin.sql.database import Database, open_database
from highwall.twin.sql.observations import Row as Reading
from highwall.twin.sql.series import series

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.twin import postgresql

N_DATASTREAMS = 100_000
N_BUSY = 100
"""Datastreams that speak once a minute; the others share what is left."""
_MINUTE_US = 60_000_000
_DAY_US = 86_400_000_000
_START_US = 1_760_000_000_000_000
_N_BATCH = 100_000
_N_ASKED = 200
Filling = Callable[[list[int], int], Iterator[list[Reading]]]


def main() -> None:
    """Fill stores, ask them, and write the rows."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--readings", type=int, default=10_000_000)
    arguments.add_argument("--stores", nargs="+", default=["sqlite", "postgresql"], choices=["sqlite", "postgresql"])
    arguments.add_argument(
        "--in-order", action="store_true", help="load datastream by datastream, as history comes back"
    )
    arguments.add_argument("--keep", type=Path, help="file of the SQLite store that is kept, or asked again")
    given = arguments.parse_args()
    fill = in_order if given.in_order else in_turn
    for kind in given.stores:
        with opened(kind, keep=given.keep) as (database, size_mib):
            rows = grown(database, kind, given.readings, size_mib, fill)
        report(f"twin_growth_{kind}_{given.readings}", rows, title=f"Growth to {given.readings:,} readings")


@contextmanager
def opened(kind: str, *, keep: Path | None = None) -> Iterator[tuple[Database, Callable[[], float]]]:
    """Open a store of a kind, empty unless it was kept, and give with it how large it is [MiB]."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="highwall-growth-") as folder:
            path = keep or Path(folder) / "twin.db"
            database = open_database(f"sqlite:///{path}")
            yield database, lambda: path.stat().st_size / 2**20
            database.close()
        return
    with postgresql.server(is_durable=True) as server, postgresql.database(server, "growth") as address:
        database = open_database(address.render_as_string(hide_password=False))
        yield database, lambda: _postgresql_mib(database)
        database.close()


def grown(database: Database, kind: str, n_readings: int, size_mib: Callable[[], float], fill: Filling) -> list[Row]:
    """Fill a store and measure what people ask of it."""
    schema.prepare(database, now_us=0)
    ids, rate = filled(database, n_readings, fill)
    chance = random.Random(1)
    busy = ids[:N_BUSY]
    span_us = n_readings // (2 * N_BUSY) * _MINUTE_US
    asked = [
        (chance.choice(busy), _START_US + int(chance.random() * max(span_us - _DAY_US, 1))) for _ in range(_N_ASKED)
    ]
    screens = [chance.sample(ids, 50) for _ in range(_N_ASKED)]
    note = (
        f"{n_readings:,} readings, {N_DATASTREAMS:,} datastreams, {size_mib():.0f} MiB, load {os.getloadavg()[0]:.0f}"
    )
    questions = {
        "latest of 50": [lambda c, s=screen: observations.latest(c, s) for screen in screens],
        "a day's page": [
            lambda c, one=one, at=at: observations.page(c, one, from_us=at, to_us=at + _DAY_US, limit=1500)
            for one, at in asked
        ],
        "a day's course": [
            lambda c, one=one, at=at: series(c, one, from_us=at, to_us=at + _DAY_US) for one, at in asked
        ],
    }
    rows = [Row(f"{kind}: filled", "readings/s", rate, note=note)] if rate else []
    for name, ask in questions.items():
        times = [_seconds(database, one) for one in ask]
        rows.append(Row(f"{kind}: {name}, median", "ms", 1e3 * statistics.median(times), note=note))
        rows.append(Row(f"{kind}: {name}, p95", "ms", 1e3 * statistics.quantiles(times, n=20)[18], note=note))
    return rows


def filled(database: Database, n_readings: int, fill: Filling) -> tuple[list[int], float | None]:
    """Ids of the datastreams, and how fast they were filled [readings/s]; no rate if the store was kept full."""
    names = [f"sensor-{index}/temperature" for index in range(N_DATASTREAMS)]
    with database.begin() as connection:
        ids = sorted(datastreams.datastream_ids(connection, names).values())
    with database.read() as connection:
        if observations.latest(connection, ids[-1:]):
            return ids, None
    started = time.monotonic()
    for batch in fill(ids, n_readings):
        with database.begin() as connection:
            observations.insert_readings(connection, batch)
    return ids, n_readings / (time.monotonic() - started)


def in_turn(ids: list[int], n_readings: int) -> Iterator[list[Reading]]:
    """Half of the readings from busy datastreams, one a minute; half from all others in turn."""
    chance = random.Random(2)
    batch: list[Reading] = []
    for index in range(n_readings):
        turn = index // 2
        one = ids[turn % N_BUSY] if index % 2 else ids[N_BUSY + turn % (len(ids) - N_BUSY)]
        batch.append(_reading(one, turn, 290 + chance.random()))
        if len(batch) == _N_BATCH:
            yield batch
            batch = []
    yield batch


def in_order(ids: list[int], n_readings: int) -> Iterator[list[Reading]]:
    """The same readings as `in_turn`, datastream after datastream."""
    chance = random.Random(2)
    n_turns, n_others = n_readings // 2, len(ids) - N_BUSY
    turns = itertools.chain(
        ((one, turn) for start, one in enumerate(ids[:N_BUSY]) for turn in range(start, n_turns, N_BUSY)),
        ((one, turn) for start, one in enumerate(ids[N_BUSY:]) for turn in range(start, n_turns, n_others)),
    )
    while part := [_reading(one, turn, 290 + chance.random()) for one, turn in itertools.islice(turns, _N_BATCH)]:
        yield part


def _reading(one: int, turn: int, value: float) -> Reading:
    at_us = _START_US + turn // N_BUSY * _MINUTE_US + turn % N_BUSY
    return Reading(one, at_us, 1 + one % 50, turn + 1, value, None, 1, at_us + 50_000)


def _seconds(database: Database, ask: Callable[..., object]) -> float:
    started = time.perf_counter()
    with database.read() as connection:
        ask(connection)
    return time.perf_counter() - started


def _postgresql_mib(database: Database) -> float:
    with database.read() as connection:
        return float(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one()) / 2**20


if __name__ == "__main__":
    main()
