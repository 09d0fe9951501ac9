"""What training minimises, of cells and of chips.

A scene's cells know their share of mine: cross-entropy and overlap. The cells of a chip know only what the chip holds:
every cell is none, or the pool of the cells is held against the chip's class (multiple-instance learning). The chip's
own answer is held against its class; a chip cut from a scene has one where polygons cover enough of it, or nothing.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from highwall.classification.dataset import LEAST_MINE_SHARE
from highwall.classification.network import pool_cells
from highwall.core.taxonomy import CHIP_CLASSES, INDUSTRIAL_MINE, NONE

_POOLING_POWER = 4.0
"""Exponent of the power mean from cells to a chip."""

_NONE, _INDUSTRIAL = CHIP_CLASSES.index(NONE), CHIP_CLASSES.index(INDUSTRIAL_MINE)
_TINY = 1e-6


class ChipTarget(NamedTuple):
    """What a chip should be called."""

    share: Tensor
    """(B, class), sum over class is 1."""
    weight: Tensor
    """(B,) 0 where it may be called anything."""


def cell_target(coverage: Tensor, *, cell_px: int, smoothing: float) -> Tensor:
    """Soft label of each cell from the share of industrial mine: (B, 1, H, W) -> (B, class, H/cell, W/cell)."""
    mine = functional.avg_pool2d(coverage, cell_px)[:, 0]
    target = torch.zeros(mine.shape[0], len(CHIP_CLASSES), *mine.shape[1:])
    target[:, _INDUSTRIAL] = mine
    target[:, _NONE] = 1.0 - mine
    return _smoothed(target, smoothing)


def scene_target(coverage: Tensor, *, smoothing: float) -> ChipTarget:
    """Label of chips cut from scenes, from the share of industrial mine: (B, 1, H, W)."""
    mine = coverage.mean(dim=(1, 2, 3))
    label = torch.where(mine >= LEAST_MINE_SHARE, _INDUSTRIAL, _NONE)
    weight = ((mine >= LEAST_MINE_SHARE) | (mine == 0.0)).float()
    return ChipTarget(_smoothed(functional.one_hot(label, len(CHIP_CLASSES)).float(), smoothing), weight)


def chip_target(label: Tensor, *, smoothing: float) -> ChipTarget:
    """Label of chips: (B,) number of the class."""
    share = functional.one_hot(label, len(CHIP_CLASSES)).float()
    return ChipTarget(_smoothed(share, smoothing), torch.ones(len(label)))


def joined(first: ChipTarget, second: ChipTarget) -> ChipTarget:
    """Labels of two batches, one after the other."""
    return ChipTarget(*(torch.cat(pair) for pair in zip(first, second, strict=True)))


def chip_loss(logits: Tensor, target: ChipTarget) -> Tensor:
    """Weighted mean of the cross-entropy of soft labels: (B, class) -> scalar."""
    each = -(target.share * logits.log_softmax(dim=1)).sum(dim=1)
    return (target.weight * each).sum() / target.weight.sum().clamp(min=1.0)


def dense_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy of soft labels, −Σ_c t_c log p_c, averaged over cells."""
    return -(target * logits.log_softmax(dim=1)).sum(dim=1).mean()


def overlap_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Soft Dice loss of *mine* over the whole batch, 1 − 2 Σ p t / (Σ p + Σ t). Source: Milletari et al. 2016."""
    mine = 1.0 - logits.softmax(dim=1)[:, _NONE]
    truth = 1.0 - target[:, _NONE]
    return 1.0 - 2.0 * (mine * truth).sum() / (mine.sum() + truth.sum() + _TINY)


def instance_loss(logits: Tensor, label: Tensor, *, smoothing: float) -> Tensor:
    """What the cells of labelled chips cost: (B, class, h, w), (B,) -> scalar.

    Without a mine every cell is none; with one, the pool of the cells is held against its class.
    """
    empty = label == _NONE
    per_cell = -logits.log_softmax(dim=1)[:, _NONE].mean(dim=(1, 2))
    pooled = pool_cells(logits.softmax(dim=1), power=_POOLING_POWER).clamp(min=_TINY)
    target = chip_target(label, smoothing=smoothing).share
    per_pool = -(target * pooled.log()).sum(dim=1)
    return torch.where(empty, per_cell, per_pool).mean()


def _smoothed(target: Tensor, smoothing: float) -> Tensor:
    return (1.0 - smoothing) * target + smoothing / len(CHIP_CLASSES)
