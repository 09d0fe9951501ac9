"""The journal: every number once, whatever comes twice, late, cut otherwise or broken."""

from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from highwall.telemetry.messages import (
    Kind,
    Message,
    Priority,
    Range,
    Reading,
    Resend,
    Watermark,
    decoded,
    dropped_message,
    readings_message,
    up_topic,
)  # fmt: skip
from highwall.twin.sql import journal, losses
from highwall.twin.sql.database import Database, open_database
from highwall.twin.sql.schema import prepare

SITE = "pit"
EPOCH = "e1"


def pack(first: int, last: int, *, gateway: str = "gw-1", priority: Priority = Priority.TELEMETRY) -> Message:
    """Message of numbers whose results are the numbers."""
    readings = [Reading("tag-1/strain", number * 1000, float(number)) for number in range(first, last + 1)]
    return readings_message(SITE, gateway, Range(priority, EPOCH, first, last), readings)


def store(database: Database, messages: Sequence[Message], *, at_us: int = 1) -> list[journal.Stored]:
    with database.begin() as connection:
        return journal.append_all(connection, messages, site=SITE, received_us=at_us)


def numbers(database: Database, *, limit: int = 3) -> list[int]:
    """Every number as the engine would read it: stream 1, in pages, up to its watermark."""
    found: list[int] = []
    after = 0
    with database.read() as connection:
        upto = journal.heads(connection)[1]
        while rows := journal.read_stream(connection, 1, after=after, upto=upto, limit=limit):
            for row in rows:
                found += [int(reading.result) for reading in row.own(decoded(row.payload, list[Reading]))]
            after = rows[-1].last
    return found


def test_whole_messages_move_the_watermark(databases: Database) -> None:
    stored = store(databases, [pack(1, 10), pack(11, 15)])
    assert [one.n_new for one in stored] == [10, 5]
    assert numbers(databases) == list(range(1, 16))
    with databases.read() as connection:
        assert journal.watermarks(connection) == {"gw-1": [Watermark(EPOCH, {Priority.TELEMETRY: 15})]}


def test_duplicates_and_other_cuts_are_ignored(databases: Database) -> None:
    store(databases, [pack(1, 10), pack(6, 15)])
    again = store(databases, [pack(1, 10), pack(3, 12), pack(14, 20)])
    assert [one.n_new for one in again] == [0, 0, 5]
    assert numbers(databases) == list(range(1, 21))


def test_a_gap_holds_the_watermark_and_is_asked_for(databases: Database) -> None:
    store(databases, [pack(1, 4), pack(9, 12), pack(20, 21)], at_us=100)
    with databases.read() as connection:
        assert journal.missing_ranges(connection, moved_before_us=100) == []
        assert journal.missing_ranges(connection, moved_before_us=101) == [
            ("gw-1", Resend(EPOCH, Priority.TELEMETRY, 5, 8))
        ]
    assert numbers(databases) == [1, 2, 3, 4]
    store(databases, [pack(5, 10)], at_us=200)
    assert numbers(databases) == list(range(1, 13))


def test_what_never_began_is_asked_for_too(databases: Database) -> None:
    store(databases, [pack(501, 510)])
    with databases.read() as connection:
        assert journal.missing_ranges(connection, moved_before_us=2)[0][1] == Resend(EPOCH, Priority.TELEMETRY, 1, 500)


def test_numbers_given_up_count_as_committed(databases: Database) -> None:
    gone = dropped_message(SITE, "gw-1", Range(Priority.TELEMETRY, EPOCH, 1, 1_000_000), "the outbox was full")
    store(databases, [pack(5, 6), gone, pack(1_000_001, 1_000_002)])
    assert numbers(databases) == [5, 6, 1_000_001, 1_000_002]
    with databases.read() as connection:
        lost = losses.lost_ranges(connection)
    assert [(one.first, one.last, one.reason) for one in lost] == [
        (1, 4, "the outbox was full"), (7, 1_000_000, "the outbox was full"),
    ]  # fmt: skip


def test_a_message_without_usable_range_is_set_aside(databases: Database) -> None:
    good = pack(1, 2)
    nonsense = [
        good._replace(properties={}),
        good._replace(properties={**good.properties, "last": "99999999999999999999999"}),
        good._replace(properties={**good.properties, "epoch": "e\x001"}),
        good._replace(properties={**good.properties, "last": "2000000"}),
        good._replace(topic="hw/1/other/gw-1/up/telemetry"),
        good._replace(topic=f"hw/1/pit/{'x' * 99}/up/telemetry"),
        Message("nothing\x00known", b"\xff\x00"),
    ]
    stored = store(databases, [*nonsense, good])
    assert [one.numbers is None for one in stored] == [True] * len(nonsense) + [False]
    with databases.read() as connection:
        letters = losses.dead_letters(connection)
    assert len(letters) == len(nonsense)
    assert letters[-1].payload == b"\xff\x00"
    assert all(letter.reason for letter in letters)


def test_an_unreadable_payload_is_kept_and_holds_nothing_up(databases: Database) -> None:
    properties = {"class": "telemetry", "epoch": EPOCH, "first": "1", "last": "3", "kind": "readings"}
    store(databases, [Message(up_topic(SITE, "gw-1", Priority.TELEMETRY), b"\x80{", properties), pack(4, 5)])
    with databases.begin() as connection:
        bad, good = journal.read_stream(connection, 1, after=0, upto=5)
        journal.set_aside(connection, bad, topic="hw/1/pit/gw-1/up/telemetry", reason="not JSON")
        (letter,) = losses.dead_letters(connection)
    assert (letter.payload, letter.first, letter.last, letter.reason) == (b"\x80{", 1, 3, "not JSON")
    assert (good.first, good.kind) == (4, Kind.READINGS)


def test_what_a_transaction_undoes_was_never_there(databases: Database) -> None:
    store(databases, [pack(1, 3)])
    try:
        with databases.begin() as connection:
            journal.append(connection, pack(4, 9), site=SITE, received_us=2)
            raise InterruptedError
    except InterruptedError:
        pass
    assert numbers(databases) == [1, 2, 3]


def test_trimming_keeps_what_is_not_worked_out(databases: Database) -> None:
    store(databases, [pack(1, 5), pack(6, 10)], at_us=10)
    store(databases, [pack(11, 15)], at_us=20)
    with databases.begin() as connection:
        assert journal.trim(connection, {}, received_before_us=99) == 0
        assert journal.trim(connection, {1: 9}, received_before_us=99) == 1
        assert journal.trim(connection, {1: 15}, received_before_us=15) == 1
        assert journal.size(connection) == 5
    assert store(databases, [pack(1, 5)])[0].n_new == 0


CUTS = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 12)), min_size=1, max_size=40)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(cuts=CUTS, batch=st.integers(1, 7), page=st.integers(1, 4))
def test_any_cuts_in_any_order_give_every_number_once(cuts: list[tuple[int, int]], batch: int, page: int) -> None:
    database = open_database("sqlite://")
    prepare(database, now_us=0)
    messages = [pack(first, first + more) for first, more in cuts]
    for start in range(0, len(messages), batch):
        store(database, messages[start : start + batch])
    there = {number for first, more in cuts for number in range(first, first + more + 1)}
    unbroken = next(number for number in range(1, 99) if number not in there) - 1
    assert numbers(database, limit=page) == list(range(1, unbroken + 1))
    with database.read() as connection:
        assert journal.size(connection) == len(there)
    database.close()
