"""The register of findings: what runs found, and what people decide on it."""

from typing import Annotated

from fastapi import APIRouter, Path

from highwall.core.errors import MissingInputError
from highwall.twin.roles import Action, Person
from highwall.twin.sql import audit, zones
from highwall.web.guards import Served, may
from highwall.web.schemas.base import Why
from highwall.web.schemas.findings import Findings, FindingTold
from highwall.web.services import FindingsBook, Services

router = APIRouter(prefix="/api", tags=["findings"])
Sees = Annotated[Person, may(Action.SEE_FINDINGS)]
Decides = Annotated[Person, may(Action.DECIDE_FINDING)]
FindingId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,60}$")]


@router.get("/findings")
def findings(who: Sees, served: Served) -> Findings:
    """List the findings, the undecided first; none where no run is served."""
    found = served.findings.read() if served.findings else []
    return Findings(findings=[FindingTold(**one) for one in found])


@router.post("/findings/{finding_id}/confirm")
def confirm(finding_id: FindingId, given: Why, who: Decides, served: Served) -> FindingTold:
    """Confirm a finding: it is what it says."""
    return _decide(served, who, finding_id, "confirmed", given.why)


@router.post("/findings/{finding_id}/dismiss")
def dismiss(finding_id: FindingId, given: Why, who: Decides, served: Served) -> FindingTold:
    """Dismiss a finding: it is not what it says."""
    return _decide(served, who, finding_id, "dismissed", given.why)


@router.post("/findings/{finding_id}/close")
def close(finding_id: FindingId, given: Why, who: Decides, served: Served) -> FindingTold:
    """Close a finding: it is settled."""
    return _decide(served, who, finding_id, "closed", given.why)


def _decide(served: Services, who: Person, finding_id: str, state: str, why: str) -> FindingTold:
    """Decide in the register of the run, tell the zone that alarms look at, and write it on the audit log."""
    decided, now_us = FindingTold(**_book(served).decide(finding_id, state, who.name, why)), served.clock_us()
    with served.database.begin() as store:
        if zones.zone(store, finding_id) is not None:
            zones.judge(store, finding_id, zones.Verdict(state), who=who.name, why=why, at_us=now_us)
        detail = {"state": state, "why": why}
        audit.append(store, who.name, "decide_finding", subject=finding_id, detail=detail, at_us=now_us)
    return decided


def _book(served: Services) -> FindingsBook:
    if served.findings is None:
        raise MissingInputError("no run is served, so that there are no findings; start with --run FOLDER.")
    return served.findings
