"""What Lightning runs: one step of training, and the scores of a validation."""

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, cast

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, OneCycleLR

from highwall.core.errors import ModelError
from highwall.core.taxonomy import CLASS_SETS
from highwall.learning.metrics import ClassConfusion
from highwall.segmentation.checkpoints import FACTS, HISTORY, OPTIONS
from highwall.segmentation.lightning_parts import LightningModule, OptimizerLRScheduler
from highwall.segmentation.loading import Lesson
from highwall.segmentation.losses import subset_loss
from highwall.segmentation.network import SegmentationNetwork
from highwall.segmentation.options import ENCODER_STEPS, STRIDE, OptimiserOptions, TrainOptions

IOU: Final = "iou"
"""Name of the score by which weights are chosen: mean IoU of the classes that were drawn in the validation data."""
_STEP_SEEDS: Final = 1_000_003
"""Between the seeds of two steps: more than there are processes."""

Progress = Callable[[int, dict[str, float]], None]
"""Called after each pass with its number and what is known of it: loss and IoU."""


class Learner(LightningModule):
    """A network that learns; with averaged weights beside it, if they are kept."""

    def __init__(
        self,
        network: SegmentationNetwork,
        *,
        options: TrainOptions,
        facts: dict[str, Any],
        progress: Progress | None = None,
    ) -> None:
        super().__init__()
        self.options = options
        self.network = network
        self._frozen = freeze(network, n_steps=_frozen_steps(options.optimiser))
        self.averaged = copy.deepcopy(network).requires_grad_(False) if options.optimiser.ema_decay else None
        self.history: list[dict[str, float]] = []
        """Of each epoch: loss, IoU of each class that was drawn, and their mean."""
        self._facts = facts
        self._progress = progress
        self._losses: list[Tensor] = []
        self._scores: dict[str, float] = {}
        self._counts: list[Tensor] = []

    @property
    def result(self) -> SegmentationNetwork:
        """Network that is judged and kept."""
        return self.network if self.averaged is None else self.averaged

    def training_step(self, batch: Lesson, _: int) -> Tensor:
        """Loss of one batch, averaged over the subsets.

        What torch draws in a step, such as dropout, is seeded by its number, so that a resumed run repeats it.
        """
        torch.manual_seed(self.options.seed + _STEP_SEEDS * self.global_step + self.global_rank)
        for module in self._frozen:
            module.eval()  # so that the statistics of batch normalisation stay, too
        image = batch.image.contiguous(memory_format=torch.channels_last)
        logits = self.network.logits(image)
        each = [
            subset_loss(said, batch.targets[:, number], batch.weight, subset=subset, options=self.options.loss)
            for number, (subset, said) in enumerate(zip(self.options.network.subsets, logits, strict=True))
        ]
        loss = torch.stack(each).mean()
        self._losses.append(loss.detach())
        return loss

    def on_train_batch_end(self, *_: object) -> None:
        """Move the averaged weights toward the network's, after each step."""
        if self.averaged is None:
            return
        decay = min(self.options.optimiser.ema_decay, (1.0 + self.global_step) / (10.0 + self.global_step))
        with torch.no_grad():
            for kept, now in zip(_floats(self.averaged), _floats(self.network), strict=True):
                kept.lerp_(now, 1.0 - decay)

    def on_train_epoch_end(self) -> None:
        """Write the epoch's loss down, and its scores if it was validated."""
        loss = float(torch.stack(self._losses).mean())
        self._losses = []
        if loss != loss:  # NaN
            raise ModelError(
                f"the loss is not a number after pass {self.current_epoch + 1}; lower the learning rate, clip the "
                "gradients (largest_gradient) or check the values of the scenes."
            )
        self.log("loss", loss, sync_dist=True)
        found, self._scores = {"loss": loss, **self._scores}, {}
        self.history.append({"epoch": self.current_epoch + 1, **found})
        if self._progress is not None and self.trainer.is_global_zero:
            self._progress(self.current_epoch + 1, found)

    def on_validation_epoch_start(self) -> None:
        """Forget the counts of the last validation."""
        self._counts = [torch.zeros(size, size, dtype=torch.int64, device=self.device) for size in self.network.sizes]

    def validation_step(self, batch: Lesson, _: int) -> None:
        """Count what is said against what was drawn, in each subset."""
        image = batch.image.contiguous(memory_format=torch.channels_last)
        for number, said in enumerate(self.result.logits(image)):
            target = torch.where(batch.weight > 0, batch.targets[:, number], -1)
            counted, size = target >= 0, self.network.sizes[number]
            both = size * target[counted] + said.argmax(dim=1)[counted]
            self._counts[number] += torch.bincount(both, minlength=size * size).reshape(size, size)

    def on_validation_epoch_end(self) -> None:
        """Log the IoU of every class that was drawn, and their mean."""
        counts = [self.trainer.strategy.reduce(each, reduce_op="sum") for each in self._counts]
        found = dict(_iou_by_class(self.options.network.subsets, counts))
        mean = sum(found.values()) / len(found) if found else float("nan")
        self._scores = {f"{IOU}_{name}": value for name, value in found.items()} | {IOU: mean}
        self.log_dict(self._scores)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Optimiser and course of the learning rate."""
        options = self.options.optimiser
        optimiser = optimiser_of(self.network, options=options)
        n_steps = int(self.trainer.estimated_stepping_batches)
        schedule = _schedule(optimiser, options=options, n_steps=n_steps)
        if schedule is None:
            return optimiser
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the history, the options and what is learned from with the weights."""
        checkpoint[HISTORY] = self.history
        checkpoint[OPTIONS] = self.options.model_dump(mode="json")
        checkpoint[FACTS] = self._facts

    def on_load_checkpoint(self, checkpoint: Mapping[str, Any]) -> None:
        """Go on with the history."""
        self.history = list(checkpoint[HISTORY])


def freeze(network: SegmentationNetwork, *, n_steps: int) -> list[nn.Module]:
    """Hold the weights on which the encoder's picture after ``n_steps`` halvings depends.

    Returns
    -------
    list
        Modules whose weights are all held.
    """
    if n_steps == 0:
        return []
    encoder = cast(nn.Module, network.body.encoder)
    was_training = encoder.training
    pictures = encoder.eval()(torch.zeros(1, len(network.options.bands), STRIDE, STRIDE))
    made = [each.sum() for each in pictures[: n_steps + 1] if each.requires_grad]
    held = torch.autograd.grad(torch.stack(made).sum(), list(encoder.parameters()), allow_unused=True)
    for weights, gradient in zip(encoder.parameters(), held, strict=True):
        weights.requires_grad_(gradient is None)
    encoder.train(was_training)
    return [m for m in encoder.modules() if (own := list(m.parameters())) and not any(p.requires_grad for p in own)]


def _frozen_steps(options: OptimiserOptions) -> int:
    """All of the encoder's if its rate is 0."""
    return options.frozen_steps if options.encoder_rate else ENCODER_STEPS


def optimiser_of(network: SegmentationNetwork, *, options: OptimiserOptions) -> Optimizer:
    """Optimiser of the options; the encoder may move slower, and only kernels decay."""
    encoder = {id(weights) for weights in network.encoder_weights()}
    groups = [
        {
            "params": [
                p
                for p in network.parameters()
                if p.requires_grad and (id(p) in encoder) == is_encoder and (p.ndim > 1) == is_kernel
            ],
            "lr": options.learning_rate * (options.encoder_rate if is_encoder else 1.0),
            "weight_decay": options.weight_decay if is_kernel else 0.0,
        }
        for is_encoder in (False, True)
        for is_kernel in (False, True)
    ]
    groups = [group for group in groups if group["params"]]
    match options.name:
        case "sgd":
            return SGD(groups, lr=options.learning_rate, momentum=options.momentum)
        case "adam":
            return Adam(groups, lr=options.learning_rate)
        case "adamw":
            return AdamW(groups, lr=options.learning_rate)


def _schedule(optimiser: Optimizer, *, options: OptimiserOptions, n_steps: int) -> LRScheduler | None:
    match options.schedule:
        case "constant":
            return None
        case "cosine":
            return CosineAnnealingLR(optimiser, T_max=n_steps)
        case "one_cycle":
            peaks = [group["lr"] for group in optimiser.param_groups]
            return OneCycleLR(
                optimiser, peaks, total_steps=n_steps, pct_start=options.warmup_share, cycle_momentum=False
            )


def _iou_by_class(subsets: tuple[int, ...], counts: list[Tensor]) -> Iterator[tuple[str, float]]:
    """IoU of each class that was drawn."""
    for subset, each in zip(subsets, counts, strict=True):
        confusion = ClassConfusion(each.cpu().numpy())
        for number, name in enumerate(CLASS_SETS[subset], start=1):
            if confusion.counts[number].sum():
                yield name, confusion.one_against_rest(number).iou


def _floats(module: nn.Module) -> list[Tensor]:
    """Weights and running statistics, without counters."""
    return [value for value in module.state_dict().values() if value.is_floating_point()]
