"""What training minimises: every cell where pixels are labelled, the pooled chip where only the chip is.

Cross-entropy and overlap of scene crops; the negative log likelihood of a chip's pooled probability (multiple-instance
learning); and, for chips without a mine, the cross-entropy of every cell.
"""

import torch
from torch import Tensor

from highwall.classification.network import CELL_PX, pool_cells
from highwall.core.taxonomy import ARTISANAL_MINE, CHIP_CLASSES, INDUSTRIAL_MINE, NONE

_NONE, _ARTISANAL, _INDUSTRIAL = (CHIP_CLASSES.index(name) for name in (NONE, ARTISANAL_MINE, INDUSTRIAL_MINE))
_TINY = 1e-6


def cell_target(coverage: Tensor, *, smoothing: float) -> Tensor:
    """Soft label of each cell from the share of industrial mine: (B, 1, H, W) -> (B, class, H/4, W/4)."""
    mine = torch.nn.functional.avg_pool2d(coverage, CELL_PX)[:, 0]
    target = torch.zeros(mine.shape[0], len(CHIP_CLASSES), *mine.shape[1:])
    target[:, _INDUSTRIAL] = mine
    target[:, _NONE] = 1.0 - mine
    return (1.0 - smoothing) * target + smoothing / len(CHIP_CLASSES)


def dense_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy of soft labels, −Σ_c t_c log p_c, averaged over cells."""
    return -(target * logits.log_softmax(dim=1)).sum(dim=1).mean()


def overlap_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Soft Dice loss of *mine* over the whole batch, 1 − 2 Σ p t / (Σ p + Σ t). Source: Milletari et al. 2016."""
    mine = 1.0 - logits.softmax(dim=1)[:, _NONE]
    truth = 1.0 - target[:, _NONE]
    return 1.0 - 2.0 * (mine * truth).sum() / (mine.sum() + truth.sum() + _TINY)


def negative_loss(logits: Tensor, *, smoothing: float) -> Tensor:
    """Cross-entropy where every cell is known to be none: (B, class, h, w) -> scalar."""
    target = torch.full_like(logits, smoothing / len(CHIP_CLASSES))
    target[:, _NONE] += 1.0 - smoothing
    return dense_loss(logits, target)


def instance_loss(logits: Tensor, is_artisanal: Tensor, *, power: float, smoothing: float) -> Tensor:
    """Negative log likelihood of the pooled chip: (B, class, h, w), (B,) bool -> scalar."""
    chip = pool_cells(logits.softmax(dim=1), power=power).clamp(min=_TINY)
    target = torch.full_like(chip, smoothing / len(CHIP_CLASSES))
    target[:, _ARTISANAL] += (1.0 - smoothing) * is_artisanal
    target[:, _NONE] += (1.0 - smoothing) * ~is_artisanal
    return -(target * chip.log()).sum(dim=1).mean()
