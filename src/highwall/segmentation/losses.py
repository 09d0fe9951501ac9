"""What training minimises: how far the probabilities of one subset lie from what was drawn.

Every pixel has a weight; those that do not count have none. Cross-entropy and focal are weighted means over pixels,
Jaccard and Tversky are of the whole batch, averaged over the classes that were drawn in it.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import torch
from torch import Tensor

from highwall.core.errors import InputError
from highwall.core.taxonomy import CLASS_SETS
from highwall.segmentation.options import LossName, LossOptions

BACKGROUND: Final = "background"
_TINY = 1e-6
"""Added to areas, so that the ratio of none to none is defined [px]."""


class Scored(NamedTuple):
    """Probabilities and truth of one subset, with the weight of every pixel."""

    log_probability: Tensor
    """(B, 1 + class, H, W)"""
    target: Tensor
    """(B, H, W) int64, 0 where the weight is 0."""
    weight: Tensor
    """(B, H, W)"""


def subset_loss(logits: Tensor, target: Tensor, weight: Tensor, *, subset: int, options: LossOptions) -> Tensor:
    """Weighted sum of the chosen losses for one subset; 0 where no pixel counts.

    Parameters
    ----------
    logits : (B, 1 + class, H, W)
    target : (B, H, W) int64
        0 background, 1… classes, −1 not counted.
    weight : (B, H, W) float32
        Of each pixel; 0 is not counted either.

    Raises
    ------
    InputError
        The target names a class that the logits do not have.
    """
    if int(target.max()) >= logits.shape[1]:
        raise InputError(
            f"subset {subset} has {logits.shape[1] - 1} classes and the target names number {int(target.max())}; make "
            "it with labels.target_of for this subset."
        )
    known = target.clamp(min=0)
    counted = weight * (target >= 0) * _class_weight(subset, options, like=logits)[known]
    scored = Scored(logits.float().log_softmax(dim=1), known, counted)
    return sum(
        (factor * _LOSSES[name](scored, options) for name, factor in options.terms.items()), logits.new_zeros(())
    )


def cross_entropy(scored: Scored, options: LossOptions) -> Tensor:
    """Mean of −Σ_c t_c log p_c, the target smoothed over the classes by ``label_smoothing``."""
    of_truth = -_of_truth(scored)
    if options.label_smoothing:
        of_any = -scored.log_probability.mean(dim=1)
        of_truth = torch.lerp(of_truth, of_any, options.label_smoothing)
    return _weighted_mean(of_truth, scored.weight)


def focal(scored: Scored, options: LossOptions) -> Tensor:
    """Mean of −(1 − p_t)^γ log p_t. Source: Lin et al. 2017, eq. 4."""
    of_truth = _of_truth(scored)
    return _weighted_mean(-((1.0 - of_truth.exp()) ** options.focal_gamma) * of_truth, scored.weight)


def jaccard(scored: Scored, options: LossOptions) -> Tensor:
    """1 − Σ p t / (Σ p + Σ t − Σ p t), averaged over classes. Source: Rahman & Wang 2016, eq. 3."""
    return tversky(scored, options.model_copy(update={"tversky_alpha": 1.0, "tversky_beta": 1.0}))


def tversky(scored: Scored, options: LossOptions) -> Tensor:
    """1 − TP / (TP + α FP + β FN) of soft areas, averaged over classes. Source: Salehi et al. 2017, eq. 1."""
    n_classes = scored.log_probability.shape[1]
    weight_of_truth = scored.weight * _of_truth(scored).exp()
    said = torch.einsum("bcyx,byx->c", scored.log_probability.exp(), scored.weight)
    is_class = [scored.target == number for number in range(n_classes)]
    hit = torch.stack([(weight_of_truth * each).sum() for each in is_class])
    drawn = torch.stack([(scored.weight * each).sum() for each in is_class])
    false = said - hit
    overlap = hit / (hit + options.tversky_alpha * false + options.tversky_beta * (drawn - hit) + _TINY)
    is_drawn = (drawn > 0).float()
    if not options.with_background:
        is_drawn[0] = 0.0
    return ((1.0 - overlap) * is_drawn).sum() / is_drawn.sum().clamp(min=1.0)


_LOSSES: Final[dict[LossName, Callable[[Scored, LossOptions], Tensor]]] = {
    "cross_entropy": cross_entropy, "focal": focal, "jaccard": jaccard, "tversky": tversky,
}  # fmt: skip


def _of_truth(scored: Scored) -> Tensor:
    """Log probability of the true class: (B, H, W)."""
    return scored.log_probability.gather(1, scored.target[:, None])[:, 0]


def _weighted_mean(values: Tensor, weight: Tensor) -> Tensor:
    return (weight * values).sum() / weight.sum().clamp(min=_TINY)


def _class_weight(subset: int, options: LossOptions, *, like: Tensor) -> Tensor:
    """Weight of background and each class of the subset: (1 + class)."""
    names = (BACKGROUND, *CLASS_SETS[subset])
    return torch.tensor([options.class_weight.get(name, 1.0) for name in names], device=like.device)
