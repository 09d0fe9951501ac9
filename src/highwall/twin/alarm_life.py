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

from highwall.twin.alarm import Alarm, Life, Notice, Sort, Stage, Transition
from highwall.twin.alarm_steps import (
    anew,
    answer_of,
    asked,
    changed,
    cleared,
    clearing_of,
    in_us,
    notice_of,
    transition,
)
from highwall.twin.criteria import Blind, Criterion, Level
from highwall.twin.watch import Turn


def raised(criterion: Criterion, turn: Turn, *, sort: Sort, alarm_id: int, version: int) -> Life:
    """Raise an alarm from a turn of its watch; as a pre-alarm where its level says so."""
    level = turn.level if sort != "blind" else (criterion.blind or Blind()).level
    answer = answer_of(criterion, sort, level)
    now_us = turn.at_us
    prealarm_us = in_us(answer.prealarm_s) if isinstance(answer, Level) else 0
    title = f"Cannot be judged: {criterion.title}" if sort == "blind" else criterion.title
    alarm = Alarm(
        alarm_id, criterion.id, turn.subject, sort, title, level, Stage.RAISED, now_us, turn.began_us, answer.owner,
        None, actions=answer.actions, evidence=turn.evidence, version=version,
    )  # fmt: skip
    why = "; ".join(turn.evidence)
    if prealarm_us:
        until_us = now_us + prealarm_us
        alarm = changed(alarm, cancel_until_us=until_us, next_us=until_us)
        return Life(alarm, (transition(alarm, now_us, "raised", f"pre-alarm: {why}"),))
    alarm = asked(alarm, answer, now_us)
    return Life(alarm, (transition(alarm, now_us, "raised", why),), (notice_of(alarm, "raised", now_us, answer),))


def turned(alarm: Alarm, criterion: Criterion, turn: Turn) -> Life:
    """Follow a turn of the watch while the alarm is open."""
    level = _level_after(alarm, turn)
    if level == 0:
        return _gone(alarm, criterion, turn.at_us, why="; ".join(turn.evidence) or "the condition no longer holds")
    answer = answer_of(criterion, alarm.sort, level)
    moved = changed(alarm, level=level, is_active=True, evidence=turn.evidence, actions=answer.actions)
    why = "; ".join(turn.evidence)
    if level > alarm.level:
        return anew(moved, answer, turn.at_us, what="rose", why=why)
    if not alarm.is_active:
        again = changed(moved, n_again=alarm.n_again + 1)
        if alarm.stage is Stage.ACKNOWLEDGED:
            return anew(again, answer, turn.at_us, what="again", why=why)
        return Life(again, (transition(again, turn.at_us, "again", why),))
    return Life(moved, (transition(moved, turn.at_us, "eased", why),) if level < alarm.level else ())


def waited(alarm: Alarm, criterion: Criterion, now_us: int) -> Life:
    """Let time pass: pre-alarms are confirmed, shelves end, unanswered alarms are escalated, each at its due time."""
    transitions: tuple[Transition, ...] = ()
    notices: tuple[Notice, ...] = ()
    while alarm.is_open and alarm.next_us is not None and alarm.next_us <= now_us:
        life = _due(alarm, criterion, alarm.next_us)
        alarm, transitions, notices = life.alarm, transitions + life.transitions, notices + life.notices
    return Life(alarm, transitions, notices)


def _due(alarm: Alarm, criterion: Criterion, at_us: int) -> Life:
    """Do what is due at this time."""
    answer = answer_of(criterion, alarm.sort, alarm.level)
    if alarm.cancel_until_us is not None:
        sure = asked(changed(alarm, cancel_until_us=None), answer, at_us)
        why = "the pre-alarm was not cancelled"
        return Life(sure, (transition(sure, at_us, "confirmed", why),), (notice_of(sure, "raised", at_us, answer),))
    if alarm.stage is Stage.SHELVED:
        back = changed(alarm, shelved_until_us=None)
        if not alarm.is_active and clearing_of(answer) != "by_hand":
            return cleared(back, at_us, why="its shelving ended, and the condition no longer holds")
        return anew(back, answer, at_us, what="shelf_ended", why="its shelving ended")
    return _escalated(alarm, answer, at_us)


def _escalated(alarm: Alarm, answer: Level | Blind, at_us: int) -> Life:
    steps = answer.escalation
    if alarm.n_escalated < len(steps):
        step = steps[alarm.n_escalated]
        higher = changed(alarm, n_escalated=alarm.n_escalated + 1)
        higher = changed(higher, next_us=_next_step(higher, answer, at_us))
        why = f"not answered in time; told the {step.to.replace('_', ' ')}"
        notice = notice_of(higher, "escalated", at_us, answer)._replace(to=step.to, by=step.by)
        return Life(higher, (transition(higher, at_us, "escalated", why),), (notice,))
    if answer.again_s is None:
        return Life(changed(alarm, next_us=None))
    last = (steps[-1].to, steps[-1].by) if steps else (answer.owner, answer.by)
    same = changed(alarm, next_us=at_us + in_us(answer.again_s))
    notice = notice_of(same, "told_again", at_us, answer)._replace(to=last[0], by=last[1])
    return Life(same, (transition(same, at_us, "told_again", "still not answered"),), (notice,))


def _next_step(alarm: Alarm, answer: Level | Blind, at_us: int) -> int | None:
    if alarm.answer_by_us is None:
        return None
    if alarm.n_escalated < len(answer.escalation):
        return max(at_us, alarm.answer_by_us + in_us(answer.escalation[alarm.n_escalated].after_s))
    return None if answer.again_s is None else at_us + in_us(answer.again_s)


def _level_after(alarm: Alarm, turn: Turn) -> int:
    if alarm.sort == "blind":
        return alarm.level if turn.is_blind else 0
    return turn.level


def _gone(alarm: Alarm, criterion: Criterion, at_us: int, *, why: str) -> Life:
    """The condition no longer holds: the alarm ends, or waits for a person."""
    if not alarm.is_active:
        return Life(alarm)
    answer = answer_of(criterion, alarm.sort, alarm.level)
    quiet = changed(alarm, is_active=False)
    clears = clearing_of(answer)
    ends = clears == "itself" or (clears == "answered" and alarm.stage is not Stage.RAISED)
    if alarm.cancel_until_us is not None or ends:
        return cleared(quiet, at_us, why=why)
    return Life(quiet, (transition(quiet, at_us, "gone", why),))
