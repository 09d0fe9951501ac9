"""Training a crack network on labelled photographs."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torch.optim.lr_scheduler import OneCycleLR

from highwall.classification.cracks.options import CrackTrainOptions
from highwall.classification.cracks.photograph import CrackPhotograph
from highwall.classification.cracks.sampling import ChipBatch, CrackSampler
from highwall.classification.network import ChipNetwork
from highwall.classification.training_run import TrainingRun, recipe_of, seeded_network

_CRACK = 1
_TINY = 1.0
"""Pixels; keeps the overlap of empty batches defined, and their gradient small."""


class CrackTrainer(TrainingRun):
    """A run on labelled photographs."""

    def __init__(self, photographs: Sequence[CrackPhotograph], *, options: CrackTrainOptions) -> None:
        self.options = options
        network = seeded_network(options)
        optimiser = torch.optim.AdamW(network.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay)
        self.sampler = CrackSampler(photographs, options=options)
        super().__init__(
            network,
            optimiser=optimiser,
            schedule=OneCycleLR(optimiser, options.learning_rate, total_steps=options.n_steps, pct_start=0.1),
            sampler=self.sampler,
            options=options,
            recipe=recipe_of(options, _samples(photographs)),
        )

    def loss(self) -> Tensor:
        """Loss of the next batch."""
        return crack_loss(self.network, self.sampler.draw(), options=self.options)


def _samples(photographs: Sequence[CrackPhotograph]) -> Iterator[tuple[str, NDArray[np.generic]]]:
    for each in photographs:
        for array in (each.levels, each.is_crack, each.is_planking):
            yield f"{each.name} {each.place}", array


def crack_loss(network: ChipNetwork, batch: ChipBatch, *, options: CrackTrainOptions) -> Tensor:
    """Cross-entropy and overlap of cells, and cross-entropy of chips."""
    logits = network.logits(batch.levels.contiguous(memory_format=torch.channels_last))
    target = cell_target(batch.is_crack, cell_px=options.network.cell_px)
    chip_target = target.flatten(1).amax(dim=1).long()
    cells = functional.cross_entropy(logits.cells, target.long())
    overlap = overlap_loss(logits.cells.softmax(dim=1)[:, _CRACK], target)
    chips = functional.cross_entropy(logits.chip, chip_target)
    return cells + options.dice_weight * overlap + options.chip_weight * chips


def cell_target(is_crack: Tensor, *, cell_px: int) -> Tensor:
    """Cells that hold a crack pixel: (B, 1, H, W) 0 or 1 -> (B, h, w) 0 or 1."""
    return functional.max_pool2d(is_crack, cell_px)[:, 0]


def overlap_loss(probability: Tensor, target: Tensor) -> Tensor:
    """Soft Dice loss over the batch, 1 − 2 Σ p t / (Σ p + Σ t). Source: Milletari et al. 2016, section 3."""
    return 1.0 - (2.0 * (probability * target).sum() + _TINY) / (probability.sum() + target.sum() + _TINY)
