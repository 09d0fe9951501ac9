"""How good a classification is, in plain numpy.

Counts come first (`Confusion` of two classes, `ClassConfusion` of any number), then what follows from them; then what
follows from the order of scores (curves and the areas under them, recall at a fixed rate of false alarms). Whether a
probability means what it says is in `calibration`, how well outlines fit in `detection`. A score that is undefined,
such as precision without any alarm, is NaN.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.core.errors import InputError
from highwall.learning.calibration import reliability

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


class ClassConfusion(NamedTuple):
    """Counts of a classification into any number of classes."""

    counts: NDArray[np.int64]
    """(class, class): rows are what is so, columns what was said."""

    @classmethod
    def of(cls, truth: NDArray[np.integer], said: NDArray[np.integer], *, n_classes: int) -> "ClassConfusion":
        """Count class numbers, 0 to ``n_classes`` − 1, of two arrays of one shape.

        Raises
        ------
        InputError
            The shapes differ, or a number is no class.
        """
        if truth.shape != said.shape:
            raise InputError(f"truth has shape {truth.shape}, what was said {said.shape}; they must be one shape.")
        if truth.size and (min(truth.min(), said.min()) < 0 or max(truth.max(), said.max()) >= n_classes):
            raise InputError(f"class numbers must lie in 0…{n_classes - 1}; give the number of all classes.")
        both = n_classes * truth.ravel().astype(np.int64) + said.ravel()
        return cls(np.bincount(both, minlength=n_classes**2).reshape(n_classes, n_classes))

    @property
    def overall_accuracy(self) -> float:
        """Share of all that is right, Σ n_kk / n."""
        return _ratio(float(np.trace(self.counts)), float(self.counts.sum()))

    @property
    def kappa(self) -> float:
        """Agreement beyond chance, (p_o − p_e) / (1 − p_e) with p_e = Σ c_k d_k / n². Source: Cohen 1960."""
        n = float(self.counts.sum())
        by_chance = _ratio(float(self.counts.sum(axis=0) @ self.counts.sum(axis=1)), n * n)
        return _ratio(self.overall_accuracy - by_chance, 1.0 - by_chance)

    def one_against_rest(self, number: int) -> Confusion:
        """Count one class against all others together."""
        hit, n = int(self.counts[number, number]), int(self.counts.sum())
        cases, alarms = int(self.counts[number].sum()), int(self.counts[:, number].sum())
        return Confusion(hit, alarms - hit, cases - hit, n - cases - alarms + hit)


class PrecisionRecall(NamedTuple):
    """Precision over recall as the threshold falls."""

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    threshold: NDArray[np.floating]
    """Each distinct score, falling: what reaches it is an alarm."""


def precision_recall_curve(truth: Bools, score: Floats) -> PrecisionRecall:
    """Precision and recall at every distinct score, tied scores in one step.

    Raises
    ------
    InputError
        There is no case, so that recall is undefined.
    """
    n_cases = int(np.count_nonzero(truth))
    if n_cases == 0:
        raise InputError("a curve of precision over recall needs at least one case; none of the labels is one.")
    order = np.argsort(-score, kind="stable")
    last_of_tie = np.append(np.flatnonzero(np.diff(score[order])), truth.size - 1)
    hits = np.cumsum(truth[order])[last_of_tie]
    return PrecisionRecall(hits / (last_of_tie + 1), hits / n_cases, score[order][last_of_tie])


def roc_auc(truth: Bools, score: Floats) -> float:
    """Probability that a random case scores above a random other; ties count half (Mann-Whitney U / nm)."""
    n_cases = int(np.count_nonzero(truth))
    n_others = truth.size - n_cases
    return _ratio(float(_ranks(score)[truth].sum()) - n_cases * (n_cases + 1) / 2, n_cases * n_others)


def average_precision(truth: Bools, score: Floats) -> float:
    """Area under the precision-recall curve as a sum of steps, Σ (R_n − R_{n−1}) P_n, tied scores in one step."""
    if not np.any(truth):
        return float("nan")
    curve = precision_recall_curve(truth, score)
    return float(np.sum(np.diff(curve.recall, prepend=0.0) * curve.precision))


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
    return reliability(truth, probability, n_bins=n_bins).error


def _ranks(score: Floats) -> NDArray[np.float64]:
    """Ranks from 1, tied values sharing their mean rank."""
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - 0.5 * (counts - 1))[inverse]


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
