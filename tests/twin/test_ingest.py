"""Ingest: durable before it is acknowledged, told to gateways after that, and stopped by no bad message."""

import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy.exc import OperationalError

from highwall.telemetry.messages import (
    Message,
    Priority,
    Range,
    Resend,
    Status,
    Watermark,
    decoded,
    down_topic,
    dropped_message,
    encoded,
    status_topic,
)  # fmt: skip
from highwall.twin.bus import MemoryBus
from highwall.twin.ingest import Ingest, IngestOptions
from highwall.twin.sql import gateways, journal, losses
from highwall.twin.sql.database import Database, open_database
from highwall.twin.sql.schema import prepare
from tests.twin.test_journal import EPOCH, SITE, numbers, pack


class Clock:
    """A clock that stands until it is moved."""

    now_us = 1_000_000_000

    def __call__(self) -> int:
        return self.now_us


class Heard:
    """What a gateway was told."""

    def __init__(self, bus: MemoryBus, what: str, of: type) -> None:
        self.words: list[object] = []
        self._of = of
        bus.subscribe(down_topic(SITE, "gw-1", what), self._take)

    def _take(self, message: Message, acknowledge: Callable[[], None]) -> None:
        self.words.append(decoded(message.payload, self._of))
        acknowledge()


def committed(number: int) -> Watermark:
    return Watermark(EPOCH, {Priority.TELEMETRY: number})


def test_what_is_durable_is_acknowledged_and_told(databases: Database) -> None:
    bus = MemoryBus()
    told = Heard(bus, "watermark", Watermark)
    ingest = Ingest(databases, bus, site=SITE, options=IngestOptions(n_batch=3))
    ingest.listen()
    for first in range(1, 50, 10):
        bus.publish(pack(first, first + 9))
    assert [ingest.step(), ingest.step(), ingest.step()] == [3, 2, 0]
    assert told.words == [committed(30), committed(50)]
    assert bus.redeliver() == 0
    assert numbers(databases) == list(range(1, 51))
    assert ingest.progress == (5, 50, 0, 0, 2, "")


def test_a_new_server_tells_what_it_already_has(databases: Database) -> None:
    bus = MemoryBus()
    first = Ingest(databases, bus, site=SITE)
    first.listen()
    bus.publish(pack(1, 7))
    first.step()
    another = MemoryBus()
    told = Heard(another, "watermark", Watermark)
    Ingest(databases, another, site=SITE).listen()
    assert told.words == [committed(7)]


def test_a_refused_transaction_is_neither_acknowledged_nor_lost(tmp_path: object) -> None:
    database = open_database(f"sqlite:///{tmp_path}/full.db")
    prepare(database, now_us=0)
    bus = MemoryBus()
    told = Heard(bus, "watermark", Watermark)
    ingest = Ingest(database, bus, site=SITE)
    ingest.listen()
    for first in range(1, 20_000, 1000):
        bus.publish(pack(first, first + 999))
    with database.engine.connect() as connection:  # the pool hands this one connection out again
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 20}")
    with pytest.raises(OperationalError, match="full"):
        ingest.step()
    assert told.words == []
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1000000")
    assert ingest.step() == 20
    assert told.words == [committed(20_000)]
    assert len(numbers(database)) == 20_000
    database.close()


def test_the_thread_holds_what_the_store_refuses_and_says_so_once(
    databases: Database, caplog: pytest.LogCaptureFixture
) -> None:
    bus = MemoryBus()
    told = Heard(bus, "watermark", Watermark)
    refusals = iter([True, True])
    begin = databases.begin

    def begin_sometimes() -> object:
        if next(refusals, False):
            raise OperationalError("COMMIT", {}, OSError("no space left"))
        return begin()

    databases.begin = begin_sometimes  # type: ignore[method-assign, assignment]
    with Ingest(databases, bus, site=SITE, options=IngestOptions(retry_s=0.01)) as ingest:
        bus.publish(pack(1, 3))
        _wait(lambda: told.words == [committed(3)])
        _wait(lambda: ingest.progress.trouble == "")
    assert (caplog.text.count("the store refused"), caplog.text.count("takes messages again")) == (1, 1)
    assert numbers(databases) == [1, 2, 3]
    assert bus.redeliver() == 0


def test_gaps_that_last_are_asked_for_again_and_again(databases: Database) -> None:
    bus, clock = MemoryBus(), Clock()
    asked = Heard(bus, "resend", Resend)
    ingest = Ingest(databases, bus, site=SITE, options=IngestOptions(patience_s=5), clock=clock)
    ingest.listen()
    bus.publish(pack(1, 5))
    bus.publish(pack(8, 9))
    gap = Resend(EPOCH, Priority.TELEMETRY, 6, 7)
    counts = []
    for _ in range(15):
        clock.now_us += 1_000_000
        ingest.step()
        counts.append(len(asked.words))
    assert counts == [0] * 8 + [1] * 6 + [2], "after 5 s without a move, then every 5 s; looked at every 2.5 s"
    assert set(asked.words) == {gap}
    bus.publish(dropped_message(SITE, "gw-1", Range(Priority.TELEMETRY, EPOCH, 6, 7), "gone"))
    for _ in range(12):
        clock.now_us += 1_000_000
        ingest.step()
    assert len(asked.words) == counts[-1]
    assert numbers(databases) == [1, 2, 3, 4, 5, 8, 9]


def test_gaps_are_asked_for_though_the_clock_was_set_back(databases: Database) -> None:
    bus, clock = MemoryBus(), Clock()
    asked = Heard(bus, "resend", Resend)
    ingest = Ingest(databases, bus, site=SITE, options=IngestOptions(patience_s=5), clock=clock)
    ingest.listen()
    clock.now_us += 7_200_000_000
    bus.publish(pack(1, 5))
    bus.publish(pack(8, 9))
    for _ in range(10):
        clock.now_us += 1_000_000
        ingest.step()
    assert len(asked.words) == 1
    clock.now_us -= 7_200_000_000
    for _ in range(10):
        clock.now_us += 1_000_000
        ingest.step()
    assert len(asked.words) >= 2


def test_a_gateway_that_is_away_is_not_asked(databases: Database) -> None:
    bus, clock = MemoryBus(), Clock()
    ingest = Ingest(databases, bus, site=SITE, clock=clock)
    ingest.listen()
    bus.publish(pack(5, 6))
    ingest.step()
    asked = Heard(bus, "resend", Resend)
    clock.now_us += 3_600_000_000
    ingest.step()
    assert asked.words == []


def test_last_words_are_kept_and_nonsense_is_set_aside(databases: Database) -> None:
    bus = MemoryBus()
    ingest = Ingest(databases, bus, site=SITE)
    ingest.listen()
    status = Status(online=True, status_us=5, boot_epoch=EPOCH, waiting={Priority.ALARM: 2}, buffer_days=3.5)
    with databases.begin() as connection:
        gateways.open_claim(
            connection, "ABCD-EFGH-JKLM-NPQR", gateway_id="gw-1", name="Shed", location_id=None, who="ada", at_us=0,
            expires_us=9,
        )  # fmt: skip
    bus.publish(Message(status_topic(SITE, "gw-1"), encoded(status), {}, True))
    bus.publish(Message(status_topic(SITE, "gw-2"), b"\xff", {}, True))
    bus.publish(Message(f"hw/1/{SITE}/gw-2/up/telemetry", b"[]", {}))
    bus.publish(pack(1, 2))
    assert ingest.step() == 4
    with databases.read() as connection:
        (gateway,) = gateways.gateways(connection)
        letters = losses.dead_letters(connection)
    assert gateway.status == status
    assert len(letters) == ingest.progress.n_set_aside == 2
    assert numbers(databases) == [1, 2]
    assert bus.redeliver() == 0


def test_workers_share_one_stream_without_losing_or_doubling(databases: Database) -> None:
    """Four workers each see a part of the sequence; some parts come to two of them."""
    parts: list[list[Message]] = [[], [], [], []]
    for index, first in enumerate(range(1, 4001, 10)):
        parts[index % 4].append(pack(first, first + 9))
        parts[(index * 7) % 4].append(pack(first, first + 4))
    watermarks: list[int] = []

    def work(messages: list[Message]) -> None:
        bus = MemoryBus()
        told = Heard(bus, "watermark", Watermark)
        ingest = Ingest(databases, bus, site=SITE, options=IngestOptions(n_batch=9))
        ingest.listen()
        for message in messages:
            bus.publish(message)
        while ingest.step():
            pass
        watermarks.extend(max(word.committed.values()) for word in told.words)  # type: ignore[attr-defined]

    workers = [threading.Thread(target=work, args=(part,)) for part in parts]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert max(watermarks) == 4000
    assert numbers(databases, limit=50) == list(range(1, 4001))
    with databases.read() as connection:
        assert journal.size(connection) == 4000


def _wait(until: Callable[[], bool]) -> None:
    for _ in _ticks(5.0):
        if until():
            return
    raise AssertionError("it did not come to pass within 5 s")


def _ticks(seconds: float) -> Iterator[None]:
    pause = threading.Event()
    for _ in range(int(seconds / 0.005)):
        yield
        pause.wait(0.005)
