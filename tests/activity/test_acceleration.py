import datetime as dt

import numpy as np
import pytest

from highwall.activity.acceleration import acceleration
from highwall.core.errors import InputError

START = dt.date(2019, 6, 4)


def days(count: int, *, step: int = 12) -> list[dt.date]:
    return [START + dt.timedelta(days=step * number) for number in range(count)]


def series(count: int, *, rate: float, change: float = 0.0, at: int = 0, noise: float = 0.0, seed: int = 1):
    years = np.arange(count) * 12 / 365.25
    bent = np.maximum(years - years[at], 0.0) if change else np.zeros(count)
    return rate * years + change * bent + np.random.default_rng(seed).normal(0.0, noise, count)


def test_a_break_is_dated_and_both_rates_are_found():
    """As at the paper's ROI #1: work grows from one epoch on."""
    found = acceleration(days(75), series(75, rate=-0.01, change=-0.04, at=36, noise=0.001))
    assert found is not None
    assert abs((found.date - days(75)[36]).days) <= 24
    assert found.before == pytest.approx(-0.01, abs=0.003)
    assert found.after == pytest.approx(-0.05, abs=0.003)
    assert found.p_value <= 0.01


def test_without_a_break_the_chance_is_spread_evenly():
    """200 straight series with noise: about 5 % have p ≤ 0.05."""
    found = [acceleration(days(40), series(40, rate=-0.02, noise=0.002, seed=s), n_trials=99) for s in range(200)]
    share = np.mean([one.p_value <= 0.05 for one in found])
    assert 0.01 <= share <= 0.11


def test_noise_with_a_memory_is_not_taken_for_a_break():
    """AR(1) with 0.6: an F test for independent errors calls most of these breaks."""
    random, alarms = np.random.default_rng(7), 0
    for _ in range(100):
        noise = np.zeros(60)
        for epoch in range(1, 60):
            noise[epoch] = 0.6 * noise[epoch - 1] + random.normal(0.0, 0.002)
        found = acceleration(days(60), noise, n_trials=99)
        alarms += found.p_value <= 0.05
    assert alarms <= 20


def test_missing_epochs_are_left_out_and_few_are_not_enough():
    values = series(30, rate=-0.01, change=-0.08, at=15, noise=0.0005)
    values[[2, 9, 20]] = np.nan
    assert acceleration(days(30), values).p_value <= 0.01
    assert acceleration(days(9), series(9, rate=0.1, noise=0.001)) is None


def test_a_line_to_the_last_digit_has_no_break():
    assert acceleration(days(20), np.zeros(20)) is None
    assert acceleration(days(20), series(20, rate=0.03)) is None


@pytest.mark.parametrize("change", [1.0, 0.125, -0.5, 3.0])
@pytest.mark.parametrize("at", [3, 4, 5, 6])
def test_a_break_without_noise_is_the_clearest_of_all(at: int, change: float):
    """In most of these cases two lines leave nought to the last digit, so that F is infinite."""
    found = acceleration(days(10), series(10, rate=0.0, change=change, at=at), n_trials=99)
    assert found is not None
    assert (found.date, found.p_value) == (days(10)[at], 0.01)


def test_the_same_seed_gives_the_same_chance():
    values = series(30, rate=0.0, change=0.02, at=12, noise=0.002)
    assert acceleration(days(30), values, seed=4) == acceleration(days(30), values, seed=4)


def test_dates_must_fit_and_rise():
    with pytest.raises(InputError, match="11 dates do not fit 12 displacements"):
        acceleration(days(11), np.zeros(12))
    with pytest.raises(InputError, match="the dates do not rise"):
        acceleration(days(12)[::-1], np.zeros(12))
