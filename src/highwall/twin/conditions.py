"""Conditions of alarm criteria: a tree of *and*, *or*, *k of n* and *not* over what can be asked of the twin.

Which kind a node is, is told by its first word::

    {reading: crack_width, of: rate, over_s: 86400, above: 2.3e-8, until: 1.2e-8}
    {state: health, among: [down]}            {inside: [exclusion]}
    {present: [person], at_least: 1}          {finding: [motion_beyond_boundary]}
    {silent: word, for_s: 120}                {event: [outbox_full], for_s: 3600}
    {all: […]}   {any: […]}   {at_least: 2, of_these: […]}   {not: …}

Truth is three-valued and says why it is not known: a condition that a failed or silent sensor could change is *blind*,
one whose readings have not yet come is *not yet*. Neither ever clears an alarm.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from highwall.core.checks import nearest_name
from highwall.telemetry.observed import OBSERVED
from highwall.twin.happenings import EventKind
from highwall.twin.state import HEALTHS, MOTIONS

Certainty = Literal["possibly", "likely", "surely"]
GRADES: Final[dict[str, int]] = {"possibly": 1, "likely": 2, "surely": 3}
"""How far inside a zone: the circle of the position touches it, its centre is in it, it lies wholly in it."""
AssetKind = Literal["person", "machine", "material", "structure", "sensor", "gateway"]
_WINDOWED: Final = ("mean", "low", "high", "range", "rate", "speed_up")
_DAY: Final = 86_400.0


class Verdict(IntEnum):
    """What a condition comes to."""

    FALSE = 0
    TRUE = 1
    NOT_YET = 2
    """Its readings have not come yet, or are known to be on hold."""
    BLIND = 3
    """A sensor that could decide it failed or fell silent."""


class _Node(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class ReadingIs(_Node):
    """Enough datastreams of the subject read above, or below, a bound."""

    reading: str = Field(description="observed property, as in the table of observed properties")
    qualifier: str | None = Field(None, description="only datastreams with this qualifier; none: all")
    streams: tuple[str, ...] = Field((), description="exactly these datastreams, wherever they belong")
    of: Literal["value", "size", "mean", "low", "high", "range", "rate", "speed_up"] = Field(
        "value", description="what is compared: the value, its absolute size, or a statistic over a window"
    )
    over_s: float | None = Field(None, gt=0, le=400 * _DAY, description="length of the window [s]")
    component: int | None = Field(None, ge=0, lt=3, description="which number of a vector; none: its length")
    above: float | None = Field(None, description="true above this [SI unit of the property, or that a second]")
    below: float | None = Field(None, description="true below this [likewise]")
    until: float | None = Field(None, description="hysteresis: once true, until back past this bound [likewise]")
    in_a_row: int = Field(1, ge=1, le=1000, description="persistence: so many readings one after another [1]")
    at_least: int = Field(1, ge=1, le=10_000, description="so many of the datastreams [1]")
    silent_after_s: float = Field(
        6 * 3600.0, gt=0, le=60 * _DAY, description="without a usable reading for so long the sensor is blind [s]"
    )
    is_suspect_enough: bool = Field(True, description="whether a reading that QC suspects counts: a jump may be real")

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.reading not in OBSERVED:
            raise ValueError(f"no observed property {self.reading!r}{nearest_name(self.reading, OBSERVED)}")
        if (self.above is None) == (self.below is None):
            raise ValueError("give either above or below")
        if (self.over_s is None) == (self.of in _WINDOWED):
            raise ValueError(f"of: {self.of} {'needs' if self.of in _WINDOWED else 'takes no'} over_s")
        bound = self.bound
        if self.until is not None and (self.until > bound if self.above is not None else self.until < bound):
            raise ValueError("until must lie on the safe side of the bound")
        return self

    @property
    def bound(self) -> float:
        """The bound itself."""
        return self.above if self.above is not None else self.below if self.below is not None else 0.0

    def holds(self, value: float, *, held: bool) -> bool:
        """Whether a value is past the bound; once it was, past ``until``."""
        bound = self.until if held and self.until is not None else self.bound
        return value > bound if self.above is not None else value < bound


class StateIs(_Node):
    """The asset's state is one of a few words."""

    state: Literal["health", "motion"]
    among: tuple[str, ...] = Field(min_length=1, description="the words")

    @model_validator(mode="after")
    def _known(self) -> Self:
        allowed = HEALTHS if self.state == "health" else MOTIONS
        for word in self.among:
            if word not in allowed:
                raise ValueError(f"{self.state} is never {word!r}; it is one of {', '.join(allowed)}")
        return self


class Inside(_Node):
    """The asset is inside a zone."""

    inside: tuple[str, ...] = Field(description="kinds of zones; with no zone ids and no kinds: any zone")
    zones: tuple[str, ...] = Field((), description="ids of zones")
    certainty: Certainty = Field("likely", description="how surely, given the radius of its position")


class Present(_Node):
    """Enough assets are inside the zone."""

    present: tuple[AssetKind, ...] = Field(min_length=1, description="kinds of assets")
    at_least: int = Field(1, ge=1, description="so many of them [1]")
    certainty: Certainty = Field("likely", description="how surely, given the radii of their positions")


class FindingIs(_Node):
    """The finding is of these kinds, states and probability."""

    finding: tuple[str, ...] = Field(description="kinds of findings; none named: any")
    states: tuple[str, ...] = Field(("new", "confirmed"), description="where in its life it is")
    min_probability: float = Field(0.0, ge=0, le=1, description="least probability [1]")


class Silent(_Node):
    """Nothing was heard of the subject, or nothing recent."""

    silent: Literal["word", "data"] = Field(
        description="word: nothing came at all; data: what comes is old, as after a link was cut"
    )
    for_s: float = Field(gt=0, le=60 * _DAY, description="for so long [s]")


class Happened(_Node):
    """The gateway told that something happened, and that is not long ago."""

    event: tuple[EventKind, ...] = Field(min_length=1, description="kinds of events")
    for_s: float = Field(gt=0, le=60 * _DAY, description="it counts for so long since it came, or until it is over [s]")
    least_level: int = Field(0, ge=0, le=4, description="of local alarms, only from this level on")

    @model_validator(mode="after")
    def _has_levels(self) -> Self:
        if self.least_level and self.event != ("local_alarm",):
            raise ValueError("least_level is asked of local_alarm alone: nothing else has levels")
        return self


class AllOf(_Node):
    """All of these."""

    all: tuple["Condition", ...] = Field(min_length=1)


class AnyOf(_Node):
    """Any of these."""

    any: tuple["Condition", ...] = Field(min_length=1)


class AtLeast(_Node):
    """At least so many of these."""

    at_least: int = Field(ge=1)
    of_these: tuple["Condition", ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.at_least > len(self.of_these):
            raise ValueError(f"{self.at_least} of {len(self.of_these)} conditions can never hold")
        return self


class Not(_Node):
    """Not this."""

    negated: "Condition" = Field(alias="not")


Leaf = ReadingIs | StateIs | Inside | Present | FindingIs | Silent | Happened
_KINDS: Final[dict[str, type[_Node]]] = {
    "reading": ReadingIs, "state": StateIs, "inside": Inside, "present": Present,
    "finding": FindingIs, "silent": Silent, "event": Happened,
    "all": AllOf, "any": AnyOf, "of_these": AtLeast, "not": Not, "negated": Not,
}  # fmt: skip


def _kind_of(given: Any) -> str | None:
    if isinstance(given, _Node):
        return type(given).__name__
    if isinstance(given, dict):
        return next((kind.__name__ for word, kind in _KINDS.items() if word in given), None)
    return None


Condition = Annotated[
    Annotated[ReadingIs, Tag("ReadingIs")]
    | Annotated[StateIs, Tag("StateIs")]
    | Annotated[Inside, Tag("Inside")]
    | Annotated[Present, Tag("Present")]
    | Annotated[FindingIs, Tag("FindingIs")]
    | Annotated[Silent, Tag("Silent")]
    | Annotated[Happened, Tag("Happened")]
    | Annotated[AllOf, Tag("AllOf")]
    | Annotated[AnyOf, Tag("AnyOf")]
    | Annotated[AtLeast, Tag("AtLeast")]
    | Annotated[Not, Tag("Not")],
    Discriminator(
        _kind_of,
        custom_error_type="condition",
        custom_error_message="a condition begins with one of: reading, state, inside, present, finding, silent, "
        "event, all, any, at_least with of_these, not",
    ),
]
for _node in (AllOf, AnyOf, AtLeast, Not):
    _node.model_rebuild()


def leaves(condition: Any) -> Iterator[Leaf]:
    """Every leaf of a tree, from left to right."""
    inner = _branches(condition)
    if inner is None:
        yield condition
        return
    for each in inner:
        yield from leaves(each)


def verdict_of(condition: Any, told: Iterator[Verdict]) -> Verdict:
    """Verdict of a tree from those of its leaves, which ``told`` gives from left to right."""
    inner = _branches(condition)
    if inner is None:
        return next(told)
    verdicts = [verdict_of(each, told) for each in inner]
    if isinstance(condition, Not):
        return negated(verdicts[0])
    wanted = (
        condition.at_least if isinstance(condition, AtLeast) else len(verdicts) if isinstance(condition, AllOf) else 1
    )
    return at_least(wanted, verdicts)


def at_least(wanted: int, verdicts: Iterable[Verdict]) -> Verdict:
    """Whether so many of the verdicts are true; not known only if those that are not known could decide it."""
    count = [0, 0, 0, 0]
    for each in verdicts:
        count[each] += 1
    return at_least_counted(wanted, count)


def at_least_counted(wanted: int, count: Sequence[int]) -> Verdict:
    """Do the same from how many verdicts are false, true, not yet and blind."""
    if count[Verdict.TRUE] >= wanted:
        return Verdict.TRUE
    if count[Verdict.TRUE] + count[Verdict.NOT_YET] + count[Verdict.BLIND] < wanted:
        return Verdict.FALSE
    return Verdict.BLIND if count[Verdict.BLIND] else Verdict.NOT_YET


def negated(verdict: Verdict) -> Verdict:
    """Turn true and false around; what is not known stays so."""
    return Verdict(1 - verdict) if verdict <= Verdict.TRUE else verdict


def _branches(condition: Any) -> tuple[Any, ...] | None:
    """What a node joins; None for a leaf."""
    if isinstance(condition, AllOf):
        return condition.all
    if isinstance(condition, AnyOf):
        return condition.any
    if isinstance(condition, AtLeast):
        return condition.of_these
    return (condition.negated,) if isinstance(condition, Not) else None
