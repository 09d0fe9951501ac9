import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.core.errors import InputError
from highwall.learning.detection import (
    IOU_STEPS,
    SceneObjects,
    iou_of_labels,
    match,
    mean_average_precision,
    object_average_precision,
)


def objects(iou: list[list[float]], score: list[float]) -> SceneObjects:
    return SceneObjects(np.array(iou, dtype=float).reshape(len(score), -1), np.array(score))


def oracle(scenes: list[SceneObjects], *, iou: float) -> float:
    """Average precision by its definition: for each known object found, the best precision at no lower recall."""
    rows = []
    for scene in scenes:
        taken = set()
        for found in sorted(range(len(scene.score)), key=lambda k: (-scene.score[k], k)):
            free = [k for k in range(scene.iou.shape[1]) if k not in taken and scene.iou[found, k] >= iou]
            best = max(free, key=lambda k: scene.iou[found, k], default=None)
            taken |= {best} - {None}
            rows.append((scene.score[found], best is not None))
    rows.sort(key=lambda row: -row[0])
    n_known = sum(scene.iou.shape[1] for scene in scenes)
    points = [
        (sum(hit for _, hit in rows[:n]) / n_known, sum(hit for _, hit in rows[:n]) / n)
        for n in range(1, len(rows) + 1)
    ]
    recalls = [k / n_known for k in range(1, n_known + 1)]
    return sum(max((p for r, p in points if r >= wanted - 1e-12), default=0.0) for wanted in recalls) / n_known


def test_overlaps_of_labelled_pixels():
    found = np.array([[1, 1, 0, 2], [1, 1, 0, 2]])
    known = np.array([[0, 1, 1, 0], [0, 1, 1, 3]])
    np.testing.assert_allclose(iou_of_labels(found, known), [[2 / 6, 0, 0], [0, 0, 1 / 2]])
    assert iou_of_labels(np.zeros((2, 4), int), known).shape == (0, 3)


def test_the_surer_object_takes_the_known_one():
    found = match(objects([[0.6, 0.0], [0.9, 0.4], [0.0, 0.55]], [0.5, 0.8, 0.7]), iou=0.5)
    assert found.tolist() == [-1, 0, 1]
    second_best = match(objects([[0.6, 0.5], [0.9, 0.4]], [0.5, 0.8]), iou=0.5)
    assert second_best.tolist() == [1, 0]


def test_a_hand_worked_case():
    """Hits are the first and the third of four; two of three known objects are found."""
    scene = objects([[1, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 0]], [0.9, 0.8, 0.7, 0.6])
    assert object_average_precision([scene], iou=0.5) == pytest.approx((1.0 + 2 / 3) / 3)


@given(st.integers(0, 10_000), st.sampled_from(IOU_STEPS))
def test_pooled_scenes_agree_with_the_definition(seed, iou):
    random = np.random.default_rng(seed)
    shapes = random.integers(0, 5, (3, 2)) + np.array([[1, 1], [0, 0], [0, 0]])
    scenes = [SceneObjects(random.random((n, m)), random.permutation(n * 3)[:n] / (n * 3 + 1)) for n, m in shapes]
    scores = np.concatenate([scene.score for scene in scenes])
    if len(set(scores)) < len(scores):
        return  # between scenes, ties have no order
    assert object_average_precision(scenes, iou=iou) == pytest.approx(oracle(scenes, iou=iou), abs=1e-12)


def test_the_score_falls_as_more_overlap_is_asked_for():
    random = np.random.default_rng(4)
    scene = SceneObjects(random.random((30, 20)), random.random(30))
    found = [object_average_precision([scene], iou=iou) for iou in (*IOU_STEPS, 1.0)]
    assert found == sorted(found, reverse=True)
    assert found[-1] == 0.0  # no two outlines are the same


def test_the_mean_is_over_classes_with_a_known_object():
    hit, missed = objects([[1.0]], [0.9]), objects([[0.0]], [0.9])
    nothing = SceneObjects(np.zeros((0, 0)), np.zeros(0))
    unknown = SceneObjects(np.zeros((2, 0)), np.array([0.5, 0.4]))
    assert mean_average_precision({"a": [hit], "b": [missed], "c": [unknown]}, iou=0.5) == pytest.approx(0.5)
    assert np.isnan(mean_average_precision({"c": [unknown], "d": [nothing]}, iou=0.5))


def test_nothing_found_scores_zero():
    assert object_average_precision([SceneObjects(np.zeros((0, 3)), np.zeros(0))], iou=0.5) == 0.0


@pytest.mark.parametrize("iou", [0.0, 1.5])
def test_bounds_that_are_no_overlap_are_refused(iou):
    with pytest.raises(InputError, match="no bound"):
        object_average_precision([objects([[1.0]], [0.9])], iou=iou)
