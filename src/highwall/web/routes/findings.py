"""The register of findings: what runs found, and what people decide on it."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import FileResponse
from sqlalchemy import Connection

from highwall.core.errors import MissingInputError
from highwall.twin.roles import Action, Person
from highwall.twin.sql import audit, datastreams, zones
from highwall.web.guards import Served, may
from highwall.web.reach import things_in_reach
from highwall.web.schemas.base import Why
from highwall.web.schemas.findings import Findings, FindingTold, StreamLink
from highwall.web.services import FindingsBook, Services, patch_thing

router = APIRouter(prefix="/api", tags=["findings"])
Sees = Annotated[Person, may(Action.SEE_FINDINGS)]
Decides = Annotated[Person, may(Action.DECIDE_FINDING)]
FindingId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,60}$")]


@router.get("/findings")
def findings(who: Sees, served: Served) -> Findings:
    """List the findings, the undecided first; none where no run is served."""
    book = served.findings
    if book is None:
        return Findings(findings=[])
    found = book.read()
    with served.database.read() as store:
        moving = _motion_of(store, who, found)
    return Findings(findings=[_told(book, one, moving.get(one["id"], [])) for one in found])


@router.get(
    "/findings/{finding_id}/case.pdf",
    response_class=FileResponse,
    responses={200: {"content": {"application/pdf": {}}, "description": "The case file."}},
)
def case(finding_id: FindingId, who: Sees, served: Served) -> FileResponse:
    """Give the case file of a finding, as `highwall report --finding` printed it into the run."""
    path = _book(served).case(finding_id)
    if path is None:
        raise MissingInputError(
            f"no case file of finding {finding_id!r}; highwall report RUN --finding {finding_id} prints one."
        )
    return FileResponse(path, media_type="application/pdf", filename=path.name, content_disposition_type="inline")


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
    book = _book(served)
    decided, now_us = book.decide(finding_id, state, who.name, why), served.clock_us()
    with served.database.begin() as store:
        moving = _motion_of(store, who, book.read())
        if zones.zone(store, finding_id) is not None:
            zones.judge(store, finding_id, zones.Verdict(state), who=who.name, why=why, at_us=now_us)
        detail = {"state": state, "why": why}
        audit.append(store, who.name, "decide_finding", subject=finding_id, detail=detail, at_us=now_us)
    return _told(book, decided, moving.get(finding_id, []))


def _told(book: FindingsBook, finding: dict[str, Any], moving: list[StreamLink]) -> FindingTold:
    return FindingTold(**finding, datastreams=moving, has_case=book.case(finding["id"]) is not None)


def _motion_of(store: Connection, who: Person, found: list[dict[str, Any]]) -> dict[str, list[StreamLink]]:
    """Motion of the patch that each finding of the last run is about, by finding.

    Patches are numbered anew by every run, so that an older finding's number may be another patch's now; and their
    datastreams belong to nobody, so that only those read them who reach the whole site.
    """
    if not who.may(Action.SEE_READINGS) or things_in_reach(store, who, Action.SEE_READINGS) is not None:
        return {}
    newest = max((one["last_seen"] for one in found), default="")
    patches = {one["id"]: one["facts"].get("patch_id") for one in found if one["last_seen"] == newest}
    wanted = {finding: patch_thing(str(patch)) for finding, patch in patches.items() if patch}
    streams = datastreams.datastreams(store, things=set(wanted.values()))
    return {
        finding: [StreamLink(id=one.id, name=one.name) for one in streams if one.thing == thing]
        for finding, thing in wanted.items()
    }


def _book(served: Services) -> FindingsBook:
    if served.findings is None:
        raise MissingInputError("no run is served, so that there are no findings; start with --run FOLDER.")
    return served.findings
