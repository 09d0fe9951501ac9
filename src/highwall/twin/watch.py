"""What a watch remembers, and what it gives: one criterion over one subject.

For each leaf of the conditions it holds the *inputs* it was told (a datastream, an asset, a zone), and for each level
whether it is on and since when the opposite has held.
"""

from collections.abc import Set as AbstractSet
from typing import NamedTuple

import msgspec


class Subject(NamedTuple):
    """What a criterion is about."""

    kind: str
    subject_id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.subject_id}"


class Hearing(msgspec.Struct):
    """Who was heard when, by the engine's clock; keys are subjects as text, ``via`` is by thing or asset id."""

    word: dict[str, int] = {}
    """When anything came."""
    data: dict[str, int] = {}
    """Time of the newest reading that came."""
    via: dict[str, str] = {}
    """Gateway that brought it."""
    unwatched: AbstractSet[str] = frozenset()
    """Gateways that are known not to be heard: what hangs on them is not told a second time."""

    def is_covered(self, thing: str) -> bool:
        """Whether the silence of a thing is that of its gateway."""
        return bool(self.unwatched) and self.via.get(thing, "") in self.unwatched


class Input(msgspec.Struct, frozen=True, array_like=True):
    """One thing that a leaf was told about."""

    truth: int = 2
    run: int = 0
    """Readings in a row past the bound."""
    value: float = 0.0
    """What was compared last."""
    at_us: int = 0
    """Its event time."""
    good_us: int = 0
    """Engine's time of the last usable word."""
    heard_us: int = 0
    """Engine's time of the last word."""
    is_failed: bool = False
    """Whether that word could not be used."""


class LevelMemory(msgspec.Struct, frozen=True, array_like=True):
    """Where one level stands."""

    is_on: bool = False
    since_us: int | None = None
    """Event time since which the opposite has held; None: it does not."""
    due_us: int | None = None
    """Engine's time at which it turns if nothing new comes."""
    began_us: int = 0
    """Event time at which what made it turn last began."""


class WatchMemory(msgspec.Struct, frozen=True):
    """All that one watch remembers."""

    fingerprint: str
    """Of the criterion by which it was kept."""
    started_us: int
    inputs: tuple[dict[str, Input], ...]
    """By leaf: what it was told about, by name."""
    levels: tuple[LevelMemory, ...]
    level: int = 0
    """Highest level that is on; 0: none."""
    is_blind: bool = False
    event_us: int = 0
    """Latest event time."""
    seen_us: int = 0
    """Engine's time of it."""
    due_us: int | None = None
    """Engine's time at which time alone may change something."""
    is_quiet: bool = False
    """Whether nothing is pending: an input that says what it said before changes nothing."""
    is_covered: bool = False
    """Whether something is left untold because a gateway is silent: judge it again when that speaks."""


def not_after(memory: WatchMemory, now_us: int) -> WatchMemory:
    """Let nothing that is remembered lie ahead of a clock that was set back.

    Delays that run begin anew; of a sensor with a clock of its own one may end early, never late.
    """
    inputs = tuple(
        {name: _input_not_after(given, now_us) for name, given in of_leaf.items()} for of_leaf in memory.inputs
    )
    levels = tuple(
        msgspec.structs.replace(
            kept, since_us=_earlier(kept.since_us, now_us), due_us=_earlier(kept.due_us, now_us),
            began_us=min(kept.began_us, now_us),
        )
        for kept in memory.levels
    )  # fmt: skip
    return msgspec.structs.replace(
        memory, inputs=inputs, levels=levels, started_us=min(memory.started_us, now_us),
        event_us=min(memory.event_us, now_us), seen_us=min(memory.seen_us, now_us),
        due_us=_earlier(memory.due_us, now_us),
    )  # fmt: skip


def _input_not_after(given: Input, now_us: int) -> Input:
    return msgspec.structs.replace(
        given, at_us=min(given.at_us, now_us), good_us=min(given.good_us, now_us), heard_us=min(given.heard_us, now_us)
    )


def _earlier(at_us: int | None, now_us: int) -> int | None:
    return None if at_us is None else min(at_us, now_us)


class Turn(NamedTuple):
    """A watch's level or blindness changed."""

    criterion: str
    subject: Subject
    was_level: int
    level: int
    was_blind: bool
    is_blind: bool
    at_us: int
    """Engine's time."""
    began_us: int
    """Event time at which what made it turn began."""
    evidence: tuple[str, ...]
