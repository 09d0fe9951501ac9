import json

import numpy as np
import pytest

from highwall.classification.evaluation import score_scene
from highwall.classification.extract import SHIPPED_MODEL, ChipModel
from highwall.classification.radiometry import L1C_RGB
from highwall.core.taxonomy import CHIP_CLASSES
from highwall.learning.metrics import Confusion

LEAST_IOU = 0.35
"""Floor of the pooled IoU on the test places; the card holds the measured value, which is higher."""

TOLERANCE = 0.005
"""Two machines may round a pixel at the threshold differently."""


@pytest.fixture(scope="module")
def card() -> dict:
    return json.loads(SHIPPED_MODEL.with_name("chips.card.json").read_text(encoding="utf-8"))


def test_the_shipped_network_is_small():
    assert SHIPPED_MODEL.stat().st_size < 3_000_000


def test_the_shipped_network_says_what_it_reads():
    metadata = ChipModel.open().metadata
    assert metadata.bands == L1C_RGB.bands
    assert metadata.level == "L1C"
    assert metadata.classes == CHIP_CLASSES
    assert "MIT" in metadata.training_data
    assert "Copernicus" in metadata.training_data


def test_test_places_were_not_trained_on(card):
    assert not set(card["test"]["scenes"]) & set(card["training_data"]["scenes"])


@pytest.mark.real
def test_the_shipped_network_finds_mines_it_never_saw(real_data, card):
    from highwall.workflows.train import read_scenes

    model = ChipModel.open()
    unseen = [scene for scene in read_scenes(real_data) if scene.name in card["test"]["scenes"]]
    counts = np.sum([score_scene(scene, model).confusion(threshold=card["test"]["threshold"]) for scene in unseen], 0)
    iou = Confusion(*counts.tolist()).iou
    assert iou > LEAST_IOU
    assert iou == pytest.approx(card["test"]["iou"][0], abs=TOLERANCE)
