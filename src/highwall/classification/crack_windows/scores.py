"""How good a classifier of sensor windows is: cross-validated by site, with intervals over sites."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from highwall.classification.crack_windows.classifier import CrackWindowClassifier
from highwall.classification.crack_windows.features import FEATURES, features
from highwall.classification.crack_windows.windows import Bools, Floats, SensorWindows
from highwall.core.errors import InputError
from highwall.learning.bootstrap import group_bootstrap
from highwall.learning.groups import assign_folds
from highwall.learning.metrics import Confusion, average_precision, calibration_error, recall_at_false_alarms, roc_auc

THRESHOLD = 0.5
"""Probability from which a window is called crack when precision, recall, F1, accuracy and kappa are told."""


class Fit(Protocol):
    """Anything that trains a classifier of windows."""

    def __call__(self, windows: SensorWindows, path: Path, *, training_data: str) -> CrackWindowClassifier:
        """Train on windows and write ``path``."""
        ...


class ScoredWindows(NamedTuple):
    """Windows with what a classifier that never saw their site said."""

    windows: SensorWindows
    probability: Floats


def cross_validated(windows: SensorWindows, fit: Fit, *, folder: Path, n_folds: int = 5) -> ScoredWindows:
    """Score every window by a classifier that was trained on other sites; files go to ``folder``.

    Parameters
    ----------
    n_folds
        Fewer where there are fewer sites.

    Raises
    ------
    InputError
        There is one site only, or the windows of the other sites are of one class.
    """
    sizes = {str(site): float(np.sum(windows.site == site)) for site in np.unique(windows.site)}
    if len(sizes) < 2:
        raise InputError(f"all windows are of one site, {', '.join(sizes)}; judging needs two or more: add sites.")
    n_folds = min(n_folds, len(sizes))
    fold_of = assign_folds(sizes, n_folds=n_folds)
    fold = np.array([fold_of[str(site)] for site in windows.site])
    probability = np.empty(len(fold), np.float32)
    for number in range(n_folds):
        path, seen = folder / f"fold-{number + 1}.onnx", windows.where(fold != number)
        if len(np.unique(seen.is_crack)) < 2:
            left_out = ", ".join(sorted(site for site in sizes if fold_of[site] == number))
            raise InputError(
                f"without the sites {left_out} all windows are of one kind, so that nothing can be learned to judge "
                "them by; add sites with cracks, and without."
            )
        classifier = fit(seen, path, training_data=f"fold {number + 1}")
        probability[fold == number] = classifier.probability(windows.values[fold == number])
    return ScoredWindows(windows, probability)


def rule_scores(windows: SensorWindows) -> Floats:
    """Score by a rule without learning: the largest step of the opening, less what warmth explains, over its spread."""
    found = features(windows.values)
    step, rest = (found[:, FEATURES.index(f"opening_{name}")] for name in ("rest_step", "rest"))
    with np.errstate(divide="ignore", invalid="ignore"):
        score: Floats = np.nan_to_num(np.abs(step) / rest, nan=0.0, posinf=0.0)
    return score


def report(scored: ScoredWindows, *, n_resamples: int = 1000) -> dict[str, Any]:
    """Every score, each [value, low, high]: 95 % intervals that resample sites."""
    windows, said = scored
    scores: Mapping[str, Callable[[Bools, Floats], float]] = {
        "average_precision": average_precision,
        "roc_auc": roc_auc,
        "recall_at_1_percent_false_alarms": lambda truth, score: recall_at_false_alarms(truth, score, rate=0.01),
        "recall_at_5_percent_false_alarms": lambda truth, score: recall_at_false_alarms(truth, score, rate=0.05),
        **{name: _counted(name) for name in ("precision", "recall", "f1", "overall_accuracy", "kappa")},
        "calibration_error": calibration_error,
    }
    just_opened = windows.opens | ~windows.is_crack
    return {
        "n_windows": len(said),
        "n_cracks": int(windows.is_crack.sum()),
        "n_opening": int(windows.opens.sum()),
        "n_sites": len(np.unique(windows.site)),
        "threshold": THRESHOLD,
        **{name: _interval(score, windows, said, n_resamples=n_resamples) for name, score in scores.items()},
        "opening_average_precision": _interval(
            average_precision, windows.where(just_opened), said[just_opened], n_resamples=n_resamples
        ),
    }


def _interval(
    score: Callable[[Bools, Floats], float], windows: SensorWindows, said: Floats, *, n_resamples: int
) -> Sequence[float | None]:
    """Value and bounds over sites, three digits; None is undefined."""

    def of(numbers: NDArray[np.intp]) -> float:
        return score(windows.is_crack[numbers], said[numbers])

    found = group_bootstrap(of, windows.site, n_resamples=n_resamples)
    return [None if np.isnan(value) else round(float(value), 3) for value in found]


def _counted(name: str) -> Callable[[Bools, Floats], float]:
    def of(truth: Bools, score: Floats) -> float:
        return float(getattr(Confusion.of(truth, score >= THRESHOLD), name))

    return of
