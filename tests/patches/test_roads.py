import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from highwall.core.errors import InputError
from highwall.patches.roads import find_roads, opening


def two_pits(width: int, gap: int = 40) -> np.ndarray:
    """Two pits of 20 × 20 pixels and a haul road of that width between them."""
    labels = np.zeros((30, 50 + gap), "i4")
    labels[5:25, 5:25] = labels[5:25, 25 + gap : 45 + gap] = 1
    labels[14 : 14 + width, 25 : 25 + gap] = 1
    return labels


@pytest.mark.parametrize("width", [1, 2, 3])
def test_a_road_between_two_pits_is_cut_and_the_pits_stay_whole(width: int):
    labels = two_pits(width)
    found = find_roads(labels, width_px=3, min_length_px=10)
    left = (labels > 0) & ~found.is_road
    _, parts = ndimage.label(left)
    assert parts == 2
    assert left[:, :25].sum() == left[:, -25:].sum() == 400  # the mouths of the road lie beyond column 25
    # at each end a mouth as long as the width stays, and up to a pixel that the round disc reaches into it
    assert width * (40 - 2 * 4) <= found.is_road.sum() <= width * (40 - 2 * 3)
    assert found.table["reason"].tolist() == [f"1 road of {found.is_road.sum()} pixels cut off"]


def test_a_part_wider_than_the_width_is_no_road():
    found = find_roads(two_pits(4), width_px=3, min_length_px=10)
    assert not found.is_road.any()
    assert found.table["reason"].tolist() == ["no road"]


def test_a_short_neck_reconnects_its_cores():
    found = find_roads(two_pits(1, gap=12), width_px=3, min_length_px=20)
    assert not found.is_road.any()
    assert find_roads(two_pits(1, gap=12), width_px=3, min_length_px=12).is_road.sum() == 12 - 6


def test_a_dead_end_counts_its_own_length():
    labels = two_pits(1, gap=40)
    labels[:, 45:] = 0  # a spur of 20 pixels
    assert find_roads(labels, width_px=3, min_length_px=20).is_road.sum() == 20 - 3
    assert not find_roads(labels, width_px=3, min_length_px=21).is_road.any()


def test_a_diagonal_road_is_as_narrow_as_a_straight_one():
    labels = np.zeros((80, 80), "i4")
    labels[:20, :20] = labels[60:, 60:] = 1
    for step in range(20, 60):
        labels[step, step - 1 : step + 2] = 1  # three pixels across, some two wide
    left = (labels > 0) & ~find_roads(labels, width_px=3, min_length_px=20).is_road
    assert ndimage.label(left)[1] == 2


def test_a_patch_that_is_nowhere_wide_is_a_road_if_it_is_long():
    labels = np.zeros((6, 40), "i4")
    labels[1:3, :] = 1
    labels[4:6, :5] = 2
    found = find_roads(labels, width_px=3, min_length_px=20)
    assert found.table["reason"].tolist() == ["a road: nowhere wider than 3 pixels", "no road"]
    np.testing.assert_array_equal(found.is_road, labels == 1)


def test_a_patch_at_the_rim_is_not_narrow_because_the_image_ends():
    labels = np.zeros((40, 40), "i4")
    labels[:, :2] = 1  # the rest of it lies outside
    assert not find_roads(labels, width_px=3, min_length_px=10).is_road.any()


@given(patch=arrays(bool, (14, 15)), width=st.floats(0.5, 6))
@settings(max_examples=80, deadline=None)
def test_opening_takes_away_only_and_once(patch: np.ndarray, width: float):
    once = opening(patch, width_px=width)
    assert not (once & ~patch).any()
    np.testing.assert_array_equal(opening(once, width_px=width), once)


@given(labels=arrays("i4", (12, 13), elements=st.integers(0, 2)))
@settings(max_examples=60, deadline=None)
def test_roads_lie_in_patches_and_are_counted(labels: np.ndarray):
    found = find_roads(labels, width_px=1, min_length_px=3)
    assert not (found.is_road & (labels == 0)).any()
    assert found.table["road_px"].sum() == found.is_road.sum()
    assert found.table["area_px"].sum() == (labels > 0).sum()


@pytest.mark.parametrize("wrong", [{"width_px": 0, "min_length_px": 3}, {"width_px": 3, "min_length_px": -1}])
def test_lengths_must_be_positive(wrong: dict[str, float]):
    with pytest.raises(InputError, match="must be lengths above 0"):
        find_roads(np.ones((3, 3), "i4"), **wrong)
