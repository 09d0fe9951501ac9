"""Alarms: seen, answered, shelved, cleared, cancelled by whom they are about, and the call for outside aid."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from sqlalchemy import Connection

from highwall.twin.roles import Action, Person, Reach
from highwall.twin.sql import alarms, audit, changelog
from highwall.web.alarm_showing import Shown, shown_alarms
from highwall.web.guards import Served, may
from highwall.web.reach import things_in_reach
from highwall.web.schemas.alarms import Acknowledge, AlarmPage, AlarmTold, CallAid, Nothing, Shelve
from highwall.web.schemas.base import Limit, Why
from highwall.web.services import Services

router = APIRouter(prefix="/api", tags=["alarms"])
Sees = Annotated[Person, may(Action.SEE_ALARMS)]
Answers = Annotated[Person, may(Action.ANSWER_ALARM)]
Cancels = Annotated[Person, may(Action.CANCEL_ALARM)]
Calls = Annotated[Person, may(Action.CALL_AID)]
AlarmId = Annotated[int, Path(ge=1, le=2**53 - 1)]
What = Literal["acknowledge", "shelve", "clear", "cancel", "call_aid"]


@router.get("/alarms")
def all_alarms(
    who: Sees,
    served: Served,
    state: Literal["open", "all"] = "open",
    after: Annotated[int | None, Query(ge=1, le=2**53 - 1, description="number behind which the page begins")] = None,
    limit: Limit = 200,
) -> AlarmPage:
    """List the alarms within reach, the newest first."""
    with served.database.read() as store:
        only_open = True if state == "open" else None
        subjects = _own_subjects(store, who)
        found = alarms.page(store, is_open=only_open, before=after, limit=limit, subjects=subjects)
        shown = shown_alarms(store, found)
    told = [one.for_person(who) for one in shown if one.change.concerns(who)]
    return AlarmPage(alarms=told, next=found[-1].alarm_id if len(found) == limit else None)


@router.get("/alarms/{number}")
def one_alarm(number: AlarmId, who: Sees, served: Served) -> AlarmTold:
    """Tell one alarm and its whole life."""
    with served.database.read() as store:
        return _shown(store, who, Action.SEE_ALARMS, number).for_person(who)


@router.post("/alarms/{number}/acknowledge")
def acknowledge(number: AlarmId, given: Acknowledge, who: Answers, served: Served) -> AlarmTold:
    """Answer an alarm: I have seen it, and look after it."""
    return _act(served, who, Action.ANSWER_ALARM, number, "acknowledge", given.note)


@router.post("/alarms/{number}/shelve")
def shelve(number: AlarmId, given: Shelve, who: Answers, served: Served) -> AlarmTold:
    """Put an alarm aside for a while."""
    until_us = given.end_us(served.clock_us())
    return _act(served, who, Action.ANSWER_ALARM, number, "shelve", given.why, until_us=until_us)


@router.post("/alarms/{number}/clear")
def clear(number: AlarmId, given: Why, who: Answers, served: Served) -> AlarmTold:
    """End an alarm."""
    return _act(served, who, Action.ANSWER_ALARM, number, "clear", given.why)


@router.post("/alarms/{number}/cancel")
def cancel(number: AlarmId, given: Nothing, who: Cancels, served: Served) -> AlarmTold:
    """Cancel the pre-alarm about oneself."""
    return _act(served, who, Action.CANCEL_ALARM, number, "cancel", "")


@router.post("/alarms/{number}/call-aid")
def call_aid(number: AlarmId, given: CallAid, who: Calls, served: Served) -> AlarmTold:
    """Call for outside aid: a notice goes to everybody who is set up for it."""
    return _act(served, who, Action.CALL_AID, number, "call_aid", given.message)


def _act(
    served: Services, who: Person, action: Action, number: int, what: What, why: str, *, until_us: int | None = None
) -> AlarmTold:
    """Do something about an alarm, write it on the audit log, and tell those who watch."""
    now_us = served.clock_us()
    with served.database.begin() as store:
        _shown(store, who, action, number)
        alarms.act(store, number, what, who=who.name, why=why, until_us=until_us, at_us=now_us)
        detail = {"why": why, "until_us": until_us}
        audit.append(store, who.name, f"alarm_{what}", subject=f"alarm {number}", detail=detail, at_us=now_us)
        shown = _shown(store, who, action, number)
        touched = changelog.Touched(alarms=(number,))
        changelog.note(store, touched, writer=served.database.writer, at_us=now_us)
    served.hub.put([shown.change])
    return shown.for_person(who)


def _shown(store: Connection, who: Person, action: Action, number: int) -> Shown:
    """Return one alarm; refuse one that is out of reach."""
    shown = shown_alarms(store, [alarms.alarm(store, number)])[0]
    owner = shown.owner
    who.check(action, asset_id=owner.asset_id, location_id=owner.location_id, what=f"alarm {number}")
    return shown


def _own_subjects(store: Connection, who: Person) -> list[tuple[str, str]] | None:
    """Return the subjects of one who sees only what is about oneself; None: whatever is in reach."""
    if who.rights[Action.SEE_ALARMS] is not Reach.OWN:
        return None
    names = things_in_reach(store, who, Action.SEE_ALARMS) or []
    return [(kind, name) for kind in ("asset", "sensor") for name in names]
