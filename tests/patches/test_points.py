import numpy as np
import pytest

from highwall.core.errors import InputError
from highwall.learning.metrics import Confusion
from highwall.patches.points import PixelAccuracy, pixel_accuracy, proportional, sample_points

TABLE_2 = Confusion(true_positive=3985, false_positive=1971, false_negative=1015, true_negative=332_941)


def test_the_papers_table_2_follows_from_its_counts_but_for_two_totals():
    scores = PixelAccuracy.of(TABLE_2)
    assert [round(value, 3) for value in (scores.users, scores.producers, scores.f1, scores.kappa)] == [
        0.669, 0.797, 0.727, 0.723,
    ]  # fmt: skip
    tp, fp, fn, tn = TABLE_2
    assert (tp + fp, tp + fn, fp + tn) == (5956, 5000, 334_912)  # as printed
    assert (fn + tn, sum(TABLE_2)) == (333_956, 339_912)  # printed as 333,964 and 340,868
    assert round(tn / (fn + tn), 3) == 0.997
    assert scores.overall == pytest.approx(0.99122, abs=5e-6)


def land(mines: int = 150, size: int = 100) -> np.ndarray:
    truth = np.zeros((size, size), bool)
    truth.ravel()[:mines] = True
    return truth


def test_points_are_drawn_in_their_strata_without_repetition():
    truth = land()
    points = sample_points(truth.astype(int), n_points={1: 100, 0: 500}, seed=4)
    np.testing.assert_array_equal(truth[points.rows, points.cols].astype(int), points.stratum)
    assert len(set(zip(points.rows.tolist(), points.cols.tolist(), strict=True))) == 600
    assert points.weight[points.stratum == 1].sum() == pytest.approx(150)
    assert points.weight.sum() == pytest.approx(truth.size)


def test_a_seed_draws_the_same_points_again():
    first, again, other = (sample_points(land().astype(int), n_points={0: 50}, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.cols, again.cols)
    assert (first.cols != other.cols).any()


def test_weighted_scores_of_a_balanced_sample_come_near_those_of_all_pixels():
    random = np.random.default_rng(0)
    truth = land(1500, 300)
    mapped = truth ^ (random.random(truth.shape) < np.where(truth, 0.2, 0.01))
    points = sample_points(truth.astype(int), n_points={1: 1000, 0: 20_000}, seed=1)
    at = (points.rows, points.cols)
    every = pixel_accuracy(truth.ravel(), mapped.ravel())
    weighted = pixel_accuracy(truth[at], mapped[at], weight=points.weight)
    naive = pixel_accuracy(truth[at], mapped[at])
    # 200 of 20,000 others and 800 of 1,000 mines are mapped: their counts waver by 7 % and 1.6 %, the user's by 0.025
    assert weighted.users == pytest.approx(every.users, abs=0.05)
    assert weighted.producers == pytest.approx(every.producers, abs=0.04)
    assert naive.users > every.users + 0.15  # every third other pixel was drawn, two of three mines


def test_proportional_shares_follow_the_land_and_leave_no_stratum_out():
    assert proportional(land().astype(int), n_total=1000) == {0: 985, 1: 15}
    assert proportional(land(1).astype(int), n_total=100) == {0: 100, 1: 1}


def test_too_few_pixels_and_other_shapes_are_refused():
    with pytest.raises(InputError, match="stratum 1 has 150 pixels, 151 points were asked"):
        sample_points(land().astype(int), n_points={1: 151})
    with pytest.raises(InputError, match="must be one shape"):
        pixel_accuracy(np.ones(3, bool), np.ones(3, bool), weight=np.ones(4))


def test_no_points_are_asked_and_none_drawn():
    assert sample_points(land().astype(int), n_points={}).rows.size == 0
