"""Alarms as people are shown them: with their subject's name, whom they concern, and what one may do about them."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection

from highwall.twin.alarm import Alarm, Stage, Transition
from highwall.twin.roles import EVERYWHERE, Action, Person
from highwall.twin.sql import alarms as store_alarms
from highwall.twin.sql import gateways, things, zones
from highwall.twin.watch import Subject
from highwall.web.live import Change, Topic
from highwall.web.reach import Owner, owners_of
from highwall.web.schemas.alarms import AlarmTold, StepTold, SubjectTold

_ANSWERS: Final[dict[str, tuple[str, ...]]] = {
    Stage.RAISED: ("acknowledge", "shelve", "clear"),
    Stage.SHELVED: ("acknowledge", "shelve", "clear"),
    Stage.ACKNOWLEDGED: ("shelve", "clear"),
}
"""Stage → what whoever may answer an alarm can do about it."""
_WHOLE_SITE: Final = Owner(None, EVERYWHERE)


class Shown(NamedTuple):
    """An alarm to be shown, and whom it concerns."""

    told: AlarmTold
    owner: Owner

    def for_person(self, person: Person) -> AlarmTold:
        """Give it with what this person may do about it."""
        is_prealarm = self.told.cancel_until is not None
        may = alarm_rights(person, self.owner, state=self.told.state, is_prealarm=is_prealarm)
        return self.told.model_copy(update={"rights": may})

    @property
    def change(self) -> Change:
        """As those who watch live are told."""
        content = self.told.model_dump(mode="json")
        return Change(Topic.ALARMS, str(self.told.id), content, self.owner.asset_id, self.owner.location_id)


def shown_alarms(store: Connection, found: Sequence[Alarm]) -> list[Shown]:
    """Give alarms with names, owners and the steps of their lives."""
    steps = store_alarms.transitions(store, [alarm.alarm_id for alarm in found])
    shown = []
    for alarm in found:
        name, owner = _subject(store, alarm.subject)
        shown.append(Shown(_told(alarm, name, steps.get(alarm.alarm_id, [])), owner))
    return shown


def alarm_rights(person: Person, owner: Owner, *, state: str, is_prealarm: bool) -> list[str]:
    """List what a person may do about an alarm."""
    if state not in _ANSWERS:
        return []
    may: list[str] = []
    place = {"asset_id": owner.asset_id, "location_id": owner.location_id}
    if person.reaches(Action.ANSWER_ALARM, **place):
        may += [what for what in _ANSWERS[state] if what != "shelve" or not is_prealarm]
    if is_prealarm and person.reaches(Action.CANCEL_ALARM, **place):
        may.append("cancel")
    if person.reaches(Action.CALL_AID, **place):
        may.append("call_aid")
    return may


def _subject(store: Connection, subject: Subject) -> tuple[str, Owner]:
    """Name of a subject and whose it is; what belongs nowhere concerns whoever watches any part of the site."""
    kind, name = subject
    if kind in ("asset", "sensor"):
        owner = owners_of(store, [name]).get(name)
        asset = things.asset(store, owner.asset_id or "") if owner else None
        return (asset.name if asset else name), owner or _WHOLE_SITE
    if kind == "zone":
        zone = zones.zone(store, name)
        return (zone.title if zone else name), _WHOLE_SITE
    if kind == "gateway":
        gateway = gateways.gateway(store, name)
        place = gateway.location_id if gateway else None
        return (gateway.name if gateway else name), Owner(None, place or EVERYWHERE)
    return name, _WHOLE_SITE


def _told(alarm: Alarm, name: str, steps: Sequence[Transition]) -> AlarmTold:
    return AlarmTold(
        id=alarm.alarm_id, level=alarm.level, criterion=alarm.criterion, title=alarm.title,
        subject=SubjectTold(kind=alarm.subject.kind, id=alarm.subject.subject_id, name=name), raised=alarm.raised_us,
        state=alarm.stage, owner_role=alarm.owner, answer_by=alarm.answer_by_us, escalated=alarm.n_escalated,
        is_blind=alarm.is_blind, is_active=alarm.is_active, cancel_until=alarm.cancel_until_us,
        shelved_until=alarm.shelved_until_us, actions=list(alarm.actions), evidence=list(alarm.evidence),
        transitions=[StepTold(at=one.at_us, who=one.who, what=one.what, why=one.why) for one in steps], rights=[],
    )  # fmt: skip
