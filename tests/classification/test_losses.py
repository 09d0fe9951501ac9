import math

import pytest
import torch

from highwall.classification.losses import cell_target, dense_loss, instance_loss, negative_loss, overlap_loss


def certain(classes: torch.Tensor) -> torch.Tensor:
    """Logits that are sure of one class in each cell."""
    return 60.0 * torch.nn.functional.one_hot(classes, 3).permute(0, 3, 1, 2).float()


def test_a_cell_is_mine_by_the_share_that_is_covered():
    coverage = torch.zeros(1, 1, 8, 4)
    coverage[:, :, :4, :1] = 1.0
    target = cell_target(coverage, smoothing=0.0)
    torch.testing.assert_close(target[0, :, :, 0], torch.tensor([[0.75, 1.0], [0.0, 0.0], [0.25, 0.0]]))


def test_smoothing_keeps_a_distribution():
    target = cell_target(torch.rand(2, 1, 8, 8), smoothing=0.1)
    torch.testing.assert_close(target.sum(dim=1), torch.ones(2, 2, 2))
    assert target.min() >= 0.1 / 3 - 1e-6


def test_perfect_answers_cost_nothing():
    classes = torch.tensor([[[0, 2], [2, 0]]])
    target = cell_target((classes == 2).float()[:, None].repeat_interleave(4, 2).repeat_interleave(4, 3), smoothing=0.0)
    assert dense_loss(certain(classes), target) == pytest.approx(0.0, abs=1e-5)
    assert overlap_loss(certain(classes), target) == pytest.approx(0.0, abs=1e-5)
    assert negative_loss(certain(0 * classes), smoothing=0.0) == pytest.approx(0.0, abs=1e-5)


def test_ignorance_costs_the_logarithm_of_the_classes():
    assert negative_loss(torch.zeros(2, 3, 4, 4), smoothing=0.0) == pytest.approx(math.log(3))


def test_one_mine_cell_tells_a_positive_chip_from_a_negative():
    classes = torch.zeros(1, 4, 4, dtype=torch.long)
    empty = certain(classes)
    classes[0, 1, 2] = 1
    somewhere = certain(classes)
    yes, no = torch.tensor([True]), torch.tensor([False])
    rules = {"power": 4.0, "smoothing": 0.0}
    assert instance_loss(somewhere, yes, **rules) == pytest.approx(math.log(16**0.25), abs=1e-4)
    assert instance_loss(somewhere, yes, **rules) < instance_loss(empty, yes, **rules)
    assert instance_loss(empty, no, **rules) < instance_loss(somewhere, no, **rules)
