"""State of an asset: what was last said of it, fact by fact, whatever order the words came in.

Every fact carries a *stamp*: when it held, and which item of which stream said so. The later stamp wins, and no two
items have the same; therefore any order of delivery, any batching and any repetition give one state.
"""

import math
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import msgspec

Value = float | list[float] | str | bool
"""What a fact can be: a number, a vector, a text, yes or no."""
FROM_READINGS: Final = frozenset({"position", "position_radius", "battery", "speed"})
"""Observed properties whose last usable reading is a fact of the asset."""
MOTIONS: Final = ("idle", "moving", "working", "unknown")
HEALTHS: Final = ("ok", "pre_alarm", "down", "unknown")
_ALLOWED: Final[dict[str, tuple[str, ...]]] = {"motion": MOTIONS, "health": HEALTHS}
"""Facts that are one of a few words; anything else is told as unknown."""
_MOST_LON: Final = 180.0
_MOST_LAT: Final = 90.0


class Stamp(msgspec.Struct, frozen=True, order=True, array_like=True):
    """When something held and who said it; orders all that is said of an asset."""

    at_us: int
    source: str
    """Gateway, priority class and boot epoch, as one text."""
    number: int


class Told(NamedTuple):
    """One fact about an asset."""

    attribute: str
    """``position``, ``position_radius``, ``battery``, ``motion``, ``health``, ``speed``, ``gateway``."""
    value: Value
    stamp: Stamp


class Fact(msgspec.Struct, frozen=True, array_like=True):
    """A fact as the state keeps it."""

    value: Value
    stamp: Stamp


class Position(NamedTuple):
    """Where something is."""

    lon: float
    """Degrees east."""
    lat: float
    """Degrees north."""
    height_m: float | None
    radius_m: float | None
    """It lies within so far of that; None: not known."""
    at_us: int


class AssetState(msgspec.Struct, frozen=True):
    """What is known of one asset."""

    asset_id: str
    kind: str
    """``person``, ``machine``, ``material``, ``structure``, ``sensor``, ``gateway``."""
    facts: dict[str, Fact] = {}
    last_heard_us: int = 0
    """Latest time of anything said of it; 0: never."""

    @property
    def position(self) -> Position | None:
        """Where it is; None: not known."""
        fact, radius = self.facts.get("position"), self.facts.get("position_radius")
        if fact is None or not isinstance(fact.value, list):
            return None
        lon, lat, *height = fact.value
        within = radius.value if radius is not None and isinstance(radius.value, float) else None
        return Position(lon, lat, height[0] if height else None, within, fact.stamp.at_us)

    @property
    def motion(self) -> str:
        """``idle``, ``moving``, ``working`` or ``unknown``."""
        return self._word("motion")

    @property
    def health(self) -> str:
        """``ok``, ``pre_alarm``, ``down`` or ``unknown``."""
        return self._word("health")

    @property
    def battery_v(self) -> float | None:
        """Battery of its tag [V]."""
        fact = self.facts.get("battery")
        return fact.value if fact is not None and isinstance(fact.value, float) else None

    @property
    def gateway(self) -> str:
        """Gateway that last heard it; empty: none did."""
        fact = self.facts.get("gateway")
        return str(fact.value) if fact is not None else ""

    def _word(self, attribute: str) -> str:
        fact = self.facts.get(attribute)
        return str(fact.value) if fact is not None else "unknown"


def apply(state: AssetState, told: Told) -> AssetState:
    """Take one fact in; one that cannot be, or is older than the known, says only that something was heard."""
    heard_us = max(state.last_heard_us, told.stamp.at_us)
    known = state.facts.get(told.attribute)
    if (known is not None and known.stamp >= told.stamp) or not _can_be(told):
        return (
            state if heard_us == state.last_heard_us else AssetState(state.asset_id, state.kind, state.facts, heard_us)
        )
    fact = Fact(_fitting(told), told.stamp)
    return AssetState(state.asset_id, state.kind, {**state.facts, told.attribute: fact}, heard_us)


def apply_all(state: AssetState, told: Iterable[Told]) -> AssetState:
    """Take several facts in."""
    for one in told:
        state = apply(state, one)
    return state


def as_json(state: AssetState, *, is_silent: bool) -> dict[str, Any]:
    """Tell a state as the pages read it; ``*_us`` are microseconds since 1970 UTC."""
    place = state.position
    return {
        "position": None if place is None else place._asdict(),
        "motion": state.motion,
        "health": state.health,
        "battery_v": state.battery_v,
        "last_heard_us": state.last_heard_us or None,
        "gateway": state.gateway or None,
        "silent": is_silent,
    }


def _can_be(told: Told) -> bool:
    """Whether a fact is of the shape that its attribute has: a position is two or three numbers, on Earth."""
    if told.attribute != "position":
        return True
    place = told.value
    if not isinstance(place, list) or len(place) not in (2, 3) or not all(map(math.isfinite, place)):
        return False
    return abs(place[0]) <= _MOST_LON and abs(place[1]) <= _MOST_LAT


def _fitting(told: Told) -> Value:
    allowed = _ALLOWED.get(told.attribute)
    return told.value if allowed is None or told.value in allowed else "unknown"
