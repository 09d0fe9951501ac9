import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from highwall.segmentation.dataset import SampleSet
from highwall.segmentation.network import SegmentationNetwork
from highwall.segmentation.settling import best_threshold, settle
from tests.segmentation.lessons import scene, tiny_options


@given(st.integers(0, 1000))
def test_no_other_threshold_fits_better(seed):
    random = np.random.default_rng(seed)
    truth = random.random(200) < 0.3
    probability = np.clip(0.3 * truth + random.normal(0.3, 0.2, 200), 0.0, 1.0)

    def iou(threshold):
        said = probability >= threshold
        return np.count_nonzero(said & truth) / max(np.count_nonzero(said | truth), 1)

    best = best_threshold(truth, probability)
    assert all(iou(best) >= iou(threshold) - 1e-12 for threshold in np.arange(0.05, 0.96, 0.05).round(2))


def test_of_equal_thresholds_the_middle_is_taken():
    assert best_threshold(np.array([True, False]), np.array([0.9, 0.1])) == 0.5


class Sure(SegmentationNetwork):
    """Says what is red enough is an excavation, too surely."""

    def logits(self, images):
        red = 10.0 * self.sharpness * (images[:, :1] - 0.175)
        return (torch.cat([torch.zeros_like(red), red, torch.full_like(red, -100.0)], dim=1),)


def settled(sharpness):
    options = tiny_options(network={"subsets": (1,)})
    network = Sure(options.network)
    network.sharpness = sharpness
    return settle(network, SampleSet([scene("one"), scene("two")]), options=options)


def test_temperature_undoes_how_sure_a_network_is():
    once, twice = settled(5.0), settled(10.0)
    assert twice.temperature[1] == pytest.approx(2.0 * once.temperature[1], rel=1e-2)
    assert twice.thresholds == once.thresholds


def test_only_classes_that_were_drawn_have_thresholds():
    assert set(settled(1.0).thresholds) == {"excavation"}
