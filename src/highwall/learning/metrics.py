"""How good a classification is, in plain numpy.

Counts come first (`Confusion`), then what follows from them; then what follows from the order of scores (areas under
curves, recall at a fixed rate of false alarms); then whether a probability means what it says. A score that is
undefined, such as precision without any alarm, is NaN.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.core.errors import InputError

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]


class Confusion(NamedTuple):
    """Counts of a yes-or-no classification, or the areas that counted points stand for."""

    true_positive: float
    false_positive: float
    false_negative: float
    true_negative: float

    @property
    def precision(self) -> float:
        """Share of alarms that are right, TP / (TP + FP)."""
        return _ratio(self.true_positive, self.true_positive + self.false_positive)

    @property
    def recall(self) -> float:
        """Share of cases that are found, TP / (TP + FN)."""
        return _ratio(self.true_positive, self.true_positive + self.false_negative)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN)."""
        errors = self.false_positive + self.false_negative
        return _ratio(2 * self.true_positive, 2 * self.true_positive + errors)

    @property
    def iou(self) -> float:
        """Intersection over union, TP / (TP + FP + FN)."""
        return _ratio(self.true_positive, self.true_positive + self.false_positive + self.false_negative)

    @property
    def overall_accuracy(self) -> float:
        """Share of all that is right."""
        return _ratio(self.true_positive + self.true_negative, sum(self))

    @property
    def kappa(self) -> float:
        """Agreement beyond chance, (p_o − p_e) / (1 − p_e). Source: Cohen 1960."""
        n = sum(self)
        said, is_so = self.true_positive + self.false_positive, self.true_positive + self.false_negative
        by_chance = _ratio(said * is_so + (n - said) * (n - is_so), n * n)
        return _ratio(self.overall_accuracy - by_chance, 1.0 - by_chance)

    @classmethod
    def of(cls, truth: Bools, said: Bools) -> "Confusion":
        """Count two boolean arrays of one shape.

        Raises
        ------
        InputError
            The shapes differ.
        """
        if truth.shape != said.shape:
            raise InputError(f"truth has shape {truth.shape}, what was said {said.shape}; they must be one shape.")
        hit = int(np.count_nonzero(truth & said))
        alarms, cases = int(np.count_nonzero(said)), int(np.count_nonzero(truth))
        return cls(hit, alarms - hit, cases - hit, truth.size - alarms - cases + hit)


def roc_auc(truth: Bools, score: Floats) -> float:
    """Probability that a random case scores above a random other; ties count half (Mann-Whitney U / nm)."""
    n_cases = int(np.count_nonzero(truth))
    n_others = truth.size - n_cases
    return _ratio(float(_ranks(score)[truth].sum()) - n_cases * (n_cases + 1) / 2, n_cases * n_others)


def average_precision(truth: Bools, score: Floats) -> float:
    """Area under the precision-recall curve as a sum of steps, Σ (R_n − R_{n−1}) P_n, tied scores in one step."""
    n_cases = int(np.count_nonzero(truth))
    if n_cases == 0:
        return float("nan")
    order = np.argsort(-score, kind="stable")
    last_of_tie = np.append(np.flatnonzero(np.diff(score[order])), truth.size - 1)
    hits = np.cumsum(truth[order])[last_of_tie]
    steps = np.diff(hits, prepend=0) / n_cases
    return float(np.sum(steps * hits / (last_of_tie + 1)))


def recall_at_false_alarms(truth: Bools, score: Floats, *, rate: float) -> float:
    """Largest recall whose share of false alarms among the others is at most ``rate``."""
    others = np.sort(score[~truth])[::-1]
    cases = score[truth]
    if cases.size == 0 or others.size == 0:
        return float("nan")
    allowed = int(np.floor(rate * others.size + 1e-9))  # 0.07 · 100 must give 7
    threshold = others[allowed] if allowed < others.size else -np.inf
    return float(np.mean(cases > threshold))


def calibration_error(truth: Bools, probability: Floats, *, n_bins: int = 15) -> float:
    """Expected calibration error: Σ_b (n_b / n) |mean truth − mean probability| over equal bins.

    Source: Guo et al. 2017, eq. 3.
    """
    number = np.minimum((probability * n_bins).astype(np.int64), n_bins - 1).ravel()
    excess = np.bincount(number, weights=truth.ravel() - probability.ravel().astype(np.float64), minlength=n_bins)
    return float(np.abs(excess).sum() / truth.size)


def _ranks(score: Floats) -> NDArray[np.float64]:
    """Ranks from 1, tied values sharing their mean rank."""
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - 0.5 * (counts - 1))[inverse]


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
