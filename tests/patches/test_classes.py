import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from highwall.patches.classes import absorb, class_around, class_of_each, label, mine_classes

from .maps import drawn, probability

SMALL_MAPS = arrays("i1", (7, 8), elements=st.integers(0, 3))


def test_a_segment_has_the_class_that_is_most_probable_on_average():
    """Segment 1 is mostly artisanal, yet surely industrial in one pixel; segment 3 has no pixel."""
    mine, industrial = np.full((1, 6), 0.8), np.array([[1.0, 0.4, 0.4, 0.9, 0.6, 0.2]])
    labels = np.array([[1, 1, 1, 2, 2, 4]], "i4")
    found = class_of_each(labels, probability(mine, industrial=industrial))
    names = mine_classes(probability(mine))
    assert [names[number - 1] for number in found] == [
        "industrial_mine", "industrial_mine", "artisanal_mine", "artisanal_mine",
    ]  # fmt: skip


def test_pixels_without_a_probability_have_no_say():
    industrial = np.array([[0.9, 0.1, 0.1]])
    layers = probability(drawn("#??"), industrial=industrial)
    assert class_of_each(np.ones((1, 3), "i4"), layers).tolist() == [2]


def test_parts_are_numbered_in_row_order_whatever_their_class():
    found = label(np.array([[2, 2, 1], [1, 0, 1], [1, 2, 2]]))
    assert found.tolist() == [[1, 1, 2], [3, 0, 2], [3, 4, 4]]


def test_parts_that_meet_at_a_corner_are_two():
    assert label(np.array([[1, 0], [0, 1]])).max() == 2


@given(SMALL_MAPS)
@settings(max_examples=60, deadline=None)
def test_parts_are_of_one_class_and_in_one_piece(classes):
    parts = label(classes)
    assert ((parts > 0) == (classes > 0)).all()
    assert np.unique(parts[parts > 0]).tolist() == list(range(1, parts.max() + 1))
    for number in range(1, parts.max() + 1):
        assert np.unique(classes[parts == number]).size == 1
        assert ndimage.label(parts == number)[1] == 1
    expected = sum(ndimage.label(classes == number)[1] for number in (1, 2, 3))
    assert parts.max() == expected


def test_the_class_around_a_region_is_that_of_most_of_its_border():
    regions = np.array([[0, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 2]], "i4")
    classes = np.array([[1, 1, 1, 2], [2, 0, 0, 2], [2, 2, 0, 0]], "i1")
    assert class_around(regions, classes).tolist() == [0, 2, 2]  # 3 sides of class 2, 2 of class 1
    assert class_around(np.ones((1, 2), "i4"), np.zeros((1, 2), "i1")).tolist() == [0, 0]


@given(SMALL_MAPS, st.integers(0, 12))
@settings(max_examples=60, deadline=None)
def test_absorbing_changes_classes_and_never_what_is_mine(classes, min_px):
    found = absorb(classes, min_px=min_px)
    assert ((found > 0) == (classes > 0)).all()
    mines, parts = label(classes > 0), label(found)
    for number in range(1, parts.max() + 1):
        is_part = parts == number
        mine = mines[is_part][0]
        if is_part.sum() < min_px:  # too small all the same, and then it is all that its mine has
            assert is_part.sum() == (mines == mine).sum()


@pytest.mark.parametrize("min_px", [0, 1])
def test_where_nothing_is_too_small_nothing_changes(min_px):
    classes = np.array([[1, 2, 0, 1]], "i1")
    assert absorb(classes, min_px=min_px) is classes
