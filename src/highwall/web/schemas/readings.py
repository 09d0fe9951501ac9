"""Datastreams and what they read."""

from pydantic import Field

from highwall.web.instants import Instant
from highwall.web.schemas.base import Told


class ShownUnit(Told):
    """How people want to read it: shown value = value × scale + offset."""

    unit: str
    scale: float
    offset: float


class LatestTold(Told):
    """The newest reading."""

    value: float | None
    text: str | None
    at: Instant
    flag: int = Field(description="1 pass, 2 not evaluated, 3 suspect, 4 fail, 9 missing")


class DatastreamTold(Told):
    """One property of one thing."""

    id: int
    name: str
    thing: str
    asset_id: str | None
    property: str
    title: str
    unit: str = Field(description="of what is stored (CF)")
    shown: ShownUnit
    latest: LatestTold | None


class DatastreamPage(Told):
    """Datastreams in the order of their numbers."""

    datastreams: list[DatastreamTold]
    next: int | None


class SeriesTold(Told):
    """Course of a datastream, oldest first: every reading, or extremes of equal spans."""

    t: list[int] = Field(description="milliseconds since 1970 UTC")
    min: list[float | None]
    max: list[float | None]
    flag: list[int]
    is_decimated: bool
