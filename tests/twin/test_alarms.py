"""The life of an alarm."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from highwall.core.errors import InputError
from highwall.twin.alarm import Act, Alarm, Stage
from highwall.twin.alarm_acts import acted
from highwall.twin.alarm_book import AlarmBook
from highwall.twin.alarm_life import raised, turned, waited
from highwall.twin.criteria import Criterion
from highwall.twin.watch import Subject, Turn
from tests.twin.plans import T0, S, criterion, level, plan

_WHEN = {"reading": "crack_width", "above": 1.0}
_SUBJECT = Subject("sensor", "s-1")


def _criterion(**given: Any) -> Criterion:
    low = level(2, when=_WHEN, **{"within_s": 60, "escalation": [{"to": "supervisor"}], **given})
    higher = [{"to": "super_manager", "by": ["mail"]}]
    high = level(4, when=_WHEN, within_s=30, clears="by_hand", escalation=higher, again_s=90)
    return plan(criterion("c", levels=[low, high])).criteria[0]


def _turn(to: int, *, was: int = 0, at: float = 0.0, blind: bool = False, was_blind: bool = False) -> Turn:
    at_us = T0 + round(at * S)
    return Turn("c", _SUBJECT, was, to, was_blind, blind, at_us, at_us, ("it is wide",) if to else ())


def _raised(one: Criterion, to: int = 2) -> Alarm:
    return raised(one, _turn(to), sort="condition", alarm_id=T0, version=1).alarm


def _act(what: Any, *, at: float = 1.0, why: str = "seen", until: float | None = None) -> Act:
    return Act(1, T0 + round(at * S), T0, what, "mia", why, None if until is None else T0 + round(until * S))


def test_an_answered_alarm_clears_when_its_condition_is_gone() -> None:
    one = _criterion()
    alarm = acted(_raised(one), one, _act("acknowledge")).alarm
    assert alarm.stage is Stage.ACKNOWLEDGED
    assert alarm.next_us is None
    assert turned(alarm, one, _turn(0, was=2, at=5)).alarm.stage is Stage.CLEARED


def test_an_alarm_that_nobody_saw_waits_for_an_answer() -> None:
    one = _criterion()
    gone = turned(_raised(one), one, _turn(0, was=2, at=5)).alarm
    assert (gone.stage, gone.is_active) == (Stage.RAISED, False)
    life = acted(gone, one, _act("acknowledge", at=6))
    assert life.alarm.stage is Stage.CLEARED
    assert [step.what for step in life.transitions] == ["acknowledged", "cleared"]


def test_an_unanswered_alarm_is_escalated_and_told_again() -> None:
    one = _criterion(again_s=100)
    life = waited(_raised(one), one, T0 + 59 * S)
    assert life.transitions == ()
    life = waited(_raised(one), one, T0 + 260 * S)
    assert [(step.what, step.at_us - T0) for step in life.transitions] == [
        ("escalated", 60 * S), ("told_again", 160 * S), ("told_again", 260 * S),
    ]  # fmt: skip
    assert {notice.to for notice in life.notices} == {"supervisor"}
    assert len({notice.key for notice in life.notices}) == 3


def test_a_higher_level_breaks_an_acknowledgement_and_a_shelf() -> None:
    one = _criterion()
    for act in (_act("acknowledge"), _act("shelve", until=500)):
        quiet = acted(_raised(one), one, act).alarm
        life = turned(quiet, one, _turn(4, was=2, at=9))
        assert (life.alarm.stage, life.alarm.level, life.alarm.answer_by_us) == (Stage.RAISED, 4, T0 + 39 * S)
        assert life.notices[0].what == "rose"


def test_shelving_ends() -> None:
    one = _criterion()
    shelved = acted(_raised(one), one, _act("shelve", until=100)).alarm
    assert waited(shelved, one, T0 + 99 * S).alarm.stage is Stage.SHELVED
    back = waited(shelved, one, T0 + 100 * S)
    assert back.alarm.stage is Stage.RAISED
    assert back.notices[0].what == "shelf_ended"


def test_a_pre_alarm_can_be_cancelled_and_nobody_else_was_told() -> None:
    one = _criterion(prealarm_s=20)
    life = raised(one, _turn(2), sort="condition", alarm_id=T0, version=1)
    assert life.notices == ()
    assert acted(life.alarm, one, _act("cancel", at=19)).alarm.stage is Stage.CANCELLED
    sure = waited(life.alarm, one, T0 + 20 * S)
    assert [step.what for step in sure.transitions] == ["confirmed"]
    assert len(sure.notices) == 1
    with pytest.raises(InputError, match="no pre-alarm any more"):
        acted(sure.alarm, one, _act("cancel", at=21))


def test_a_pre_alarm_whose_condition_goes_away_ends_in_silence() -> None:
    one = _criterion(prealarm_s=20)
    alarm = _raised(one)
    life = turned(alarm, one, _turn(0, was=2, at=5))
    assert (life.alarm.stage, life.notices) == (Stage.CLEARED, ())


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (_act("shelve", until=999_999), "within 8 h"),
        (_act("shelve", why=" ", until=5), "say why"),
        (_act("clear"), "still holds"),
        (_act("call_aid", why=""), "what outside aid"),
    ],
)
def test_what_is_not_allowed_says_why(act: Act, said: str) -> None:
    one = _criterion()
    with pytest.raises(InputError, match=said):
        acted(_raised(one), one, act)


def test_a_level_that_clears_by_hand_waits_for_a_person() -> None:
    one = _criterion()
    alarm = acted(_raised(one, 4), one, _act("acknowledge")).alarm
    gone = turned(alarm, one, _turn(0, was=4, at=5)).alarm
    assert gone.is_open
    assert acted(gone, one, _act("clear", at=9)).alarm.stage is Stage.CLEARED


def test_the_call_for_aid_goes_out_by_every_channel() -> None:
    one = _criterion()
    life = acted(_raised(one), one, _act("call_aid", why="two people under rock"))
    assert life.notices[0].by == ("webhook", "mail", "cap")
    assert "two people under rock" in life.notices[0].text


def test_it_came_again_after_it_was_answered() -> None:
    one = _criterion()
    gone = turned(_raised(one, 4), one, _turn(0, was=4, at=5)).alarm
    seen = acted(gone, one, _act("acknowledge", at=6)).alarm
    again = turned(seen, one, _turn(4, at=9))
    assert (again.alarm.stage, again.alarm.n_again) == (Stage.RAISED, 1)
    assert again.notices[0].what == "again"


def test_blindness_has_an_alarm_of_its_own() -> None:
    one = _criterion()
    book = AlarmBook()
    book.criteria["c"] = one
    book.on_turn(_turn(2))
    book.on_turn(_turn(2, was=2, at=1, blind=True))
    assert sorted(alarm.sort for alarm in book.open_alarms()) == ["blind", "condition"]
    book.on_turn(_turn(0, was=2, at=2, was_blind=True))
    assert [alarm.sort for alarm in book.open_alarms()] == ["condition"]


def test_numbers_are_even_for_the_engine_and_odd_for_the_watchdog() -> None:
    for parity in (0, 1):
        book = AlarmBook(parity=parity)
        book.criteria["c"] = _criterion()
        book.on_turn(_turn(2))
        book.on_turn(_turn(0, blind=True))
        numbers = [alarm.alarm_id for alarm in book.open_alarms()]
        assert [number % 2 for number in numbers] == [parity, parity]
        assert numbers[0] < numbers[1]


def test_an_act_on_an_ended_alarm_is_noted() -> None:
    book = AlarmBook()
    assert book.on_act(_act("acknowledge")) is None
    assert book.transitions[0].what == "noted"


class _Lives(RuleBasedStateMachine):
    """Anything may happen to an alarm, in any order; some things are always so."""

    @initialize(prealarm=st.sampled_from([0, 20]), clears=st.sampled_from(["itself", "answered", "by_hand"]))
    def begin(self, prealarm: int, clears: str) -> None:
        self.criterion = _criterion(prealarm_s=prealarm, clears=clears, again_s=200)
        self.book = AlarmBook()
        self.book.criteria["c"] = self.criterion
        self.now, self.level, self.n_acts = 0.0, 0, 0

    @rule(to=st.sampled_from([0, 2, 4]))
    def turns(self, to: int) -> None:
        if to != self.level:
            self.now += 1
            self.book.on_clock(T0 + round(self.now * S))
            self.book.on_turn(_turn(to, was=self.level, at=self.now))
            self.level = to

    @rule(seconds=st.integers(0, 400))
    def waits(self, seconds: int) -> None:
        self.now += seconds
        self.book.on_clock(T0 + round(self.now * S))

    @rule(what=st.sampled_from(["acknowledge", "shelve", "clear", "cancel", "call_aid"]), ahead=st.integers(-5, 900))
    def acts(self, what: str, ahead: int) -> None:
        for alarm in self.book.open_alarms():
            until = T0 + round((self.now + ahead) * S)
            self.n_acts += 1
            act = Act(self.n_acts, T0 + round(self.now * S), alarm.alarm_id, what, "mia", "w", until)  # type: ignore[arg-type]
            self.book.on_act(act)

    @invariant()
    def what_is_always_so(self) -> None:
        if not hasattr(self, "book"):
            return
        opened = self.book.open_alarms()
        assert len(opened) <= 1
        for alarm in opened:
            assert alarm.is_active == (self.level > 0)
            unanswered = alarm.stage is Stage.RAISED
            assert (alarm.answer_by_us is not None) == (unanswered and alarm.cancel_until_us is None)
            if unanswered:
                assert alarm.next_us is not None  # whoever does not answer hears of it again
                assert alarm.next_us > T0 + round(self.now * S) or self.now == 0
            assert alarm.next_us is None or alarm.stage is not Stage.ACKNOWLEDGED
        keys = [notice.key for notice in self.book.notices]
        assert len(keys) == len(set(keys))
        ends = [step.alarm_id for step in self.book.transitions if step.what in ("cleared", "cancelled")]
        assert len(ends) == len(set(ends))  # an alarm ends once


TestLives = _Lives.TestCase
TestLives.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
