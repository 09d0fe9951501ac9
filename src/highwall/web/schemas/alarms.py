"""Alarms, what people do about them, and the criteria by which they are raised."""

from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator

from highwall.web.instants import Instant
from highwall.web.schemas.base import Given, Note, Told
from highwall.web.schemas.readings import ShownUnit

Remark = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")]


class SubjectTold(Told):
    """What an alarm is about."""

    kind: str
    id: str
    name: str


class StepTold(Told):
    """One step of an alarm's life."""

    at: Instant
    who: str
    what: str
    why: str


class AlarmTold(Told):
    """Something that a person must answer."""

    id: int
    level: int
    criterion: str
    title: str
    subject: SubjectTold
    raised: Instant
    state: str
    owner_role: str
    answer_by: Instant | None
    escalated: int
    is_blind: bool
    is_active: bool = Field(description="its condition holds")
    cancel_until: Instant | None = Field(description="a pre-alarm: its subject may cancel it until then")
    shelved_until: Instant | None
    longest_shelf_s: float | None = Field(description="it may be put aside for so long [s]; null: it may not")
    actions: list[str]
    evidence: list[str]
    transitions: list[StepTold]
    rights: list[str] = Field(description="of acknowledge, shelve, clear, cancel, call_aid: what who asks may do")


class AlarmPage(Told):
    """Alarms, the newest first."""

    alarms: list[AlarmTold]
    next: int | None = Field(description="give it as ``after`` for the page that follows")


class Acknowledge(Given):
    """I have seen it, and look after it."""

    note: Remark = ""


class Shelve(Given):
    """Put it aside for a while: for so long by the server's clock, or until a time."""

    for_s: float | None = Field(None, gt=0, le=30 * 86_400, description="for so long [s]")
    until: Instant | None = None
    why: Note

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if (self.for_s is None) == (self.until is None):
            raise ValueError("say either for how long, for_s, or until when, until")
        return self

    def end_us(self, now_us: int) -> int:
        """When the shelf ends [µs]."""
        return self.until if self.until is not None else now_us + round((self.for_s or 0.0) * 1e6)


class CallAid(Given):
    """What outside aid is called for."""

    message: Note


class Nothing(Given):
    """Nothing needs to be said."""


class VersionTold(Told):
    """A version of the criteria."""

    version: int
    why: str
    proposed_by: str
    approved_by: str
    is_shipped: bool = Field(description="whether it came with the software, so that nobody proposed or approved it")
    at: Instant


class CriteriaTold(Told):
    """The criteria that hold, and what held before."""

    version: int
    content: dict[str, Any]
    versions: list[VersionTold]
    units: dict[str, ShownUnit] = Field(description="how people want to read each property that is known")


class NewProposal(Given):
    """Other criteria, whole."""

    content: dict[str, Any]
    based_on: int = Field(ge=1, le=2**31 - 1, description="version that they were written from")
    why: Note


class ProposalTold(Told):
    """Somebody's wish for other criteria."""

    id: int
    content: dict[str, Any]
    why: str
    who: str
    at: Instant
    based_on: int
    state: str
    decided_by: str | None
    decided_why: str | None
    decided: Instant | None


class Proposals(Told):
    """Proposals in the order in which they were made."""

    proposals: list[ProposalTold]
