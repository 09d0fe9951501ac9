import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.telemetry.acceleration import GRAVITY, SECOND_US, Second, angle, gather, summed_up
from tests.telemetry.worn import LYING, UPRIGHT, second, still, walking

parts = st.floats(-150.0, 150.0)
vectors = st.tuples(parts, parts, parts)


def seconds_of(samples) -> list[Second]:
    gathering, found = None, []
    for at_us, sample in samples:
        gathering, done = gather(gathering, at_us, sample)
        found += [done] if done else []
    last = summed_up(gathering) if gathering else None
    return found + ([last] if last else [])


@given(st.lists(vectors, min_size=4, max_size=40))
def test_a_second_is_the_moments_of_its_samples(samples):
    (found,) = seconds_of([(i * 1000, sample) for i, sample in enumerate(samples)])
    array = np.array(samples)
    assert found.n == len(samples)
    np.testing.assert_allclose(found.mean, array.mean(axis=0), atol=1e-9)
    assert found.unrest == pytest.approx(math.sqrt(array.var(axis=0).sum()), abs=1e-4)  # a difference of squares
    assert found.peak == pytest.approx(np.linalg.norm(array, axis=1).max())


def test_seconds_are_those_of_the_clock_not_of_the_first_sample():
    samples = [(900_000, UPRIGHT), (1_100_000, UPRIGHT), (1_900_000, UPRIGHT), (2_000_000, UPRIGHT)]
    assert [(each.start_us, each.n) for each in seconds_of(samples)] == [(0, 1), (SECOND_US, 2), (2 * SECOND_US, 1)]


def test_a_late_sample_and_one_without_numbers_change_nothing():
    samples = second(0) + second(1)
    late = [*samples, (samples[0][0], (90.0, 0.0, 0.0)), (samples[-1][0], (math.nan, 0.0, 0.0))]
    assert seconds_of(late) == seconds_of(samples)


def test_too_few_samples_leave_the_unrest_unknown():
    (found,) = seconds_of(second(0)[:3])
    assert found.unrest is None
    assert found.peak == pytest.approx(GRAVITY)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Second) == found  # the engine remembers it as JSON


def test_a_second_without_one_usable_sample_does_not_exist():
    assert seconds_of([(0, (math.nan, 0.0, 0.0)), (SECOND_US, UPRIGHT)])[0].start_us == SECOND_US


def test_steps_are_swings_and_rest_has_none():
    assert sum(each.n_swings for each in seconds_of(walking(5))) in (9, 10)  # two a second; the first may lack its low
    assert sum(each.n_swings for each in seconds_of(still(5, first=0))) == 0


def test_a_swing_over_the_edge_of_two_seconds_counts_once():
    low, high = (0.0, 0.5 * GRAVITY, 0.0), (0.0, 1.5 * GRAVITY, 0.0)
    found = seconds_of([(999_999, low), (1_000_000, high), (1_100_000, high)])
    assert [each.n_swings for each in found] == [0, 1]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [(UPRIGHT, LYING, math.pi / 2), (UPRIGHT, UPRIGHT, 0.0), (UPRIGHT, (0.0, -1.0, 0.0), math.pi)],
)
def test_angles(one, other, expected):
    assert angle(one, other) == pytest.approx(expected, abs=1e-7)


def test_no_direction_has_no_angle():
    assert angle((0.0, 0.0, 0.0), UPRIGHT) == 0.0
