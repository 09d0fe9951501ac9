import numpy as np
import pytest

from highwall.twin.simulator.chance import chance
from highwall.twin.simulator.faults import CLOCK_ERROR_S, Sensed, failed
from highwall.twin.simulator.options import FaultKind
from highwall.twin.simulator.script import Fault

TIMES = np.arange(0.0, 1000.0)
TRUE = np.sin(TIMES / 50.0)
NOISE = 0.01
DURING = (TIMES >= 400.0) & (TIMES < 800.0)


def with_fault(kind: FaultKind) -> Sensed:
    fault = Fault("x/tilt", kind, 400.0, 800.0)
    frozen = float(TRUE[400])
    return failed(Sensed(TIMES, TRUE, TIMES), fault, noise=NOISE, frozen=frozen, random=chance(1, "x"))


@pytest.mark.parametrize("kind", [kind for kind in FaultKind if kind is not FaultKind.DROP])
def test_outside_its_time_nothing_is_wrong(kind):
    found = with_fault(kind)
    np.testing.assert_array_equal(found.values[~DURING], TRUE[~DURING])
    np.testing.assert_array_equal(found.stated_s[~DURING], TIMES[~DURING])


def test_dropped_readings_never_come():
    found = with_fault(FaultKind.DROP)
    np.testing.assert_array_equal(found.sensed_s, TIMES[~DURING])
    np.testing.assert_array_equal(found.values, TRUE[~DURING])


def test_a_wrong_clock_leaves_the_values():
    found = with_fault(FaultKind.CLOCK)
    np.testing.assert_array_equal(found.values, TRUE)
    np.testing.assert_array_equal((found.stated_s - TIMES)[DURING], CLOCK_ERROR_S)


def test_stuck_is_one_value():
    assert set(with_fault(FaultKind.STUCK).values[DURING]) == {float(TRUE[400])}


def test_drift_grows_from_nothing():
    error = (with_fault(FaultKind.DRIFT).values - TRUE)[DURING]
    assert error[0] == pytest.approx(0.0, abs=1e-12)
    assert (np.diff(error) > 0.0).all()
    assert error[-1] == pytest.approx(60.0 * NOISE, rel=0.01)


def test_a_lie_follows_the_truth_faintly_and_elsewhere():
    found = with_fault(FaultKind.LIE).values[DURING]
    assert np.corrcoef(found, TRUE[DURING])[0, 1] == pytest.approx(1.0)
    assert np.ptp(found) == pytest.approx(0.3 * np.ptp(TRUE[DURING]))


def test_spikes_are_few_and_far():
    error = (with_fault(FaultKind.SPIKE).values - TRUE)[DURING]
    share = np.mean(error != 0.0)
    assert 0.02 < share < 0.11, "6 % of 400, four standard deviations"
    assert set(np.abs(error[error != 0.0]).round(9)) == {80.0 * NOISE}


def test_noise_is_ten_times_as_large():
    error = (with_fault(FaultKind.NOISE).values - TRUE)[DURING]
    assert error.std() == pytest.approx(10.0 * NOISE, rel=0.15)
