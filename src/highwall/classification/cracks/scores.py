"""How good a crack map is: on pixels with and without a tolerance, on chips, and against planking.

A map is reduced to counts of pixels by level of probability; every score, and its interval over places, follows from
sums of counts, so that nothing is ever sorted twice.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from highwall.classification.cracks.options import ScoreOptions
from highwall.classification.cracks.widths import disk
from highwall.core.errors import InputError
from highwall.learning.bootstrap import Interval, group_bootstrap
from highwall.learning.metrics import Confusion, roc_auc

N_LEVELS = 256
"""Levels of probability that are told apart, as in the map that is stored."""

Bools = NDArray[np.bool_]
Counts = NDArray[np.int64]
FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class LevelCounts:
    """Pixels of maps by level of probability, each (256,)."""

    all: Counts
    """Every labelled pixel."""
    crack: Counts
    """Pixels of cracks."""
    met: Counts
    """Pixels that lie within the tolerance of a crack."""
    reached: Counts
    """Pixels of cracks, each at the highest level within the tolerance of it."""
    planking: Counts
    """Pixels of planking: straight joints that look like cracks."""

    @classmethod
    def of(cls, probability: FloatArray, is_crack: Bools, *, is_planking: Bools, tolerance: float) -> "LevelCounts":
        """Count a map (y, x); pixels where the probability is NaN are left out.

        Raises
        ------
        InputError
            The shapes differ.
        """
        if not probability.shape == is_crack.shape == is_planking.shape:
            raise InputError(
                f"map {probability.shape}, cracks {is_crack.shape} and planking {is_planking.shape} must be one shape."
            )
        valid = np.isfinite(probability)
        level = np.rint(np.where(valid, probability, 0.0) * (N_LEVELS - 1)).astype(np.uint8)
        near = ndimage.maximum_filter(level, footprint=disk(tolerance))
        met = ndimage.distance_transform_edt(~is_crack) <= tolerance if is_crack.any() else is_crack
        return cls(
            _histogram(level[valid]),
            _histogram(level[valid & is_crack]),
            _histogram(level[valid & met]),
            _histogram(near[valid & is_crack]),
            _histogram(level[valid & is_planking]),
        )

    @classmethod
    def total(cls, parts: Sequence["LevelCounts"]) -> "LevelCounts":
        """Add several maps."""
        return cls(*(np.sum([getattr(part, field.name) for part in parts], axis=0) for field in fields(cls)))

    def confusion(self, threshold: float) -> Confusion:
        """Count pixels without a tolerance."""
        cut = _first_level(threshold)
        hit, alarms = int(self.crack[cut:].sum()), int(self.all[cut:].sum())
        cases, n = int(self.crack.sum()), int(self.all.sum())
        return Confusion(hit, alarms - hit, cases - hit, n - alarms - cases + hit)

    def precision(self, threshold: float) -> float:
        """Share of alarms within the tolerance of a crack."""
        cut = _first_level(threshold)
        return _ratio(self.met[cut:].sum(), self.all[cut:].sum())

    def recall(self, threshold: float) -> float:
        """Share of crack pixels within the tolerance of an alarm."""
        return _ratio(self.reached[_first_level(threshold) :].sum(), self.reached.sum())

    def f1(self, threshold: float) -> float:
        """Harmonic mean of the two, with tolerance; 0 where nothing is found."""
        precision, recall = self.precision(threshold), self.recall(threshold)
        return 0.0 if recall == 0.0 else _ratio(2.0 * precision * recall, precision + recall)

    def average_precision(self, *, tolerant: bool) -> float:
        """Area under precision over recall, Σ (R_n − R_{n−1}) P_n, with or without the tolerance."""
        alarms = _from_above(self.all)
        hits = _from_above(self.met if tolerant else self.crack)
        found = _from_above(self.reached if tolerant else self.crack)
        if found[-1] == 0:
            return float("nan")
        steps = np.diff(found, prepend=0) / found[-1]
        return float(np.sum(steps * hits / np.maximum(alarms, 1)))

    def planking_called_crack(self, threshold: float) -> float:
        """Share of planking pixels above the threshold."""
        return _ratio(self.planking[_first_level(threshold) :].sum(), self.planking.sum())

    def false_alarms_on_planking(self, threshold: float) -> float:
        """Share of the alarms beyond the tolerance of any crack that lie on planking.

        Planking within the tolerance of a crack is so rare that it is not told apart.
        """
        cut = _first_level(threshold)
        return _ratio(self.planking[cut:].sum(), self.all[cut:].sum() - self.met[cut:].sum())

    def best_threshold(self) -> float:
        """Threshold of the greatest tolerant F1."""
        thresholds = np.arange(1, N_LEVELS) / (N_LEVELS - 1)
        scores = [self.f1(float(threshold)) for threshold in thresholds]
        return float(thresholds[int(np.nanargmax(scores))]) if np.isfinite(scores).any() else 0.5


@dataclass(frozen=True)
class ScoredPhotograph:
    """A photograph with what a network said of it, reduced to what scores need."""

    name: str
    place: str
    counts: LevelCounts
    chip_has_crack: Bools
    """(N,) of the chips that tile it."""
    chip_score: FloatArray
    """(N,)."""


def chip_truth(is_crack: Bools, options: ScoreOptions) -> Bools:
    """Tell which of the chips that tile a photograph, row by row, hold a crack; the rest at its edge is left out."""
    side = options.chip_px
    rows, columns = (extent // side for extent in is_crack.shape)
    inside = is_crack[: rows * side, : columns * side].reshape(rows, side, columns, side)
    has_crack: Bools = inside.sum(axis=(1, 3)).ravel() >= options.min_chip_crack_px
    return has_crack


def report(photographs: Sequence[ScoredPhotograph], options: ScoreOptions) -> dict[str, object]:
    """Every score of some photographs, each [value, low, high]: 95 % intervals that resample places."""
    total = LevelCounts.total([photograph.counts for photograph in photographs])
    at = options.threshold
    of_maps: Mapping[str, Callable[[LevelCounts], float]] = {
        "precision": lambda counts: counts.confusion(at).precision,
        "recall": lambda counts: counts.confusion(at).recall,
        "f1": lambda counts: counts.confusion(at).f1,
        "average_precision": lambda counts: counts.average_precision(tolerant=False),
        "tolerant_precision": lambda counts: counts.precision(at),
        "tolerant_recall": lambda counts: counts.recall(at),
        "tolerant_f1": lambda counts: counts.f1(at),
        "tolerant_average_precision": lambda counts: counts.average_precision(tolerant=True),
        "planking_called_crack": lambda counts: counts.planking_called_crack(at),
        "false_alarms_on_planking": lambda counts: counts.false_alarms_on_planking(at),
    }
    return {
        "n_photographs": len(photographs),
        "n_places": len({photograph.place for photograph in photographs}),
        "threshold": options.threshold,
        "tolerance_px": options.tolerance_px,
        "crack_share": round(_ratio(total.crack.sum(), total.all.sum()), 6),
        **{name: _of_maps(photographs, score, options) for name, score in of_maps.items()},
        "chip_roc_auc": _chip_auc(photographs, options),
        "n_chips": sum(len(photograph.chip_score) for photograph in photographs),
        "best_threshold": round(total.best_threshold(), 3),
        "best_tolerant_f1": _number(total.f1(total.best_threshold())),
        "places": {place: _number(total_of.f1(at)) for place, total_of in _by_place(photographs).items()},
    }


def _of_maps(
    photographs: Sequence[ScoredPhotograph], score: Callable[[LevelCounts], float], options: ScoreOptions
) -> list[float | None]:
    stacked = np.stack([[getattr(one.counts, field.name) for field in fields(LevelCounts)] for one in photographs])

    def of(numbers: NDArray[np.intp]) -> float:
        weight = np.bincount(numbers, minlength=len(photographs))
        return score(LevelCounts(*np.tensordot(weight, stacked, axes=1)))

    return _interval(of, photographs, options)


def _chip_auc(photographs: Sequence[ScoredPhotograph], options: ScoreOptions) -> list[float | None]:
    def of(numbers: NDArray[np.intp]) -> float:
        truth = np.concatenate([photographs[number].chip_has_crack for number in numbers])
        return roc_auc(truth, np.concatenate([photographs[number].chip_score for number in numbers]))

    return _interval(of, photographs, options)


def _interval(
    of: Callable[[NDArray[np.intp]], float], photographs: Sequence[ScoredPhotograph], options: ScoreOptions
) -> list[float | None]:
    """Value and bounds; the bounds are None where there is one place only."""
    places = [photograph.place for photograph in photographs]
    if len(set(places)) < 2:
        return [_number(of(np.arange(len(photographs)))), None, None]
    found: Interval = group_bootstrap(of, places, n_resamples=options.n_resamples)
    return [_number(value) for value in found]


def _by_place(photographs: Sequence[ScoredPhotograph]) -> dict[str, LevelCounts]:
    places = sorted({photograph.place for photograph in photographs})
    return {place: LevelCounts.total([one.counts for one in photographs if one.place == place]) for place in places}


def _first_level(threshold: float) -> int:
    """Lowest level whose probability reaches the threshold."""
    return int(np.ceil(threshold * (N_LEVELS - 1) - 1e-9))


def _histogram(levels: NDArray[np.uint8]) -> Counts:
    return np.bincount(levels, minlength=N_LEVELS)


def _from_above(counts: Counts) -> Counts:
    """Number of pixels at a level or above it, highest level first."""
    return np.cumsum(counts[::-1])


def _number(value: float) -> float | None:
    """Three digits; None is undefined, as JSON knows no NaN."""
    return None if np.isnan(value) else round(float(value), 3)


def _ratio(part: float, whole: float) -> float:
    return float(part) / float(whole) if whole else float("nan")
