import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.core.errors import InputError
from highwall.telemetry.watermark import Interval, Ranges

INTERVALS = st.lists(
    st.tuples(st.integers(1, 60), st.integers(0, 12)).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=25
)


def numbers_of(intervals) -> set[int]:
    return {number for first, last in intervals for number in range(first, last + 1)}


@given(INTERVALS)
def test_is_the_set_of_its_numbers(intervals):
    ranges = Ranges()
    for first, last in intervals:
        ranges = ranges.add(first, last)
    expected = numbers_of(intervals)
    assert numbers_of(ranges) == expected
    assert ranges.n == len(expected)
    assert ranges.highest == max(expected, default=0)
    assert all((number in ranges) == (number in expected) for number in range(75))


@given(INTERVALS, st.randoms())
def test_order_does_not_matter(intervals, random):
    shuffled = list(intervals)
    random.shuffle(shuffled)
    assert Ranges(intervals) == Ranges(shuffled)
    assert hash(Ranges(intervals)) == hash(Ranges(shuffled))


@given(INTERVALS)
def test_intervals_neither_touch_nor_overlap(intervals):
    there = list(Ranges(intervals))
    assert all(one.last + 1 < other.first for one, other in itertools.pairwise(there))


@given(INTERVALS)
def test_unbroken_is_the_run_from_one(intervals):
    expected = numbers_of(intervals)
    run = 0
    while run + 1 in expected:
        run += 1
    assert Ranges(intervals).unbroken == run


@given(INTERVALS, st.integers(1, 70), st.integers(0, 20))
def test_missing_is_what_is_not_there(intervals, first, more):
    wanted = set(range(first, first + more + 1))
    ranges = Ranges(intervals)
    absent = wanted - numbers_of(intervals)
    assert numbers_of(ranges.missing(first, first + more)) == absent
    assert ranges.covered(first, first + more) == (not absent)


@given(INTERVALS, st.integers(0, 80))
def test_gaps_and_intervals_partition(intervals, upto):
    ranges = Ranges(intervals)
    gaps = numbers_of(ranges.gaps(upto))
    assert gaps == set(range(1, upto + 1)) - numbers_of(intervals)


def test_gaps_end_at_the_highest_by_default():
    assert Ranges([(3, 4), (8, 9)]).gaps() == [Interval(1, 2), Interval(5, 7)]
    assert Ranges().gaps() == []


def test_upto():
    assert Ranges.upto(7).unbroken == 7
    assert Ranges.upto(0) == Ranges()


def test_adding_changes_nothing_in_place():
    before = Ranges.upto(3)
    before.add(4, 9)
    assert before.highest == 3


def test_a_long_unbroken_sequence_stays_one_interval():
    ranges = Ranges()
    for first in range(1, 100_000, 50):
        ranges = ranges.add(first, first + 49)
    assert len(ranges) == 1
    assert ranges.unbroken == 100_000


@pytest.mark.parametrize(("first", "last"), [(0, 3), (-1, 1), (5, 4)])
def test_refuses_what_is_no_interval(first, last):
    with pytest.raises(InputError, match="counts up from 1"):
        Ranges().add(first, last)
