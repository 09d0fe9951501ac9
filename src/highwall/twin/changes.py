"""What the engine's world takes in and gives out: the sources that speak, and what changed until it is written down."""

from typing import NamedTuple

from highwall.telemetry.messages import Event, Result


class Source(NamedTuple):
    """A stream that speaks."""

    stream_id: int
    gateway: str
    name: str
    """Gateway, priority class and boot epoch, as one text."""


class Kept(NamedTuple):
    """A judged reading that is to be stored."""

    datastream: str
    at_us: int
    stream_id: int
    number: int
    result: Result
    flag: int
    received_us: int


class Passed(NamedTuple):
    """A place where an asset was."""

    asset_id: str
    at_us: int
    lon: float
    lat: float
    height_m: float | None
    radius_m: float


class Reported(NamedTuple):
    """An event that others than the rules want to know of, as the result of a command."""

    gateway: str
    event: Event


class LookedAfter(NamedTuple):
    """A person was looked after, which a gateway that judges the tag must be told."""

    command_id: str
    """The same whenever the act is carried out again."""
    gateway: str
    thing: str
    upto: int
    """Count, by that gateway, of its last word about the person's health: of what came later nobody knew."""
    who: str


class Changes:
    """What changed since it was last written down."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Begin anew."""
        self.readings: list[Kept] = []
        self.estimates: list[Kept] = []
        """In place of readings in doubt; datastreams of their own, which nothing is concluded from."""
        self.passed: list[Passed] = []
        self.reported: list[Reported] = []
        self.looked_after: list[LookedAfter] = []
        self.states: set[str] = set()
        self.gone: set[str] = set()
        """Assets that were taken out of use."""
        self.channels: set[str] = set()
        """Datastreams that spoke."""
        self.heard: set[str] = set()
        """Subjects that spoke."""
        self.n_failed = 0
        """Readings that quality control refused."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing changed but what :mod:`highwall.twin.world_memory` keeps."""
        return not (self.readings or self.passed or self.reported or self.looked_after or self.states or self.gone)
