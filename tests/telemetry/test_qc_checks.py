"""Each check of quality control by itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.telemetry import qc_checks as checks
from highwall.telemetry.qc_checks import Reason, Still, Timeline, Usual, Window
from highwall.telemetry.qc_options import QcOptions

OPTIONS = QcOptions(low=-10.0, high=10.0, usual_low=-5.0, usual_high=5.0)
MINUTE = 60_000_000
T0 = 1_700_000_000_000_000
finite = st.floats(-1e6, 1e6, allow_nan=False)


@pytest.mark.parametrize(
    ("value", "reason"),
    [(0.0, None), (-10.0, Reason.USUAL_RANGE), (5.1, Reason.USUAL_RANGE), (10.1, Reason.RANGE), (-11.0, Reason.RANGE)],
)
def test_range_is_what_is_possible_then_what_is_usual(value, reason):
    assert checks.range_reason(value, OPTIONS) is reason


def test_clock_may_be_a_little_ahead_but_neither_far_nor_unset():
    options = QcOptions(max_ahead_s=60.0)
    assert not checks.is_clock_wrong(T0 + 59 * 1_000_000, received_us=T0, options=options)
    assert checks.is_clock_wrong(T0 + 61 * 1_000_000, received_us=T0, options=options)
    assert not checks.is_clock_wrong(T0 + 10**15, received_us=None, options=options)
    assert checks.is_clock_wrong(86_400_000_000, received_us=None, options=options)


def followed(times, options=OPTIONS):
    timeline, orders = Timeline(), []
    for time_us in times:
        order = checks.follow(timeline, time_us, options)
        timeline = order.timeline
        orders.append(order)
    return orders


def test_times_that_stay_behind_are_believed_in_the_end():
    options = QcOptions(max_behind=3)
    back = T0 - 3600 * 1_000_000
    orders = followed([T0, T0 + MINUTE, back, back + MINUTE, back + 2 * MINUTE, back + 3 * MINUTE], options)
    assert [order.is_behind for order in orders] == [False, False, True, True, False, False]
    assert [order.is_new for order in orders] == [True, False, False, False, True, False]


def test_one_late_reading_moves_nothing():
    orders = followed([T0, T0 + MINUTE, T0 + MINUTE // 2, T0 + 2 * MINUTE])
    assert [order.is_behind for order in orders] == [False, False, True, False]
    assert orders[3].elapsed_s == pytest.approx(60.0)


def test_a_long_gap_begins_anew_and_does_not_become_usual():
    orders = followed([T0 + i * MINUTE for i in range(5)] + [T0 + 10_000 * MINUTE, T0 + 10_001 * MINUTE])
    assert [order.is_new for order in orders[1:]] == [False] * 4 + [True, False]
    assert orders[-1].timeline.interval_s < 130.0


def test_rate_counts_only_what_the_sensor_resolves():
    options = QcOptions(max_rate=1.0, resolution=0.5)
    assert checks.is_too_fast(3.0, 0.0, 2.0, options)
    assert not checks.is_too_fast(2.0, 0.0, 2.0, options)
    assert not checks.is_too_fast(0.4, 0.0, 0.1, options)
    assert not checks.is_too_fast(1e9, 0.0, 1.0, QcOptions())


def spiked(values, options, **unit):
    window, reasons = Window(), []
    for value in values:
        reason, window = checks.spike(window, value, options, **unit)
        reasons.append(reason)
    return reasons, window


CALM = [0.0, 0.1, -0.1, 0.05, -0.05, 0.1, 0.0, -0.1]


def test_a_spike_is_found_and_forgotten():
    reasons, window = spiked([*CALM, 5.0, 0.0], QcOptions())
    assert reasons == [None] * len(CALM) + [Reason.SPIKE, None]
    assert 5.0 not in window.values


def test_without_any_measure_of_change_nothing_is_a_spike():
    assert spiked([1.0] * 12 + [1.5], QcOptions())[0][-1] is None


def test_spikes_that_agree_are_a_step_and_the_new_level_is_accepted():
    reasons, _ = spiked([*CALM, 5.0, 5.1, 5.05, 5.0, 5.1], QcOptions(step_readings=3))
    assert reasons[len(CALM) :] == [Reason.SPIKE, Reason.SPIKE, Reason.STEP, None, None]


def test_spikes_to_both_sides_are_no_step():
    reasons, _ = spiked([*CALM, 5.0, -5.0, 5.0, -5.0], QcOptions(step_readings=3))
    assert reasons[len(CALM) :] == [Reason.SPIKE] * 4


def test_outliers_that_fill_a_window_become_the_window():
    options = QcOptions(window=5, step_readings=5)
    reasons, window = spiked([*CALM, *[100.0, -100.0, 300.0, -250.0, 50.0], 80.0], options)
    assert reasons[len(CALM) :] == [Reason.SPIKE] * 5 + [None]
    assert window.values[:2] == (-100.0, 300.0)


def test_a_quiet_window_is_no_reason_to_be_strict():
    values = [1.0] * 12 + [1.5]
    assert spiked(values, QcOptions(), jump=0.01)[0][-1] is Reason.SPIKE
    assert spiked(values, QcOptions(resolution=0.1))[0][-1] is None
    assert spiked(values, QcOptions(), jump=0.1)[0][-1] is None


@given(st.lists(finite, min_size=6, max_size=40), st.floats(0.01, 100.0), finite)
def test_spikes_do_not_depend_on_unit_or_datum(values, scale, shift):
    # Exact in powers of two only; elsewhere a reading may lie on the limit to the last bit, so the scale is one.
    scale = 2.0 ** round(scale % 7)
    assert spiked(values, QcOptions())[0] == spiked([scale * value for value in values], QcOptions())[0]


def stuck_reasons(values, options, step_us=MINUTE):
    still, reasons = Still(), []
    for number, value in enumerate(values):
        reason, still = checks.stuck(still, value, T0 + number * step_us, options)
        reasons.append(reason)
    return reasons, still


STUCK = QcOptions(stuck_s=300.0, stuck_readings=4, stuck_factor=3.0, stuck_fail=2.0)


def test_stuck_needs_both_time_and_readings():
    assert stuck_reasons([1.0] * 7, STUCK)[0] == [None] * 6 + [Reason.STUCK]
    assert stuck_reasons([1.0] * 20, STUCK, step_us=1_000_000)[0] == [None] * 20
    assert stuck_reasons([1.0] * 4, STUCK, step_us=600_000_000)[0] == [None] * 4


def test_stuck_for_long_is_dead():
    reasons, _ = stuck_reasons([1.0] * 13, STUCK)  # dead beyond 8 readings and 600 s
    assert reasons[-3:] == [Reason.STUCK, Reason.DEAD, Reason.DEAD]


def test_runs_that_end_by_themselves_are_learned():
    patient = QcOptions(stuck_s=300.0, stuck_readings=6, stuck_factor=3.0)
    assert Reason.STUCK not in stuck_reasons([*[1.0] * 5, *[2.0] * 15], patient)[0]
    assert stuck_reasons([*[1.0] * 5, *[2.0] * 16], patient)[0][-1] is Reason.STUCK


def test_a_run_that_was_suspect_teaches_nothing():
    _, still = stuck_reasons([*[1.0] * 10, 2.0], STUCK)
    assert still.longest == 0


def alternating(n, size=1.0):
    return [size * (-1) ** number for number in range(n)]


def unusual_reasons(values, options):
    usual, reasons = Usual(), []
    for value in values:
        found, usual = checks.unusual(usual, value, options)
        reasons.append(found)
    return reasons, usual


LEARNING = QcOptions(learn=50, usual_readings=200, noise_readings=8)


def test_noise_that_grows_is_found_and_one_jump_is_not():
    reasons, usual = unusual_reasons([*alternating(200), *alternating(40, 8.0)], LEARNING)
    assert not any(reasons[:200])
    assert any(Reason.NOISE in found for found in reasons[200:])
    jump = unusual_reasons([*alternating(200), 9.0, *alternating(40)], LEARNING)[0]
    assert not any(Reason.NOISE in found for found in jump)
    assert usual.n == 200


def test_a_level_that_leaves_what_was_usual_is_found():
    drifting = [value + 0.5 * number for number, value in enumerate(alternating(60))]
    reasons, _ = unusual_reasons([*alternating(200), *drifting], LEARNING)
    assert any(Reason.DRIFT in found for found in reasons[200:])


def test_a_jump_is_what_a_coarse_sensor_resolves():
    coarse = [0.0, 0.0, 0.0, 0.5, 0.5, 0.5, 0.5, 0.0, 0.0, 0.0]
    assert unusual_reasons(coarse, LEARNING)[1].jump == pytest.approx(0.5)
    assert unusual_reasons([0.0] * 10, LEARNING)[1].jump == 0.0


def test_a_spike_teaches_little_and_many_teach_that_they_are_usual():
    usual = Usual(n=500, jump=0.1)
    once = checks.jumped(usual, 1e6, LEARNING).jump
    assert 0.1 < once < 0.1 * (1.0 + 8.0 / LEARNING.usual_readings)
    for number in range(2000):
        usual = checks.jumped(usual, 5.0 * (number % 2), LEARNING)
    assert usual.jump == pytest.approx(5.0, rel=0.1)


def test_nothing_is_said_while_learning():
    reasons, _ = unusual_reasons([*alternating(20, 1.0), *alternating(30, 1000.0)], LEARNING)
    assert not any(reasons)


@given(st.lists(finite, min_size=2, max_size=80))
def test_averages_stay_within_what_was_seen(values):
    _, usual = unusual_reasons(values, LEARNING)
    slack = 1e-9 * (1.0 + max(map(abs, values)))  # a few rounding errors of averages of this size
    assert min(values) - slack <= usual.level <= max(values) + slack
    assert min(values) - slack <= usual.usual_level <= max(values) + slack
    assert 0.0 <= usual.usual_noise <= max(values) - min(values) + slack
