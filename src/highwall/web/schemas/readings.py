"""Datastreams, what they read, and the thresholds that watch them."""

from typing import Literal

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


class ThresholdTold(Told):
    """One comparison of the criteria in force that a datastream is put to, in the unit of what is stored."""

    criterion: str
    title: str
    level: int = Field(description="1 tell, 2 watch closely, 3 act, 4 withdraw people")
    of: str = Field(description="what is compared: value, size, or a statistic over a window")
    over_s: float | None = Field(description="length of the window")
    side: Literal["above", "below"]
    bound: float = Field(description="of a rate: a second")
    until: float | None = Field(description="once past the bound, until back past this")
    in_a_row: int = Field(description="so many readings one after another")
    at_least: int = Field(description="so many datastreams of the subject")
    component: int | None = Field(description="of a vector; null: the value itself, or the vector's length")
    on_after_s: float = Field(description="so long the condition must hold")
    is_alone: bool = Field(description="it raises the level by itself; otherwise others must hold with it")


class Thresholds(Told):
    """What watches a datastream, the gravest level first."""

    thresholds: list[ThresholdTold]


class SeriesTold(Told):
    """Course of a datastream, oldest first: every reading, or extremes of equal spans."""

    t: list[int] = Field(description="milliseconds since 1970 UTC")
    min: list[float | None]
    max: list[float | None]
    flag: list[int]
    is_decimated: bool
