"""The training loop: seeded, resumable, with averaged weights."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import OneCycleLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

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
from highwall.core.errors import ModelError

Progress = Callable[[int, float], None]
"""Called after each step with its number and loss."""

RATES: Final = {"adamw": 4e-3, "adam": 4e-3, "rmsprop": 1e-3, "sgd": 0.1}
"""Peak learning rate of each optimiser [1]."""

_MOMENTUM = 0.9
_SECOND = "second."
"""Start of the names of the second reader's values."""
_LARGEST_GRADIENT = 1.0
"""Norm to which gradients are clipped."""


class Trainer:
    """One run: network, averaged weights, optimiser, schedule and sampler, all saved and restored together.

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
        torch.set_num_threads(options.n_threads)
        torch.manual_seed(options.seed)
        self.options = options
        self.network = ChipNetwork(options.network)
        if features is not None and self.network.second is not None:
            self.network.second.load_features(features)
        average = get_ema_multi_avg_fn(options.ema_decay)  # type: ignore[no-untyped-call]
        self.averaged = AveragedModel(self.network, multi_avg_fn=average, use_buffers=True)
        self.optimiser = make_optimiser(self.network, options=options)
        self.schedule = self._new_cycle()
        self.sampler = Sampler(scenes, chips, options=options)
        self.step = 0

    def run(
        self, *, until: int | None = None, checkpoint: Path | None = None, progress: Progress | None = None
    ) -> None:
        """Take the remaining steps.

        Parameters
        ----------
        until
            Last step to take; all by default.
        checkpoint
            File to which the state is saved every so often, and at the end.
        progress
            Called after each step.

        Raises
        ------
        ModelError
            The loss is not finite any more.
        """
        every, last = self.options.checkpoint_every, self.options.n_steps
        while self.step < (last if until is None else until):
            loss = self._take_step()
            if progress is not None:
                progress(self.step, loss)
            if checkpoint is not None and (self.step % every == 0 or self.step == last):
                self.save(checkpoint)

    def result(self) -> ChipNetwork:
        """Return the network with averaged weights, ready to score."""
        network = ChipNetwork(self.options.network)
        network.load_state_dict(self.averaged.module.state_dict())
        return network.eval()

    def save(self, path: Path) -> None:
        """Write everything that `restore` needs; nothing half-written is left under ``path``."""
        part = path.with_suffix(path.suffix + ".part")
        parts = {name: getattr(self, name).state_dict() for name in _PARTS}
        random = {"sampler": self.sampler.state(), "torch": torch.get_rng_state()}
        size = self.options.network.model_dump(mode="json")
        torch.save({"step": self.step, "network_options": size, **random, **parts}, part)
        part.replace(path)

    def restore(self, path: Path) -> None:
        """Go on from a checkpoint.

        Raises
        ------
        ModelError
            It was made with other options.
        """
        state = torch.load(path, weights_only=False)
        try:
            for name in _PARTS:
                getattr(self, name).load_state_dict(state[name])
        except (RuntimeError, KeyError) as error:
            raise ModelError(f"checkpoint {path} was made with other options; delete it to start anew.") from error
        self.step = state["step"]
        self.sampler.restore(state["sampler"])
        torch.set_rng_state(state["torch"])

    def _new_cycle(self) -> OneCycleLR:
        """Rate that rises and falls once. Source: Smith & Topin 2018; repeated as in Loshchilov & Hutter 2017."""
        options = self.options
        n_steps = options.n_steps // options.n_cycles
        peaks = [_peak(options) * group["rate_share"] for group in self.optimiser.param_groups]
        return OneCycleLR(self.optimiser, peaks, total_steps=n_steps, pct_start=options.warmup_share)

    def _take_step(self) -> float:
        if self.step and self.step % self.schedule.total_steps == 0:
            self.schedule = self._new_cycle()
        self.network.train()
        ask_second = self.step % max(self.options.n_steps // self.options.second_steps, 1) == 0
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.options.mixed_precision):
            loss = batch_loss(self.network, self.sampler.draw(), options=self.options, ask_second=ask_second)
        if not torch.isfinite(loss):
            raise ModelError(f"the loss is {float(loss.detach())} after {self.step} steps; lower the learning rate.")
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), max_norm=_LARGEST_GRADIENT)
        self.optimiser.step()
        self.schedule.step()
        self.averaged.update_parameters(self.network)
        self.step += 1
        return float(loss.detach())


_PARTS = ("network", "averaged", "optimiser", "schedule")


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
