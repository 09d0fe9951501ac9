"""Several ingest workers on one MQTT 5 shared subscription, PostgreSQL: readings a second with 1, 2 and 4 of them.

The messages wait in the broker when the workers start; what is measured is how fast they become durable, in the journal
and with their watermark, of one store. Nothing is worked out meanwhile: the engine is one process whatever the workers.

::

    python benchmarks/twin_workers.py
"""

import argparse
import multiprocessing
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from harness import Row, report
from highwall.telemetry.messages import VERSION
from highwall.twin.sql import journal
from highwall.twin.sql.database import Database, open_database
from twin_load import N_PACK, feed
from twin_parts import SITE, Broker, Source, connected
from twin_server import furnish, worker

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.twin import postgresql


def main() -> None:
    """Run the trial with 1, 2 and 4 workers and write its rows."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--readings", type=int, default=400_000)
    given = arguments.parse_args()
    rows = []
    with postgresql.server(is_durable=True) as server:
        for n_workers in (1, 2, 4):
            with postgresql.database(server, f"workers_{n_workers}") as address:
                rate = drained(address.render_as_string(hide_password=False), n_workers, given.readings)
            note = f"PostgreSQL 15, packs of {N_PACK}, 8 gateways, broker and workers on one machine"
            rows.append(Row(f"{n_workers} workers", "readings/s", rate, note=note))
    report("twin_workers", rows, title="Ingest workers on a shared subscription")


def drained(url: str, n_workers: int, n_readings: int) -> float:
    """Readings a second that become durable while so many workers empty the broker."""
    context: Any = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["twin_server"])
    database = open_database(url)
    furnish(database, [Source("gw-1", 1, 1.0, 0)])
    folder = Path(tempfile.mkdtemp(prefix="highwall-workers-"))
    broker = Broker(folder / "broker")
    processes = []
    try:
        _leave_sessions(broker.port, n_workers)
        feeder = context.Process(target=feed, args=(broker.port, n_readings, None, 8), daemon=True)
        feeder.start()
        processes.append(feeder)
        time.sleep(5 + n_readings / 40_000)
        for number in range(n_workers):
            processes.append(context.Process(target=worker, args=(url, broker.port, number), daemon=True))
            processes[-1].start()
        return _rate(database, n_readings // N_PACK // 8 * 8 * N_PACK)
    finally:
        for process in processes:
            process.kill()
        broker.kill()
        shutil.rmtree(folder)
        database.close()


def _leave_sessions(port: int, n_workers: int) -> None:
    """Let each worker's session be there, so that the broker keeps what is published for the group."""
    for number in range(n_workers):
        with connected(f"worker-{number}", port) as bus:
            bus.subscribe(f"$share/ingest/{VERSION}/{SITE}/+/up/#", lambda message, acknowledge: None)
            time.sleep(1.0)


def _rate(database: Database, n_readings: int) -> float:
    """Readings a second between the first commit that is seen and the last."""
    started, n_first = 0.0, 0
    while True:
        with database.read() as connection:
            n_done = sum(stream.ranges.n for stream in journal.streams(connection))
        if n_done and not started:
            started, n_first = time.monotonic(), n_done
        if n_done >= n_readings:
            return (n_done - n_first) / (time.monotonic() - started)
        time.sleep(0.05)


if __name__ == "__main__":
    main()
