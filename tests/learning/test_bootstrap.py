import numpy as np
import pytest

from highwall.core.errors import InputError
from highwall.learning.bootstrap import group_bootstrap, group_bootstrap_of_many


def test_samples_of_one_group_stay_together():
    values = np.repeat(np.arange(6.0), 10)
    groups = np.repeat(list("abcdef"), 10)
    seen = []

    def score(numbers):
        seen.append(np.bincount(values[numbers].astype(int), minlength=6))
        return float(values[numbers].mean())

    group_bootstrap(score, groups, n_resamples=20)
    assert (np.array(seen) % 10 == 0).all()


def test_repeating_samples_within_groups_adds_no_certainty():
    values = np.random.default_rng(0).normal(size=12)
    few = group_bootstrap(lambda n: float(values[n].mean()), range(12), n_resamples=300)
    repeated = np.repeat(values, 50)
    many = group_bootstrap(lambda n: float(repeated[n].mean()), np.repeat(np.arange(12), 50), n_resamples=300)
    assert many == pytest.approx(few, abs=1e-12)


def test_width_follows_the_standard_error_of_a_mean():
    values = np.random.default_rng(3).normal(size=400)
    found = group_bootstrap(lambda n: float(values[n].mean()), range(400), n_resamples=1000)
    standard_error = values.std() / np.sqrt(400)
    assert found.low < found.value < found.high
    # 1000 resamples place a 2.5 % quantile within about 10 % of the distance to the mean
    assert found.high - found.low == pytest.approx(2 * 1.96 * standard_error, rel=0.15)


def test_one_group_gives_no_interval():
    with pytest.raises(InputError, match="two groups"):
        group_bootstrap(lambda n: 0.0, ["a", "a"])


def test_resamples_without_a_score_are_left_out():
    values = np.array([1.0, np.nan, np.nan])
    found = group_bootstrap(lambda n: float(np.max(values[n[:1]])), "abc", n_resamples=50)
    assert (found.low, found.high) == (1.0, 1.0)


def test_many_scores_at_once_are_the_same_as_one_by_one():
    values, groups = np.random.default_rng(1).normal(size=60), np.repeat(np.arange(10), 6)
    scores = {"mean": lambda n: float(values[n].mean()), "max": lambda n: float(values[n].max())}
    many = group_bootstrap_of_many(lambda n: {name: of(n) for name, of in scores.items()}, groups, n_resamples=50)
    for name, score in scores.items():
        assert many[name] == group_bootstrap(score, groups, n_resamples=50)
