"""The engine: readings a second on one core with rules and quality control on, from the journal to the store.

python benchmarks/twin_engine.py    two mixtures of readings, SQLite in a temporary file; all readings are simulated
"""

import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from harness import Row, report
from highwall.telemetry.messages import Priority, Range, Reading, readings_message
from highwall.twin.engine import Engine
from highwall.twin.engine_options import EngineOptions
from highwall.twin.sql import criteria, journal, schema, tags, things
from highwall.twin.sql.database import Database, open_database

T0, S = 1_760_000_000_000_000, 1_000_000
PACK = 50
"""Readings a message."""
WALL = {
    "crack_width": 0.01, "tilt": 0.1, "displacement": 0.5, "pore_pressure": 5e4, "vibration": 1e-3, "battery": 3.3,
    "temperature": 290.0, "strain": 1e-5,
}  # fmt: skip
AIM = 20_000.0


def main() -> None:
    report("twin_engine", [_row("people and walls", _pit()), _row("slow sensors alone", _walls())], title="The engine")


def _row(name: str, rounds: Iterator[tuple[int, list[Reading]]]) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(f"sqlite:///{Path(folder) / 'twin.db'}")
        now_us = _fill(database, rounds)
        engine = Engine(database, site="pit", options=EngineOptions(registry_s=600))
        cpu, wall, n = time.process_time(), time.perf_counter(), 0
        while (stepped := engine.step(now_us)).n_readings:
            n += stepped.n_readings
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        note = (
            f"{n} readings, {len(engine.world.lookout.watches)} watches; {n / wall:.0f} readings a second of wall clock"
        )
        database.close()
    return Row(f"engine, {name}", "readings per CPU second", n / cpu, rival="asked for", rival_value=AIM, note=note)


def _fill(database: Database, rounds: Iterator[tuple[int, list[Reading]]]) -> int:
    """Register things, write the journal, and say when it ends."""
    schema.prepare(database, now_us=T0)
    first, at_us = 1, T0
    with database.begin() as connection:
        criteria.install_default(connection, at_us=T0)
        for k in range(200):
            things.put_asset(connection, things.Asset(f"s-{k}", things.AssetKind.STRUCTURE, ""), at_us=T0)
            things.put_asset(connection, things.Asset(f"p-{k}", things.AssetKind.PERSON, ""), at_us=T0)
            tags.issue(connection, [f"t-{k}"], at_us=T0)
            tags.claim(connection, f"t-{k}", asset_id=f"p-{k}", who="", at_us=T0)
    for at_us, readings in rounds:
        packs = [readings[start : start + PACK] for start in range(0, len(readings), PACK)]
        messages = []
        for pack in packs:
            numbers = Range(Priority.TELEMETRY, "e1", first, first + len(pack) - 1)
            messages.append(readings_message("pit", "gw-1", numbers, pack))
            first += len(pack)
        with database.begin() as connection:
            journal.append_all(connection, messages, site="pit", received_us=at_us + S // 10)
    return at_us + S


def _walls() -> Iterator[tuple[int, list[Reading]]]:
    """200 structures of eight sensors, a reading each a minute; criteria ask for three in four."""
    chance = random.Random(1)
    for minute in range(60):
        at_us = T0 + minute * 60 * S
        yield (
            at_us,
            [
                Reading(f"s-{k}/{observed}", at_us, usual * (1.0 + chance.gauss(0.0, 1e-5)))
                for k in range(200)
                for observed, usual in WALL.items()
            ],
        )


def _pit() -> Iterator[tuple[int, list[Reading]]]:
    """100 people with 10 samples of acceleration, a place and a temperature a second; 50 structures as above."""
    chance = random.Random(1)
    for second in range(60):
        at_us = T0 + second * S
        shaken = (
            Reading(f"t-{k}/acceleration", at_us + j * S // 10, [chance.gauss(0.0, 1.0) for _ in range(2)] + [9.8])
            for k in range(100)
            for j in range(10)
        )
        placed = (Reading(f"t-{k}/position", at_us, [7.0 + 1e-5 * second, 51.0, 80.0]) for k in range(100))
        warm = (Reading(f"t-{k}/temperature", at_us, 290.0 + chance.gauss(0.0, 0.05)) for k in range(100))
        walls = (
            Reading(f"s-{k}/{observed}", at_us, usual * (1.0 + chance.gauss(0.0, 1e-5)))
            for k in (range(50) if second % 20 == 0 else ())
            for observed, usual in WALL.items()
        )
        yield at_us, sorted((*shaken, *placed, *warm, *walls), key=lambda reading: reading.phenomenon_us)


if __name__ == "__main__":
    main()
