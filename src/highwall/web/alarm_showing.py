"""Alarms as people are shown them: with their subject's name, whom they concern, and what one may do about them."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection

from highwall.core.errors import InputError
from highwall.twin.alarm import OPEN, Alarm, Stage, Transition
from highwall.twin.alarm_steps import answer_of
from highwall.twin.criteria import Criterion
from highwall.twin.roles import EVERYWHERE, Action, Person
from highwall.twin.sql import alarms as store_alarms
from highwall.twin.sql import gateways, tags, things, zones
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
_MOST: Final = 1000
"""Open alarms about one asset that are told at once."""


class Shown(NamedTuple):
    """An alarm to be shown, and whom it concerns."""

    told: AlarmTold
    owner: Owner

    def for_person(self, person: Person) -> AlarmTold:
        """Give it with what this person may do about it."""
        told, is_prealarm = self.told, self.told.cancel_until is not None
        can_shelve = told.longest_shelf_s is not None
        may = alarm_rights(person, self.owner, state=told.state, is_prealarm=is_prealarm, can_shelve=can_shelve)
        return self.told.model_copy(update={"rights": may})

    @property
    def change(self) -> Change:
        """As those who watch live are told."""
        content = self.told.model_dump(mode="json")
        is_over = self.told.state not in OPEN
        return Change(Topic.ALARMS, str(self.told.id), content, *self.owner, is_over=is_over)


def shown_alarms(store: Connection, found: Sequence[Alarm]) -> list[Shown]:
    """Give alarms with names, owners and the steps of their lives."""
    steps = store_alarms.transitions(store, [alarm.alarm_id for alarm in found])
    longest_s = _longest_shelves(store, found)
    shown = []
    for alarm in found:
        name, owner = _subject(store, alarm.subject)
        told = _told(alarm, name, steps.get(alarm.alarm_id, []), longest_s.get(alarm.alarm_id))
        shown.append(Shown(told, owner))
    return shown


def open_alarms_about(store: Connection, asset_id: str) -> list[Shown]:
    """Give the alarms about an asset, and about every tag that it ever had, that somebody still has to do with."""
    names = [asset_id, *(one.tag_id for one in tags.bindings(store, asset_id=asset_id))]
    subjects = [(kind, name) for kind in ("asset", "sensor") for name in names]
    return shown_alarms(store, store_alarms.page(store, is_open=True, limit=_MOST, subjects=subjects))


def alarm_rights(person: Person, owner: Owner, *, state: str, is_prealarm: bool, can_shelve: bool) -> list[str]:
    """List what a person may do about an alarm."""
    if state not in _ANSWERS:
        return []
    may: list[str] = []
    place = {"asset_id": owner.asset_id, "location_id": owner.location_id}
    if person.reaches(Action.ANSWER_ALARM, **place):
        may += [what for what in _ANSWERS[state] if what != "shelve" or can_shelve]
    if is_prealarm and person.reaches(Action.CANCEL_ALARM, **place):
        may.append("cancel")
    if person.reaches(Action.CALL_AID, **place):
        may.append("call_aid")
    return may


def _longest_shelves(store: Connection, found: Iterable[Alarm]) -> dict[int, float]:
    """How long each alarm that may be put aside may be so [s]; those that may not are left out."""
    ready = [alarm for alarm in found if alarm.is_open and alarm.cancel_until_us is None]
    known = {name: _criterion(store, alarm) for name, alarm in {alarm.criterion: alarm for alarm in ready}.items()}
    longest_s = {
        alarm.alarm_id: answer_of(criterion, alarm.sort, alarm.level).longest_shelf_s
        for alarm in ready
        if (criterion := known[alarm.criterion]) is not None
    }
    return {number: longest for number, longest in longest_s.items() if longest > 0}


def _criterion(store: Connection, alarm: Alarm) -> Criterion | None:
    """Criterion of an alarm; None: its criteria are in this store no more, and nothing can be done by them."""
    try:
        return store_alarms.criterion_of(store, alarm)
    except InputError:
        return None


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


def _told(alarm: Alarm, name: str, steps: Sequence[Transition], longest_shelf_s: float | None) -> AlarmTold:
    return AlarmTold(
        id=alarm.alarm_id, level=alarm.level, criterion=alarm.criterion, title=alarm.title,
        subject=SubjectTold(kind=alarm.subject.kind, id=alarm.subject.subject_id, name=name), raised=alarm.raised_us,
        state=alarm.stage, owner_role=alarm.owner, answer_by=alarm.answer_by_us, escalated=alarm.n_escalated,
        is_blind=alarm.is_blind, is_active=alarm.is_active, cancel_until=alarm.cancel_until_us,
        shelved_until=alarm.shelved_until_us, longest_shelf_s=longest_shelf_s, actions=list(alarm.actions),
        evidence=list(alarm.evidence), rights=[],
        transitions=[StepTold(at=one.at_us, who=one.who, what=one.what, why=one.why) for one in steps],
    )  # fmt: skip
