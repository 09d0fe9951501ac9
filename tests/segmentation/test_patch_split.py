import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.core.errors import InputError
from highwall.segmentation.labels import BITS, OUTSIDE
from highwall.segmentation.patch_split import hold_out_patches


def drawn(rows=8, columns=8, *, side=20):
    """Squares on a lattice."""
    mask = np.zeros((rows * side, columns * side), dtype=np.uint16)
    for row in range(rows):
        for column in range(columns):
            top, left = row * side + 4, column * side + 4
            mask[top : top + 8, left : left + 8] = BITS["excavation"] if (row + column) % 2 else BITS["dumping_ground"]
    mask[:3, :3] = BITS["blank"]
    return mask


@given(st.floats(0.05, 0.95), st.integers(0, 100), st.integers(1, 5), st.integers(2, 5))
def test_every_patch_is_whole_on_one_side_and_background_is_on_both(share, seed, rows, columns):
    mask = drawn(rows, columns)
    found = hold_out_patches(mask, share=share, seed=seed)
    is_mine = (mask & ~np.uint16(BITS["blank"])) != 0
    assert np.array_equal((found.training == OUTSIDE) ^ (found.test == OUTSIDE), is_mine)
    assert np.array_equal(found.training[~is_mine], mask[~is_mine])
    for top in range(4, mask.shape[0], 20):
        for left in range(4, mask.shape[1], 20):
            assert len(np.unique(found.test[top : top + 8, left : left + 8])) == 1
    n, n_test = rows * columns, np.count_nonzero(found.test[4::20, 4::20] != OUTSIDE)
    assert 1 <= n_test <= n - 1
    assert abs(n_test - share * n) <= 1


@given(st.integers(0, 100))
def test_every_part_of_the_scene_gives_its_share(seed):
    found = hold_out_patches(drawn(), share=0.5, seed=seed)
    is_test = found.test[4::20, 4::20] != OUTSIDE
    for quarter in (is_test[:4, :4], is_test[:4, 4:], is_test[4:, :4], is_test[4:, 4:]):
        assert 6 <= np.count_nonzero(quarter) <= 10  # half of 16, the curve cuts quarters in pieces


def test_what_cannot_be_split_is_refused():
    with pytest.raises(InputError, match="between 0 and 1"):
        hold_out_patches(drawn(), share=1.0, seed=0)
    with pytest.raises(InputError, match="1 patches cannot be split"):
        hold_out_patches(drawn(1, 1), share=0.5, seed=0)
