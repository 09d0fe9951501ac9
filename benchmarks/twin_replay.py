"""The oracle of the loss trial: the journal of a store, taken in order by an engine that nothing ever disturbed."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from highwall.telemetry.messages import Kind, Range, up_message
from highwall.twin.engine import Engine
from highwall.twin.sql import datastreams, journal, observations, states
from highwall.twin.sql.database import Database, open_database
from twin_parts import SITE, Source, now_us
from twin_server import furnish


class Difference(NamedTuple):
    """One thing that is not as it was in the replay."""

    what: str
    key: str
    found: str
    replayed: str


def in_order(database: Database, sources: Iterable[Source]) -> Database:
    """Give a store in memory whose engine read the same journal, whole and in order."""
    replay = open_database("sqlite://")
    furnish(replay, sources)
    with database.read() as source, replay.begin() as target:
        for stream in journal.streams(source):
            for entry in _entries(source, stream):
                numbers = Range(stream.priority, stream.boot_epoch, entry.first, entry.last)
                payload = _own_payload(entry)
                message = up_message(SITE, stream.gateway, numbers, entry.kind, payload)
                journal.append(target, message, site=SITE, received_us=entry.received_us)
    engine = Engine(replay, site=SITE)
    while engine.step(now_us()).has_more:
        pass
    return replay


def compared(database: Database, replay: Database) -> list[Difference]:
    """Every reading with its flag, latest value and state of an asset that is not the same in both."""
    found, replayed = _everything(database), _everything(replay)
    return [
        Difference(*key, repr(found.get(key)), repr(replayed.get(key)))
        for key in sorted(found.keys() | replayed.keys())
        if found.get(key) != replayed.get(key)
    ]


def _entries(connection: Any, stream: journal.Stream) -> Iterator[journal.Entry]:
    after = 0
    while rows := journal.read_stream(connection, stream.stream_id, after=after, upto=stream.watermark):
        yield from rows
        after = rows[-1].last


def _own_payload(entry: journal.Entry) -> bytes:
    if entry.kind is Kind.DROPPED:
        return entry.payload
    items = msgspec.json.decode(entry.payload, type=list[msgspec.Raw])
    return b"[" + b",".join(bytes(item) for item in entry.own(items)) + b"]"


def _everything(database: Database) -> Mapping[tuple[str, str], object]:
    """What the engine worked out, under names that do not depend on the store."""
    with database.read() as connection:
        names = {one.id: one.name for one in datastreams.datastreams(connection, limit=1_000_000)}
        streams = {stream.stream_id: stream for stream in journal.streams(connection)}
        found: dict[tuple[str, str], object] = {}
        for month in observations.months(connection):
            for row in observations.rows_of_month(connection, month):
                stream = streams[row.stream_id]
                key = f"{stream.gateway}/{stream.priority}/{row.number} of {names[row.datastream_id]}"
                found["reading", key] = row.phenomenon_us, row.value, row.text, row.flag, row.result_us
        for one, row in observations.latest(connection, names).items():
            found["latest", names[one]] = row.phenomenon_us, row.number, row.value, row.flag
        found |= {("state", name): state for name, state in states.states(connection).items()}
    return found
