"""What the world must find again after a restart, as small pieces by name: only those that changed are written."""

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from highwall.telemetry.neighbourhoods import GroupMemory
from highwall.twin.bodies import Body
from highwall.twin.channels import ChannelMemory
from highwall.twin.sightings import WatchKey
from highwall.twin.tracking import Tracked
from highwall.twin.watch import Subject, WatchMemory
from highwall.twin.windows import MOST_SPEED_UP, Window
from highwall.twin.world import World

_LOG: Final = logging.getLogger(__name__)
CLOCK: Final = "world"
"""Piece that every step changes."""
REBUILDING: Final = "rebuilding"
"""Piece that says that the past is being worked out again."""
_ENDLESS: Final = re.compile(rb"(\[\d+,\d+,)null(?=,)")
"""Value of a watch's input as it was written when a speed-up could be infinite, which JSON has no number for."""
_Piece = TypeVar("_Piece")


class Clock(msgspec.Struct, frozen=True):
    """How far the world has come."""

    clock_us: int = 0
    last_alarm: int = 0
    version: int = 0
    """Of the criteria that are in force in it."""


class Rebuilding(msgspec.Struct, frozen=True):
    """The past is being worked out again: nobody is called for it before it ends, and then for what is still open."""

    until_us: int
    """The past ends here."""


class Spoken(NamedTuple):
    """When a subject spoke, and through whom."""

    word_us: int
    data_us: int
    via: str


class Remembered(NamedTuple):
    """Everything that was remembered, taken apart."""

    clock: Clock
    channels: dict[str, ChannelMemory]
    watches: dict[WatchKey, WatchMemory]
    windows: dict[str, Window]
    bodies: dict[str, Body]
    tracked: dict[str, Tracked]
    heard: dict[str, Spoken]
    groups: dict[str, GroupMemory]
    rebuilding: Rebuilding | None


def pieces(world: World) -> dict[str, bytes]:
    """Pieces of memory that changed since the world was last written down; an empty one is gone."""
    lookout, encode = world.lookout, msgspec.json.encode
    found = {f"q:{name}": encode(world.channels[name].memory) for name in world.changes.channels}
    for key in lookout.dirty_watches:
        watch = lookout.watches.get(key)
        found[f"c:{key}"] = b"" if watch is None else encode(watch)
    found |= {f"w:{name}": encode(lookout.windows[name]) for name in lookout.dirty_windows}
    found |= {f"b:{thing}": encode(world.bodies.known[thing]) for thing in world.bodies.dirty}
    found |= {f"r:{thing}": encode(world.tracker.known[thing]) for thing in world.tracker.dirty}
    found |= {f"h:{key}": encode(_spoken(world, key)) for key in world.changes.heard}
    if world.hoods is not None:
        found |= {f"n:{name}": encode(world.hoods.memory(name)) for name in world.hoods.dirty}
    found[CLOCK] = encode(Clock(world.clock_us, world.book.last_id, world.book.version))
    return found


def take_apart(memory: Mapping[str, bytes]) -> Remembered:
    """Read pieces of memory."""
    clock = msgspec.json.decode(memory[CLOCK], type=Clock) if CLOCK in memory else Clock()
    rebuilding = msgspec.json.decode(memory[REBUILDING], type=Rebuilding) if REBUILDING in memory else None
    return Remembered(
        clock,
        _read(memory, "q:", ChannelMemory),
        {_key(name): watch for name, watch in _read(_bounded(memory), "c:", WatchMemory).items()},
        _read(memory, "w:", Window),
        _read(memory, "b:", Body),
        _read(memory, "r:", Tracked),
        _read(memory, "h:", Spoken),
        _read(memory, "n:", GroupMemory),
        rebuilding,
    )


def put_back(world: World, remembered: Remembered) -> None:
    """Give a new world what an earlier one remembered, its channels and groups apart, which it is made with."""
    world.lookout.restore(remembered.watches, remembered.windows)
    world.bodies.restore(remembered.bodies)
    world.tracker.known.update(remembered.tracked)
    hearing = world.lookout.hearing
    for key, spoken in remembered.heard.items():
        hearing.word[key] = spoken.word_us
        hearing.data[key] = spoken.data_us
        if spoken.via:
            hearing.via[key.partition(":")[2]] = spoken.via
    world.book.last_id = remembered.clock.last_alarm


def forget_changes(world: World) -> None:
    """Begin to gather changes anew: those before have been written down."""
    world.changes.clear()
    for dirty in (
        world.lookout.dirty_watches, world.lookout.dirty_windows, world.bodies.dirty, world.tracker.dirty
    ):  # fmt: skip
        dirty.clear()
    if world.hoods is not None:
        world.hoods.dirty.clear()
    world.book.empty()


def _spoken(world: World, key: str) -> Spoken:
    hearing, name = world.lookout.hearing, key.partition(":")[2]
    return Spoken(hearing.word.get(key, 0), hearing.data.get(key, 0), hearing.via.get(name, ""))


def _read(memory: Mapping[str, bytes], prefix: str, kind: type[_Piece]) -> dict[str, _Piece]:
    """Pieces of one kind, by what follows the prefix; one that cannot be read is told, and begins anew."""
    decode: Callable[[bytes], Any] = msgspec.json.Decoder(kind).decode
    found: dict[str, _Piece] = {}
    for name, piece in _named(memory, prefix):
        try:
            found[name] = decode(piece)
        except msgspec.DecodeError as error:
            _LOG.error("what was remembered as %s%s cannot be read and begins anew: %s", prefix, name, error)
    return found


def _bounded(memory: Mapping[str, bytes]) -> dict[str, bytes]:
    """Watches with a number for what was infinite."""
    most = str(MOST_SPEED_UP).encode()
    return {name: _ENDLESS.sub(rb"\g<1>" + most, piece) for name, piece in memory.items() if name.startswith("c:")}


def _named(memory: Mapping[str, bytes], prefix: str) -> Iterator[tuple[str, bytes]]:
    return ((name[len(prefix) :], piece) for name, piece in memory.items() if name.startswith(prefix) and piece)


def _key(text: str) -> WatchKey:
    criterion, _, subject = text.partition("|")
    kind, _, name = subject.partition(":")
    return WatchKey(criterion, Subject(kind, name))
