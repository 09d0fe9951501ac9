"""How far two annotators agree, class by class: the ceiling of any score on their labels.

Masks of scenes that were drawn twice are counted pixel by pixel, pooled over scenes; intervals come from resampling
groups of scenes, never pixels. Neither annotator is the truth: IoU, F1 and kappa are the same either way round.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.core.errors import InputError
from highwall.core.taxonomy import BLANK, CLASS_NAMES, MINING_AREA, SUBSETS
from highwall.learning.bootstrap import Interval, group_bootstrap_of_many
from highwall.learning.metrics import ClassConfusion, Confusion
from highwall.segmentation.label_options import AgreementOptions
from highwall.segmentation.labels import Mask, has_class, is_inside, target_of

COMPARED: Final[tuple[str, ...]] = (MINING_AREA, *CLASS_NAMES, BLANK)
"""What agreement is told of: the footprint, each class, and *blank*."""
SCORES: Final[tuple[str, ...]] = ("iou", "f1", "kappa")
NOTHING: Final = "nothing"
"""What an annotator drew where there is no label of theirs."""


class DrawnTwice(NamedTuple):
    """One scene by two annotators."""

    scene: str
    group: str
    """Scenes of one group resemble each other and are resampled together."""
    first: Mask
    second: Mask
    annotators: tuple[str, str]


class Agreement(NamedTuple):
    """Agreement of all scenes on one class."""

    pixels: tuple[int, int]
    """That the first and the second annotators gave it."""
    scores: dict[str, Interval | None]
    """By name of `SCORES`; none where nobody drew the class. Bounds are NaN where only one group of scenes has it."""
    by_scene: dict[str, Confusion]


def agree(pairs: Sequence[DrawnTwice], options: AgreementOptions | None = None) -> dict[str, Agreement]:
    """Tell how far annotators agree on each of `COMPARED`.

    Raises
    ------
    InputError
        No scene was drawn twice, or the masks of one differ in shape.
    """
    chosen = options or AgreementOptions()
    _check(pairs)
    counts = {name: [_confusion(pair, name) for pair in pairs] for name in COMPARED}
    groups = [pair.group for pair in pairs]
    keys = [f"{pair.scene}:{'-'.join(pair.annotators)}" for pair in pairs]
    return {name: _agreement(keys, counts[name], groups, options=chosen) for name in COMPARED}


def kappa_of_subsets(pairs: Sequence[DrawnTwice]) -> dict[int, float]:
    """Cohen's kappa over all classes of a subset and background at once, pixels of all scenes pooled."""
    return {subset: _subset_confusion(pairs, subset).kappa for subset in SUBSETS}


def called_instead(pairs: Sequence[DrawnTwice]) -> dict[str, dict[str, int]]:
    """What one annotator drew where the other drew a class and the first did not, either way round [px].

    Returns
    -------
    dict
        By class: pixels by the other's classes there, the most frequent first. A pixel with two classes counts in both.
    """
    return {name: _instead(pairs, name) for name in CLASS_NAMES}


def _check(pairs: Sequence[DrawnTwice]) -> None:
    if not pairs:
        raise InputError("no scene was drawn by two annotators; name polygons SCENE-ANNOTATOR, or give two folders.")
    for pair in pairs:
        if pair.first.shape != pair.second.shape:
            raise InputError(
                f"scene {pair.scene}: masks of {pair.first.shape} and {pair.second.shape} pixels; draw on one grid."
            )


def _confusion(pair: DrawnTwice, name: str) -> Confusion:
    """Counts of one class in one scene, on pixels that count for both."""
    inside = is_inside(pair.first) & is_inside(pair.second)
    return Confusion.of(has_class(pair.first, name)[inside], has_class(pair.second, name)[inside])


def _agreement(
    keys: Sequence[str], counts: Sequence[Confusion], groups: Sequence[str], *, options: AgreementOptions
) -> Agreement:
    table = np.array(counts, dtype=np.float64)
    pooled = _pooled(table)
    pixels = (int(pooled.true_positive + pooled.false_negative), int(pooled.true_positive + pooled.false_positive))
    if sum(pixels) == 0:
        return Agreement(pixels, dict.fromkeys(SCORES), {})
    drawn = {key: count for key, count in zip(keys, counts, strict=True) if sum(count[:3])}
    n_groups = len({group for group, count in zip(groups, counts, strict=True) if sum(count[:3])})
    return Agreement(pixels, dict(_scores(table, groups, n_groups=n_groups, options=options)), drawn)


def _scores(
    table: NDArray[np.float64], groups: Sequence[str], *, n_groups: int, options: AgreementOptions
) -> Mapping[str, Interval]:
    """Scores of pooled counts (scene, 4) with their intervals; without bounds where one group alone has the class."""

    def scores(numbers: NDArray[np.intp]) -> dict[str, float]:
        pooled = _pooled(table[numbers])
        return {name: float(getattr(pooled, name)) for name in SCORES}

    if n_groups < 2:
        whole = scores(np.arange(len(table)))
        return {name: Interval(value, float("nan"), float("nan")) for name, value in whole.items()}
    return group_bootstrap_of_many(scores, groups, n_resamples=options.n_resamples, seed=options.seed)


def _pooled(table: NDArray[np.float64]) -> Confusion:
    return Confusion(*(float(value) for value in table.sum(axis=0)))


def _subset_confusion(pairs: Sequence[DrawnTwice], subset: int) -> ClassConfusion:
    n_classes = 1 + len(SUBSETS[subset])
    total = np.zeros((n_classes, n_classes), dtype=np.int64)
    for pair in pairs:
        first, second = target_of(pair.first, subset), target_of(pair.second, subset)
        counted = (first >= 0) & (second >= 0)
        total += ClassConfusion.of(first[counted], second[counted], n_classes=n_classes).counts
    return ClassConfusion(total)


def _instead(pairs: Sequence[DrawnTwice], name: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for pair in pairs:
        inside = is_inside(pair.first) & is_inside(pair.second)
        for one, other in ((pair.first, pair.second), (pair.second, pair.first)):
            missed = other[has_class(one, name) & ~has_class(other, name) & inside]
            for called, n_pixels in _calls(missed).items():
                found[called] = found.get(called, 0) + n_pixels
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _calls(values: NDArray[np.uint16]) -> dict[str, int]:
    """How many of some pixels of a mask have each class, or nothing."""
    counts: dict[str, Any] = {name: np.count_nonzero(has_class(values, name)) for name in (*CLASS_NAMES, BLANK)}
    counts[NOTHING] = np.count_nonzero(values == 0)
    return {name: int(count) for name, count in counts.items() if count}
