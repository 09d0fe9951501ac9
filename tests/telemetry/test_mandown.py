import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from highwall.core.errors import InputError
from highwall.telemetry.acceleration import SECOND_US
from highwall.telemetry.mandown import (
    EVENT,
    HEALTH,
    Cause,
    Phase,
    Watch,
    advance,
    as_event,
    cancel,
    finish,
    observe,
    set_back,
    stand_down,
)
from highwall.telemetry.tag_options import ManDownOptions
from tests.telemetry.worn import LYING, START_US, UPRIGHT, cut, falling, second, still, walking

OPTIONS = ManDownOptions(
    fainting_limit_s=60, fallen_limit_s=4, answer_s=10, impact_limit=22.0, still_limit=0.8, rest_limit=0.8,
    turn_limit=0.7, watch_s=15, recovery_s=4, silence_s=20,
)  # fmt: skip
FRESH = Watch()


def told(samples, *, watch=FRESH, options=OPTIONS):
    """What is left and every change, the last second judged too."""
    changes = []
    for at_us, sample in samples:
        watch, new = observe(watch, at_us, sample, options=options)
        changes += new
    watch, new = finish(watch, options=options)
    return watch, changes + list(new)


def phases(changes):
    return [change.phase for change in changes]


def at(number: float) -> int:
    return START_US + round(number * SECOND_US)


FALL = walking(6) + falling(6) + still(5, first=7)
HEARD_AND_FALLEN = [Phase.STEADY, Phase.FALLEN, Phase.PRE_ALARM]


@given(n=st.integers(0, len(FALL)), by_us=st.integers(0, 10 * 86_400 * SECOND_US))
def test_a_clock_that_is_set_back_changes_no_change_but_its_time(n, by_us):
    watch, before = FRESH, []
    for at_us, sample in FALL[:n]:
        watch, new = observe(watch, at_us, sample, options=OPTIONS)
        before += new
    whole_us = -(-by_us // SECOND_US) * SECOND_US
    _, after = told([(at_us - whole_us, sample) for at_us, sample in FALL[n:]], watch=set_back(watch, by_us))
    _, wanted = told(FALL)
    assert [change._replace(at_us=change.at_us + whole_us) for change in after] == wanted[len(before) :]


def test_a_fall_and_stillness_lying_is_a_pre_alarm_and_then_down():
    watch, changes = told(FALL)
    assert phases(changes) == HEARD_AND_FALLEN
    assert changes[-1].cause is Cause.FALL
    assert changes[-1].at_us == at(11)  # four still seconds after that of the impact
    later = advance(watch, at(21), options=OPTIONS)
    assert phases(later.changes) == [Phase.DOWN]
    assert later.changes[0].at_us == at(21)
    assert later.changes[0].cause is Cause.FALL


def test_a_pre_alarm_is_not_down_before_its_time():
    watch, _ = told(FALL)
    assert not advance(watch, at(20.9), options=OPTIONS).changes


def test_an_impact_of_someone_who_stands_still_after_it_is_no_fall():
    watch, changes = told(walking(6) + falling(6) + still(20, first=7, at=UPRIGHT))
    assert phases(changes) == [Phase.STEADY, Phase.FALLEN, Phase.STEADY]
    assert watch.phase is Phase.STEADY


def test_for_a_tag_on_the_wrist_no_turn_is_asked():
    loose = OPTIONS.model_copy(update={"turn_limit": 0.0})
    _, changes = told(walking(6) + falling(6) + still(5, first=7, at=UPRIGHT), options=loose)
    assert phases(changes) == HEARD_AND_FALLEN


def test_who_gets_up_at_once_has_not_fallen():
    _, changes = told(walking(6) + falling(6) + walking(8, first=7))
    assert phases(changes) == [Phase.STEADY, Phase.FALLEN, Phase.STEADY]


def test_moving_while_lying_does_not_take_a_pre_alarm_back_but_getting_up_does():
    writhing = [sample for i in range(6) for sample in second(12 + i, at=LYING, shake=3.0)]
    watch, changes = told(FALL + writhing)
    assert watch.phase is Phase.PRE_ALARM
    assert phases(changes) == HEARD_AND_FALLEN
    _, changes = told(FALL + walking(5, first=12))
    assert phases(changes) == [*HEARD_AND_FALLEN, Phase.STEADY]


def test_no_motion_without_an_impact_is_found_after_the_fainting_limit():
    watch, changes = told(walking(3) + still(60, first=3))
    assert phases(changes) == [Phase.STEADY, Phase.PRE_ALARM]
    assert changes[-1].cause is Cause.NO_MOTION
    assert changes[-1].at_us == at(63)
    watch, changes = told(walking(3) + still(59, first=3))
    assert watch.phase is Phase.STEADY


def test_a_movement_begins_the_fainting_limit_anew():
    _, changes = told(still(50, first=0) + walking(1, first=50) + still(50, first=51))
    assert phases(changes) == [Phase.STEADY]


def test_small_motions_are_still_for_the_fallen_and_motion_for_the_fainting():
    small = [sample for i in range(80) for sample in second(i, shake=1.4)]  # unrest 1.0
    between = OPTIONS.model_copy(update={"still_limit": 1.5})
    watch, changes = told(small, options=between)
    assert phases(changes) == [Phase.STEADY]
    assert (watch.still_s, watch.rest_s, watch.moving_s) == (80, 0, 0)


def test_missing_seconds_do_not_count_as_still():
    sparse = [sample for i in range(50) for sample in still(1, first=2 * i)]
    watch, changes = told(sparse)
    assert watch.rest_s == 50
    assert phases(changes) == [Phase.STEADY]


def test_motion_takes_a_faint_back_even_in_another_posture():
    _, changes = told(walking(3) + still(60, first=3, at=LYING) + walking(4, first=63))
    assert phases(changes) == [Phase.STEADY, Phase.PRE_ALARM, Phase.STEADY]


def test_the_person_cancels_a_pre_alarm_and_a_new_one_takes_its_full_time():
    watch, _ = told(FALL)
    step = cancel(watch, at(12))
    assert step.changes[0].phase is Phase.STEADY
    _, changes = told(still(59, first=12), watch=step.watch)
    assert changes == []


def test_who_is_down_stays_down_until_people_stand_it_down():
    down = advance(told(FALL)[0], at(30), options=OPTIONS).watch
    watch, changes = told(walking(30, first=30), watch=down)
    assert watch.phase is Phase.DOWN
    assert changes == []
    with pytest.raises(InputError, match="no pre-alarm"):
        cancel(watch, at(60))
    assert stand_down(watch, at(60)).watch.phase is Phase.STEADY


def test_nobody_can_be_stood_down_who_is_not_down():
    with pytest.raises(InputError, match="nobody is down"):
        stand_down(Watch(), at(0))


def test_a_tag_that_falls_silent_is_unknown_and_comes_back():
    watch, _ = told(walking(5))
    step = advance(watch, at(25), options=OPTIONS)
    assert phases(step.changes) == [Phase.SILENT]
    assert HEALTH[step.watch.phase] == "unknown"
    _, changes = told(walking(1, first=40), watch=step.watch)
    assert phases(changes) == [Phase.STEADY]


def test_silence_after_an_impact_is_a_fall_and_in_the_end_down():
    watch, _ = told(walking(6) + falling(6))
    step = advance(watch, at(3600), options=OPTIONS)
    assert phases(step.changes) == [Phase.PRE_ALARM, Phase.DOWN]
    assert [change.at_us for change in step.changes] == [at(27), at(37)]


def test_silence_does_not_lift_down():
    down = advance(told(FALL)[0], at(30), options=OPTIONS).watch
    assert advance(down, at(9999), options=OPTIONS).watch.phase is Phase.DOWN


def test_a_fall_before_anything_is_known_of_the_posture_counts():
    _, changes = told(falling(0) + still(5, first=1, at=UPRIGHT))
    assert phases(changes) == HEARD_AND_FALLEN


def test_a_second_impact_begins_the_watch_anew():
    again = walking(6) + falling(6) + [s for i in range(7, 19) for s in second(i, at=LYING, shake=3.0)]
    _, changes = told(again + falling(19) + still(5, first=20))
    assert phases(changes) == HEARD_AND_FALLEN


@settings(max_examples=30)
@given(
    sizes=st.lists(st.integers(0, 60), max_size=6),
    ticks=st.lists(st.integers(0, 40), max_size=6),
)
def test_packing_and_ticking_change_nothing(sizes, ticks):
    samples = FALL + walking(2, first=45)
    expected = told(samples)
    watch, changes, reached = Watch(), [], 0
    for pack in cut(samples, sizes):
        for at_us, sample in pack:
            for tick in ticks:  # a clock may tick between any two samples, never ahead of the second that is gathered
                if reached < at(tick) <= at_us - SECOND_US:
                    watch, new = advance(watch, at(tick), options=OPTIONS)
                    changes += new
            watch, new = observe(watch, at_us, sample, options=OPTIONS)
            changes += new
            reached = at_us - SECOND_US
        watch = msgspec.msgpack.decode(msgspec.msgpack.encode(watch), type=Watch)
    watch, new = finish(watch, options=OPTIONS)
    assert (watch, changes + list(new)) == expected


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 30_000_000), st.floats(-160, 160), st.floats(-160, 160)), max_size=80))
def test_whatever_comes_phases_change_only_as_drawn(samples):
    allowed = {
        Phase.SILENT: {Phase.STEADY},
        Phase.STEADY: {Phase.FALLEN, Phase.PRE_ALARM, Phase.SILENT},
        Phase.FALLEN: {Phase.PRE_ALARM, Phase.STEADY},
        Phase.PRE_ALARM: {Phase.DOWN, Phase.STEADY},
        Phase.DOWN: set(),
    }
    _, changes = told([(START_US + t, (x, y, 0.0)) for t, x, y in samples])
    assert all(change.phase in allowed[change.was] for change in changes)
    assert [change.at_us for change in changes] == sorted(change.at_us for change in changes)


def test_an_event_says_what_an_asset_needs():
    event = as_event("tag-7", told(FALL)[1][-1])
    assert (event.kind, event.subject, event.event_us) == (EVENT, "tag-7", at(11))
    assert event.data["health"] == "pre_alarm"
    assert event.data["cause"] == "fall"
    assert msgspec.json.decode(msgspec.json.encode(event), type=type(event)) == event
