"""The change log: others are told what changed, in order, once, and never more than a while later."""

import threading

from highwall.twin.sql import changelog
from highwall.twin.sql.changelog import KEPT_US, Touched
from highwall.twin.sql.database import Database

T0 = 1_760_000_000_000_000


def note(database: Database, touched: Touched, *, writer: str = "a", at_us: int = T0) -> None:
    with database.begin() as store:
        changelog.note(store, touched, writer=writer, at_us=at_us)


def test_others_are_told_once_and_the_writer_is_not(databases: Database) -> None:
    note(databases, Touched(assets=("p-1", "p-2")))
    note(databases, Touched(assets=("p-2",), alarms=(7,)))
    note(databases, Touched(datastreams=(3, 1)), writer="b")
    with databases.read() as store:
        told = changelog.since(store, 0, writer="b")
        own = changelog.since(store, 0, writer="a")
        later = changelog.since(store, told.number, writer="b")
        assert told.number == own.number == changelog.last_number(store)
    assert told.touched == (("p-1", "p-2"), (7,), ())
    assert own.touched == ((), (), (3, 1))
    assert later.number == told.number
    assert not later.touched


def test_others_are_told_that_everything_may_be_otherwise(databases: Database) -> None:
    note(databases, Touched(alarms=(7,)))
    with databases.begin() as store:
        changelog.note_everything(store, writer="a", at_us=T0)
    note(databases, Touched(alarms=(8,)))
    with databases.read() as store:
        told = changelog.since(store, 0, writer="b")
        assert (told.touched.alarms, told.is_everything) == ((7, 8), True)
        assert not changelog.since(store, 2, writer="b").is_everything
        assert not changelog.since(store, 0, writer="a").is_everything


def test_nothing_is_noted_where_nothing_changed(databases: Database) -> None:
    note(databases, Touched())
    with databases.read() as store:
        assert changelog.last_number(store) == 0


def test_old_notes_go_and_numbers_do_not_begin_again(databases: Database) -> None:
    for minutes in range(5):
        note(databases, Touched(alarms=(minutes,)), at_us=T0 + minutes * KEPT_US * 2)
    with databases.read() as store:
        told = changelog.since(store, 0, writer="b")
        assert changelog.last_number(store) == told.number == 5
    assert told.touched.alarms == (4,)


def test_who_follows_misses_nothing_that_many_write_at_once(databases: Database) -> None:
    heard: list[int] = []

    def write(writer: str) -> None:
        for number in range(20):
            with databases.begin() as store:
                changelog.note(store, Touched(alarms=(int(writer) * 100 + number,)), writer=writer, at_us=T0)

    threads = [threading.Thread(target=write, args=(str(n),)) for n in range(4)]
    for thread in threads:
        thread.start()
    number = 0
    while len(heard) < 80:
        with databases.read() as store:
            number, touched, _ = changelog.since(store, number, writer="z")
        heard += touched.alarms
    for thread in threads:
        thread.join()
    assert sorted(heard) == [n * 100 + one for n in range(4) for one in range(20)]
