import numpy as np
import pytest

from highwall.classification.card import card_text, training_summary
from highwall.classification.evaluation import (
    ScoredChips,
    ScoredScene,
    chip_report,
    footprint_report,
    join_scored,
    score_chips,
    score_scene,
)
from highwall.classification.extract import ChipModel
from highwall.classification.options import ProtocolOptions
from tests.classification.synthetic import chips, scene

PROTOCOL = ProtocolOptions(n_resamples=50)


def scored_scene(name: str, hits: int, misses: int, alarms: int) -> ScoredScene:
    truth, probability = np.zeros(100, dtype=bool), np.zeros(100, dtype=np.float32)
    truth[: hits + misses] = True
    probability[:hits] = 1.0
    probability[hits + misses : hits + misses + alarms] = 1.0
    return ScoredScene(name, name, truth.reshape(10, 10), probability.reshape(10, 10))


def test_a_footprint_report_pools_pixels():
    report = footprint_report([scored_scene("a", 30, 10, 0), scored_scene("b", 10, 0, 10)], protocol=PROTOCOL)
    assert report["iou"][0] == pytest.approx(40 / 60, abs=1e-3)
    assert report["scenes"]["a"] == {"iou": 0.75, "precision": 1.0, "recall": 0.75, "mine_share": 0.4}
    assert report["calibration_error"] == pytest.approx(20 / 200)
    assert report["median_scene_iou"] == pytest.approx(0.625)


def test_a_scene_without_a_mine_has_no_recall():
    report = footprint_report([scored_scene("a", 30, 10, 0), scored_scene("b", 0, 0, 0)], protocol=PROTOCOL)
    assert report["scenes"]["b"] == {"iou": None, "precision": None, "recall": None, "mine_share": 0.0}


def test_a_chip_report_knows_a_perfect_order():
    found = chips(16)
    parts = [ScoredChips(found.is_artisanal, found.is_artisanal.astype(np.float32), found.family)] * 2
    report = chip_report(join_scored(parts), protocol=PROTOCOL)
    assert report["n_chips"] == 32
    assert report["roc_auc"] == [1.0, 1.0, 1.0]
    assert report["recall_at_1_percent_false_alarms"][0] == 1.0


def test_a_card_holds_every_score():
    model = ChipModel.open(threads=1)
    scenes = [scene("a"), scene("b")]
    footprint = footprint_report([score_scene(s, model) for s in scenes], protocol=PROTOCOL)
    card = {
        "model": {**model.onnx.properties, "n_bytes": 300_000},
        "training_data": training_summary(chips(8), scenes),
        "cross_validation": {
            "n_folds": 2,
            "chips": chip_report(score_chips(chips(16), model), protocol=PROTOCOL),
            "footprint": footprint,
        },
        "test": footprint,
    }
    text = card_text(card)
    assert f"| IoU | {footprint['iou'][0]:.3f}" in text
    assert "Copernicus" in text
    assert "MIT" in text
    assert "never *no mine here*" in text
