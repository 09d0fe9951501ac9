"""How well extracted mines fit drawn ones: mean average precision at an IoU, on scenes of places never trained on.

python benchmarks/detections.py               the shipped network on the test places
python benchmarks/detections.py FOOTPRINTS    out of fold: the folder `footprints` that `highwall train chips` leaves

An object is connected ground whose mine probability reaches the threshold, scored by its mean; a known one is connected
ground that was drawn (mine-classes, pixels of which half is mine). Intervals resample places.
"""

import sys
from functools import partial
from pathlib import Path

import numpy as np
from scipy import ndimage

from harness import SHARED, Row, report
from highwall.classification.evaluation import ScoredScene, score_scene
from highwall.classification.extract import SHIPPED_FOOTPRINTS, ChipModel
from highwall.classification.options import ProtocolOptions
from highwall.learning.bootstrap import group_bootstrap
from highwall.learning.detection import IOU_STEPS, SceneObjects, iou_of_labels, object_average_precision
from highwall.learning.groups import hold_out
from highwall.workflows.training.chip_data import read_scenes

THRESHOLDS = (0.5, 0.7, 0.8, 0.9)
MIN_PX = 64
"""Smallest object, found or known [pixel of 10 m]: four cells of the network."""


def main() -> None:
    folder = Path(sys.argv[1]) if sys.argv[1:] else None
    scenes = scored_scenes(folder)
    where = "out of fold" if folder else "test places"
    rows = [row for threshold in THRESHOLDS for row in rows_at(scenes, threshold=threshold, where=where)]
    report("detections", rows, title="Extracted mines against drawn ones")


def scored_scenes(folder: Path | None) -> list[ScoredScene]:
    """Every scene with what a network that never saw its place said."""
    scenes = read_scenes(SHARED / "data")
    if folder is not None:
        kept = [(scene, folder / f"{scene.name}.npy") for scene in scenes if (folder / f"{scene.name}.npy").exists()]
        return [
            ScoredScene(scene.name, scene.place, scene.coverage >= 0.5, np.load(path).astype(np.float32) / 255)
            for scene, path in kept
        ]
    protocol, model = ProtocolOptions(), ChipModel.open(SHIPPED_FOOTPRINTS, threads=1)
    places = hold_out({scene.place for scene in scenes}, n=protocol.n_test_places, seed=protocol.split_seed)
    return [score_scene(scene, model) for scene in scenes if scene.place in places]


def rows_at(scenes: list[ScoredScene], *, threshold: float, where: str) -> list[Row]:
    objects = [objects_of(scene, threshold=threshold) for scene in scenes]
    places = [scene.place for scene in scenes]
    n_found, n_known = sum(len(each.score) for each in objects), sum(each.iou.shape[1] for each in objects)
    rows = []
    for iou in (*IOU_STEPS, 1.0):
        value, low, high = group_bootstrap(partial(_score, objects, iou=iou), places, n_resamples=500)
        case = f"mAP@{iou:g}, threshold {threshold:g}, {len(scenes)} scenes at {len(set(places))} {where}"
        note = f"[{low:.3f}, {high:.3f}]; {n_found} objects found, {n_known} drawn"
        rows.append(Row(case, "1", value, note=note + ("; only a copy could score" if iou == 1.0 else "")))
    return rows


def _score(objects: list[SceneObjects], numbers: np.ndarray, *, iou: float) -> float:
    return object_average_precision([objects[k] for k in numbers], iou=iou)


def objects_of(scene: ScoredScene, *, threshold: float) -> SceneObjects:
    found, known = labelled(scene.probability >= threshold), labelled(scene.is_mine)
    numbers = np.arange(1, found.max(initial=0) + 1)
    score = np.asarray(ndimage.mean(scene.probability, found, numbers)) if numbers.size else np.empty(0)
    return SceneObjects(iou_of_labels(found, known), score)


def labelled(is_mine: np.ndarray) -> np.ndarray:
    """Number connected ground, specks left out, without gaps."""
    labels, n = ndimage.label(is_mine)
    large = np.flatnonzero(np.bincount(labels.ravel(), minlength=n + 1)[1:] >= MIN_PX) + 1
    number = np.zeros(n + 1, int)
    number[large] = np.arange(1, len(large) + 1)
    return number[labels]


if __name__ == "__main__":
    main()
