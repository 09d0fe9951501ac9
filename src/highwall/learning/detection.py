"""How well found objects fit known ones: average precision at an intersection over union.

A found object is right when it overlaps a known one by at least the given IoU, and no better-scored one took that known
object before. IoU 0.25 asks whether the mine was found, 0.5 whether its place and size are right, 0.75 whether its
outline is. An IoU of 1 asks for the same outline, pixel for pixel: two people who draw one mine do not reach it, so a
mean average precision at 1 measures nothing but copies.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.core.errors import InputError

IOU_STEPS: Final = (0.25, 0.5, 0.75)
"""IoU at which objects are judged [1]."""


class SceneObjects(NamedTuple):
    """Objects of one class in one scene."""

    iou: NDArray[np.floating]
    """(found, known) intersection over union of each pair [1]."""
    score: NDArray[np.floating]
    """(found,) how sure the detector is."""


def iou_of_labels(found: NDArray[np.integer], known: NDArray[np.integer]) -> NDArray[np.float64]:
    """Intersection over union of every found object with every known one.

    Parameters
    ----------
    found, known : (y, x)
        Number of the object of each pixel, 1 and up without gaps; 0 is none.

    Returns
    -------
    (found, known) [1]
    """
    n_found, n_known = int(found.max(initial=0)), int(known.max(initial=0))
    both = found.astype(np.int64) * (n_known + 1) + known
    shared = np.bincount(both.ravel(), minlength=(n_found + 1) * (n_known + 1)).reshape(n_found + 1, n_known + 1)
    union = shared.sum(axis=1, keepdims=True) + shared.sum(axis=0, keepdims=True) - shared
    overlap: NDArray[np.float64] = shared[1:, 1:] / np.maximum(union[1:, 1:], 1)
    return overlap


def match(objects: SceneObjects, *, iou: float) -> NDArray[np.intp]:
    """Match found objects, surest first, each to the known one that it overlaps best of those still free.

    Returns
    -------
    (found,) number of the known object, −1 where there is none at this IoU

    Source: the evaluation of COCO, Lin et al. 2014.
    """
    free = np.array(objects.iou, dtype=np.float64)
    matched = np.full(len(objects.score), -1, dtype=np.intp)
    if not free.shape[1]:
        return matched
    for found in np.argsort(-objects.score, kind="stable"):
        best = int(free[found].argmax())
        if free[found, best] >= iou:
            matched[found] = best
            free[:, best] = -1.0
    return matched


def object_average_precision(scenes: Sequence[SceneObjects], *, iou: float) -> float:
    """Area under precision over recall of the objects of many scenes, precision taken as its best from there on.

    Returns
    -------
    float
        0…1; NaN where nothing is known

    Raises
    ------
    InputError
        ``iou`` is not in 0…1 (0 left out).

    Source: Everingham et al. 2015, section 3.3.1 (all points).
    """
    if not 0.0 < iou <= 1.0:
        raise InputError(f"an IoU of {iou:g} is no bound; take one above 0 and at most 1, such as 0.5.")
    n_known = sum(scene.iou.shape[1] for scene in scenes)
    if n_known == 0:
        return float("nan")
    score = np.concatenate([scene.score for scene in scenes])
    is_hit = np.concatenate([match(scene, iou=iou) >= 0 for scene in scenes])
    hits = np.cumsum(is_hit[np.argsort(-score, kind="stable")])
    if not hits.size:
        return 0.0
    precision = hits / np.arange(1, hits.size + 1)
    best_from_here = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(hits, prepend=0) * best_from_here) / n_known)


def mean_average_precision(classes: Mapping[str, Sequence[SceneObjects]], *, iou: float) -> float:
    """Mean over the classes that have a known object, (1/N) Σ AP_i; NaN where none has.

    Source: Yu et al. 2023, eq. 13.
    """
    found = [object_average_precision(scenes, iou=iou) for scenes in classes.values()]
    known = [value for value in found if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")
