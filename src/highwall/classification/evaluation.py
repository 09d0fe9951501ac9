"""Scores of a chip network on chips and scenes it did not learn from, with intervals over groups and places."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.classification.dataset import CHIP_PX, LEAST_MINE_SHARE, ChipSet, LabelledScene
from highwall.classification.extract import ChipModel, class_probability
from highwall.classification.family_scores import JudgedChips, family_reports, overall_report
from highwall.classification.judging import chip_scores
from highwall.classification.options import ProtocolOptions
from highwall.classification.radiometry import L1C_RGB
from highwall.core.taxonomy import ARTISANAL_MINE, CHIP_CLASSES, INDUSTRIAL_MINE, NONE
from highwall.learning.bootstrap import Interval, group_bootstrap
from highwall.learning.calibration import at_temperature, fit_temperature
from highwall.learning.metrics import ClassConfusion, Confusion, calibration_error, precision_recall_curve

_LABELLED_MINE = 0.5
"""Share of a pixel, averaged over annotators, from which it is mine."""

_FEWEST_GROUPS = 5
"""With fewer, resampling groups draws the same ones again and again: an interval would say nothing."""

_NONE, _ARTISANAL, _INDUSTRIAL = (CHIP_CLASSES.index(name) for name in (NONE, ARTISANAL_MINE, INDUSTRIAL_MINE))


class ScoredChips(NamedTuple):
    """Chips with what a network that never saw their group said."""

    label: NDArray[np.intp]
    """(N,) number of the class."""
    probability: NDArray[np.floating]
    """(N, class)."""
    family: NDArray[np.str_]
    group: NDArray[np.str_]
    fold: NDArray[np.intp]
    """(N,) part of the cross-validation in which it was judged."""

    def where(self, chosen: NDArray[np.bool_]) -> "ScoredChips":
        """Keep the chosen chips."""
        return self._replace(**{name: column[chosen] for name, column in self._asdict().items()})

    @property
    def ranked(self) -> "ScoredChips":
        """Those that are artisanal mines or none, which the mosaics were made to tell apart."""
        return self.where(self.label != _INDUSTRIAL)

    def judged(self, by: NDArray[np.str_]) -> JudgedChips:
        """*Artisanal mine* against all else, with intervals over families or groups."""
        score = self.probability[:, _ARTISANAL].astype(np.float32)
        return JudgedChips(self.label == _ARTISANAL, score, by)


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


def score_chips(chips: ChipSet, model: ChipModel, *, n_views: int, fold: int = 0) -> ScoredChips:
    """Run a network over chips, each seen in so many views."""
    found = chip_scores(chips.pixels, model, n_views=n_views)
    return ScoredChips(chips.label, found, chips.family, chips.group, np.full(len(chips), fold))


def join_scored(parts: Sequence[ScoredChips]) -> ScoredChips:
    """Put the folds together."""
    return ScoredChips(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def score_scene(scene: LabelledScene, model: ChipModel) -> ScoredScene:
    """Run a network over a scene, as a user would."""
    reflectance = scene.pixels.astype(np.float32) * np.float32(L1C_RGB.full_scale / L1C_RGB.n_levels)
    none = class_probability(reflectance, model)[_NONE]
    return ScoredScene(scene.name, scene.place, scene.coverage >= _LABELLED_MINE, 1.0 - none)


def chips_of_scene(scene: LabelledScene) -> ChipSet:
    """Cut a scene into chips side by side: industrial where polygons cover enough, none where they cover nothing."""
    rows, columns = (extent // CHIP_PX for extent in scene.coverage.shape)
    whole = (slice(rows * CHIP_PX), slice(columns * CHIP_PX))
    tiles = scene.pixels[(slice(None), *whole)].reshape(3, rows, CHIP_PX, columns, CHIP_PX)
    share = scene.coverage[whole].reshape(rows, CHIP_PX, columns, CHIP_PX).mean(axis=(1, 3)).ravel()
    pixels = tiles.transpose(1, 3, 2, 4, 0).reshape(-1, CHIP_PX, CHIP_PX, 3)
    label = np.where(share >= LEAST_MINE_SHARE, _INDUSTRIAL, _NONE).astype(np.intp)
    place = np.full(len(label), scene.place)
    return ChipSet(pixels, label, place, place).where((share == 0.0) | (share >= LEAST_MINE_SHARE))


def calibrated(chips: ScoredChips) -> tuple[ScoredChips, float]:
    """Chips at the temperature that fits them best, and that temperature."""
    temperature = fit_temperature(chips.label, chips.probability)
    return chips._replace(probability=at_temperature(chips.probability, temperature=temperature)), temperature


def best_threshold(chips: JudgedChips) -> float:
    """Score from which F1 is largest."""
    curve = precision_recall_curve(chips.is_positive, chips.score)
    f1 = 2.0 * curve.precision * curve.recall / np.maximum(curve.precision + curve.recall, np.finfo(float).tiny)
    return float(curve.threshold[int(np.argmax(f1))])


def chip_report(chips: ScoredChips, *, protocol: ProtocolOptions) -> dict[str, Any]:
    """Scores of *artisanal mine* against *none* over chips of mosaics, intervals over groups of families."""
    ranked = chips.ranked
    by_group, by_family = ranked.judged(ranked.group), ranked.judged(ranked.family)
    chosen = best_threshold(by_group)
    return {
        **overall_report(by_group, thresholds=protocol.thresholds, n_resamples=protocol.n_resamples),
        "n_families": len(by_family.families),
        "n_groups": len(by_group.families),
        "chosen_threshold": round(chosen, 4),
        "at_thresholds_chosen_on_other_folds": _cross_fitted(ranked),
        "families": family_reports(by_family, thresholds=(*protocol.thresholds, chosen)),
    }


def fold_reports(chips: ScoredChips, *, protocol: ProtocolOptions) -> list[dict[str, Any]]:
    """Scores of each fold alone, *artisanal mine* against *none*, intervals over its groups where there are enough."""
    reports = []
    for fold in np.unique(chips.fold):
        part = chips.where(chips.fold == fold).ranked
        found = overall_report(part.judged(part.group), thresholds=(), n_resamples=protocol.n_resamples)
        if len(np.unique(part.group)) < _FEWEST_GROUPS:
            found["intervals"] = dict.fromkeys(found["intervals"])
        reports.append({"families": np.unique(part.family).tolist(), **found})
    return reports


def _cross_fitted(chips: ScoredChips) -> dict[str, float | None]:
    """Counts where each fold is cut at the threshold that is best on the others: no chip helped to choose its own."""
    said = np.zeros(len(chips.label), dtype=bool)
    for fold in np.unique(chips.fold):
        own = chips.fold == fold
        others = chips.where(~own) if not own.all() else chips
        said[own] = chips.probability[own, _ARTISANAL] >= best_threshold(others.judged(others.group))
    counts = Confusion.of(chips.label == _ARTISANAL, said)
    return {name: _plain(getattr(counts, name)) for name in ("precision", "recall", "f1", "overall_accuracy", "kappa")}


def class_report(chips: ScoredChips) -> dict[str, Any]:
    """Counts of the likeliest class over all chips, those cut from scenes too, and scores of each class."""
    found = ClassConfusion.of(chips.label, chips.probability.argmax(axis=1), n_classes=len(CHIP_CLASSES))
    each = {name: found.one_against_rest(number) for number, name in enumerate(CHIP_CLASSES)}
    return {
        "rows_so_columns_said": found.counts.tolist(),
        "overall_accuracy": _plain(found.overall_accuracy),
        "kappa": _plain(found.kappa),
        **{
            name: {score: _plain(getattr(counts, score)) for score in ("precision", "recall", "f1")}
            for name, counts in each.items()
        },
    }


def footprint_report(scenes: Sequence[ScoredScene], *, protocol: ProtocolOptions) -> dict[str, Any]:
    """Scores of the mine footprint over scenes: pooled pixels, intervals over places."""
    threshold = protocol.footprint_threshold
    counts = np.array([scene.confusion(threshold=threshold) for scene in scenes])
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
        "threshold": threshold,
        **{name: interval(name) for name in ("iou", "precision", "recall", "f1", "overall_accuracy", "kappa")},
        "median_scene_iou": round(float(np.median(with_mine)), 3),
        "calibration_error": round(calibration_error(truth, probability), 3),
        "scenes": {scene.name: _scene_row(scene, threshold=threshold) for scene in scenes},
    }


def pooled_iou(scenes: Sequence[ScoredScene], *, threshold: float) -> float:
    """Intersection over union of all pixels of all scenes."""
    counts = np.sum([scene.confusion(threshold=threshold) for scene in scenes], axis=0)
    return Confusion(*counts.tolist()).iou


def _scene_row(scene: ScoredScene, *, threshold: float) -> dict[str, float | None]:
    counts = scene.confusion(threshold=threshold)
    row = {"iou": counts.iou, "precision": counts.precision, "recall": counts.recall}
    row["mine_share"] = float(scene.is_mine.mean())
    return {name: _plain(value) for name, value in row.items()}


def _rounded(interval: Interval) -> list[float | None]:
    """Value, low and high with three digits; None is undefined, as JSON knows no NaN."""
    return [_plain(value) for value in interval]


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 3)
