import hashlib
import json

import numpy as np
import pytest

from highwall.segmentation.decision import decide
from highwall.segmentation.labels import MINING_BITS
from highwall.segmentation.map_options import SegmentOptions
from highwall.segmentation.predict import probability_map
from highwall.segmentation.segmenter import SHIPPED_MODEL, OnnxSegmenter
from highwall.workflows.datasets.reading import read_folder

LARGEST_MB = 12.0


@pytest.fixture(scope="module")
def segmenter():
    return OnnxSegmenter.open(SHIPPED_MODEL, threads=1)


def beside(suffix):
    return SHIPPED_MODEL.with_suffix(suffix)


def test_it_knows_all_subsets_and_saw_no_simulation(segmenter):
    metadata = segmenter.metadata
    assert metadata.subsets == (1, 2, 3, 4)
    assert metadata.bands == ("B04", "B03", "B02")
    assert metadata.level == "L1C"
    assert not metadata.is_simulated
    assert metadata.licence == "Apache-2.0"
    assert SHIPPED_MODEL.stat().st_size < LARGEST_MB * 1e6


def test_its_answers_are_probabilities(segmenter):
    random = np.random.default_rng(0)
    images = random.uniform(0.0, 0.3, (1, 3, 64, 96)).astype(np.float32)
    images[:, :, :16] = np.nan
    said = segmenter.probability(images)
    assert said.shape == (1, 11, 64, 96)
    assert said.dtype == np.float32
    for subset in segmenter.metadata.subsets:
        total = said[:, segmenter.metadata.channels_of(subset)].sum(axis=1)
        assert (total >= 0.0).all()
        assert (total <= 1.0 + 2**-9).all()  # sums of half precision, 11 bits


def test_card_and_record_are_of_these_weights(segmenter):
    card = json.loads(beside(".card.json").read_text(encoding="utf-8"))
    record = json.loads(beside(".stac.json").read_text(encoding="utf-8"))
    checksum = hashlib.sha256(SHIPPED_MODEL.read_bytes()).hexdigest()
    assert card["model"]["thresholds"] == segmenter.metadata.thresholds
    assert card["model"]["n_bytes"] == SHIPPED_MODEL.stat().st_size
    assert record["assets"]["float16"]["file:checksum"].endswith(checksum)
    assert record["properties"]["license"] == "Apache-2.0"


@pytest.mark.real
def test_it_outlines_mines_that_it_learned_from(segmenter, real_data):
    """No score: bands, units and decisions fit together. What it does elsewhere stands on its card."""
    samples = read_folder(real_data / "tailings-ponds" / "images", real_data / "mine-classes", level="L1C").samples
    hit = union = 0
    for sample in samples:
        if sample.name not in {"30", "41", "56"}:
            continue
        image = sample.image()[[sample.bands.index(band) for band in segmenter.metadata.bands]]
        said = decide(probability_map(image, segmenter, SegmentOptions(threads=1)), segmenter.metadata)
        is_said = said[segmenter.metadata.classes.index("mining_area")]
        is_drawn = (sample.mask() & MINING_BITS) != 0
        hit += np.count_nonzero(is_said & is_drawn)
        union += np.count_nonzero(is_said | is_drawn)
    assert hit / union > 0.6
