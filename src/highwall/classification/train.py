"""Training a chip network on mines: what a step minimises, by which rule and rate."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.lr_scheduler import OneCycleLR

from highwall.classification.dataset import ChipSet, LabelledScene
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
from highwall.classification.network import ChipNetwork, Opinions
from highwall.classification.options import TrainOptions
from highwall.classification.sampling import Batch, Sampler
from highwall.classification.training_run import TrainingRun, recipe_of, seeded_network

RATES: Final = {"adamw": 4e-3, "adam": 4e-3, "rmsprop": 1e-3, "sgd": 0.1}
"""Peak learning rate of each optimiser [1]."""

_MOMENTUM = 0.9
_SECOND = "second."
"""Start of the names of the second reader's values."""


class Trainer(TrainingRun):
    """A run on chips of mosaics and labelled scenes.

    Parameters
    ----------
    features
        Weights from which the second reader begins, a file of EfficientNet-Lite0; without, it begins from nothing.

    Raises
    ------
    InputError
        The data lack one of the classes, or scenes.
    ModelError
        ``features`` are weights of something else.
    """

    def __init__(
        self, scenes: Sequence[LabelledScene], chips: ChipSet, *, options: TrainOptions, features: Path | None = None
    ) -> None:
        self.options = options
        network = seeded_network(options)
        if features is not None and network.second is not None:
            network.second.load_features(features)
        optimiser = make_optimiser(network, options=options)
        self.sampler = Sampler(scenes, chips, options=options)
        super().__init__(
            network,
            optimiser=optimiser,
            schedule=_new_cycle(optimiser, options),
            sampler=self.sampler,
            options=options,
            recipe=recipe_of(options, _samples(scenes, chips, features)),
        )

    def loss(self) -> Tensor:
        """Loss of the next batch; a new cycle of the learning rate begins where the last one ended."""
        options = self.options
        if self.step and self.step % self.schedule.total_steps == 0:
            self.schedule = _new_cycle(self.optimiser, options)
        ask_second = self.step % max(options.n_steps // options.second_steps, 1) == 0
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=options.mixed_precision):
            return batch_loss(self.network, self.sampler.draw(), options=options, ask_second=ask_second)


def _samples(
    scenes: Sequence[LabelledScene], chips: ChipSet, features: Path | None
) -> Iterator[tuple[str, NDArray[np.generic]]]:
    for scene in scenes:
        yield f"{scene.name} {scene.place}", scene.pixels
        yield "coverage", scene.coverage
    for name in ("pixels", "label", "family", "group"):
        yield name, getattr(chips, name)
    if features is not None:
        yield "features", np.frombuffer(features.read_bytes(), dtype=np.uint8)


def _new_cycle(optimiser: torch.optim.Optimizer, options: TrainOptions) -> OneCycleLR:
    """Rate that rises and falls once. Source: Smith & Topin 2018; repeated as in Loshchilov & Hutter 2017."""
    n_steps = options.n_steps // options.n_cycles
    peaks = [_peak(options) * group["rate_share"] for group in optimiser.param_groups]
    return OneCycleLR(optimiser, peaks, total_steps=n_steps, pct_start=options.warmup_share)


def make_optimiser(network: nn.Module, *, options: TrainOptions) -> torch.optim.Optimizer:
    """Optimiser of the options; only kernels decay, not offsets and scales, and the second reader moves less."""
    first = [p for name, p in network.named_parameters() if not name.startswith(_SECOND)]
    second = [p for name, p in network.named_parameters() if name.startswith(_SECOND)]
    shares = [(first, 1.0), *([(second, options.second_rate)] if second else [])]
    groups = [
        {
            "params": [p for p in reader if (p.ndim > 1) == decays],
            "weight_decay": options.weight_decay if decays else 0.0,
            "rate_share": share,
        }
        for reader, share in shares
        for decays in (True, False)
    ]
    rate = _peak(options)
    match options.optimiser:
        case "adamw":
            return torch.optim.AdamW(groups, lr=rate)
        case "adam":
            return torch.optim.Adam(groups, lr=rate)
        case "rmsprop":
            return torch.optim.RMSprop(groups, lr=rate, momentum=_MOMENTUM)
        case "sgd":
            return torch.optim.SGD(groups, lr=rate, momentum=_MOMENTUM, nesterov=True)


def batch_loss(network: ChipNetwork, batch: Batch, *, options: TrainOptions, ask_second: bool = True) -> Tensor:
    """Loss of one batch: what is said of the chips as a whole, and of their cells.

    All go through the network together: batch normalisation then takes one mean of what it will meet in use. Each
    reader is held against the label on its own, so that they stay different; only in use are they averaged.
    """
    smoothing, n_scenes = options.label_smoothing, len(batch.scene_chips.levels)
    found = _opinions(network, torch.cat([batch.scene_chips.levels, batch.chips]), ask_second=ask_second)
    of_scenes = scene_target(batch.scene_chips.coverage, smoothing=smoothing)
    labels = joined(of_scenes, chip_target(batch.label, smoothing=smoothing))
    whole = torch.stack([chip_loss(said, labels) for said in found.chip]).sum()
    scene_cells, cells = found.cells[:n_scenes], found.cells[n_scenes:]
    target = cell_target(batch.scene_chips.coverage, cell_px=options.network.cell_px, smoothing=smoothing)
    known = dense_loss(scene_cells, target) + options.dice_weight * overlap_loss(scene_cells, target)
    return whole + options.cell_weight * (known + instance_loss(cells, batch.label, smoothing=smoothing))


def _opinions(network: ChipNetwork, levels: Tensor, *, ask_second: bool) -> Opinions:
    """Logits in full precision; channels lie last in memory: that halves the time of narrow convolutions on a CPU."""
    found = network.opinions(levels.contiguous(memory_format=torch.channels_last), ask_second=ask_second)
    return Opinions(found.cells.float(), [said.float() for said in found.chip])


def _peak(options: TrainOptions) -> float:
    return options.learning_rate or RATES[options.optimiser]
