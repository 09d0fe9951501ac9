import datetime as dt

import numpy as np
import pytest

from highwall.activity.validation import compare, line_of_sight
from highwall.core.errors import InputError


def days(*numbers: int) -> list[dt.date]:
    return [dt.date(2020, 1, 1) + dt.timedelta(days=number) for number in numbers]


def test_motion_is_projected_to_the_line_of_sight():
    unit = (-0.6, 0.0, 0.8)
    found = line_of_sight(np.array([[0.0, 0.0, -0.1], [0.1, 5.0, 0.0]]), unit)
    np.testing.assert_allclose(found, [-0.08, -0.06])


def test_series_that_agree_have_no_bias_and_no_spread():
    when = days(*range(0, 365, 12))
    radar = -0.03 * np.arange(len(when)) * 12 / 365.25 + 0.007
    ground_when = days(30, 130, 230, 330)
    ground = -0.03 * np.array([30, 130, 230, 330]) / 365.25
    found = compare(ground_when, ground, when, radar)
    assert found.dates == tuple(ground_when)
    assert found.rms == pytest.approx(0.0, abs=1e-9)
    assert found.bias == pytest.approx(0.0, abs=1e-9)


def test_a_difference_of_rates_is_the_bias():
    when = days(*range(0, 731, 10))
    radar = -0.02 * np.arange(len(when)) * 10 / 365.25
    found = compare(days(0, 365, 730), np.array([0.0, -0.05, -0.1]), when, radar)
    assert found.bias == pytest.approx(0.03, rel=0.01)


def test_dates_outside_the_radars_years_are_left_out():
    found = compare(days(-400, 10, 50, 900), np.array([9.0, 0.0, 0.0, 9.0]), days(0, 100), np.zeros(2))
    assert found.dates == tuple(days(10, 50))
    assert np.isnan(found.bias)


@pytest.mark.parametrize(
    ("ground_days", "ground", "radar", "message"),
    [
        (days(500, 600), [0.0, 0.0], [0.0, 0.0], r"no date is common"),
        (days(1), [0.0, 0.0], [0.0, 0.0], r"the ground has 1 dates and 2 values"),
        (days(5, 5), [0.0, 0.0], [0.0, 0.0], r"dates do not rise"),
        (days(1, 2), [0.0, 0.0], [0.0, np.nan], r"fewer than two known epochs"),
    ],
)
def test_what_cannot_be_compared_is_said(ground_days, ground, radar, message):
    with pytest.raises(InputError, match=message):
        compare(ground_days, np.array(ground), days(0, 100), np.array(radar))


def test_a_direction_of_another_length_is_refused():
    with pytest.raises(InputError, match="a unit vector to the satellite"):
        line_of_sight(np.zeros((2, 3)), (1.0, 1.0, 1.0))
