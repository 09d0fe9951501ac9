"""Scores of a chip network on chips and scenes it did not learn from, with intervals over families and places."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.classification.dataset import ChipSet, LabelledScene
from highwall.classification.extract import ChipModel, chip_scores, class_probability
from highwall.classification.options import ProtocolOptions
from highwall.classification.radiometry import L1C_RGB
from highwall.core.taxonomy import ARTISANAL_MINE, CHIP_CLASSES, NONE
from highwall.learning.bootstrap import Interval, group_bootstrap
from highwall.learning.metrics import (
    Confusion,
    average_precision,
    calibration_error,
    recall_at_false_alarms,
    roc_auc,
)

_LABELLED_MINE = 0.5
"""Share of a pixel, averaged over annotators, from which it is mine."""


class ScoredChips(NamedTuple):
    """Chips with what a network that never saw their family said."""

    is_artisanal: NDArray[np.bool_]
    score: NDArray[np.float32]
    """(N,) probability of an artisanal mine."""
    family: NDArray[np.str_]


@dataclass(frozen=True)
class ScoredScene:
    """A scene with what a network that never saw its place said."""

    name: str
    place: str
    is_mine: NDArray[np.bool_]
    """(y, x)."""
    probability: NDArray[np.float32]
    """(y, x) probability of a mine of either kind."""

    def confusion(self, *, threshold: float) -> Confusion:
        """Count pixels."""
        return Confusion.of(self.is_mine, self.probability >= threshold)


def score_chips(chips: ChipSet, model: ChipModel) -> ScoredChips:
    """Run a network over chips."""
    found = chip_scores(chips.pixels, model)[:, CHIP_CLASSES.index(ARTISANAL_MINE)]
    return ScoredChips(chips.is_artisanal, found, chips.family)


def join_scored(parts: Sequence[ScoredChips]) -> ScoredChips:
    """Put the folds together."""
    return ScoredChips(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def score_scene(scene: LabelledScene, model: ChipModel) -> ScoredScene:
    """Run a network over a scene, as a user would."""
    reflectance = scene.pixels.astype(np.float32) * np.float32(L1C_RGB.full_scale / L1C_RGB.n_levels)
    none = class_probability(reflectance, model)[CHIP_CLASSES.index(NONE)]
    return ScoredScene(scene.name, scene.place, scene.coverage >= _LABELLED_MINE, 1.0 - none)


def chip_report(chips: ScoredChips, *, protocol: ProtocolOptions) -> dict[str, object]:
    """Scores of *artisanal mine* against *none* over chips, intervals over families."""

    def interval(score: partial[float]) -> list[float | None]:
        def of(numbers: NDArray[np.intp]) -> float:
            return score(chips.is_artisanal[numbers], chips.score[numbers])

        return _rounded(group_bootstrap(of, chips.family, n_resamples=protocol.n_resamples))

    return {
        "n_chips": len(chips.score),
        "n_artisanal": int(chips.is_artisanal.sum()),
        "n_families": len(np.unique(chips.family)),
        "roc_auc": interval(partial(roc_auc)),
        "average_precision": interval(partial(average_precision)),
        "recall_at_1_percent_false_alarms": interval(partial(recall_at_false_alarms, rate=0.01)),
        "recall_at_5_percent_false_alarms": interval(partial(recall_at_false_alarms, rate=0.05)),
        "calibration_error": round(calibration_error(chips.is_artisanal, chips.score), 3),
    }


def footprint_report(scenes: Sequence[ScoredScene], *, protocol: ProtocolOptions) -> dict[str, object]:
    """Scores of the mine footprint over scenes: pooled pixels, intervals over places."""
    counts = np.array([scene.confusion(threshold=protocol.threshold) for scene in scenes])
    places = [scene.place for scene in scenes]

    def interval(name: str) -> list[float | None]:
        def of(numbers: NDArray[np.intp]) -> float:
            return float(getattr(Confusion(*counts[numbers].sum(axis=0).tolist()), name))

        return _rounded(group_bootstrap(of, places, n_resamples=protocol.n_resamples))

    truth = np.concatenate([scene.is_mine.ravel() for scene in scenes])
    probability = np.concatenate([scene.probability.ravel() for scene in scenes])
    with_mine = [Confusion(*row.tolist()).iou for row, scene in zip(counts, scenes, strict=True) if scene.is_mine.any()]
    return {
        "n_scenes": len(scenes),
        "n_places": len(set(places)),
        "threshold": protocol.threshold,
        **{name: interval(name) for name in ("iou", "precision", "recall", "f1", "overall_accuracy", "kappa")},
        "median_scene_iou": round(float(np.median(with_mine)), 3),
        "calibration_error": round(calibration_error(truth, probability), 3),
        "scenes": {scene.name: _scene_row(scene, threshold=protocol.threshold) for scene in scenes},
    }


def _scene_row(scene: ScoredScene, *, threshold: float) -> dict[str, float | None]:
    counts = scene.confusion(threshold=threshold)
    row = {"iou": counts.iou, "precision": counts.precision, "recall": counts.recall}
    row["mine_share"] = float(scene.is_mine.mean())
    return {name: None if np.isnan(value) else round(value, 3) for name, value in row.items()}


def _rounded(interval: Interval) -> list[float | None]:
    """Value, low and high with three digits; None is undefined, as JSON knows no NaN."""
    return [None if np.isnan(value) else round(value, 3) for value in interval]
