"""The audit log: who did what, in a chain of hashes in which no entry can be changed, moved or taken out unseen.

Who can write to the store could write the whole chain anew; therefore the head of the chain is told outside, in the
server's log, and :func:`verify` takes such an *anchor* and says whether it is still part of the chain.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, Column, Connection, Integer, String, Table, Text, insert, select, update

from highwall.twin.sql.database import METADATA, insert_new

AUDIT: Final = Table(
    "audit_log",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at_us", BigInteger, nullable=False),
    Column("who", String(80), nullable=False),
    Column("action", String(80), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("detail", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)
HEAD: Final = Table(
    "audit_head",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
)
"""One row: the last entry. It is what writers lock, and what shows that the end was cut off."""
GENESIS: Final = "0" * 64
"""Hash before the first entry."""
_FIELDS: Final = ("number", "at_us", "who", "action", "subject", "detail", "previous")
_BATCH: Final = 1000
"""Entries read at a time."""


class Entry(NamedTuple):
    """One entry of the log."""

    number: int
    at_us: int
    who: str
    action: str
    subject: str
    detail: dict[str, Any]
    hash: str


class Verdict(NamedTuple):
    """What :func:`verify` found."""

    is_intact: bool
    n: int
    """Entries that were read, the faulty one included."""
    head: str
    """Hash of the last sound entry."""
    broken_at: int | None = None
    reason: str = ""


def append(
    connection: Connection, who: str, action: str, *, subject: str, detail: Mapping[str, Any], at_us: int
) -> Entry:
    """Write an entry behind the last one; writers wait for one another.

    Parameters
    ----------
    detail
        What JSON can hold; never a password, code or token.
    """
    insert_new(connection, HEAD, [{"id": 1, "number": 0, "hash": GENESIS}])
    last = connection.execute(select(HEAD.c.number, HEAD.c.hash).where(HEAD.c.id == 1).with_for_update()).one()
    row = {
        "number": last.number + 1, "at_us": at_us, "who": who[:80], "action": action[:80], "subject": subject[:200],
        "detail": json.dumps(dict(detail), sort_keys=True, ensure_ascii=False), "previous": last.hash,
    }  # fmt: skip
    row["hash"] = _hash(row)
    connection.execute(insert(AUDIT).values(row))
    connection.execute(update(HEAD).where(HEAD.c.id == 1).values(number=row["number"], hash=row["hash"]))
    return _entry(row)


def page(connection: Connection, *, before: int | None = None, limit: int = 100) -> list[Entry]:
    """Entries, the newest first; those before a number."""
    query = select(AUDIT).order_by(AUDIT.c.number.desc()).limit(limit)
    if before is not None:
        query = query.where(AUDIT.c.number < before)
    return [_entry(dict(row)) for row in connection.execute(query).mappings()]


def head(connection: Connection) -> str:
    """Hash of the last entry: an anchor to keep outside."""
    found = connection.execute(select(HEAD.c.hash).where(HEAD.c.id == 1)).scalar()
    return GENESIS if found is None else str(found)


def verify(connection: Connection, *, anchor: str | None = None) -> Verdict:
    """Work the whole chain out again.

    Parameters
    ----------
    anchor
        A head that was kept outside; it must be the hash of some entry.
    """
    previous, n, seen = GENESIS, 0, anchor in (None, GENESIS)
    for row in _rows(connection):
        n += 1
        fault = _fault(row, previous=previous, number=n)
        if fault:
            return Verdict(False, n, previous, n, fault)
        previous = row["hash"]
        seen = seen or previous == anchor
    last = connection.execute(select(HEAD.c.number, HEAD.c.hash).where(HEAD.c.id == 1)).one_or_none()
    if last is not None and (last.number, last.hash) != (n, previous):
        return Verdict(False, n, previous, n + 1, f"the log ends at {n}, its head says {last.number}: entries are gone")
    if not seen:
        return Verdict(False, n, previous, None, "the anchor is no entry's hash: the chain was written anew")
    return Verdict(True, n, previous)


def _fault(row: Mapping[str, Any], *, previous: str, number: int) -> str:
    if row["number"] != number:
        return f"entry {number} is missing; the next is {row['number']}"
    if row["previous"] != previous:
        return f"entry {number} does not follow the one before it"
    if row["hash"] != _hash(row):
        return f"entry {number} was changed"
    return ""


def _rows(connection: Connection) -> Iterator[Mapping[str, Any]]:
    """All entries in order, a batch at a time."""
    after = 0
    while True:
        query = select(AUDIT).where(AUDIT.c.number > after).order_by(AUDIT.c.number).limit(_BATCH)
        rows = connection.execute(query).mappings().all()
        yield from (dict(row) for row in rows)
        if len(rows) < _BATCH:
            return
        after = rows[-1]["number"]


def _hash(row: Mapping[str, Any]) -> str:
    said = json.dumps([row[name] for name in _FIELDS], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(said.encode()).hexdigest()


def _entry(row: Mapping[str, Any]) -> Entry:
    return Entry(
        row["number"], row["at_us"], row["who"], row["action"], row["subject"], json.loads(row["detail"]), row["hash"]
    )
