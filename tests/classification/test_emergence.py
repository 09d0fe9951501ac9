import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.classification.emergence import POWER, emergence, pooled, pooled_around


def probability(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    return np.moveaxis(np.random.default_rng(seed).dirichlet((2.0, 1.0, 1.0), shape), -1, 0).astype(np.float32)


@given(st.integers(0, 10_000))
def test_it_is_a_distribution_and_never_more_than_either_date_allows(seed):
    before, after = probability(seed, (4, 5)), probability(seed + 1, (4, 5))
    found = emergence(before, after)
    np.testing.assert_allclose(found.sum(axis=0), 1.0, atol=1e-6)
    mine = 1 - found[0]
    assert (mine <= 1 - after[0] + 1e-6).all()
    assert (mine <= before[0] + 1e-6).all()


def test_the_three_corners():
    none, mine = np.array([[1.0], [0.0], [0.0]]), np.array([[0.0], [0.25], [0.75]])
    assert emergence(none, mine)[:, 0].tolist() == [0.0, 0.25, 0.75]
    assert emergence(mine, mine)[0, 0] == 1.0  # an old mine has not come up
    assert emergence(mine, none)[0, 0] == 1.0  # nor has one that is gone


def test_what_is_missing_at_either_date_is_missing():
    before, after = probability(0, (3,)), probability(1, (3,))
    before[:, 0], after[:, 2] = np.nan, np.nan
    assert np.isnan(emergence(before, after)).all(axis=0).tolist() == [True, False, True]


def test_a_tenth_of_certain_cells():
    cells = np.zeros((10, 10))
    cells[0] = 1.0
    assert pooled(cells) == pytest.approx(0.1 ** (1 / POWER), abs=1e-6)
    cells[5:] = np.nan
    assert pooled(cells) == pytest.approx(0.2 ** (1 / POWER), abs=1e-6)
    assert np.isnan(pooled(np.full((2, 2), np.nan)))


@given(st.integers(0, 1000), st.integers(1, 9), st.booleans())
def test_the_neighbourhood_agrees_with_the_pool_of_each_box(seed, side, holed):
    random = np.random.default_rng(seed)
    values = random.random((7, 11))
    if holed:
        values[random.random((7, 11)) < 0.3] = np.nan
    found = pooled_around(values, side=side)
    for y, x in ((0, 0), (3, 5), (6, 10), (2, 0)):
        top, left = y - side // 2, x - side // 2
        box = values[max(top, 0) : top + side, max(left, 0) : left + side]
        # a box of small values is the difference of two sums of about 77 numbers
        np.testing.assert_allclose(found[y, x], pooled(box), atol=1e-3)
