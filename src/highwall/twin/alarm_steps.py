"""The steps that every part of an alarm's life is made of: asked, told, written down, ended."""

import msgspec

from highwall.twin.alarm import ENGINE, Alarm, Life, Notice, Sort, Stage, Transition
from highwall.twin.criteria import Answer, Blind, Criterion, Level


def answer_of(criterion: Criterion, sort: Sort, level: int) -> Level | Blind:
    """Who answers an alarm of a criterion; of a level that it no longer has, the next lower one it has."""
    if sort == "blind":
        return criterion.blind or Blind()
    lower = [each for each in criterion.levels if each.level <= level]
    return lower[-1] if lower else criterion.levels[0]


def anew(alarm: Alarm, answer: Level | Blind, at_us: int, *, what: str, why: str) -> Life:
    """Ask for an answer again, from the first in line."""
    again = asked(alarm, answer, at_us)
    return Life(again, (transition(again, at_us, what, why),), (notice_of(again, what, at_us, answer),))


def asked(alarm: Alarm, answer: Answer, at_us: int) -> Alarm:
    """Ask for an answer, from the first in line."""
    by_us = at_us + in_us(answer.within_s)
    if answer.escalation:
        next_us: int | None = by_us + in_us(answer.escalation[0].after_s)
    else:
        next_us = by_us if answer.again_s is not None else None
    return changed(
        alarm, stage=Stage.RAISED, owner=answer.owner, answer_by_us=by_us, next_us=next_us, n_escalated=0,
        shelved_until_us=None, cancel_until_us=None,
    )  # fmt: skip


def cleared(alarm: Alarm, at_us: int, *, why: str, who: str = ENGINE) -> Life:
    """End an alarm; whoever was told of it is told."""
    ended = changed(
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
    return Life(ended, (transition(ended, at_us, "cleared", why, who),), (notice,) if was_told else ())


def notice_of(alarm: Alarm, what: str, at_us: int, answer: Answer) -> Notice:
    """Tell the one who owns an alarm."""
    text = f"Level {alarm.level}: {alarm.title} ({alarm.subject})"
    if alarm.evidence:
        text += f": {'; '.join(alarm.evidence)}"
    if alarm.actions:
        text += f". Do: {', '.join(alarm.actions)}"
    key = f"{alarm.alarm_id}:{what}:{alarm.level}:{at_us}"
    return Notice(key, alarm.alarm_id, at_us, what, answer.owner, answer.by, text)


def transition(alarm: Alarm, at_us: int, what: str, why: str, who: str = ENGINE) -> Transition:
    """Write a step down."""
    return Transition(alarm.alarm_id, at_us, who, what, why, alarm.level)


def clearing_of(answer: Answer) -> str:
    """How an alarm ends: by itself, once answered, or by hand."""
    return answer.clears if isinstance(answer, Level) else "itself"


def changed(alarm: Alarm, **changes: object) -> Alarm:
    """Alarm with other values."""
    return msgspec.structs.replace(alarm, **changes)


def in_us(seconds: float) -> int:
    """Seconds in microseconds."""
    return round(seconds * 1e6)
