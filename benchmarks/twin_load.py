"""Load trial of the live twin on one machine: rate with rules on, latency, memory, beside a plain subscriber.

A feeder publishes packs of 50 readings through a Mosquitto on loopback; a server (ingest, journal, engine with the
shipped criteria, SQLite with synchronous=FULL) takes them in and works them out. The rival is what one writes in an
afternoon: a paho subscriber that decodes a message and commits it to SQLite. It judges nothing, and keeps a message
twice that comes twice.

::

    python benchmarks/twin_load.py
"""

import argparse
import json
import multiprocessing
import queue
import resource
import shutil
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from harness import Row, report
from highwall.telemetry.messages import Message, Priority, Range, Reading, readings_message
from highwall.twin.engine import Engine
from highwall.twin.ingest import Ingest
from highwall.twin.sql.database import Database, open_database
from twin_parts import SITE, Broker, Source, connected, now_us
from twin_server import OPTIONS, furnish

N_PACK = 50
EPOCH = "load"
_HOUR = 1_800_000
"""Readings of an hour of 500 a second."""


class Used(NamedTuple):
    """What taking readings in cost."""

    n_readings: int
    seconds: float
    cpu_s: float
    """CPU time of the process that took them in [s]."""
    memory_mib: list[float]
    """Resident memory at equal steps on the way [MiB]."""

    @property
    def rate(self) -> float:
        """Readings in a second."""
        return self.n_readings / self.seconds

    @property
    def rate_of_cpu(self) -> float:
        """Readings in a second of CPU time: what does not depend on who else computes."""
        return self.n_readings / self.cpu_s


def main() -> None:
    """Run the trials and write their rows."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--readings", type=int, default=200_000, help="of the trial beside the rival")
    arguments.add_argument("--long", type=int, default=_HOUR, help="readings of the trial of memory; 0: leave it out")
    arguments.add_argument("--pace", type=float, default=1000.0, help="readings in a second of the trial of latency")
    arguments.add_argument("--seconds", type=float, default=60.0, help="how long the trial of latency lasts")
    given = arguments.parse_args()
    ours = in_a_trial(taken_by_twin, given.readings)
    rival = in_a_trial(taken_by_plain, given.readings)
    rows = [
        Row("sustained with rules on", "readings/s", ours.rate, "paho → SQLite", rival.rate, "rival: no rules, no QC"),
        Row("a second of CPU", "readings/s", ours.rate_of_cpu, "paho → SQLite", rival.rate_of_cpu),
        *_latency_rows(in_a_trial(latencies, int(given.pace * given.seconds), given.pace), given.pace),
    ]
    if given.long:
        rows += _memory_rows(in_a_trial(taken_by_twin, given.long))
    report("twin_load", rows, title="Load of the live twin")


def in_a_trial(work: Callable[..., Any], n_readings: int, pace: float | None = None) -> Any:
    """Run one side in a process of its own, with a broker and a feeder of its own."""
    context = multiprocessing.get_context("spawn")
    folder = Path(tempfile.mkdtemp(prefix="highwall-load-"))
    broker = Broker(folder / "broker")
    answers: Any = context.Queue()
    try:
        taker = context.Process(target=_answer, args=(work, answers, folder, broker.port, n_readings))
        taker.start()
        answers.get(timeout=60)
        feeder = context.Process(target=feed, args=(broker.port, n_readings, pace))
        feeder.start()
        return answers.get(timeout=900)
    finally:
        for process in (taker, feeder):
            process.kill()
        broker.kill()
        shutil.rmtree(folder)


def _answer(work: Callable[..., Any], answers: Any, folder: Path, port: int, n_readings: int) -> None:
    answers.put(work(folder, port, n_readings, ready=lambda: answers.put("ready")))


def messages(n_readings: int, *, n_gateways: int = 4, from_us: int = 0) -> Iterator[Message]:
    """Packs of readings of some gateways, taking turns."""
    from_us = from_us or now_us()
    sources = [Source(f"gw-{index}", n_readings, 1000.0, from_us) for index in range(1, n_gateways + 1)]
    for first in range(1, n_readings // n_gateways + 1, N_PACK):
        for source in sources:
            numbers = Range(Priority.TELEMETRY, EPOCH, first, first + N_PACK - 1)
            readings = [source.reading(Priority.TELEMETRY, number) for number in range(first, numbers.last + 1)]
            yield readings_message(SITE, source.gateway, numbers, readings)


def feed(port: int, n_readings: int, pace: float | None, n_gateways: int = 4) -> None:
    """Publish everything: as fast as it goes, or so many readings a second with the time at which each was sent."""
    with connected("feeder", port) as bus:
        while not bus.is_connected:
            time.sleep(0.01)
        started = time.monotonic()
        for index, message in enumerate(messages(n_readings, n_gateways=n_gateways)):
            if pace is not None:
                time.sleep(max(0.0, started + index * N_PACK / pace - time.monotonic()))
                message = _sent_now(message)
            bus.publish(message)
            if pace is None and index % 200 == 199:
                time.sleep(0.02)  # the client keeps what it cannot send yet: leave it time to
        time.sleep(3600)


def _sent_now(message: Message) -> Message:
    at_us = now_us()
    readings = msgspec.json.decode(message.payload, type=list[Reading])
    fresh = [msgspec.structs.replace(reading, phenomenon_us=at_us) for reading in readings]
    return message._replace(payload=msgspec.json.encode(fresh))


def taken_by_twin(folder: Path, port: int, n_readings: int, *, ready: Callable[[], None]) -> Used:
    """Take readings in by ingest and engine in one process, until the last is worked out."""
    database = _furnished(folder)
    engine = Engine(database, site=SITE)
    memory: list[float] = []
    with connected("server", port) as bus, Ingest(database, bus, site=SITE, options=OPTIONS):
        ready()
        started, cpu, n_done = 0.0, 0.0, 0
        while n_done < n_readings // N_PACK // 4 * 4 * N_PACK:
            stepped = engine.step(now_us())
            if stepped.n_readings and not started:
                started, cpu = time.monotonic(), time.process_time()
            n_done += stepped.n_readings
            if n_done > len(memory) * n_readings / 40:
                memory.append(_resident_mib())
            if not stepped.n_readings:
                time.sleep(0.01)
        return Used(n_done, time.monotonic() - started, time.process_time() - cpu, memory)


def latencies(folder: Path, port: int, n_readings: int, *, ready: Callable[[], None]) -> list[float]:
    """Seconds from the sending of each message to the commit of what the engine concluded from it."""
    database = _furnished(folder)
    engine = Engine(database, site=SITE)
    found: list[float] = []
    n_done = 0
    with connected("server", port) as bus, Ingest(database, bus, site=SITE, options=OPTIONS):
        ready()
        while n_done < n_readings // N_PACK // 4 * 4 * N_PACK:
            stepped = engine.step(now_us())
            n_done += stepped.n_readings
            sent = {kept.at_us for kept in stepped.readings.values()}
            found += [(now_us() - at_us) / 1e6 for at_us in sent]
            time.sleep(0.02)
    return found


def taken_by_plain(folder: Path, port: int, n_readings: int, *, ready: Callable[[], None]) -> Used:
    """Take readings in as one does in an afternoon: decode, insert, commit, message by message."""
    arrived: queue.SimpleQueue[int] = queue.SimpleQueue()
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="plain", clean_session=False)
    store = sqlite3.connect(folder / "plain.db", check_same_thread=False)
    store.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE readings (d TEXT, t INT, r REAL)"
    )
    subscribed = threading.Event()

    def on_message(client: paho.Client, data: Any, message: paho.MQTTMessage) -> None:
        rows = [(one["d"], one["t"], one["r"]) for one in json.loads(message.payload)]
        store.executemany("INSERT INTO readings VALUES (?, ?, ?)", rows)
        store.commit()
        arrived.put(len(rows))

    client.on_connect = lambda *_: client.subscribe(f"hw/1/{SITE}/+/up/#", 1)
    client.on_subscribe = lambda *_: subscribed.set()
    client.on_message = on_message
    client.connect("127.0.0.1", port)
    client.loop_start()
    with closing(store):
        subscribed.wait(10)
        ready()
        n_done = arrived.get()
        started, cpu = time.monotonic(), time.process_time()
        while n_done < n_readings // N_PACK // 4 * 4 * N_PACK:
            n_done += arrived.get()
        used = Used(n_done, time.monotonic() - started, time.process_time() - cpu, [])
        client.loop_stop()
        return used


def _furnished(folder: Path) -> Database:
    database = open_database(f"sqlite:///{folder / 'twin.db'}")
    furnish(database, [Source(f"gw-{index}", 1, 1.0, 0) for index in range(1, 5)])
    return database


def _latency_rows(seconds: list[float], pace: float) -> list[Row]:
    percent = statistics.quantiles(seconds, n=100)
    note = f"at {pace:.0f} readings/s; the page is told at most 0.25 s later"
    return [
        Row("sensor → alarm decided and stored, p50", "s", percent[49], note=note),
        Row("sensor → alarm decided and stored, p99", "s", percent[98], note=note),
    ]


def _memory_rows(used: Used) -> list[Row]:
    settled = used.memory_mib[len(used.memory_mib) // 4 :]
    note = f"{used.n_readings} readings, an hour of {used.n_readings / 3600:.0f}/s; {used.rate:.0f}/s sustained"
    return [
        Row("memory of the server after a quarter", "MiB", settled[0], note=note),
        Row("memory of the server at the end", "MiB", settled[-1], note=note),
        Row("memory of the server at its most", "MiB", max(used.memory_mib), note=note),
    ]


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


if __name__ == "__main__":
    main()
