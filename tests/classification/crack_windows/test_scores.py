import numpy as np
import pytest

from highwall.classification.crack_windows.boosting import fit_boosting
from highwall.classification.crack_windows.options import BoostingOptions, SensorSimulationOptions
from highwall.classification.crack_windows.scores import ScoredWindows, cross_validated, report, rule_scores
from highwall.classification.crack_windows.simulate import simulated_windows
from highwall.core.errors import InputError

SITES = simulated_windows(SensorSimulationOptions(n_sites=6, n_sensors=4, n_days=12, window_hours=48))


def test_no_site_is_scored_by_a_classifier_that_saw_it(tmp_path):
    seen = []

    def fit(windows, path, *, training_data):
        seen.append(set(windows.site))
        return fit_boosting(windows, path, training_data=training_data, options=BoostingOptions(n_trees=5))

    scored = cross_validated(SITES, fit, folder=tmp_path, n_folds=3)
    held_out = [set(SITES.site) - sites for sites in seen]
    assert set.union(*held_out) == set(SITES.site)
    assert sum(map(len, held_out)) == 6
    assert np.isfinite(scored.probability).all()


def test_one_site_cannot_be_judged_by_others(tmp_path):
    with pytest.raises(InputError, match="two or more"):
        cross_validated(SITES.where(SITES.site == SITES.site[0]), fit_boosting, folder=tmp_path)


def test_a_perfect_score_is_reported_as_such():
    found = report(ScoredWindows(SITES, SITES.is_crack.astype(np.float32)), n_resamples=20)
    assert found["average_precision"] == found["f1"] == found["kappa"] == [1.0, 1.0, 1.0]
    assert found["calibration_error"][0] == 0.0
    assert found["n_opening"] <= found["n_cracks"] < found["n_windows"]


def test_the_rule_ranks_windows_without_learning():
    scores = rule_scores(SITES)
    assert np.isfinite(scores).all()
    assert scores[SITES.opens].mean() > scores[~SITES.is_crack].mean()
