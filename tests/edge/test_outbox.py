"""The outbox loses nothing, gives up the lowest class first and says so, and is never replaced in silence."""

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from highwall.core.errors import InputError, OutputError
from highwall.edge.outbox import FULL, GONE, Outbox, open_outbox
from highwall.edge.pieces import MAX_ITEM_BYTES, MAX_PACK_BYTES, Pack
from highwall.telemetry.messages import Dropped, Event, Kind, Priority, Range, Reading, Watermark, decoded, range_of

NOW = 1_760_000_000_000_000
ALARM, TELEMETRY, BULK = Priority.ALARM, Priority.TELEMETRY, Priority.BULK


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    opened = quick(open_outbox(tmp_path / "outbox.sqlite", now_us=NOW))
    yield opened
    opened.close()


def quick(outbox: Outbox) -> Outbox:
    """Let the disk be lazy where its durability is not what is tested."""
    outbox._file._connection.execute("PRAGMA synchronous=OFF")
    return outbox


def readings(n: int, start: int = 0) -> list[Reading]:
    return [Reading("tag-1/temperature", NOW + i, float(i)) for i in range(start, start + n)]


def all_packs(outbox: Outbox, priority: Priority, after: int = 0) -> list[Pack]:
    packs: list[Pack] = []
    while (pack := outbox.pack(priority, after=after)) is not None:
        packs.append(pack)
        after = pack.numbers.last
    return packs


def watermark(outbox: Outbox, **committed: int) -> Watermark:
    return Watermark(outbox.boot_epoch, {Priority(name): number for name, number in committed.items()})


def test_numbers_run_on_in_each_class_from_one(outbox: Outbox) -> None:
    assert outbox.put(TELEMETRY, readings(3)).numbers == Range(TELEMETRY, outbox.boot_epoch, 1, 3)
    assert outbox.put(TELEMETRY, readings(2)).numbers[2:] == (4, 5)
    assert outbox.put(BULK, [Event("inference", NOW, "x.png")]).numbers[2:] == (1, 1)
    assert outbox.waiting() == {ALARM: 1, TELEMETRY: 5, BULK: 1}  # the alarm tells that the outbox was created


def test_what_is_put_together_or_apart_travels_packed(outbox: Outbox) -> None:
    for start in range(0, 250, 7):
        outbox.put(TELEMETRY, readings(7, start))
    packs = all_packs(outbox, TELEMETRY)
    assert [pack.numbers.n for pack in packs] == [98, 98, 56]
    said = [reading for pack in packs for reading in decoded(pack.payload, list[Reading])]
    assert said == readings(252)


def test_one_large_put_is_cut_into_messages(outbox: Outbox) -> None:
    outbox.put(TELEMETRY, readings(250))
    assert [pack.numbers[2:] for pack in all_packs(outbox, TELEMETRY)] == [(1, 100), (101, 200), (201, 250)]


def test_large_items_travel_apart(outbox: Outbox) -> None:
    chip = "x" * (MAX_PACK_BYTES // 2 + 1)
    outbox.put(BULK, [Event("inference", NOW, name, {"chip": chip}) for name in "abc"])
    assert [pack.numbers.n for pack in all_packs(outbox, BULK)] == [1, 1, 1]


def test_readings_and_events_never_share_a_message(outbox: Outbox) -> None:
    outbox.put(TELEMETRY, readings(2))
    outbox.put(TELEMETRY, [Event("uplink", NOW, "sensor-1")])
    outbox.put(TELEMETRY, readings(2))
    assert [pack.kind for pack in all_packs(outbox, TELEMETRY)] == [Kind.READINGS, Kind.EVENTS, Kind.READINGS]


def test_the_message_carries_its_range_outside_the_payload(outbox: Outbox) -> None:
    outbox.put(TELEMETRY, readings(3))
    message = all_packs(outbox, TELEMETRY)[0].message("pit", "gw-1")
    assert message.topic == "hw/1/pit/gw-1/up/telemetry"
    assert range_of(message) == (Range(TELEMETRY, outbox.boot_epoch, 1, 3), Kind.READINGS)


@pytest.mark.parametrize("items", [[], [Reading("a/b", NOW, 1.0), Event("x", NOW, "a")]])
def test_nothing_and_a_mixture_are_refused(outbox: Outbox, items: list[Reading]) -> None:
    with pytest.raises(InputError, match="not both at once"):
        outbox.put(TELEMETRY, items)


def test_an_item_that_could_never_travel_is_refused_and_changes_nothing(outbox: Outbox) -> None:
    huge = Event("inference", NOW, "x.png", {"chip": "x" * MAX_ITEM_BYTES})
    with pytest.raises(InputError, match="most that travels"):
        outbox.put(BULK, [Event("inference", NOW, "small"), huge])
    assert outbox.last(BULK) == 0
    assert outbox.put(BULK, [Event("inference", NOW, "small")]).numbers.first == 1


def test_only_a_watermark_trims(outbox: Outbox) -> None:
    outbox.put(TELEMETRY, readings(30))
    all_packs(outbox, TELEMETRY)
    assert outbox.waiting()[TELEMETRY] == 30
    assert outbox.trim(watermark(outbox, telemetry=30))
    assert outbox.waiting()[TELEMETRY] == 0
    assert outbox.pack(TELEMETRY, after=30) is None


def test_a_confirmation_that_a_power_cut_takes_is_given_again(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    first = open_outbox(path, now_us=NOW)
    first.put(TELEMETRY, readings(30))
    first.trim(watermark(first, telemetry=30))
    first._file.close()  # without settling
    second = open_outbox(path, now_us=NOW)
    assert second.waiting()[TELEMETRY] == 30
    second.trim(watermark(second, telemetry=30))
    second.put(TELEMETRY, readings(1))
    assert second._file.count(TELEMETRY)[:2] == (31, 30)
    assert [pack.numbers[2:] for pack in all_packs(second, TELEMETRY, 30)] == [(31, 31)]
    second.close()


def test_a_watermark_within_a_fragment_keeps_the_rest(outbox: Outbox) -> None:
    outbox.put(TELEMETRY, readings(10))
    outbox.trim(watermark(outbox, telemetry=4))
    assert outbox.waiting()[TELEMETRY] == 6
    pack = outbox.pack(TELEMETRY, after=4)
    assert pack is not None
    assert pack.numbers.last == 10
    assert pack.numbers.first <= 5


def test_a_watermark_of_another_outbox_or_an_earlier_one_trims_nothing(outbox: Outbox) -> None:
    outbox.put(TELEMETRY, readings(10))
    outbox.trim(watermark(outbox, telemetry=5))
    assert not outbox.trim(Watermark("of-another", {TELEMETRY: 10}))
    outbox.trim(watermark(outbox, telemetry=2))
    assert outbox.committed(TELEMETRY) == 5


def test_what_was_trimmed_and_is_asked_for_again_is_announced_as_gone(outbox: Outbox) -> None:
    outbox.put(TELEMETRY, readings(10))
    outbox.trim(watermark(outbox, telemetry=10))
    outbox.put(TELEMETRY, readings(10))
    gone = outbox.pack(TELEMETRY, after=3)
    assert gone is not None
    assert (gone.kind, gone.numbers[2:]) == (Kind.DROPPED, (4, 10))
    assert decoded(gone.payload, Dropped).reason == GONE
    outbox.trim(watermark(outbox, telemetry=20))
    outbox.settle()
    gone = outbox.pack(TELEMETRY, after=3)
    assert gone is not None
    assert (gone.kind, gone.numbers[2:]) == (Kind.DROPPED, (4, 20))


def test_it_survives_being_closed_and_opened(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    first = open_outbox(path, now_us=NOW)
    first.put(TELEMETRY, readings(12))
    first.trim(watermark(first, telemetry=5))
    first.settle()
    before = (first.boot_epoch, first.waiting(), first.n_bytes)
    first.close()
    again = open_outbox(path, now_us=NOW)
    assert (again.boot_epoch, again.waiting(), again.n_bytes) == before
    assert again.put(TELEMETRY, readings(1)).numbers.first == 13
    again.close()


def small(tmp_path: Path, n_bytes: int) -> Outbox:
    outbox = quick(open_outbox(tmp_path / "outbox.sqlite", now_us=NOW))
    outbox.resize(n_bytes)
    return outbox


def test_a_full_outbox_gives_up_bulk_then_telemetry_then_alarms_oldest_first(tmp_path: Path) -> None:
    outbox = small(tmp_path, 20_000)
    outbox.put(BULK, [Event("inference", NOW, "a", {"chip": "x" * 4000})])
    outbox.put(ALARM, [Event("man_down", NOW, "tag-1")])
    n_dropped = 0
    for start in range(0, 600, 10):
        n_dropped += outbox.put(TELEMETRY, readings(10, start)).n_dropped
    assert outbox.n_bytes <= 20_000
    assert [pack.kind for pack in all_packs(outbox, BULK)] == [Kind.DROPPED]
    packs = all_packs(outbox, TELEMETRY)
    assert packs[0].kind is Kind.DROPPED
    assert decoded(packs[0].payload, Dropped).reason == FULL
    assert packs[0].numbers.first == 1
    assert n_dropped == packs[0].numbers.n + 1
    kept = [reading for pack in packs[1:] for reading in decoded(pack.payload, list[Reading])]
    assert kept == readings(600)[packs[0].numbers.last :]  # the newest, and all of them
    assert [pack.kind for pack in all_packs(outbox, ALARM)] == [Kind.EVENTS]
    outbox.close()


def test_bulk_does_not_push_telemetry_out(tmp_path: Path) -> None:
    outbox = small(tmp_path, 10_000)
    outbox.put(TELEMETRY, readings(100))
    stored = outbox.put(BULK, [Event("inference", NOW, "a", {"chip": "x" * 9000})])
    assert stored.n_dropped == 1
    assert [pack.kind for pack in all_packs(outbox, TELEMETRY)] == [Kind.READINGS]
    assert [pack.kind for pack in all_packs(outbox, BULK)] == [Kind.DROPPED]
    outbox.close()


def test_a_smaller_bound_gives_nothing_up(outbox: Outbox) -> None:
    outbox.put(TELEMETRY, readings(100))
    with pytest.raises(InputError, match="would give some up"):
        outbox.resize(100)
    assert outbox.waiting()[TELEMETRY] == 100


def test_a_full_disk_refuses_keeps_what_is_there_and_goes_on_when_there_is_room(outbox: Outbox) -> None:
    connection = outbox._file._connection
    outbox.put(TELEMETRY, readings(100))
    (n_pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count={n_pages}")
    before = (outbox.last(TELEMETRY), outbox.n_bytes)
    with pytest.raises(OutputError, match="disk space"):
        outbox.put(TELEMETRY, readings(10_000))
    assert (outbox.last(TELEMETRY), outbox.n_bytes) == before
    connection.execute("PRAGMA max_page_count=100000")
    outbox.put(TELEMETRY, readings(10_000))
    assert sum(pack.numbers.n for pack in all_packs(outbox, TELEMETRY)) == 10_100


def test_two_processes_cannot_hold_it(outbox: Outbox, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="another process"):
        open_outbox(tmp_path / "outbox.sqlite", now_us=NOW)


@pytest.mark.parametrize("damage", ["not a database", "zeroed page", "lost numbers"])
def test_a_damaged_outbox_is_set_aside_and_its_successor_says_so(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "outbox.sqlite"
    first = open_outbox(path, now_us=NOW)
    first.put(TELEMETRY, readings(2000))
    first.close()
    content = path.read_bytes()
    if damage == "not a database":
        path.write_bytes(b"x" * len(content))
    elif damage == "zeroed page":
        path.write_bytes(content[:8192] + b"\xff" * 16_384 + content[24_576:])
    else:
        with sqlite3.connect(path) as connection:
            connection.execute("DELETE FROM fragments WHERE class = 'telemetry' AND first = 101")
        connection.close()
    second = open_outbox(path, now_us=NOW)
    assert second.boot_epoch != first.boot_epoch
    aside = [found for found in tmp_path.iterdir() if "damaged" in found.name]
    assert [found.name for found in aside] == ["outbox.sqlite.damaged-20251009T085320Z"]
    assert "is damaged" in caplog.text
    pack = second.pack(ALARM, after=0)
    assert pack is not None
    (event,) = decoded(pack.payload, list[Event])
    assert (event.kind, event.data) == ("outbox_created", {"set_aside": [aside[0].name]})
    second.close()


def test_a_later_format_is_refused_not_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    open_outbox(path, now_us=NOW).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 9")
    connection.close()
    with pytest.raises(InputError, match="found 9"):
        open_outbox(path, now_us=NOW)
    open_again = sqlite3.connect(path)
    assert open_again.execute("SELECT count(*) FROM fragments").fetchone() == (1,)
    open_again.close()


def test_an_outbox_put_back_from_a_copy_is_sent_under_another_epoch(outbox: Outbox) -> None:
    outbox.put(TELEMETRY, readings(30))
    outbox.trim(watermark(outbox, telemetry=20))
    epoch = outbox.boot_epoch
    assert not outbox.trim(Watermark(epoch, {TELEMETRY: 95}))
    assert outbox.boot_epoch != epoch
    said = [reading for pack in all_packs(outbox, TELEMETRY) for reading in decoded(pack.payload, list[Reading])]
    assert said[-10:] == readings(30)[-10:]
    assert all_packs(outbox, TELEMETRY)[0].numbers.first == 1
    assert outbox.put(TELEMETRY, readings(1)).numbers.first == outbox.waiting()[TELEMETRY]


def test_threads_put_without_losing_or_doubling_a_number(outbox: Outbox) -> None:
    given_out: list[Range] = []

    def put() -> None:
        for _ in range(20):
            given_out.append(outbox.put(TELEMETRY, readings(3)).numbers)

    threads = [threading.Thread(target=put) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = sorted(number for found in given_out for number in range(found.first, found.last + 1))
    assert numbers == list(range(1, 241))


_KILLED = """
import os, sys
from pathlib import Path
from highwall.edge.outbox import open_outbox
from highwall.telemetry.messages import Priority, Reading
outbox = open_outbox(Path(sys.argv[1]), now_us=0)
for number in range(10**6):
    stored = outbox.put(Priority.TELEMETRY, [Reading("a/b", number, float(number))] * 10)
    os.write(1, b"%d\\n" % stored.numbers.last)
"""


def test_what_was_put_survives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    child = subprocess.Popen([sys.executable, "-c", _KILLED, str(path)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    told = [int(child.stdout.readline()) for _ in range(25)]
    child.kill()
    told += [int(line) for line in child.stdout.read().split(b"\n")[:-1]]
    child.wait()
    child.stdout.close()
    outbox = open_outbox(path, now_us=NOW)
    assert outbox.last(TELEMETRY) >= told[-1]
    assert sum(pack.numbers.n for pack in all_packs(outbox, TELEMETRY)) == outbox.last(TELEMETRY)
    outbox.close()


_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from(list(Priority)), st.integers(1, 130)),
        st.tuples(st.just("trim"), st.sampled_from(list(Priority)), st.integers(0, 130)),
        st.tuples(st.just("open"), st.just(ALARM), st.just(0)),
    ),
    max_size=25,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_STEPS, max_bytes=st.integers(2_000, 40_000))
def test_every_number_is_confirmed_kept_or_announced_as_dropped(
    steps: list[tuple[str, Priority, int]], max_bytes: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("law") / "outbox.sqlite"
    outbox = quick(open_outbox(path, now_us=NOW))
    outbox.resize(max_bytes)
    for what, priority, n in steps:
        if what == "put":
            outbox.put(priority, readings(n, outbox.last(priority)))
        elif what == "trim":
            number = min(outbox.committed(priority) + n, outbox.last(priority))
            outbox.trim(watermark(outbox, **{priority.value: number}))
        else:
            outbox.close()
            outbox = quick(open_outbox(path, now_us=NOW))
            outbox.resize(max_bytes)
    for priority in (TELEMETRY, BULK):
        after = outbox.committed(priority)
        for pack in all_packs(outbox, priority, after):
            assert pack.numbers.first <= after + 1  # no gap
            if pack.kind is Kind.READINGS:
                found = msgspec.json.decode(pack.payload)
                assert [int(item["r"]) + 1 for item in found] == list(range(pack.numbers.first, pack.numbers.last + 1))
            after = pack.numbers.last
        assert after == outbox.last(priority)
    assert outbox.n_bytes <= max(max_bytes, 500)  # what says that things were given up stays
    outbox.close()
