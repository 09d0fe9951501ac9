"""Mean scores of several classes: several conventions, each under its own name, because they differ by a lot.

``micro``
    Counts of all classes added up first: a pixel is a pixel, so large classes decide.
``macro``
    Score of each class over all scenes, then the plain mean over classes that somebody drew. Background is no class.
``macro_with_background``
    The same with the background of the subset as one more class.
``per_scene``
    Mean over the classes drawn in a scene, then over scenes.
``absent_is_one``
    Mean over scenes and classes, background among them, where a class that is neither drawn nor said in a scene has an
    IoU of 1 but a recall and a precision of 0: what comes out when one library counts IoU and another the rest.

MineCam (Jabłońska et al. 2024, Table 3) gives Model 3 a mean IoU of 0.72 with a recall of 0.31 and a precision of 0.49.
The IoU of a class is never above its recall or its precision, so their means over the same things cannot be either:
IoU was averaged over more than recall and precision were. The background alone does not explain it (with an IoU of 1 it
would leave the seven classes a mean of 0.68, still above 0.31); classes absent from a scene, counted as 1, do. The last
convention here is kept to compare with such tables and for nothing else.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from highwall.learning.metrics import Confusion
from highwall.segmentation.tally import Tally

SCORES: Final[Mapping[str, Callable[[Confusion], float]]] = {
    "iou": lambda counts: counts.iou,
    "recall": lambda counts: counts.recall,
    "precision": lambda counts: counts.precision,
    "f1": lambda counts: counts.f1,
    "accuracy": lambda counts: counts.overall_accuracy,
}
"""Scores of a class against all else. Accuracy counts what is rightly left out too, so rare classes flatter it."""
_AS_ONE_SCORES: Final = ("iou", "accuracy")
"""Scores that ``absent_is_one`` sets to 1 for a class that is absent; the others are 0."""


def micro(classes: Sequence[Confusion]) -> dict[str, float]:
    """Scores of the counts of all classes together."""
    total = Confusion(*np.sum(classes, axis=0).tolist()) if classes else Confusion(0, 0, 0, 0)
    return {name: score(total) for name, score in SCORES.items()}


def macro(classes: Iterable[Confusion]) -> dict[str, float]:
    """Plain mean over the classes that somebody drew; a class never said has a precision of 0."""
    drawn = [counts for counts in classes if counts.true_positive + counts.false_negative > 0]
    return {name: _mean([_defined(score(counts)) for counts in drawn]) for name, score in SCORES.items()}


def with_background(tally: Tally, subset: int) -> dict[str, float]:
    """Plain mean over a subset's drawn classes and its background."""
    return macro(_one_by_one(tally, subset))


def per_scene(scenes: Sequence[Sequence[Confusion]]) -> dict[str, float]:
    """Mean over scenes of the mean over the classes drawn in each; scenes without any are left out."""
    means = [macro(classes) for classes in scenes]
    return {name: _mean([each[name] for each in means if not np.isnan(each[name])]) for name in SCORES}


def absent_is_one(tallies: Sequence[Tally], subset: int) -> dict[str, float]:
    """Mean over scenes and classes, an absent class counting as an IoU of 1 and a recall of 0."""
    each = [counts for tally in tallies for counts in _one_by_one(tally, subset)]
    return {name: _mean([_or_one(counts, name) for counts in each]) for name in SCORES}


def _one_by_one(tally: Tally, subset: int) -> list[Confusion]:
    """Counts of the background and of each class of a subset against all else."""
    matrix = tally.subsets[subset]
    found = []
    for number in range(len(matrix)):
        hit, cases, alarms = matrix[number, number], matrix[number].sum(), matrix[:, number].sum()
        found.append(Confusion(hit, alarms - hit, cases - hit, matrix.sum() - cases - alarms + hit))
    return found


def _or_one(counts: Confusion, name: str) -> float:
    is_absent = counts.true_positive + counts.false_positive + counts.false_negative == 0
    return float(name in _AS_ONE_SCORES) if is_absent else _defined(SCORES[name](counts))


def _defined(score: float) -> float:
    """A precision without any alarm, of a class that is there, found nothing right."""
    return 0.0 if np.isnan(score) else score


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else float("nan")
