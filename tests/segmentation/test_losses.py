import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from highwall.core.errors import InputError
from highwall.segmentation.losses import subset_loss
from highwall.segmentation.options import LossOptions

EVERY = ("cross_entropy", "focal", "jaccard", "tversky")


def problem(seed: int = 0, *, n_classes: int = 3):
    torch.manual_seed(seed)
    logits = torch.randn(2, n_classes, 8, 9)
    target = torch.randint(-1, n_classes, (2, 8, 9))
    return logits, target, torch.rand(2, 8, 9)


def loss(logits, target, weight, **options):
    return float(subset_loss(logits, target, weight, subset=1, options=LossOptions(**options)))


def oracle(name, logits, target, weight):
    """The formulas, pixel by pixel."""
    p = logits.softmax(dim=1).movedim(1, -1).reshape(-1, 3).double().numpy()
    t, w = target.ravel().numpy(), (weight * (target >= 0)).ravel().double().numpy()
    if name in ("cross_entropy", "focal"):
        each = [
            -np.log(p[i, t[i]]) * (1.0 if name == "cross_entropy" else (1.0 - p[i, t[i]]) ** 2) for i in range(len(t))
        ]
        return float(np.sum(w * each) / np.sum(w))
    found = []
    for c in range(3):
        hit = np.sum(w * p[:, c] * (t == c))
        union = np.sum(w * p[:, c]) + np.sum(w * (t == c)) - hit
        mean = 0.5 * (np.sum(w * p[:, c]) + np.sum(w * (t == c)))  # alpha = beta = ½ is Dice
        found.append(1.0 - hit / (union if name == "jaccard" else mean))
    return float(np.mean(found))


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("seed", [0, 1])
def test_each_loss_is_its_formula(name, seed):
    given_ = problem(seed)
    assert loss(*given_, terms={name: 1.0}) == pytest.approx(oracle(name, *given_), rel=1e-5)


@given(st.sampled_from(EVERY), st.integers(0, 50))
def test_pixels_that_do_not_count_change_nothing(name, seed):
    logits, target, weight = problem(seed)
    before = loss(logits, target, weight, terms={name: 1.0})
    uncounted = (target < 0) | (weight == 0)
    other = torch.where(uncounted[:, None], torch.randn_like(logits), logits)
    assert loss(other, target, weight, terms={name: 1.0}) == pytest.approx(before, rel=1e-5)


@pytest.mark.parametrize("name", EVERY)
def test_the_truth_costs_nothing_and_its_opposite_much(name):
    target = torch.randint(0, 3, (1, 8, 8), generator=torch.Generator().manual_seed(0))
    sure = 30.0 * torch.nn.functional.one_hot(target, 3).movedim(-1, 1).float()
    assert loss(sure, target, torch.ones(1, 8, 8), terms={name: 1.0}) == pytest.approx(0.0, abs=1e-5)
    assert loss(-sure, target, torch.ones(1, 8, 8), terms={name: 1.0}) > 0.5


@pytest.mark.parametrize("name", EVERY)
def test_nothing_counted_costs_nothing_and_moves_nothing(name):
    logits = torch.randn(1, 3, 4, 4, requires_grad=True)
    found = subset_loss(
        logits, torch.full((1, 4, 4), -1), torch.ones(1, 4, 4), subset=1, options=LossOptions(terms={name: 1.0})
    )
    found.backward()
    assert found.item() == 0.0
    assert torch.count_nonzero(logits.grad) == 0


def test_terms_add_up_with_their_weights():
    given_ = problem()
    parts = [loss(*given_, terms={name: 1.0}) for name in ("jaccard", "focal")]
    assert loss(*given_, terms={"jaccard": 2.0, "focal": 0.5}) == pytest.approx(2 * parts[0] + 0.5 * parts[1], rel=1e-6)


def test_a_weight_of_a_class_is_the_weight_of_its_pixels():
    logits, target, weight = problem()
    heavier = torch.where(target == 1, 3.0 * weight, weight)
    by_name = loss(logits, target, weight, terms={"cross_entropy": 1.0}, class_weight={"excavation": 3.0})
    assert by_name == pytest.approx(loss(logits, target, heavier, terms={"cross_entropy": 1.0}), rel=1e-6)


def test_without_background_only_the_classes_count():
    logits, target, weight = problem()
    flat = loss(logits, torch.zeros_like(target), weight, terms={"jaccard": 1.0}, with_background=False)
    assert flat == 0.0
    assert loss(logits, target, weight, terms={"jaccard": 1.0}, with_background=False) > 0.0


def test_a_class_that_is_none_of_the_subset_is_refused():
    logits, target, weight = problem()
    with pytest.raises(InputError, match="number 7"):
        loss(logits, target.clamp(max=0) + 7, weight)
