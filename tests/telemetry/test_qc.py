"""Flags beside readings: what each kind of result gets, the law that streaming is batch, and what neighbours change."""

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.telemetry.messages import Reading
from highwall.telemetry.qc import (
    CHANGES,
    FAILURES,
    NEW,
    Agreement,
    Flag,
    Opinion,
    QcState,
    judge,
    judge_all,
)
from highwall.telemetry.qc_checks import Reason
from highwall.telemetry.qc_options import QcOptions

T0 = 1_700_000_000_000_000
MINUTE = 60_000_000
NAMES = ("a/temperature", "b/displacement", "c/acceleration", "d/unheard_of")
results = st.one_of(
    st.floats(-400.0, 2000.0), st.none(), st.just(math.nan), st.booleans(), st.text(max_size=3),
    st.lists(st.floats(-3000.0, 3000.0), min_size=3, max_size=3),
)  # fmt: skip
readings = st.lists(st.builds(Reading, st.sampled_from(NAMES), st.integers(T0, T0 + 40 * MINUTE), results), max_size=60)


def series(values, name="a/displacement", step_us=MINUTE):
    return [Reading(name, T0 + number * step_us, value) for number, value in enumerate(values)]


def wave(n):
    return [0.01 * math.sin(0.7 * number) for number in range(n)]


@given(readings, st.integers(0, 60))
def test_judging_in_pieces_is_judging_at_once(given_readings, cut):
    whole = judge_all(given_readings)
    first = judge_all(given_readings[:cut])
    states = {reading.datastream: verdict.state for reading, verdict in zip(given_readings, first, strict=False)}
    thawed = {name: msgspec.json.decode(msgspec.json.encode(state), type=QcState) for name, state in states.items()}
    assert first + judge_all(given_readings[cut:], states=thawed) == whole


@given(readings)
def test_datastreams_do_not_hear_one_another(given_readings):
    together = judge_all(given_readings)
    for name in NAMES:
        mine = [number for number, reading in enumerate(given_readings) if reading.datastream == name]
        alone = judge_all([given_readings[number] for number in mine])
        assert [together[number] for number in mine] == alone


@given(readings)
def test_every_flag_follows_from_its_reasons(given_readings):
    for verdict in judge_all(given_readings):
        if verdict.flag is Flag.FAIL:
            assert not FAILURES.isdisjoint(verdict.reasons)
        if verdict.flag in (Flag.PASS, Flag.NOT_EVALUATED):
            assert not verdict.reasons
        if verdict.flag is Flag.SUSPECT:
            assert verdict.reasons
            assert FAILURES.isdisjoint(verdict.reasons)


@pytest.mark.parametrize(
    ("result", "flag"),
    [
        (None, Flag.MISSING), (math.nan, Flag.MISSING), (math.inf, Flag.MISSING), ([], Flag.MISSING),
        ("open", Flag.NOT_EVALUATED), (True, Flag.NOT_EVALUATED), (300.0, Flag.PASS), (300, Flag.PASS),
        (0.0, Flag.FAIL),
    ],
)  # fmt: skip
def test_kinds_of_results(result, flag):
    assert judge(NEW, Reading("a/temperature", T0, result)).flag is flag


def test_a_vector_fails_by_one_component():
    assert judge(NEW, Reading("a/acceleration", T0, [0.0, 9.8, 0.0])).flag is Flag.PASS
    assert judge(NEW, Reading("a/acceleration", T0, [0.0, 9.8, 2500.0])).flag is Flag.FAIL


def test_unknown_properties_are_not_passed_before_anything_is_known():
    flags = [verdict.flag for verdict in judge_all(series([1.0, 1.1, 0.9, 1.0, 1.1, 0.9], "x/unheard_of"))]
    assert flags == [Flag.NOT_EVALUATED] * 4 + [Flag.PASS] * 2


def test_a_reading_that_fails_leaves_no_trace():
    before = judge_all(series(wave(30)))[-1].state
    impossible = judge(before, Reading("a/displacement", T0 + 31 * MINUTE, 1e6))
    early = judge(before, Reading("a/displacement", 0, 0.0))
    late = judge(before, Reading("a/displacement", T0 + 31 * MINUTE, 0.0), received_us=T0)
    assert [verdict.flag for verdict in (impossible, early, late)] == [Flag.FAIL] * 3
    assert all(verdict.state == before for verdict in (impossible, early, late))


def test_spike_and_step_are_suspect_and_the_new_level_passes():
    verdicts = judge_all(series([*wave(50), 0.5, *wave(10), 0.5, *[0.5 + value for value in wave(12)]]))
    assert verdicts[50].reasons == (Reason.SPIKE,)
    assert verdicts[51].flag is Flag.PASS
    assert Reason.STEP in {reason for verdict in verdicts[61:] for reason in verdict.reasons}
    assert verdicts[-1].flag is Flag.PASS


def test_a_coarse_sensor_is_not_called_a_liar_for_every_step_of_its_last_digit():
    coarse = [5.0 if 40 <= number % 60 < 50 else 4.0 for number in range(400)]
    assert {verdict.flag for verdict in judge_all(series(coarse, "a/flow"))} == {Flag.PASS}


def test_too_fast_a_change_is_suspect_before_a_window_is_full():
    verdicts = judge_all(series([300.0, 300.1, 400.0], "a/temperature", step_us=1_000_000))
    assert verdicts[2].reasons == (Reason.RATE,)


def test_own_options_go_before_the_defaults():
    options = {"a/displacement": QcOptions(usual_high=0.001)}
    assert judge_all(series([0.005]), options=options)[0].reasons == (Reason.USUAL_RANGE,)


SPIKE = Reading("a/displacement", T0 + 60 * MINUTE, 0.5)
STATE = judge_all(series(wave(60)))[-1].state


def test_neighbours_that_moved_too_make_it_ground():
    verdict = judge(STATE, SPIKE, opinion=Opinion(Agreement.AGREE, 0.48, 0.02))
    assert verdict.flag is Flag.PASS
    assert verdict.reasons == (Reason.SPIKE, Reason.GROUND)


def test_neighbours_that_stayed_confirm_nothing():
    verdict = judge(STATE, SPIKE, opinion=Opinion(Agreement.AGREE, 0.01, 0.5))
    assert verdict.reasons == (Reason.SPIKE,)
    assert (verdict.flag, verdict.estimate, verdict.std) == (Flag.SUSPECT, 0.01, 0.5)


def test_a_lone_sensor_is_suspect_with_an_estimate_and_never_fails_for_it():
    calm = Reading("a/displacement", T0 + 60 * MINUTE, 0.0)
    verdict = judge(STATE, calm, opinion=Opinion(Agreement.LONE, 0.02, 0.001))
    assert (verdict.flag, verdict.reasons, verdict.estimate) == (Flag.SUSPECT, (Reason.NEIGHBOURS,), 0.02)


def test_together_lifts_changes_but_no_impossible_value():
    together = Opinion(Agreement.TOGETHER, 0.0, 0.1)
    assert judge(STATE, SPIKE, opinion=together).flag is Flag.PASS
    assert judge(STATE, Reading("a/displacement", T0 + 60 * MINUTE, 1e6), opinion=together).flag is Flag.FAIL


def test_what_a_change_explains_and_what_fails_are_apart():
    assert CHANGES.isdisjoint(FAILURES)
    assert not CHANGES & {Reason.STUCK, Reason.NOISE, Reason.ORDER}


def test_opinion_on_an_impossible_value_offers_an_estimate():
    verdict = judge(STATE, Reading("a/displacement", T0 + 60 * MINUTE, 1e6), opinion=Opinion(Agreement.AGREE, 0.1, 0.2))
    assert (verdict.flag, verdict.estimate) == (Flag.FAIL, 0.1)
