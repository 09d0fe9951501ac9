import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.classification.crack_windows.features import FEATURES, features, largest_step, without_warmth
from highwall.core.errors import InputError


def window(**channels):
    """One window of 96 readings, all 0 but the channels given."""
    values = np.zeros((1, 96, 4), np.float32)
    for name, series in channels.items():
        values[0, :, ("strain", "opening", "tilt", "temperature").index(name)] = series
    return values


def value_of(name, values):
    return features(values)[0, FEATURES.index(name)]


def test_a_step_is_found_with_its_size_and_sign():
    step = np.where(np.arange(96) < 40, 0.0, -3e-4)
    assert value_of("strain_step", window(strain=step)) == pytest.approx(-3e-4, rel=1e-5)
    assert value_of("opening_step", window(strain=step)) == 0.0


def test_steps_at_one_time_are_told_from_steps_apart():
    early, late = (np.where(np.arange(96) < k, 0.0, 1e-3) for k in (30, 60))
    assert value_of("steps_apart", window(strain=early, opening=early)) == 0.0
    assert value_of("steps_apart", window(strain=early, opening=late)) == pytest.approx(30.0)


def test_a_trend_has_its_slope_a_window():
    assert value_of("tilt_slope", window(tilt=np.linspace(0.0, 5e-4, 96))) == pytest.approx(5e-4, rel=1e-4)


def test_warmth_is_taken_out():
    """Within a fifth: the step itself leans on the day's cycle a little."""
    warm = 5.0 * np.sin(np.arange(96) / 24 * 2 * np.pi)
    step = np.where(np.arange(96) < 48, 0.0, 1e-3)
    values = window(opening=2e-4 * warm + step, temperature=warm)
    assert value_of("opening_thermal", values) == pytest.approx(2e-4, rel=0.2)
    assert value_of("opening_rest_step", values) == pytest.approx(1e-3, rel=0.2)


@given(seed=st.integers(0, 2**32 - 1))
def test_the_response_to_warmth_is_that_of_least_squares(seed):
    random = np.random.default_rng(seed)
    x, temperature = random.normal(size=(2, 30))
    x[random.random(30) < 0.2] = np.nan
    response, rest = without_warmth(x[None], temperature[None])
    known = np.isfinite(x)
    design = np.stack([np.ones(30), np.linspace(-1, 1, 30), temperature], axis=1)[known]
    expected = np.linalg.lstsq(design, x[known], rcond=None)[0][2]
    assert response[0] == pytest.approx(expected, rel=1e-6, abs=1e-9)
    np.testing.assert_array_equal(np.isnan(rest[0]), np.isnan(x))


@given(seed=st.integers(0, 2**32 - 1))
def test_the_largest_step_is_that_of_the_slow_way(seed):
    random = np.random.default_rng(seed)
    x = random.normal(size=40)
    x[random.random(40) < 0.2] = np.nan
    slow = [
        np.nanmean(x[k : k + 12]) - np.nanmean(x[k - 12 : k])
        for k in range(12, 29)
        if min(np.isfinite(x[k : k + 12]).sum(), np.isfinite(x[k - 12 : k]).sum()) >= 6
    ]
    found, _ = largest_step(x[None])
    assert abs(found[0]) == pytest.approx(max(map(abs, slow)), rel=1e-9)


def test_a_window_without_readings_has_features_without_values():
    found = features(np.full((1, 96, 4), np.nan, np.float32))
    assert found[0, FEATURES.index("strain_missing")] == 1.0
    assert np.isnan(found[0, FEATURES.index("strain_step")])
    assert np.isnan(found[0, FEATURES.index("opening_change")])


def test_no_windows_have_no_features():
    assert features(np.empty((0, 96, 4), np.float32)).shape == (0, len(FEATURES))


@pytest.mark.parametrize(
    ("values", "message"),
    [(np.zeros((2, 96, 3), np.float32), "temperature"), (np.full((2, 96, 4), np.inf, np.float32), "infinite")],
)
def test_what_are_no_windows_is_refused(values, message):
    with pytest.raises(InputError, match=message):
        features(values)
