"""What people do about an alarm: acknowledge, shelve, clear, cancel, call for aid; its stage says what is allowed."""

from typing import Final

from highwall.core.errors import InputError
from highwall.twin.alarm import Act, Alarm, Life, Notice, Stage
from highwall.twin.alarm_steps import answer_of, changed, cleared, clearing_of, in_us, transition
from highwall.twin.criteria import Blind, Criterion, Level
from highwall.twin.roles import Role


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
        return Life(alarm, (transition(alarm, act.at_us, "noted", f"{act.what} came too late: {error}", act.who),))


def _acknowledge(alarm: Alarm, answer: Level | Blind, act: Act) -> Life:
    if alarm.stage is Stage.ACKNOWLEDGED:
        raise InputError(f"alarm {alarm.alarm_id} is acknowledged already.")
    quiet = changed(
        alarm, stage=Stage.ACKNOWLEDGED, answer_by_us=None, next_us=None, cancel_until_us=None, shelved_until_us=None
    )
    life = Life(quiet, (transition(quiet, act.at_us, "acknowledged", act.why, act.who),))
    if alarm.is_active or clearing_of(answer) == "by_hand":
        return life
    ended = cleared(quiet, act.at_us, why="answered, and the condition no longer holds")
    return Life(ended.alarm, life.transitions + ended.transitions, ended.notices)


def _shelve(alarm: Alarm, answer: Level | Blind, act: Act) -> Life:
    longest_us = act.at_us + in_us(answer.longest_shelf_s)
    if alarm.cancel_until_us is not None:
        raise InputError("a pre-alarm cannot be shelved; its subject can cancel it.")
    if not act.why.strip():
        raise InputError("say why the alarm is shelved: it stays in its record.")
    if act.until_us is None or not act.at_us < act.until_us <= longest_us:
        raise InputError(
            f"shelve alarm {alarm.alarm_id} until a time within {answer.longest_shelf_s / 3600:g} h: that is the "
            f"longest that level {alarm.level} may be put aside."
        )
    shelved = changed(
        alarm, stage=Stage.SHELVED, shelved_until_us=act.until_us, next_us=act.until_us, answer_by_us=None
    )  # fmt: skip
    return Life(shelved, (transition(shelved, act.at_us, "shelved", act.why, act.who),))


def _clear(alarm: Alarm, answer: Level | Blind, act: Act) -> Life:
    if not act.why.strip():
        raise InputError("say why the alarm is over: it stays in its record.")
    if alarm.is_active and clearing_of(answer) != "by_hand":
        raise InputError(
            f"the condition of alarm {alarm.alarm_id} still holds: acknowledge it, or shelve it for a while; "
            "it clears when the condition is gone."
        )
    return cleared(alarm, act.at_us, why=act.why, who=act.who)


def _cancel(alarm: Alarm, answer: Level | Blind, act: Act) -> Life:
    if alarm.cancel_until_us is None or act.at_us >= alarm.cancel_until_us:
        raise InputError(f"alarm {alarm.alarm_id} is no pre-alarm any more: others have been told, and must clear it.")
    ended = changed(alarm, stage=Stage.CANCELLED, next_us=None, answer_by_us=None, cancel_until_us=None)
    return Life(ended, (transition(ended, act.at_us, "cancelled", act.why or "by its subject", act.who),))


def _call_aid(alarm: Alarm, answer: Level | Blind, act: Act) -> Life:
    if not act.why.strip():
        raise InputError("say what outside aid is called for.")
    notice = Notice(
        f"{alarm.alarm_id}:aid:{act.act_id}", alarm.alarm_id, act.at_us, "aid_called", Role.SUPERVISOR,
        ("webhook", "mail", "cap"), f"{act.who} calls for outside aid: {act.why}",
    )  # fmt: skip
    return Life(alarm, (transition(alarm, act.at_us, "aid_called", act.why, act.who),), (notice,))


_ACTS: Final = {
    "acknowledge": _acknowledge, "shelve": _shelve, "clear": _clear, "cancel": _cancel, "call_aid": _call_aid,
}  # fmt: skip
