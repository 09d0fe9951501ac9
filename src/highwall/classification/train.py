"""The training loop: seeded, resumable, with averaged weights."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import OneCycleLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from highwall.classification.dataset import ChipSet, LabelledScene
from highwall.classification.losses import cell_target, dense_loss, instance_loss, negative_loss, overlap_loss
from highwall.classification.network import ChipNetwork
from highwall.classification.options import TrainOptions
from highwall.classification.sampling import Batch, Sampler, join_chips, part_chips
from highwall.core.errors import ModelError

Progress = Callable[[int, float], None]
"""Called after each step with its number and loss."""


class Trainer:
    """One run: network, averaged weights, optimiser, schedule and sampler, all saved and restored together."""

    def __init__(self, scenes: Sequence[LabelledScene], chips: ChipSet, *, options: TrainOptions) -> None:
        torch.set_num_threads(options.n_threads)
        torch.manual_seed(options.seed)
        self.options = options
        self.network = ChipNetwork(options.network)
        average = get_ema_multi_avg_fn(options.ema_decay)  # type: ignore[no-untyped-call]
        self.averaged = AveragedModel(self.network, multi_avg_fn=average)
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay
        )
        self.schedule = OneCycleLR(
            self.optimiser, options.learning_rate, total_steps=options.n_steps, pct_start=options.warmup_share
        )
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
        torch.save({"step": self.step, "sampler": self.sampler.state(), "torch": torch.get_rng_state(), **parts}, part)
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

    def _take_step(self) -> float:
        self.network.train()
        joined = bool(self.sampler.random.random() < self.options.joined_share)
        loss = batch_loss(self.network, self.sampler.draw(), options=self.options, joined=joined)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), max_norm=1.0)
        self.optimiser.step()
        self.schedule.step()
        self.averaged.update_parameters(self.network)
        self.step += 1
        return float(loss.detach())


_PARTS = ("network", "averaged", "optimiser", "schedule")


def batch_loss(network: ChipNetwork, batch: Batch, *, options: TrainOptions, joined: bool) -> Tensor:
    """Loss of one batch.

    Parameters
    ----------
    joined
        Chips are seen side by side instead of alone, so that the network meets them in wide windows too.
    """
    smoothing = options.label_smoothing
    windows = _logits(network, batch.windows)
    chips = _chip_logits(network, batch.chips, side=options.chips_a_side, joined=joined)
    of_scenes, others = chips[: len(batch.chip_coverage)], chips[len(batch.chip_coverage) :]

    target = cell_target(batch.window_coverage, smoothing=smoothing)
    window_term = dense_loss(windows, target) + options.dice_weight * overlap_loss(windows, target)
    chip_term = (
        dense_loss(of_scenes, cell_target(batch.chip_coverage, smoothing=smoothing))
        + negative_loss(others[~batch.is_artisanal], smoothing=smoothing)
        + instance_loss(others, batch.is_artisanal, power=network.pooling_power, smoothing=smoothing)
    )
    return window_term + options.chip_weight * chip_term


def _chip_logits(network: ChipNetwork, chips: Tensor, *, side: int, joined: bool) -> Tensor:
    """Logits of chips, seen alone or in random squares of ``side``×``side``."""
    if not joined:
        return _logits(network, chips)
    order = torch.randperm(len(chips))
    return part_chips(_logits(network, join_chips(chips[order], side=side)), side=side)[torch.argsort(order)]


def _logits(network: ChipNetwork, levels: Tensor) -> Tensor:
    """Logits; channels lie last in memory, which halves the time of narrow convolutions on a CPU."""
    return network.logits(levels.contiguous(memory_format=torch.channels_last))
