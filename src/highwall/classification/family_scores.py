"""Scores of a network on labelled chips, by family and overall.

A family is all positives or all negatives, so it is judged against the chips of the other kind in all families.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from highwall.learning.bootstrap import Interval, group_bootstrap_of_many
from highwall.learning.metrics import (
    Confusion,
    average_precision,
    calibration_error,
    recall_at_false_alarms,
    roc_auc,
)

RANKED: Final = ("auc", "ap", "recall_at_1_percent_false_alarms", "recall_at_5_percent_false_alarms")
"""Scores that follow from the order of chips; they need both kinds."""
COUNTED: Final = ("precision", "recall", "f1", "overall_accuracy", "kappa")
"""Scores at a threshold."""
_DIGITS = 4


@dataclass(frozen=True)
class JudgedChips:
    """Chips with their labels and what a network said of them."""

    is_positive: NDArray[np.bool_]
    score: NDArray[np.float32]
    """(N,) probability of what is looked for."""
    family: NDArray[np.str_]

    def where(self, chosen: NDArray[np.bool_]) -> "JudgedChips":
        """Keep the chosen chips."""
        return JudgedChips(self.is_positive[chosen], self.score[chosen], self.family[chosen])

    @property
    def families(self) -> list[str]:
        """Names, in order."""
        return [str(name) for name in np.unique(self.family)]

    def with_counterpart(self, family: str) -> "JudgedChips":
        """One family and all chips of the other kind."""
        own = self.family == family
        return self.where(own | (self.is_positive != self.is_positive[own][0]))


def overall_report(chips: JudgedChips, *, thresholds: Sequence[float], n_resamples: int) -> dict[str, Any]:
    """Every score of all chips; intervals resample families.

    Returns
    -------
    dict
        Numbers rounded to four digits; what is undefined is None, and ``undefined`` says why.
    """
    values = _all_scores(chips, thresholds=thresholds)
    intervals = _intervals(chips, thresholds=thresholds, n_resamples=n_resamples)
    return {
        **_counts(chips), "n_families": len(chips.families),
        **{name: _plain(values[name]) for name in (*RANKED, "calibration_error")},
        "intervals": {name: intervals.get(name) for name in (*RANKED, "calibration_error")},
        "thresholds": {
            f"{threshold:g}": _at_threshold(values, intervals, threshold=threshold) for threshold in thresholds
        },
        "undefined": _undefined(chips),
    }  # fmt: skip


def family_reports(chips: JudgedChips, *, thresholds: Sequence[float]) -> dict[str, dict[str, Any]]:
    """Scores of each family: ranked against all chips of the other kind, calibrated and counted on its own."""
    return {family: _family_report(chips, family, thresholds=thresholds) for family in chips.families}


def _family_report(chips: JudgedChips, family: str, *, thresholds: Sequence[float]) -> dict[str, Any]:
    own, both = chips.where(chips.family == family), chips.with_counterpart(family)
    is_positive = bool(own.is_positive[0])
    ranked = _ranked(both.is_positive, both.score)
    return {
        "label": "positive" if is_positive else "negative",
        "n": len(own.score),
        "against": f"all {int((both.is_positive != is_positive).sum())} {'negatives' if is_positive else 'positives'}",
        **{name: _plain(value) for name, value in ranked.items()},
        "calibration_error": _plain(calibration_error(own.is_positive, own.score)),
        "mean_score": _plain(float(own.score.mean())),
        "share_of_alarms": {f"{at:g}": _plain(float(np.mean(own.score >= at))) for at in thresholds},
        "undefined": _undefined(both),
    }


def _counts(chips: JudgedChips) -> dict[str, int]:
    n_positive = int(chips.is_positive.sum())
    return {"n": len(chips.score), "n_positive": n_positive, "n_negative": len(chips.score) - n_positive}


def _ranked(truth: NDArray[np.bool_], score: NDArray[np.floating]) -> dict[str, float]:
    if truth.all() or not truth.any():
        return dict.fromkeys(RANKED, float("nan"))
    values = (
        roc_auc(truth, score),
        average_precision(truth, score),
        recall_at_false_alarms(truth, score, rate=0.01),
        recall_at_false_alarms(truth, score, rate=0.05),
    )
    return dict(zip(RANKED, values, strict=True))


def _all_scores(chips: JudgedChips, *, thresholds: Sequence[float]) -> dict[str, float]:
    """Every score by name; those at a threshold as ``(name)@(threshold)``."""
    found = _ranked(chips.is_positive, chips.score)
    found["calibration_error"] = calibration_error(chips.is_positive, chips.score)
    for threshold in thresholds:
        counts = Confusion.of(chips.is_positive, chips.score >= threshold)
        found |= {_key(name, threshold): float(getattr(counts, name)) for name in COUNTED}
    return found


def _intervals(chips: JudgedChips, *, thresholds: Sequence[float], n_resamples: int) -> dict[str, list[float | None]]:
    """95 % intervals over families; none where there is one family only."""
    if len(chips.families) < 2:
        return {}

    def scores(numbers: NDArray[np.intp]) -> Mapping[str, float]:
        drawn = JudgedChips(chips.is_positive[numbers], chips.score[numbers], chips.family[numbers])
        return _all_scores(drawn, thresholds=thresholds)

    found = group_bootstrap_of_many(scores, chips.family, n_resamples=n_resamples)
    return {name: _bounds(interval) for name, interval in found.items()}


def _at_threshold(
    values: Mapping[str, float], intervals: Mapping[str, list[float | None]], *, threshold: float
) -> dict[str, Any]:
    keys = {name: _key(name, threshold) for name in COUNTED}
    return {
        **{name: _plain(values[key]) for name, key in keys.items()},
        "intervals": {name: intervals.get(key) for name, key in keys.items()},
    }


def _undefined(chips: JudgedChips) -> dict[str, str]:
    """Why scores are None, by name; empty where all are defined."""
    if chips.is_positive.any() and not chips.is_positive.all():
        return {}
    kinds = ("positives", "negatives") if chips.is_positive.any() else ("negatives", "positives")
    return dict.fromkeys(RANKED, f"needs positives and negatives; there are only {kinds[0]}, add some {kinds[1]}")


def _key(name: str, threshold: float) -> str:
    return f"{name}@{threshold:g}"


def _bounds(interval: Interval) -> list[float | None]:
    return [_plain(interval.low), _plain(interval.high)]


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else round(value, _DIGITS)
