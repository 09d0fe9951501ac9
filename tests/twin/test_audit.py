"""The audit log shows every tampering, on every store."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, insert, update

from highwall.twin.sql import audit
from highwall.twin.sql.audit import AUDIT, HEAD
from highwall.twin.sql.database import Database, open_database


def fill(store: Connection, n: int = 5) -> None:
    for number in range(n):
        audit.append(store, "susan", "put_asset", subject=f"a-{number}", detail={"n": number}, at_us=number)


def test_an_untouched_chain_is_intact(databases: Database) -> None:
    with databases.begin() as store:
        assert audit.verify(store) == (True, 0, audit.GENESIS, None, "")
        fill(store)
        verdict = audit.verify(store, anchor=audit.head(store))
    assert (verdict.is_intact, verdict.n) == (True, 5)


CHANGES = {
    "who": update(AUDIT).where(AUDIT.c.number == 3).values(who="max"),
    "when": update(AUDIT).where(AUDIT.c.number == 3).values(at_us=99),
    "detail": update(AUDIT).where(AUDIT.c.number == 3).values(detail='{"n": 7}'),
    "hash": update(AUDIT).where(AUDIT.c.number == 3).values(hash="0" * 64),
    "taken out": delete(AUDIT).where(AUDIT.c.number == 3),
    "first taken out": delete(AUDIT).where(AUDIT.c.number == 1),
    "end cut off": delete(AUDIT).where(AUDIT.c.number >= 4),
    "all taken out": delete(AUDIT),
    "put in": insert(AUDIT).values(
        number=6, at_us=9, who="max", action="x", subject="y", detail="{}", previous="0" * 64, hash="1" * 64
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_is_seen(databases: Database, change: str) -> None:
    with databases.begin() as store:
        fill(store)
        store.execute(CHANGES[change])
        verdict = audit.verify(store)
    assert not verdict.is_intact
    assert verdict.reason


def test_exchanged_entries_are_seen(databases: Database) -> None:
    with databases.begin() as store:
        fill(store)
        for old, new in ((2, 99), (3, 2), (99, 3)):
            store.execute(update(AUDIT).where(AUDIT.c.number == old).values(number=new))
        verdict = audit.verify(store)
    assert (verdict.is_intact, verdict.broken_at) == (False, 2)


def test_a_chain_written_anew_is_seen_by_an_anchor_alone(databases: Database) -> None:
    with databases.begin() as store:
        fill(store)
        anchor = audit.head(store)
        store.execute(delete(AUDIT))
        store.execute(delete(HEAD))
        audit.append(store, "max", "nothing", subject="happened", detail={}, at_us=0)
        assert audit.verify(store).is_intact
        assert not audit.verify(store, anchor=anchor).is_intact


def test_pages_run_backwards(databases: Database) -> None:
    with databases.begin() as store:
        fill(store)
        assert [one.number for one in audit.page(store, limit=2)] == [5, 4]
        last = audit.page(store, before=4, limit=10)
    assert [(one.number, one.detail) for one in last] == [(3, {"n": 2}), (2, {"n": 1}), (1, {"n": 0})]


def test_writers_at_one_time_make_one_chain(databases: Database) -> None:
    def write() -> None:
        for _ in range(10):
            with databases.begin() as store:
                audit.append(store, "x", "y", subject="z", detail={}, at_us=0)

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with databases.read() as store:
        verdict = audit.verify(store)
    assert (verdict.is_intact, verdict.n) == (True, 40)


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=20) | st.none(), max_size=4))
def test_any_detail_survives(detail: dict[str, object]) -> None:
    database = open_database("sqlite://")
    audit.AUDIT.metadata.create_all(database.engine, [AUDIT, HEAD])
    with database.begin() as store:
        assert audit.append(store, "x", "y", subject="z", detail=detail, at_us=0).detail == detail
        assert audit.verify(store).is_intact
    database.close()
