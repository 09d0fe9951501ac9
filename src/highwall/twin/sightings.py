"""What is taken to the lookout, and which watches it concerns: readings, findings, zones, taps."""

from typing import Any, NamedTuple

from highwall.twin.conditions import ReadingIs
from highwall.twin.rules import Rule
from highwall.twin.watch import Subject


class WatchKey(NamedTuple):
    """One criterion over one subject."""

    criterion: str
    subject: Subject

    def __str__(self) -> str:
        return f"{self.criterion}|{self.subject}"


class Seen(NamedTuple):
    """A reading that was judged."""

    datastream: str
    at_us: int
    """Phenomenon time."""
    result: Any
    flag: int


class FindingSeen(NamedTuple):
    """A finding as it stands in the register."""

    finding_id: str
    kind: str
    state: str
    probability: float
    at_us: int


class Grade(NamedTuple):
    """How far an asset is inside a zone: 0 outside, then as ``conditions.GRADES``."""

    zone_id: str
    zone_kind: str
    grade: int


class Feed(NamedTuple):
    """One leaf that a datastream feeds."""

    leaf_number: int
    leaf: ReadingIs
    window: str
    """Name of the window that it reads; empty: the value itself."""


class Tap(NamedTuple):
    """One watch that a datastream feeds, and which of its leaves."""

    key: WatchKey
    rule: Rule
    feeds: tuple[Feed, ...]
