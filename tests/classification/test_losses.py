import math

import pytest
import torch

from highwall.classification.losses import (
    cell_target,
    chip_loss,
    chip_target,
    dense_loss,
    instance_loss,
    joined,
    overlap_loss,
    scene_target,
)


def certain(classes: torch.Tensor) -> torch.Tensor:
    """Logits that are sure of one class in each cell."""
    return 60.0 * torch.nn.functional.one_hot(classes, 3).permute(0, 3, 1, 2).float()


def test_a_cell_is_mine_by_the_share_that_is_covered():
    coverage = torch.zeros(1, 1, 8, 4)
    coverage[:, :, :4, :1] = 1.0
    target = cell_target(coverage, cell_px=4, smoothing=0.0)
    torch.testing.assert_close(target[0, :, :, 0], torch.tensor([[0.75, 1.0], [0.0, 0.0], [0.25, 0.0]]))


def test_smoothing_keeps_a_distribution():
    target = cell_target(torch.rand(2, 1, 8, 8), cell_px=4, smoothing=0.1)
    torch.testing.assert_close(target.sum(dim=1), torch.ones(2, 2, 2))
    assert target.min() >= 0.1 / 3 - 1e-6


def test_a_chip_of_a_scene_is_industrial_from_a_quarter_and_none_at_nothing():
    coverage = torch.zeros(3, 1, 4, 4)
    coverage[0, 0, 0] = 1.0
    coverage[1, 0, 0, 0] = 1.0
    target = scene_target(coverage, smoothing=0.0)
    assert target.weight.tolist() == [1.0, 0.0, 1.0]
    assert target.share[[0, 2]].argmax(dim=1).tolist() == [2, 0]


def test_labels_of_two_batches_are_joined_in_order():
    coverage = torch.cat([torch.ones(1, 1, 4, 4), torch.full((1, 1, 4, 4), 0.1)])
    both = joined(scene_target(coverage, smoothing=0.0), chip_target(torch.tensor([1]), smoothing=0.0))
    assert both.weight.tolist() == [1.0, 0.0, 1.0]
    assert both.share[[0, 2]].argmax(dim=1).tolist() == [2, 1]


def test_what_has_no_weight_costs_nothing():
    target = chip_target(torch.tensor([0, 1]), smoothing=0.0)
    wrong = 60.0 * torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    assert chip_loss(wrong, target._replace(weight=torch.tensor([1.0, 0.0]))) == pytest.approx(0.0, abs=1e-5)
    assert chip_loss(wrong, target) == pytest.approx(30.0, abs=1e-3)
    assert chip_loss(wrong, target._replace(weight=torch.zeros(2))) == 0.0


def test_perfect_answers_cost_nothing():
    classes = torch.tensor([[[0, 2], [2, 0]]])
    coverage = (classes == 2).float()[:, None].repeat_interleave(4, 2).repeat_interleave(4, 3)
    target = cell_target(coverage, cell_px=4, smoothing=0.0)
    assert dense_loss(certain(classes), target) == pytest.approx(0.0, abs=1e-5)
    assert overlap_loss(certain(classes), target) == pytest.approx(0.0, abs=1e-5)
    assert instance_loss(certain(0 * classes), torch.tensor([0]), smoothing=0.0) == pytest.approx(0.0, abs=1e-5)


def test_ignorance_costs_the_logarithm_of_the_classes():
    assert instance_loss(torch.zeros(2, 3, 4, 4), torch.tensor([0, 0]), smoothing=0.0) == pytest.approx(math.log(3))


def test_one_mine_cell_tells_a_chip_with_a_mine_from_one_without():
    classes = torch.zeros(1, 4, 4, dtype=torch.long)
    empty = certain(classes)
    classes[0, 1, 2] = 1
    somewhere = certain(classes)
    yes, no = torch.tensor([1]), torch.tensor([0])
    # the pool of one cell in 16 is (1/16)^(1/4) = 1/2
    assert instance_loss(somewhere, yes, smoothing=0.0) == pytest.approx(math.log(2.0), abs=1e-4)
    assert instance_loss(somewhere, yes, smoothing=0.0) < instance_loss(empty, yes, smoothing=0.0)
    assert instance_loss(empty, no, smoothing=0.0) < instance_loss(somewhere, no, smoothing=0.0)
