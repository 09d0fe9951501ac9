import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.twin.simulator.ground import FIT_TO_FAIL, SENSORS, ground_of, opening
from highwall.twin.simulator.script import CrackGrowth

CRACK = CrackGrowth(onset_s=36_000.0, failure_s=200_000.0)
GROWS = {sensor.datastream: sensor for sensor in SENSORS}


def test_inverse_velocity_falls_on_a_line_to_zero_at_failure():
    seconds = np.linspace(CRACK.onset_s, 0.99 * CRACK.failure_s, 20_001)
    velocity = np.gradient(opening(CRACK, seconds), seconds)[1:-1]
    slope, at_zero = np.polyfit(seconds[1:-1], 1.0 / velocity, 1)
    # central differences of a logarithm err by (Δt / time left)² / 3 < 1 %, in the last steps
    assert -at_zero / slope == pytest.approx(CRACK.failure_s, rel=1e-3)
    assert -1.0 / slope == pytest.approx(CRACK.scale_m, rel=1e-2)


@given(st.floats(1.0, 1e6), st.floats(1.0, 1e6))
def test_the_crack_only_opens_and_is_closed_before(onset, growth):
    crack = CrackGrowth(onset, onset + growth)
    seconds = np.linspace(0.0, 0.999 * crack.failure_s, 50)
    opened = opening(crack, seconds)
    assert (np.diff(opened) >= 0.0).all()
    assert (opened[seconds <= onset] == 0.0).all()


def test_failure_tears_the_sensors_away():
    ground = ground_of(1, CRACK)
    after = np.array([CRACK.failure_s + 1.0])
    for name in ("crack-1/crack_width", "crack-2/strain", "prism-1/displacement"):
        assert np.isnan(ground.true(GROWS[name], after)).all()
    assert np.isfinite(ground.true(GROWS["crack-4/crack_width"], after)).all()


def test_the_far_sensors_know_nothing_of_the_crack():
    seconds = np.linspace(0.0, 190_000.0, 100)
    with_crack, without = ground_of(1, CRACK), ground_of(1, None)
    for name in FIT_TO_FAIL:
        np.testing.assert_array_equal(with_crack.true(GROWS[name], seconds), without.true(GROWS[name], seconds))


def test_strain_is_released_when_the_crack_opens():
    ground, still = ground_of(1, CRACK), ground_of(1, None)
    sensor = GROWS["crack-1/strain"]
    at = np.array([CRACK.onset_s, CRACK.onset_s + 7200.0])
    built, left = ground.true(sensor, at) - still.true(sensor, at)
    assert built == pytest.approx(3e-4)
    assert left == pytest.approx(1e-4, rel=1e-3)


def test_piezometers_wander_together():
    seconds = np.linspace(0.0, 30 * 86_400.0, 2000)
    ground = ground_of(3, None)
    one, other = (ground.true(GROWS[f"piezo-{n}/pore_pressure"], seconds) for n in (1, 2))
    assert np.corrcoef(one, other)[0, 1] > 0.9


def test_a_day_has_a_cold_and_a_warm_end():
    seconds = np.arange(0.0, 30 * 86_400.0, 600.0)
    air = ground_of(1, None).air(seconds).reshape(30, -1)
    assert 8.0 < np.ptp(air.mean(axis=0)) < 16.0
