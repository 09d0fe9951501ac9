"""Findings of runs and what people decided on them."""

from typing import Any

from pydantic import Field

from highwall.web.schemas.base import Told


class FindingEvent(Told):
    """Something that happened to a finding."""

    at: str
    by: str
    what: str
    why: str


class StreamLink(Told):
    """A datastream of the ground of a finding."""

    id: int
    name: str


class FindingTold(Told):
    """A finding."""

    id: str
    kind: str
    state: str
    statement: str
    probability: float | None
    area_m2: float | None
    first_seen: str
    last_seen: str
    absent_since: str | None
    facts: dict[str, Any]
    events: list[FindingEvent]
    evidence: dict[str, Any]
    geometry: dict[str, Any]
    datastreams: list[StreamLink] = Field([], description="motion of its patch, for whoever may read it")
    has_case: bool = Field(False, description="its case file lies with the run: GET /api/findings/{id}/case.pdf")


class Findings(Told):
    """All findings, the undecided first."""

    findings: list[FindingTold]
