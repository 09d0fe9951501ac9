import numpy as np
import pytest
from sklearn import metrics as oracle

from highwall.classification.family_scores import COUNTED, RANKED, JudgedChips, family_reports, overall_report

ROUNDED = 5e-5 + 1e-12
"""Reports have four digits."""


def chips(*, seed: int = 0, kinds: tuple[bool, ...] = (True, True, False, False, False)) -> JudgedChips:
    random = np.random.default_rng(seed)
    truth = np.repeat(kinds, 40)
    score = np.clip(0.3 * truth + 0.7 * random.random(truth.size), 0, 1).astype(np.float32)
    return JudgedChips(truth, score, np.repeat([f"family {k}" for k in range(len(kinds))], 40))


def test_overall_scores_agree_with_scikit_learn():
    judged = chips()
    found = overall_report(judged, thresholds=(0.5,), n_resamples=20)
    assert (found["n"], found["n_positive"], found["n_negative"], found["n_families"]) == (200, 80, 120, 5)
    assert found["auc"] == pytest.approx(oracle.roc_auc_score(judged.is_positive, judged.score), abs=ROUNDED)
    assert found["ap"] == pytest.approx(oracle.average_precision_score(judged.is_positive, judged.score), abs=ROUNDED)
    said = judged.score >= 0.5
    at = found["thresholds"]["0.5"]
    assert at["f1"] == pytest.approx(oracle.f1_score(judged.is_positive, said), abs=ROUNDED)
    assert at["kappa"] == pytest.approx(oracle.cohen_kappa_score(judged.is_positive, said), abs=ROUNDED)
    assert found["undefined"] == {}


def test_intervals_hold_the_score_and_resample_families():
    judged = chips()
    found = overall_report(judged, thresholds=(0.5,), n_resamples=200)
    for name in RANKED:
        low, high = found["intervals"][name]
        assert low <= found[name] <= high
    doubled = JudgedChips(*(np.repeat(getattr(judged, k), 2) for k in ("is_positive", "score", "family")))
    again = overall_report(doubled, thresholds=(0.5,), n_resamples=200)
    assert again["intervals"]["auc"] == found["intervals"]["auc"]  # more chips of the same families say no more


def test_a_family_is_judged_against_all_of_the_other_kind():
    judged = chips()
    found = family_reports(judged, thresholds=(0.5,))["family 1"]
    both = (judged.family == "family 1") | ~judged.is_positive
    assert (found["label"], found["n"], found["against"]) == ("positive", 40, "all 120 negatives")
    expected = oracle.roc_auc_score(judged.is_positive[both], judged.score[both])
    assert found["auc"] == pytest.approx(expected, abs=ROUNDED)
    own = judged.score[judged.family == "family 1"]
    assert found["share_of_alarms"]["0.5"] == pytest.approx(float(np.mean(own >= 0.5)), abs=ROUNDED)


@pytest.mark.parametrize(("kind", "missing"), [(True, "negatives"), (False, "positives")])
def test_one_class_leaves_ranks_undefined_and_says_why(kind, missing):
    judged = chips(kinds=(kind, kind))
    found = overall_report(judged, thresholds=(0.5,), n_resamples=20)
    assert all(found[name] is None for name in RANKED)
    assert set(found["undefined"]) == set(RANKED)
    assert all(reason.endswith(f"add some {missing}") for reason in found["undefined"].values())
    assert found["calibration_error"] is not None
    row = family_reports(judged, thresholds=(0.5,))["family 0"]
    assert row["auc"] is None
    assert row["undefined"]


def test_one_family_has_scores_without_intervals():
    found = overall_report(chips(kinds=(True,)), thresholds=(0.5, 0.9), n_resamples=20)
    assert found["intervals"]["calibration_error"] is None
    assert set(found["thresholds"]) == {"0.5", "0.9"}
    assert all(found["thresholds"]["0.5"]["intervals"][name] is None for name in COUNTED)
