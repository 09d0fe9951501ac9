"""From what networks said of held-out places to scores: how sure they may be is settled on the other folds."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall import __version__
from highwall.core.grid import pixel_sides_m
from highwall.core.taxonomy import MINING_AREA, SUBSETS
from highwall.learning.calibration import at_temperature, fit_temperature
from highwall.segmentation.averages import macro, micro
from highwall.segmentation.ceilings import shipped_ceilings
from highwall.segmentation.dataset import Sample, SampleSet
from highwall.segmentation.decision import decide
from highwall.segmentation.evaluation import Evaluation, Judged, rounded
from highwall.segmentation.evaluation_options import EvaluationOptions
from highwall.segmentation.evaluation_report import confusion_report, false_alarm_report, scenes_report
from highwall.segmentation.labels import target_of
from highwall.segmentation.metadata import SegmentationMetadata
from highwall.segmentation.tally import Said, tally_scene
from segmentation_folds import FloatArray, parts_of

EVERY_PX = 41
"""Every so many pixels of a scene, row after row, one settles temperatures and thresholds."""
LEAST_IOU = 0.1
"""A class that reaches less on held-out places takes no threshold: it would follow chance."""
STEPS = np.round(np.arange(0.05, 0.951, 0.05), 2)
"""Thresholds that are tried [1]."""
SUBSETS_KNOWN = (1, 2, 3, 4)


class Settled(NamedTuple):
    """How sure a network may be, and from which probability each class is said."""

    temperature: dict[int, float]
    thresholds: dict[str, float]


UNSETTLED = Settled(dict.fromkeys(SUBSETS_KNOWN, 1.0), {})
"""As it was trained: the most probable class is said."""


def settled_on(samples: Sequence[Sample], said: Mapping[str, FloatArray]) -> Settled:
    """Fit the temperature of every subset, and one threshold for all classes, on scenes that networks had not seen.

    A threshold for each class follows the few places it was found on: chosen on one fold it lowers the scores of the
    next. Classes that are hardly ever found take none.
    """
    temperature, curves = {}, {}
    for number, subset in enumerate(SUBSETS_KNOWN):
        truth, probability = _pixels(samples, said, number=number, subset=subset)
        temperature[subset] = round(fit_temperature(truth, probability), 4)
        cooled = at_temperature(probability, temperature=temperature[subset])
        for code, name in enumerate(SUBSETS[subset], start=1):
            curves[name] = np.array([_iou(truth == code, cooled[:, code] >= step) for step in STEPS])
    found = {name: curve for name, curve in curves.items() if curve.max() >= LEAST_IOU}
    if not found:
        return Settled(temperature, {})
    threshold = float(STEPS[int(np.mean(list(found.values()), axis=0).argmax())])
    return Settled(temperature, dict.fromkeys(found, threshold))


def cooled(probability: FloatArray, temperature: Mapping[int, float]) -> FloatArray:
    """Probabilities (class, y, x) at the temperature of each subset."""
    found = []
    for subset, part in zip(SUBSETS_KNOWN, parts_of(probability, SUBSETS_KNOWN), strict=True):
        flat = at_temperature(part.reshape(len(part), -1).T, temperature=temperature[subset])
        found.append(flat.T.reshape(part.shape)[1:])
    return np.concatenate(found).astype(np.float32)


def evaluation_of(samples: Sequence[Sample], said: Mapping[str, FloatArray], settled: Settled) -> Evaluation:
    """Judge the scenes as ``highwall evaluate segmentation`` does."""
    metadata = facts_of(settled)
    judged = (_judged(sample, cooled(said[sample.name], settled.temperature), metadata) for sample in samples)
    return Evaluation(tuple(judged), metadata.classes)


def cross_validated(
    samples: SampleSet, said: Mapping[str, FloatArray], fold_of: Mapping[str, int]
) -> tuple[Evaluation, Settled]:
    """Judge every scene with what the other folds settle, and give what all folds settle together."""
    scenes: list[Judged] = []
    for fold in sorted({fold_of[name] for name in said}):
        own, others = (
            [each for each in samples if each.name in said and (fold_of[each.name] == fold) is inside]
            for inside in (True, False)
        )
        scenes.extend(evaluation_of(own, said, settled_on(others, said) if others else UNSETTLED).scenes)
    judged = [each for each in samples if each.name in said]
    settled = settled_on(judged, said)
    return Evaluation(tuple(scenes), facts_of(settled).classes), settled


def facts_of(settled: Settled) -> SegmentationMetadata:
    """Just enough to decide by."""
    return SegmentationMetadata(
        name="judged", version=__version__, subsets=SUBSETS_KNOWN, bands=("B04", "B03", "B02"),
        thresholds=settled.thresholds,
    )  # fmt: skip


def summary_of(found: Evaluation) -> dict[str, Any]:
    """Scores for a file: of every class with intervals over places, of scenes, and what is confused with what."""
    intervals, ceilings = found.intervals(), shipped_ceilings()
    rows = {
        column: {
            **{key: intervals[column][key] for key in ("iou", "precision", "recall")},
            "annotators_iou": (ceilings.of_column(column) or {}).get("iou"),
        }
        for column in found.scored
        if column != MINING_AREA
    }
    counts = [found.of(name) for name in found.parts]
    confusion = confusion_report(found)
    return {
        "n_scenes": len(found.scenes),
        "n_places": len({scene.site for scene in found.scenes}),
        "classes": rows,
        "macro_iou": rounded(macro(counts)["iou"]),
        "micro_iou": rounded(micro(counts)["iou"]),
        "calibration_error": {name: rounded(found.reliability_of(name).error) for name in found.classes},
        "footprint_iou_by_scene": {
            name: row["footprint"]["iou"] if row["footprint"] else None for name, row in scenes_report(found).items()
        },
        "pit_against_dump": confusion["pit_against_dump"],
        "drawn_against_said": confusion["drawn_against_said"],
        "false_alarms": false_alarm_report(found),
    }


def _judged(sample: Sample, probability: FloatArray, metadata: SegmentationMetadata) -> Judged:
    said = Said(metadata.classes, decide(probability, metadata), probability)
    valid = ~np.isnan(sample.image()).any(axis=0)
    options = EvaluationOptions()
    tallies = {who: tally_scene(mask, said, valid=valid, options=options) for who, mask in sample.masks().items()}
    rows, columns = pixel_sides_m(sample.grid)
    return Judged(sample.name, sample.group, tallies, rows * columns)


def _pixels(
    samples: Sequence[Sample], said: Mapping[str, FloatArray], *, number: int, subset: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Truth (N,) and probability (N, 1 + class) of some pixels, of everyone who drew the scene."""
    truth, probability = [], []
    for sample in samples:
        part = list(parts_of(said[sample.name], SUBSETS_KNOWN))[number]
        for mask in sample.masks().values():
            target = target_of(mask, subset).ravel()[::EVERY_PX]
            truth.append(target[target >= 0])
            probability.append(part.reshape(len(part), -1).T[::EVERY_PX][target >= 0])
    return np.concatenate(truth), np.concatenate(probability).astype(np.float64)


def _iou(truth: NDArray[np.bool_], said: NDArray[np.bool_]) -> float:
    return float(np.count_nonzero(truth & said)) / max(int(np.count_nonzero(truth | said)), 1)
