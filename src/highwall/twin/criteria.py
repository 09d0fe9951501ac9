"""Alarm criteria as a trigger action response plan (TARP): what is watched, and who does what by when.

A criterion watches subjects (assets, sensors, zones, findings, gateways) and has levels 1 (tell) to 4 (withdraw). A
level is a condition that must hold for a while, what is then done, who answers within which time, and who is called if
nobody does. A set of criteria is one version; only the super manager changes it, with a second person.
"""

import hashlib
from collections.abc import Iterator
from importlib import resources
from typing import Any, Final, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from highwall.core.errors import ConfigError
from highwall.twin.conditions import (
    AssetKind,
    Condition,
    FindingIs,
    Happened,
    Inside,
    Leaf,
    Present,
    ReadingIs,
    Silent,
    StateIs,
    leaves,
)
from highwall.twin.roles import Role

SubjectKind = Literal["asset", "sensor", "zone", "finding", "gateway", "system"]
"""``system``: the twin's own parts, which ``watchdog`` watches from another process."""
Clears = Literal["itself", "answered", "by_hand"]
"""When an alarm ends whose condition no longer holds: at once, once somebody has answered it, or by a person alone."""
Channel = Literal["page", "webhook", "mail", "cap"]
_DAY: Final = 86_400.0
_ASKED: Final[dict[type, tuple[SubjectKind, ...]]] = {
    ReadingIs: ("asset", "sensor", "zone", "gateway"),
    StateIs: ("asset",),
    Inside: ("asset",),
    Present: ("zone",),
    FindingIs: ("finding",),
    Silent: ("asset", "sensor", "gateway", "system"),
    Happened: ("gateway",),
}
"""Which subjects a leaf can be asked of."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class About(_Part):
    """What a criterion watches: every subject of a kind, or a part of them."""

    kind: SubjectKind
    of: tuple[AssetKind, ...] = Field((), description="of assets, only these kinds; none named: all")
    zones: tuple[str, ...] = Field((), description="of zones, only these kinds; none named: all")
    ids: tuple[str, ...] = Field((), description="only these; they are expected, and blind if never heard of")


class Step(_Part):
    """Who is called when nobody has answered."""

    after_s: float = Field(0.0, ge=0, le=30 * _DAY, description="so long after the time limit has passed [s]")
    to: Role
    by: tuple[Channel, ...] = Field(("page",), min_length=1, description="how")


class Answer(_Part):
    """Who answers an alarm, by when, and what happens if nobody does."""

    owner: Role = Field(description="whose alarm it is")
    within_s: float = Field(gt=0, le=30 * _DAY, description="time limit for the answer [s]")
    by: tuple[Channel, ...] = Field(("page",), min_length=1, description="how the owner is told")
    escalation: tuple[Step, ...] = Field((), description="steps when unanswered, in order of time")
    again_s: float | None = Field(
        None,
        ge=10,
        le=30 * _DAY,
        description="after the last step the last one called is told again every so often [s]",
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        times = [step.after_s for step in self.escalation]
        if times != sorted(times):
            raise ValueError("steps of an escalation must stand in order of time")
        return self


class Level(Answer):
    """One trigger and its response."""

    level: int = Field(ge=1, le=4, description="1 tell, 2 watch closely, 3 act, 4 withdraw people")
    when: Condition
    on_after_s: float = Field(0.0, ge=0, le=30 * _DAY, description="it must hold so long before it counts [s]")
    off_after_s: float = Field(0.0, ge=0, le=30 * _DAY, description="and be gone so long before it is over [s]")
    actions: tuple[str, ...] = Field((), description="what is to be done, in order")
    prealarm_s: float = Field(
        0.0, ge=0, le=600, description="its subject may cancel it for so long before anybody else is told [s]"
    )
    clears: Clears = Field("answered", description="how it ends")
    longest_shelf_s: float = Field(8 * 3600.0, ge=0, le=30 * _DAY, description="it may be shelved for so long [s]")


class Blind(Answer):
    """Who is told that a criterion cannot be judged."""

    owner: Role = Role.MANAGER
    within_s: float = Field(4 * 3600.0, gt=0, le=30 * _DAY, description="time limit for the answer [s]")
    level: int = Field(2, ge=1, le=4)
    actions: tuple[str, ...] = ("look after the sensor", "watch the place by other means until it is back")
    longest_shelf_s: float = Field(3 * _DAY, ge=0, le=30 * _DAY, description="it may be shelved for so long [s]")


class Criterion(_Part):
    """What is watched of some subjects, level by level."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    title: str = Field(min_length=1, max_length=120)
    source: str = Field(min_length=1, description="where its thresholds come from")
    about: About
    levels: tuple[Level, ...] = Field(min_length=1, max_length=4)
    blind: Blind | None = Field(Blind(), description="who is told when it cannot be judged; null: nobody")
    is_about_watching: bool = Field(False, description="an alarm says that the twin does not watch, not what it sees")

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        numbers = [level.level for level in self.levels]
        if numbers != sorted(set(numbers)):
            raise ValueError("levels must rise, each once")
        for leaf in self.leaves():
            if self.about.kind not in _ASKED[type(leaf)]:
                asked = " or ".join(_ASKED[type(leaf)])
                raise ValueError(f"{type(leaf).__name__} is asked of {asked}, not of a {self.about.kind}")
        return self

    def leaves(self) -> Iterator[Leaf]:
        """Every leaf of every level, in order."""
        for level in self.levels:
            yield from leaves(level.when)

    @property
    def fingerprint(self) -> str:
        """Text that changes when anything of the criterion changes."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


class Criteria(_Part):
    """All criteria that are in force together."""

    title: str = Field(min_length=1)
    note: str = ""
    criteria: tuple[Criterion, ...] = ()

    @model_validator(mode="after")
    def _apart(self) -> Self:
        names = [criterion.id for criterion in self.criteria]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"criteria of the same id: {', '.join(twice)}")
        return self


def read_criteria(content: str | dict[str, Any]) -> Criteria:
    """Criteria from YAML or JSON text, or from what was parsed already.

    Raises
    ------
    ConfigError
        It cannot be read, or something in it makes no sense; every fault is named with its place.
    """
    try:
        given = yaml.safe_load(content) if isinstance(content, str) else content
        return Criteria.model_validate(given)
    except yaml.YAMLError as error:
        raise ConfigError(f"the criteria are no YAML: {error}.") from error
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise ConfigError(f"the criteria cannot be used: {faults}.") from error


def default_criteria() -> Criteria:
    """Give the example set that is shipped: a start that every mine must set for itself."""
    return read_criteria(resources.files("highwall.twin").joinpath("criteria.yaml").read_text(encoding="utf-8"))
