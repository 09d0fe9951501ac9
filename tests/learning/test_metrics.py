import numpy as np
import pytest
from sklearn import metrics as oracle

from highwall.core.errors import InputError
from highwall.learning.metrics import (
    ClassConfusion,
    Confusion,
    average_precision,
    calibration_error,
    precision_recall_curve,
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


@pytest.mark.parametrize("seed", range(5))
def test_many_classes_agree_with_scikit_learn(seed):
    random = np.random.default_rng(seed)
    truth, noise = random.integers(0, 4, 300), random.integers(0, 4, 300)
    said = np.where(random.random(300) < 0.6, truth, noise)
    found = ClassConfusion.of(truth, said, n_classes=4)
    np.testing.assert_array_equal(found.counts, oracle.confusion_matrix(truth, said))
    assert found.overall_accuracy == pytest.approx(oracle.accuracy_score(truth, said), abs=EXACT)
    assert found.kappa == pytest.approx(oracle.cohen_kappa_score(truth, said), abs=EXACT)
    recalls = [found.one_against_rest(k).recall for k in range(4)]
    precisions = [found.one_against_rest(k).precision for k in range(4)]
    np.testing.assert_allclose(recalls, oracle.recall_score(truth, said, average=None), atol=EXACT)
    np.testing.assert_allclose(precisions, oracle.precision_score(truth, said, average=None), atol=EXACT)


def test_two_of_many_classes_are_the_binary_counts():
    truth, score = sample(3, ties=False)
    said = score > 0.5
    many = ClassConfusion.of(truth.astype(int), said.astype(int), n_classes=2)
    two = Confusion.of(truth, said)
    assert many.one_against_rest(1) == two
    assert many.kappa == pytest.approx(two.kappa, abs=EXACT)


def test_kappa_never_passes_the_overall_accuracy():
    """What a table of the paper shows cannot be: agreement by chance only takes away."""
    random = np.random.default_rng(0)
    for _ in range(200):
        counts = ClassConfusion(random.integers(0, 50, (3, 3)))
        assert counts.kappa <= counts.overall_accuracy + EXACT


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_the_curve_agrees_with_scikit_learn(seed, ties):
    truth, score = sample(seed, ties=ties)
    found = precision_recall_curve(truth, score)
    precision, recall, threshold = oracle.precision_recall_curve(truth, score)
    np.testing.assert_allclose(found.precision, precision[-2::-1], atol=EXACT)  # theirs rises and ends at recall 0
    np.testing.assert_allclose(found.recall, recall[-2::-1], atol=EXACT)
    np.testing.assert_array_equal(found.threshold, threshold[::-1])


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
    with pytest.raises(InputError, match="one shape"):
        ClassConfusion.of(np.zeros(3, dtype=int), np.zeros(4, dtype=int), n_classes=2)


def test_numbers_that_are_no_class_and_labels_without_a_case_are_refused():
    with pytest.raises(InputError, match="0…1"):
        ClassConfusion.of(np.array([0, 2]), np.array([0, 1]), n_classes=2)
    with pytest.raises(InputError, match="at least one case"):
        precision_recall_curve(np.zeros(3, dtype=bool), np.arange(3.0))
