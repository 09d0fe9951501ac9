"""Tags: issued and printed, claimed once by a scan, replaced by two people of different roles."""

import re
import secrets
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Response
from pydantic import AfterValidator
from sqlalchemy import Connection

from highwall.core.errors import AccessError, MissingInputError
from highwall.twin.roles import Action, Person
from highwall.twin.sql import audit, tags
from highwall.twin.tags import new_tags, read_scan
from highwall.web.guards import Served, may
from highwall.web.reach import asset_in_reach, owners_of
from highwall.web.schemas.base import Done, Limit, Name, Number
from highwall.web.schemas.gateways import (
    NewTags,
    ReplacementTold,
    Requested,
    TagClaim,
    TagPage,
    TagReplace,
    TagsIssued,
    TagTold,
)


def tag_scanned(text: str) -> str:
    """Give the id of a tag from what a scanner read; one that is an id already stays."""
    return text if _ID.fullmatch(text) else read_scan(text)


router = APIRouter(prefix="/api", tags=["tags"])
_ID: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
Sees = Annotated[Person, may(Action.SEE_TAGS)]
Binds = Annotated[Person, may(Action.BIND_TAGS)]
Approves = Annotated[Person, may(Action.APPROVE_TAGS)]
TagId = Annotated[str, Path(min_length=1, max_length=60), AfterValidator(tag_scanned)]
"""Id of a tag, or what a scanner read of its barcode."""
_SHEET_MOST: Final = 500
"""Free tags on one sheet."""
_MOST: Final = 1_000_000
"""Tags of one site."""
_PDF: Final = "application/pdf"


@router.get("/tags")
def all_tags(who: Sees, served: Served, after: Annotated[Name | None, Query()] = None, limit: Limit = 200) -> TagPage:
    """List the tags that are free or within reach, and the replacements that wait for approval."""
    with served.database.read() as store:
        found = tags.tags(store, after=after or "", limit=limit)
        asked = tags.open_replacements(store)
        hidden = _out_of_reach(store, who, {one.id for one in found} | {one.tag_id for one in asked})
    shown = [one for one in found if one.id not in hidden]
    return TagPage(
        tags=[TagTold(id=one.id, issued=one.issued_us, asset_id=one.asset_id, is_used=one.is_used) for one in shown],
        replacements=[_asked(one) for one in asked if one.tag_id not in hidden],
        next=found[-1].id if len(found) == limit else None,
    )  # fmt: skip


@router.post("/tags")
def issue(given: NewTags, who: Binds, served: Served) -> TagsIssued:
    """Issue tags; their ids cannot be guessed from one another."""
    with served.database.begin() as store:
        taken = {one.id for one in tags.tags(store, limit=_MOST)}
        new = new_tags(given.count, source=secrets.SystemRandom(), taken=taken)
        tags.issue(store, new, at_us=served.clock_us())
        detail = {"n": given.count}
        audit.append(store, who.name, "issue_tags", subject=new[0], detail=detail, at_us=served.clock_us())
    return TagsIssued(tags=new)


@router.get("/tags/sheet.pdf", response_class=Response, responses={200: {"content": {_PDF: {}}}})
def sheet(who: Sees, served: Served) -> Response:
    """Give the tags that are still free as a sheet of barcodes to print."""
    if served.tag_sheet is None:
        raise MissingInputError("this server prints no sheets; use `highwall tags`.")
    with served.database.read() as store:
        free = [one.id for one in tags.tags(store, limit=_MOST) if not one.is_used][:_SHEET_MOST]
    if not free:
        raise MissingInputError("there are no free tags; issue some first.")
    return Response(served.tag_sheet(free), media_type=_PDF)


@router.post("/tags/{tag_id}/claim")
def claim(tag_id: TagId, given: TagClaim, who: Binds, served: Served) -> Done:
    """Bind a tag to an asset, once for ever."""
    now_us = served.clock_us()
    with served.database.begin() as store:
        asset_in_reach(store, who, Action.BIND_TAGS, given.asset_id)
        tags.claim(store, tag_id, asset_id=given.asset_id, who=who.name, at_us=now_us)
        detail = {"asset_id": given.asset_id}
        audit.append(store, who.name, "claim_tag", subject=tag_id, detail=detail, at_us=now_us)
    return Done()


@router.post("/tags/{tag_id}/replace")
def replace(tag_id: TagId, given: TagReplace, who: Binds, served: Served) -> Requested:
    """Ask that another tag takes the place of this one; someone of another role must approve."""
    now_us = served.clock_us()
    with served.database.begin() as store:
        found = tags.tag(store, tag_id)
        if found is not None and found.asset_id is not None:
            asset_in_reach(store, who, Action.BIND_TAGS, found.asset_id)
        number = tags.ask_replacement(
            store, tag_id, by_tag=given.by_tag, who=who.name, role=who.role, why=given.why, at_us=now_us
        )  # fmt: skip
        detail = given.model_dump(mode="json") | {"request": number}
        audit.append(store, who.name, "ask_replacement", subject=tag_id, detail=detail, at_us=now_us)
    return Requested(request=number)


@router.post("/tags/replacements/{number}/approve")
def approve(number: Number, who: Approves, served: Served) -> Done:
    """Approve a replacement that someone of another role asked for."""
    now_us = served.clock_us()
    with served.database.begin() as store:
        done, overtaken = tags.approve_replacement(store, number, who=who.name, role=who.role, at_us=now_us)
        asset_in_reach(store, who, Action.APPROVE_TAGS, tags.owners(store, [done.by_tag])[done.by_tag])
        detail = {"by_tag": done.by_tag, "request": number, "overtaken": overtaken}
        audit.append(store, who.name, "approve_replacement", subject=done.tag_id, detail=detail, at_us=now_us)
    return Done()


@router.post("/tags/replacements/{number}/reject")
def reject(number: Number, who: Binds, served: Served) -> Done:
    """Put a request for a replacement away, or withdraw one's own; both tags stay as they are."""
    now_us = served.clock_us()
    with served.database.begin() as store:
        done = tags.reject_replacement(store, number, who=who.name, at_us=now_us)
        is_own = done.asked_by == who.name
        if not is_own:
            _check_approves(store, who, done)
        deed = "withdraw_replacement" if is_own else "reject_replacement"
        detail = {"by_tag": done.by_tag, "request": number}
        audit.append(store, who.name, deed, subject=done.tag_id, detail=detail, at_us=now_us)
    return Done()


def _check_approves(store: Connection, who: Person, asked: tags.Replacement) -> None:
    """Refuse whoever neither asked for a replacement nor may decide on it."""
    if not who.may(Action.APPROVE_TAGS):
        raise AccessError(
            f"request {asked.id} is another's; whoever asked withdraws it, or someone whose role may "
            f"{Action.APPROVE_TAGS} puts it away."
        )
    asset_in_reach(store, who, Action.APPROVE_TAGS, tags.owners(store, [asked.tag_id])[asked.tag_id])


def _out_of_reach(store: Connection, who: Person, names: set[str]) -> set[str]:
    """Tags that were ever bound to an asset beyond one's scope."""
    owners = owners_of(store, names)
    return {name for name, owner in owners.items() if not who.reaches(Action.SEE_TAGS, **owner._asdict())}


def _asked(one: tags.Replacement) -> ReplacementTold:
    return ReplacementTold(
        id=one.id, tag_id=one.tag_id, by_tag=one.by_tag, why=one.why, asked_by=one.asked_by,
        asked_role=one.asked_role, at=one.asked_us,
    )  # fmt: skip
