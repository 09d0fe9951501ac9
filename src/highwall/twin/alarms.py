"""The life of an alarm: raised → acknowledged → cleared, with everything that may come between.

::

                     cancelled by its subject ──► cancelled
                    ╱
      (pre-alarm) ─ confirmed ─► raised ◄──────────── shelving ended, level rose, came again
                                  │  │ ╲
                 nobody answers:  │  │  shelved until … ──┐
                 escalated, told  │  │                    │
                 the next in line │  └► acknowledged ─────┼──► cleared (by itself, or by a person)
                                  └───────────────────────┘

Pure: each function gives the alarm that follows and what is to be written down and told. An alarm whose condition went
away before anybody saw it waits for an answer, unless its level says otherwise; one whose condition cannot be judged
stays. A higher level breaks an acknowledgement and a shelf: they were for less.
"""

from enum import StrEnum
from typing import Final, Literal, NamedTuple

import msgspec

from highwall.core.errors import InputError
from highwall.twin.criteria import Answer, Blind, Channel, Criterion, Level
from highwall.twin.roles import Role
from highwall.twin.rules import Subject, Turn

ENGINE: Final = "highwall"
"""Who moved an alarm, where nobody did."""
Sort = Literal["condition", "blind", "not_watching"]


class Stage(StrEnum):
    """Where in its life an alarm is."""

    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"
    SHELVED = "shelved"
    CLEARED = "cleared"
    CANCELLED = "cancelled"


OPEN: Final = frozenset({Stage.RAISED, Stage.ACKNOWLEDGED, Stage.SHELVED})


class Alarm(msgspec.Struct, frozen=True):
    """Something that a person must answer."""

    alarm_id: int
    """Microsecond of its raising; even if the engine raised it, odd if the watch over the engine did."""
    criterion: str
    subject: Subject
    sort: Sort
    title: str
    level: int
    stage: Stage
    raised_us: int
    began_us: int
    """Event time at which its condition began."""
    owner: Role
    answer_by_us: int | None
    """Until when it must be answered; None: it is, or need not be yet."""
    is_active: bool = True
    """Whether its condition holds."""
    n_escalated: int = 0
    """Steps of the escalation that were taken."""
    next_us: int | None = None
    """When time alone moves it next."""
    cancel_until_us: int | None = None
    """A pre-alarm: its subject may cancel it until then, and nobody else has been told."""
    shelved_until_us: int | None = None
    actions: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    version: int = 0
    """Of the criteria under which it was raised."""
    n_again: int = 0
    """Times that it came back while it was open."""

    @property
    def key(self) -> str:
        """What at most one open alarm is about."""
        return alarm_key(self.criterion, self.subject, self.sort)

    @property
    def is_open(self) -> bool:
        """Whether anybody still has to do with it."""
        return self.stage in OPEN

    @property
    def is_blind(self) -> bool:
        """Whether it says that something cannot be judged."""
        return self.sort == "blind"


class Transition(NamedTuple):
    """One step of an alarm's life, for its record."""

    alarm_id: int
    at_us: int
    who: str
    what: str
    """``raised``, ``confirmed``, ``rose``, ``eased``, ``gone``, ``again``, ``acknowledged``, ``shelved``,
    ``shelf_ended``, ``escalated``, ``told_again``, ``aid_called``, ``cleared``, ``cancelled``, ``noted``."""
    why: str
    level: int


class Notice(NamedTuple):
    """Something to be told to people outside."""

    key: str
    """The same for the same thing: it is told once, however often it is worked out."""
    alarm_id: int
    at_us: int
    what: str
    to: Role
    by: tuple[Channel, ...]
    text: str


class Life(NamedTuple):
    """What a step of an alarm's life leads to."""

    alarm: Alarm
    transitions: tuple[Transition, ...] = ()
    notices: tuple[Notice, ...] = ()


class Act(msgspec.Struct, frozen=True):
    """What a person does about an alarm."""

    act_id: int
    at_us: int
    alarm_id: int
    what: Literal["acknowledge", "shelve", "clear", "cancel", "call_aid"]
    who: str
    why: str = ""
    until_us: int | None = None


def alarm_key(criterion: str, subject: Subject, sort: Sort) -> str:
    """Name of what at most one open alarm is about."""
    return f"{criterion}|{sort}|{subject}"


def answer_of(criterion: Criterion, sort: Sort, level: int) -> Level | Blind:
    """Who answers an alarm of a criterion; of a level that it no longer has, the next lower one it has."""
    if sort == "blind":
        return criterion.blind or Blind()
    lower = [each for each in criterion.levels if each.level <= level]
    return lower[-1] if lower else criterion.levels[0]


def raised(criterion: Criterion, turn: Turn, *, sort: Sort, alarm_id: int, version: int) -> Life:
    """Raise an alarm from a turn of its watch; as a pre-alarm where its level says so."""
    level = turn.level if sort != "blind" else (criterion.blind or Blind()).level
    answer = answer_of(criterion, sort, level)
    now_us = turn.at_us
    prealarm_us = _us(answer.prealarm_s) if isinstance(answer, Level) else 0
    title = f"Cannot be judged: {criterion.title}" if sort == "blind" else criterion.title
    alarm = Alarm(
        alarm_id, criterion.id, turn.subject, sort, title, level, Stage.RAISED, now_us, turn.began_us, answer.owner,
        None, actions=answer.actions, evidence=turn.evidence, version=version,
    )  # fmt: skip
    why = "; ".join(turn.evidence)
    if prealarm_us:
        until_us = now_us + prealarm_us
        alarm = _with(alarm, cancel_until_us=until_us, next_us=until_us)
        return Life(alarm, (_transition(alarm, now_us, "raised", f"pre-alarm: {why}"),))
    alarm = _asked(alarm, answer, now_us)
    return Life(alarm, (_transition(alarm, now_us, "raised", why),), (_notice(alarm, "raised", now_us, answer),))


def turned(alarm: Alarm, criterion: Criterion, turn: Turn) -> Life:
    """Follow a turn of the watch while the alarm is open."""
    level = _level_after(alarm, turn)
    if level == 0:
        return _gone(alarm, criterion, turn.at_us, why="; ".join(turn.evidence) or "the condition no longer holds")
    answer = answer_of(criterion, alarm.sort, level)
    changed = _with(alarm, level=level, is_active=True, evidence=turn.evidence, actions=answer.actions)
    why = "; ".join(turn.evidence)
    if level > alarm.level:
        return _anew(changed, answer, turn.at_us, what="rose", why=why)
    if not alarm.is_active:
        again = _with(changed, n_again=alarm.n_again + 1)
        if alarm.stage is Stage.ACKNOWLEDGED:
            return _anew(again, answer, turn.at_us, what="again", why=why)
        return Life(again, (_transition(again, turn.at_us, "again", why),))
    return Life(changed, (_transition(changed, turn.at_us, "eased", why),) if level < alarm.level else ())


def waited(alarm: Alarm, criterion: Criterion, now_us: int) -> Life:
    """Let time pass: pre-alarms are confirmed, shelves end, unanswered alarms are escalated, each at its due time."""
    transitions: tuple[Transition, ...] = ()
    notices: tuple[Notice, ...] = ()
    while alarm.is_open and alarm.next_us is not None and alarm.next_us <= now_us:
        life = _due(alarm, criterion, alarm.next_us)
        alarm, transitions, notices = life.alarm, transitions + life.transitions, notices + life.notices
    return Life(alarm, transitions, notices)


def acted(alarm: Alarm, criterion: Criterion, act: Act) -> Life:
    """Do what a person wants.

    Raises
    ------
    InputError
        The alarm's stage does not allow it; the message says what does.
    """
    if not alarm.is_open:
        raise InputError(f"alarm {alarm.alarm_id} is {alarm.stage}: nothing more can be done about it.")
    if not act.who.strip():
        raise InputError("say who acts: it stays in the alarm's record.")
    return _ACTS[act.what](alarm, answer_of(criterion, alarm.sort, alarm.level), act)


def acted_or_noted(alarm: Alarm, criterion: Criterion, act: Act) -> Life:
    """Do what a person wanted, or note that it came too late."""
    try:
        return acted(alarm, criterion, act)
    except InputError as error:
        return Life(alarm, (_transition(alarm, act.at_us, "noted", f"{act.what} came too late: {error}", act.who),))


def _acknowledge(alarm: Alarm, answer: Level | Blind, act: Act) -> Life:
    if alarm.stage is Stage.ACKNOWLEDGED:
        raise InputError(f"alarm {alarm.alarm_id} is acknowledged already.")
    quiet = _with(
        alarm, stage=Stage.ACKNOWLEDGED, answer_by_us=None, next_us=None, cancel_until_us=None, shelved_until_us=None
    )
    life = Life(quiet, (_transition(quiet, act.at_us, "acknowledged", act.why, act.who),))
    if alarm.is_active or _clears(answer) == "by_hand":
        return life
    ended = _cleared(quiet, act.at_us, why="answered, and the condition no longer holds")
    return Life(ended.alarm, life.transitions + ended.transitions, ended.notices)


def _shelve(alarm: Alarm, answer: Level | Blind, act: Act) -> Life:
    longest_us = act.at_us + _us(answer.longest_shelf_s)
    if alarm.cancel_until_us is not None:
        raise InputError("a pre-alarm cannot be shelved; its subject can cancel it.")
    if not act.why.strip():
        raise InputError("say why the alarm is shelved: it stays in its record.")
    if act.until_us is None or not act.at_us < act.until_us <= longest_us:
        raise InputError(
            f"shelve alarm {alarm.alarm_id} until a time within {answer.longest_shelf_s / 3600:g} h: that is the "
            f"longest that level {alarm.level} may be put aside."
        )
    shelved = _with(
        alarm, stage=Stage.SHELVED, shelved_until_us=act.until_us, next_us=act.until_us, answer_by_us=None
    )  # fmt: skip
    return Life(shelved, (_transition(shelved, act.at_us, "shelved", act.why, act.who),))


def _clear(alarm: Alarm, answer: Level | Blind, act: Act) -> Life:
    if not act.why.strip():
        raise InputError("say why the alarm is over: it stays in its record.")
    if alarm.is_active and _clears(answer) != "by_hand":
        raise InputError(
            f"the condition of alarm {alarm.alarm_id} still holds: acknowledge it, or shelve it for a while; "
            "it clears when the condition is gone."
        )
    return _cleared(alarm, act.at_us, why=act.why, who=act.who)


def _cancel(alarm: Alarm, answer: Level | Blind, act: Act) -> Life:
    if alarm.cancel_until_us is None or act.at_us >= alarm.cancel_until_us:
        raise InputError(f"alarm {alarm.alarm_id} is no pre-alarm any more: others have been told, and must clear it.")
    ended = _with(alarm, stage=Stage.CANCELLED, next_us=None, answer_by_us=None, cancel_until_us=None)
    return Life(ended, (_transition(ended, act.at_us, "cancelled", act.why or "by its subject", act.who),))


def _call_aid(alarm: Alarm, answer: Level | Blind, act: Act) -> Life:
    if not act.why.strip():
        raise InputError("say what outside aid is called for.")
    notice = Notice(
        f"{alarm.alarm_id}:aid:{act.act_id}", alarm.alarm_id, act.at_us, "aid_called", Role.SUPERVISOR,
        ("webhook", "mail", "cap"), f"{act.who} calls for outside aid: {act.why}",
    )  # fmt: skip
    return Life(alarm, (_transition(alarm, act.at_us, "aid_called", act.why, act.who),), (notice,))


_ACTS: Final = {
    "acknowledge": _acknowledge, "shelve": _shelve, "clear": _clear, "cancel": _cancel, "call_aid": _call_aid,
}  # fmt: skip


def _due(alarm: Alarm, criterion: Criterion, at_us: int) -> Life:
    """Do what is due at this time."""
    answer = answer_of(criterion, alarm.sort, alarm.level)
    if alarm.cancel_until_us is not None:
        sure = _asked(_with(alarm, cancel_until_us=None), answer, at_us)
        why = "the pre-alarm was not cancelled"
        return Life(sure, (_transition(sure, at_us, "confirmed", why),), (_notice(sure, "raised", at_us, answer),))
    if alarm.stage is Stage.SHELVED:
        back = _with(alarm, shelved_until_us=None)
        if not alarm.is_active and _clears(answer) != "by_hand":
            return _cleared(back, at_us, why="its shelving ended, and the condition no longer holds")
        return _anew(back, answer, at_us, what="shelf_ended", why="its shelving ended")
    return _escalated(alarm, answer, at_us)


def _escalated(alarm: Alarm, answer: Level | Blind, at_us: int) -> Life:
    steps = answer.escalation
    if alarm.n_escalated < len(steps):
        step = steps[alarm.n_escalated]
        higher = _with(alarm, n_escalated=alarm.n_escalated + 1)
        higher = _with(higher, next_us=_next_step(higher, answer, at_us))
        why = f"not answered in time; told the {step.to.replace('_', ' ')}"
        notice = _notice(higher, "escalated", at_us, answer)._replace(to=step.to, by=step.by)
        return Life(higher, (_transition(higher, at_us, "escalated", why),), (notice,))
    if answer.again_s is None:
        return Life(_with(alarm, next_us=None))
    last = (steps[-1].to, steps[-1].by) if steps else (answer.owner, answer.by)
    same = _with(alarm, next_us=at_us + _us(answer.again_s))
    notice = _notice(same, "told_again", at_us, answer)._replace(to=last[0], by=last[1])
    return Life(same, (_transition(same, at_us, "told_again", "still not answered"),), (notice,))


def _next_step(alarm: Alarm, answer: Level | Blind, at_us: int) -> int | None:
    if alarm.answer_by_us is None:
        return None
    if alarm.n_escalated < len(answer.escalation):
        return max(at_us, alarm.answer_by_us + _us(answer.escalation[alarm.n_escalated].after_s))
    return None if answer.again_s is None else at_us + _us(answer.again_s)


def _level_after(alarm: Alarm, turn: Turn) -> int:
    if alarm.sort == "blind":
        return alarm.level if turn.is_blind else 0
    return turn.level


def _gone(alarm: Alarm, criterion: Criterion, at_us: int, *, why: str) -> Life:
    """The condition no longer holds: the alarm ends, or waits for a person."""
    if not alarm.is_active:
        return Life(alarm)
    answer = answer_of(criterion, alarm.sort, alarm.level)
    quiet = _with(alarm, is_active=False)
    clears = _clears(answer)
    ends = clears == "itself" or (clears == "answered" and alarm.stage is not Stage.RAISED)
    if alarm.cancel_until_us is not None or ends:
        return _cleared(quiet, at_us, why=why)
    return Life(quiet, (_transition(quiet, at_us, "gone", why),))


def _anew(alarm: Alarm, answer: Level | Blind, at_us: int, *, what: str, why: str) -> Life:
    """Ask for an answer again, from the first in line."""
    asked = _asked(alarm, answer, at_us)
    return Life(asked, (_transition(asked, at_us, what, why),), (_notice(asked, what, at_us, answer),))


def _asked(alarm: Alarm, answer: Answer, at_us: int) -> Alarm:
    by_us = at_us + _us(answer.within_s)
    if answer.escalation:
        next_us: int | None = by_us + _us(answer.escalation[0].after_s)
    else:
        next_us = by_us if answer.again_s is not None else None
    return _with(
        alarm, stage=Stage.RAISED, owner=answer.owner, answer_by_us=by_us, next_us=next_us, n_escalated=0,
        shelved_until_us=None, cancel_until_us=None,
    )  # fmt: skip


def _cleared(alarm: Alarm, at_us: int, *, why: str, who: str = ENGINE) -> Life:
    ended = _with(
        alarm, stage=Stage.CLEARED, is_active=False, next_us=None, answer_by_us=None, shelved_until_us=None,
        cancel_until_us=None,
    )  # fmt: skip
    was_told = alarm.cancel_until_us is None
    notice = Notice(
        f"{alarm.alarm_id}:cleared",
        alarm.alarm_id,
        at_us,
        "cleared",
        alarm.owner,
        ("webhook",),
        f"{alarm.title}: {why}",
    )
    return Life(ended, (_transition(ended, at_us, "cleared", why, who),), (notice,) if was_told else ())


def _notice(alarm: Alarm, what: str, at_us: int, answer: Answer) -> Notice:
    text = f"Level {alarm.level}: {alarm.title} ({alarm.subject})"
    if alarm.evidence:
        text += f": {'; '.join(alarm.evidence)}"
    if alarm.actions:
        text += f". Do: {', '.join(alarm.actions)}"
    key = f"{alarm.alarm_id}:{what}:{alarm.level}:{at_us}"
    return Notice(key, alarm.alarm_id, at_us, what, answer.owner, answer.by, text)


def _transition(alarm: Alarm, at_us: int, what: str, why: str, who: str = ENGINE) -> Transition:
    return Transition(alarm.alarm_id, at_us, who, what, why, alarm.level)


def _clears(answer: Answer) -> str:
    return answer.clears if isinstance(answer, Level) else "itself"


def _with(alarm: Alarm, **changes: object) -> Alarm:
    return msgspec.structs.replace(alarm, **changes)


def _us(seconds: float) -> int:
    return round(seconds * 1e6)
