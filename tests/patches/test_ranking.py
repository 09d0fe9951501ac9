import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.patches.ranking import rank, stated

FIGURE_4 = np.array([0.99, 0.02, 0.15, 0.07, 0.05, 0.12])  # R1 … R6 of the paper's figure 4
EVERY = np.ones(6, bool)


def test_the_example_of_figure_4_keeps_r1_alone():
    area = np.array([100.0, 400, 100, 100, 100, 100])
    cut = rank(FIGURE_4, FIGURE_4 * area, is_ranked=EVERY, reference_m2=100.0)
    assert cut is not None
    assert cut.share == 0.99  # 99 m²; with R3 it would be 114 m²
    assert np.greater_equal(FIGURE_4, cut.share).tolist() == [True, False, False, False, False, False]
    assert cut.reached_m2 == pytest.approx(99.0)
    assert cut.source == "references"


@pytest.mark.parametrize(("reference_m2", "share"), [(0.0, 0.9), (15.0, 0.9), (15.1, 0.5), (25.0, 0.5), (1e9, 0.1)])
def test_the_nearest_sum_sets_the_cut_and_the_smaller_of_two(reference_m2: float, share: float):
    cut = rank(np.array([0.9, 0.5, 0.1]), np.full(3, 10.0), is_ranked=np.ones(3, bool), reference_m2=reference_m2)
    assert cut is not None
    assert cut.share == share


def test_equal_shares_enter_together():
    cut = rank(np.array([0.9, 0.5, 0.5, 0.5]), np.full(4, 10.0), is_ranked=np.ones(4, bool), reference_m2=22.0)
    assert cut is not None
    assert (cut.share, cut.reached_m2) == (0.9, 10.0)  # 10 is nearer 22 than 40


def test_only_ranked_segments_with_a_prediction_take_part():
    share = np.array([0.9, 0.8, 0.0])
    cut = rank(share, np.full(3, 10.0), is_ranked=np.array([False, True, True]), reference_m2=30.0)
    assert cut is not None
    assert (cut.share, cut.reached_m2) == (0.8, 10.0)
    assert rank(share, share, is_ranked=np.array([False, False, True]), reference_m2=1.0) is None


@given(
    share=st.lists(st.sampled_from([0.0, 0.1, 0.3, 0.5, 1.0]), min_size=1, max_size=9),
    reference_m2=st.floats(0, 100),
)
def test_no_other_cut_comes_nearer(share: list[float], reference_m2: float):
    shares, added = np.array(share), 10.0 + np.arange(len(share))
    cut = rank(shares, added, is_ranked=np.ones(len(share), bool), reference_m2=reference_m2)
    levels = {value for value in share if value > 0}
    if not levels:
        assert cut is None
        return
    assert cut is not None
    misses = [abs(added[shares >= level].sum() - reference_m2) for level in levels]
    assert abs(added[shares >= cut.share].sum() - reference_m2) == pytest.approx(min(misses), abs=1e-9)


def test_a_stated_cut_knows_of_no_references():
    assert stated(0.215, source="given")[:2] == (0.215, "given")
    assert math.isnan(stated(0.5, source="default").reference_m2)
