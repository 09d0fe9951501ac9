import json
from pathlib import Path

import numpy as np
import pytest

from highwall.classification.evaluation import score_scene
from highwall.classification.extract import SHIPPED_FOOTPRINTS, SHIPPED_MODEL, ChipModel
from highwall.classification.radiometry import L1C_RGB
from highwall.core.taxonomy import CHIP_CLASSES
from highwall.learning.metrics import Confusion

LEAST_IOU = {SHIPPED_MODEL: 0.35, SHIPPED_FOOTPRINTS: 0.5}
"""Floor of the pooled IoU on the test places; the cards hold the measured values, which are higher."""

TOLERANCE = 0.005
"""Two machines may round a pixel at the threshold differently."""


def card_beside(weights: Path) -> dict:
    return json.loads(weights.with_suffix(".card.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("weights", [SHIPPED_MODEL, SHIPPED_FOOTPRINTS])
def test_a_shipped_network_is_small(weights):
    assert weights.stat().st_size < 3_000_000


def test_the_shipped_network_says_what_it_reads():
    metadata = ChipModel.open().metadata
    assert metadata.bands == L1C_RGB.bands
    assert metadata.level == "L1C"
    assert metadata.classes == CHIP_CLASSES
    assert "MIT" in metadata.training_data
    assert "Copernicus" in metadata.training_data


def test_the_card_is_of_the_shipped_network():
    card = card_beside(SHIPPED_MODEL)
    metadata = ChipModel.open().metadata
    assert card["model"]["n_bytes"] == SHIPPED_MODEL.stat().st_size
    assert metadata.threshold == pytest.approx(card["cross_validation"]["chips"]["chosen_threshold"], abs=1e-4)
    assert metadata.temperature == pytest.approx(card["cross_validation"]["temperature"], abs=1e-4)
    assert card["options"]["network"]["chip_px"] == metadata.chip_px


@pytest.mark.parametrize("weights", [SHIPPED_MODEL, SHIPPED_FOOTPRINTS])
def test_test_places_were_not_trained_on(weights):
    card = card_beside(weights)
    assert not set(card["test"]["scenes"]) & set(card["training_data"]["scenes"])


@pytest.mark.real
@pytest.mark.parametrize(("weights", "least_iou"), LEAST_IOU.items())
def test_a_shipped_network_finds_mines_it_never_saw(real_data, weights, least_iou):
    from highwall.workflows.training.chip_data import read_scenes

    model, test = ChipModel.open(weights), card_beside(weights)["test"]
    unseen = [scene for scene in read_scenes(real_data) if scene.name in test["scenes"]]
    counts = np.sum([score_scene(scene, model).confusion(threshold=test["threshold"]) for scene in unseen], 0)
    iou = Confusion(*counts.tolist()).iou
    assert iou > least_iou
    assert iou == pytest.approx(test["iou"][0], abs=TOLERANCE)
