"""Intake: a row of the journal, decoded and taken to the world; what cannot be used is said."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from highwall.core.errors import InputError
from highwall.telemetry.messages import Event, Kind, Reading
from highwall.twin.changes import Source
from highwall.twin.sql.datastreams import is_usable_name
from highwall.twin.sql.journal import Entry
from highwall.twin.world import World

_READINGS: Final[Callable[[bytes], list[Reading]]] = msgspec.json.Decoder(list[Reading]).decode
_TOO_LARGE: Final = 2**63
_EVENTS: Final[Callable[[bytes], list[Event]]] = msgspec.json.Decoder(list[Event]).decode


def take(world: World, source: Source, entry: Entry) -> list[str]:
    """Take one row of the journal to the world, and give the reasons why not all of it could be used."""
    try:
        if entry.kind is Kind.READINGS:
            return _take_readings(world, source, entry)
        if entry.kind is Kind.EVENTS:
            events = [_storable(event) for event in entry.own(_EVENTS(entry.payload))]
            world.take_events(source, entry.first, events, received_us=entry.received_us)
            return _miscounted(entry, len(events))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, InputError) as error:
        return [f"the engine cannot use it: {error}"]
    return []


def _take_readings(world: World, source: Source, entry: Entry) -> list[str]:
    given = entry.own(_READINGS(entry.payload))
    usable = [reading for reading in given if is_usable_name(reading.datastream)]
    if len(usable) == len(given):
        world.take_readings(source, entry.first, given, received_us=entry.received_us)
        return _miscounted(entry, len(given))
    for number, reading in enumerate(given, start=entry.first):
        if is_usable_name(reading.datastream):
            world.take_readings(source, number, [reading], received_us=entry.received_us)
    n_bad = len(given) - len(usable)
    unnamed = f"{n_bad} of {len(given)} readings have a datastream name that cannot be stored"
    return [*_miscounted(entry, len(given)), unnamed]


def _storable(event: Event) -> Event:
    """Event as any store takes it: PostgreSQL refuses the character NUL, and no number has more than 64 bits."""
    return Event(_plain(event.kind), event.event_us, _plain(event.subject), _plain(event.data))


def _plain(value: Any) -> Any:
    """Anything that JSON can say, without NUL; a whole number that is too large is missing."""
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd")
    if isinstance(value, int):
        return value if -_TOO_LARGE <= value < _TOO_LARGE else None
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return {_plain(name): _plain(one) for name, one in value.items()} if isinstance(value, dict) else value


def _miscounted(entry: Entry, n: int) -> list[str]:
    """Tell, but do not refuse, a payload with another number of items than its range."""
    wanted = entry.last - entry.first + 1
    return [] if n == wanted else [f"the payload holds {n} items for {wanted} numbers; what is there was used"]
