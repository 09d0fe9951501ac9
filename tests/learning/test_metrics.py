import numpy as np
import pytest
from sklearn import metrics as oracle

from highwall.core.errors import InputError
from highwall.learning.metrics import (
    Confusion,
    average_precision,
    calibration_error,
    recall_at_false_alarms,
    roc_auc,
)

EXACT = 1e-12
"""Both sides count the same integers and divide once or twice."""


def sample(seed: int, *, ties: bool) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    truth = random.random(400) < 0.3
    score = np.clip(0.25 * truth + random.random(400) * 0.75, 0.0, 1.0)
    return truth, np.round(score, 1) if ties else score


@pytest.mark.parametrize("seed", range(5))
def test_counts_agree_with_scikit_learn(seed):
    truth, score = sample(seed, ties=False)
    said = score > 0.5
    found = Confusion.of(truth, said)
    assert found.precision == pytest.approx(oracle.precision_score(truth, said), abs=EXACT)
    assert found.recall == pytest.approx(oracle.recall_score(truth, said), abs=EXACT)
    assert found.f1 == pytest.approx(oracle.f1_score(truth, said), abs=EXACT)
    assert found.iou == pytest.approx(oracle.jaccard_score(truth, said), abs=EXACT)
    assert found.overall_accuracy == pytest.approx(oracle.accuracy_score(truth, said), abs=EXACT)
    assert found.kappa == pytest.approx(oracle.cohen_kappa_score(truth, said), abs=EXACT)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_curves_agree_with_scikit_learn(seed, ties):
    truth, score = sample(seed, ties=ties)
    assert roc_auc(truth, score) == pytest.approx(oracle.roc_auc_score(truth, score), abs=EXACT)
    assert average_precision(truth, score) == pytest.approx(oracle.average_precision_score(truth, score), abs=EXACT)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("rate", [0.0, 0.01, 0.05, 0.2, 1.0])
def test_recall_at_false_alarms_is_the_best_point_of_the_roc_curve(rate, ties):
    truth, score = sample(7, ties=ties)
    false_alarms, recall, _ = oracle.roc_curve(truth, score, drop_intermediate=False)
    best = recall[false_alarms <= rate + 1e-9].max()
    assert recall_at_false_alarms(truth, score, rate=rate) == pytest.approx(best, abs=EXACT)


def test_a_probability_that_means_what_it_says_is_calibrated():
    truth = np.repeat([True, False, True, False], [2, 8, 7, 3])
    probability = np.repeat([0.2, 0.7], [10, 10])
    assert calibration_error(truth, probability) == pytest.approx(0.0, abs=EXACT)


def test_calibration_error_is_the_weighted_gap():
    truth = np.array([True] * 5 + [False] * 15)
    probability = np.array([0.5] * 5 + [0.1] * 15)
    assert calibration_error(truth, probability, n_bins=10) == pytest.approx(0.25 * 0.5 + 0.75 * 0.1, abs=EXACT)


def test_what_is_undefined_is_nan():
    nothing = np.zeros(4, dtype=bool)
    assert np.isnan(Confusion.of(nothing, nothing).iou)
    assert np.isnan(roc_auc(nothing, np.arange(4.0)))
    assert np.isnan(average_precision(nothing, np.arange(4.0)))
    assert np.isnan(recall_at_false_alarms(nothing, np.arange(4.0), rate=0.1))


def test_shapes_that_differ_are_refused():
    with pytest.raises(InputError, match="one shape"):
        Confusion.of(np.zeros(3, dtype=bool), np.zeros(4, dtype=bool))
