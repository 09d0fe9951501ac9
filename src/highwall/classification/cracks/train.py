"""Training a crack network on labelled photographs: seeded, resumable, with averaged weights."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.lr_scheduler import OneCycleLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from highwall.classification.cracks.options import CrackTrainOptions
from highwall.classification.cracks.photograph import CrackPhotograph
from highwall.classification.cracks.sampling import ChipBatch, CrackSampler
from highwall.classification.network import ChipNetwork
from highwall.core.errors import ModelError

Progress = Callable[[int, float], None]
"""Called after each step with its number and loss."""

_CRACK = 1
_TINY = 1.0
"""Pixels; keeps the overlap of empty batches defined, and their gradient small."""
_PARTS = ("network", "averaged", "optimiser", "schedule")
_NOT_PART_OF_IT = {"n_threads", "checkpoint_every"}
"""Options that may change when a run goes on."""


class CrackTrainer:
    """One run: network, averaged weights, optimiser, schedule and sampler, all saved and restored together."""

    def __init__(self, photographs: Sequence[CrackPhotograph], *, options: CrackTrainOptions) -> None:
        torch.set_num_threads(options.n_threads)
        torch.manual_seed(options.seed)
        self.options = options
        self.network = ChipNetwork(options.network)
        average = get_ema_multi_avg_fn(options.ema_decay)  # type: ignore[no-untyped-call]
        self.averaged = AveragedModel(self.network, multi_avg_fn=average, use_buffers=True)
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay
        )
        self.schedule = OneCycleLR(self.optimiser, options.learning_rate, total_steps=options.n_steps, pct_start=0.1)
        self.sampler = CrackSampler(photographs, options=options)
        self.recipe = recipe_of(photographs, options=options)
        self.step = 0

    def run(
        self, *, until: int | None = None, checkpoint: Path | None = None, progress: Progress | None = None
    ) -> None:
        """Take the remaining steps, up to ``until``; the state is saved in ``checkpoint`` every so often.

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
        rest = {
            "step": self.step,
            "recipe": self.recipe,
            "sampler": self.sampler.state(),
            "torch": torch.get_rng_state(),
            "network_options": self.options.network.model_dump(mode="json"),  # `export.load_checkpoint` reads it
        }
        torch.save({**rest, **parts}, part)
        part.replace(path)

    def restore(self, path: Path) -> None:
        """Go on from a checkpoint of this trainer's own.

        Raises
        ------
        ModelError
            It was made with other options, or from other photographs.
        """
        state = torch.load(path, weights_only=False)
        if state.get("recipe") != self.recipe:
            raise ModelError(
                f"checkpoint {path} was made with other options or photographs; delete it to start anew, or choose "
                "another folder."
            )
        for name in _PARTS:
            getattr(self, name).load_state_dict(state[name])
        self.step = state["step"]
        self.sampler.restore(state["sampler"])
        torch.set_rng_state(state["torch"])

    def _take_step(self) -> float:
        self.network.train()
        loss = crack_loss(self.network, self.sampler.draw(), options=self.options)
        if not torch.isfinite(loss):
            raise ModelError(f"the loss is {float(loss.detach())} after {self.step} steps; lower the learning rate.")
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), max_norm=1.0)
        self.optimiser.step()
        self.schedule.step()
        self.averaged.update_parameters(self.network)
        self.step += 1
        return float(loss.detach())


def recipe_of(photographs: Sequence[CrackPhotograph], *, options: CrackTrainOptions) -> str:
    """Fingerprint of everything that decides the weights: a checkpoint goes on under the same one only."""
    found = hashlib.blake2b(options.model_dump_json(exclude=_NOT_PART_OF_IT).encode(), digest_size=16)
    for each in photographs:
        found.update(f"{each.name} {each.place} {each.levels.shape}".encode())
        for array in (each.levels, each.is_crack, each.is_planking):
            found.update(array.tobytes())
    return found.hexdigest()


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
