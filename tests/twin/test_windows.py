"""Windows: sums of parts tell what all readings tell."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.twin.windows import MOST_SPEED_UP, N_BUCKETS, Window, empty_window, value_of, with_reading

_DAY_US = 86_400_000_000
_T0 = 20_000 * _DAY_US


def _filled(times_us: list[int], values: list[float], *, over_s: float = 86_400.0) -> Window:
    window = empty_window(over_s)
    for at_us, value in zip(times_us, values, strict=True):
        window = with_reading(window, at_us, value)
    return window


@given(st.lists(st.floats(-10, 10), min_size=20, max_size=60), st.floats(-1, 1))
def test_rate_is_the_least_squares_slope_of_all_readings(noise: list[float], slope: float) -> None:
    times = [_T0 + k * 20 * 60_000_000 for k in range(len(noise))]  # 20 min apart: some parts hold two
    values = [slope * k + each for k, each in enumerate(noise)]
    window = _filled(times, values)
    inside = [k for k, at in enumerate(times) if at // window.width_us > times[-1] // window.width_us - N_BUCKETS]
    seconds = np.array([(times[k] - times[inside[0]]) / 1e6 for k in inside])
    oracle = np.polyfit(seconds, np.array([values[k] for k in inside]), 1)[0]
    found = value_of(window, "rate")
    if math.isnan(found):
        assert seconds[-1] - seconds[0] < 0.5 * 86_400.0
        return
    # polyfit and the sums differ by rounding: values of 10 over 1e5 s leave 1e-14 of 1e-4
    assert found == pytest.approx(oracle, abs=1e-12)


def test_a_rate_waits_for_enough_of_the_window() -> None:
    hour = 3_600_000_000
    assert math.isnan(value_of(_filled([_T0, _T0 + hour, _T0 + 2 * hour], [0.0, 1.0, 2.0]), "rate"))
    long = _filled([_T0, _T0 + 8 * hour, _T0 + 16 * hour], [0.0, 8.0, 16.0])
    assert value_of(long, "rate") == pytest.approx(1.0 / 3600.0)


def test_extremes_and_mean() -> None:
    window = _filled([_T0, _T0 + 1, _T0 + 2], [3.0, -1.0, 4.0])
    assert value_of(window, "low") == -1.0
    assert value_of(window, "high") == 4.0
    assert value_of(window, "range") == 5.0
    assert value_of(window, "mean") == pytest.approx(2.0)


def test_what_is_older_than_the_window_is_forgotten() -> None:
    window = _filled([_T0, _T0 + 2 * _DAY_US], [100.0, 1.0])
    assert value_of(window, "high") == 1.0
    assert with_reading(window, _T0, 100.0) == window


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(-5, 5)), min_size=1, max_size=20), st.randoms())
def test_late_readings_fall_into_their_place(items: list[tuple[int, int]], random) -> None:  # type: ignore[no-untyped-def]
    newest = (61, 0)  # told first, so that all others are late but inside the window
    shuffled = list(items)
    random.shuffle(shuffled)
    windows = [
        _filled([_T0 + t * 60_000_000 for t, _ in order], [float(v) for _, v in order])
        for order in ([newest, *items], [newest, *shuffled])
    ]
    for statistic in ("low", "high", "range", "mean"):
        # whole numbers: sums are exact in any order
        assert value_of(windows[0], statistic) == value_of(windows[1], statistic)  # type: ignore[arg-type]


def test_speed_up_compares_the_halves() -> None:
    hours = range(24)
    values = [k * 1.0 if k < 12 else 12.0 + (k - 12) * 3.0 for k in hours]
    window = _filled([_T0 + k * 3_600_000_000 for k in hours], values)
    assert value_of(window, "speed_up") == pytest.approx(3.0, rel=0.1)  # the halves meet within one part of 45 min


def test_what_begins_to_move_speeds_up_by_a_number() -> None:
    hours = range(24)
    window = _filled([_T0 + k * 3_600_000_000 for k in hours], [max(0.0, k - 14.0) for k in hours])
    assert value_of(window, "speed_up") == MOST_SPEED_UP
    still = _filled([_T0 + k * 3_600_000_000 for k in hours], [0.0 for _ in hours])
    assert value_of(still, "speed_up") == 1.0


def test_an_empty_window_tells_nothing() -> None:
    assert math.isnan(value_of(empty_window(60.0), "mean"))
