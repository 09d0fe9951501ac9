import numpy as np
import pytest

from highwall.classification.card import card_text, training_summary
from highwall.classification.dataset import ChipSet, LabelledScene
from highwall.classification.evaluation import (
    ScoredChips,
    ScoredScene,
    best_threshold,
    calibrated,
    chip_report,
    chips_of_scene,
    class_report,
    fold_reports,
    footprint_report,
    join_scored,
    pooled_iou,
    score_chips,
    score_scene,
)
from highwall.classification.extract import ChipModel
from highwall.classification.options import ProtocolOptions
from tests.classification.synthetic import chips, scene, with_industrial

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


def scored(found: ChipSet, artisanal: np.ndarray, *, fold: int = 0) -> ScoredChips:
    """What a network that gives ``artisanal`` to artisanal mines, and the rest to none, said."""
    probability = np.stack([1.0 - artisanal, artisanal, np.zeros(len(found))], axis=1)
    return ScoredChips(found.label, probability, found.family, found.group, np.full(len(found), fold))


def test_a_chip_report_knows_a_perfect_order():
    found = chips(16)
    report = chip_report(
        join_scored([scored(found, found.is_artisanal.astype(float), fold=fold) for fold in (0, 1)]), protocol=PROTOCOL
    )
    assert (report["n"], report["n_groups"]) == (32, 4)
    assert report["auc"] == report["ap"] == report["recall_at_1_percent_false_alarms"] == 1.0
    assert report["intervals"]["auc"] == [1.0, 1.0]
    assert report["at_thresholds_chosen_on_other_folds"]["f1"] == 1.0
    assert report["families"]["a_positives"]["ap"] == 1.0


def test_industrial_chips_are_counted_but_not_ranked():
    found = with_industrial(chips(16), 4)
    said = scored(found, found.is_artisanal.astype(float))
    assert chip_report(said, protocol=PROTOCOL)["n"] == 12
    assert class_report(said)["rows_so_columns_said"] == [[6, 0, 0], [0, 6, 0], [4, 0, 0]]
    assert class_report(said)["industrial_mine"]["recall"] == 0.0


def test_a_threshold_comes_from_the_other_folds():
    found = chips(16)
    low, high = scored(found, 0.2 * found.is_artisanal), scored(found, 0.5 + 0.4 * found.is_artisanal, fold=1)
    report = chip_report(join_scored([low, high]), protocol=PROTOCOL)
    counts = report["at_thresholds_chosen_on_other_folds"]
    # 0.9, best on the high fold, finds none of the low one; 0.2, best on the low fold, alarms on all of the high one
    assert counts["recall"] == 0.5
    assert counts["precision"] == 0.5


def test_the_best_threshold_separates():
    found = chips(16)
    said = scored(found, np.where(found.is_artisanal, 0.7, 0.3))
    assert best_threshold(said.judged(said.family)) == pytest.approx(0.7)


def test_calibration_cools_a_network_that_is_too_sure():
    random = np.random.default_rng(0)
    found = chips(4000)
    honest = random.uniform(0.05, 0.95, 4000)
    truth = np.where(random.random(4000) < honest, 1, 0)
    sure = honest**2 / (honest**2 + (1.0 - honest) ** 2)  # logits twice as large
    said, temperature = calibrated(scored(found, sure)._replace(label=truth))
    assert temperature == pytest.approx(2.0, abs=0.2)  # three standard errors of 4000 draws
    np.testing.assert_allclose(said.probability[:, 1], honest, atol=0.03)


def test_chips_of_a_scene_are_what_polygons_cover():
    pixels = np.zeros((3, 100, 144), dtype=np.uint8)
    pixels[0] = np.arange(144)
    coverage = np.zeros((100, 144), dtype=np.float32)
    coverage[:24, :48] = 1.0  # half of the first chip
    coverage[48:58, :48] = 1.0  # a fifth of the fourth
    found = chips_of_scene(LabelledScene("a", "p", pixels, coverage))
    assert found.label.tolist() == [2, 0, 0, 0, 0]
    assert found.pixels[1, 0, :, 0].tolist() == list(range(48, 96))
    assert set(found.group) == {"p"}


def test_pooled_iou_counts_pixels_not_scenes():
    assert pooled_iou([scored_scene("a", 30, 10, 0), scored_scene("b", 10, 0, 10)], threshold=0.5) == 40 / 60


def test_a_card_holds_every_score():
    model = ChipModel.open(threads=1)
    scenes = [scene("a"), scene("b")]
    footprint = footprint_report([score_scene(s, model) for s in scenes], protocol=PROTOCOL)
    found = score_chips(with_industrial(chips(16), 2), model, n_views=1)
    report = chip_report(found, protocol=PROTOCOL)
    seeds = {str(seed): {**report, "footprint_iou": 0.5} for seed in (1, 2)}
    card = {
        "options": {"n_steps": 900, "network": {"second_reader": True}},
        "protocol": {"n_views": 8},
        "features": {"file": "lite0.pth", "sha256": 64 * "a"},
        "model": {**model.onnx.properties, "n_bytes": 300_000},
        "training_data": training_summary(with_industrial(chips(8), 1), scenes),
        "cross_validation": {
            "n_folds": 2, "n_steps": 700, "chips": report, "classes": class_report(found),
            "footprint": footprint, "seeds": seeds, "n_seed_folds": 1, "one_view": seeds["1"],
            "folds": fold_reports(found, protocol=PROTOCOL),
        },
        "test": footprint,
    }  # fmt: skip
    text = card_text(card)
    assert f"| IoU | {footprint['iou'][0]:.3f}" in text
    assert f"| average precision | {report['ap']:.3f} [" in text
    assert "took 700 steps; the one that is shipped took 900." in text
    assert "± 0.000" in text
    assert "| 1 | 14 | 7 |" in text  # the one fold: two of 16 chips are industrial mines
    assert "lite0.pth" in text
    assert "in 8 turned and mirrored views" in text
    assert "1 industrial" in " ".join(text.split())
    assert "Copernicus" in text
    assert "MIT" in text
    assert "never *no mine here*" in text
