"""What every training of a chip network shares: seeded steps, averaged weights, and a stop that costs nothing."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.lr_scheduler import OneCycleLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from highwall.classification.network import ChipNetwork
from highwall.classification.options import RunOptions
from highwall.core.errors import ModelError

Progress = Callable[[int, float], None]
"""Called after each step with its number and loss."""

_LARGEST_GRADIENT: Final = 1.0
"""Norm to which gradients are clipped."""
_PARTS: Final = ("network", "averaged", "optimiser", "schedule")
_NOT_PART_OF_IT: Final = {"n_threads", "checkpoint_every"}
"""Options that may change when a run goes on."""


class Draws(Protocol):
    """What gives the samples of each step."""

    def state(self) -> Mapping[str, Any]:
        """Everything needed to go on drawing the same."""

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a state."""


class TrainingRun(ABC):
    """One run: network, averaged weights, optimiser, schedule and sampler, all saved and restored together.

    Parameters
    ----------
    recipe
        Fingerprint of everything that decides the weights, see `recipe_of`.
    """

    def __init__(
        self,
        network: ChipNetwork,
        *,
        optimiser: torch.optim.Optimizer,
        schedule: OneCycleLR,
        sampler: Draws,
        options: RunOptions,
        recipe: str,
    ) -> None:
        self.network, self.optimiser, self.schedule = network, optimiser, schedule
        average = get_ema_multi_avg_fn(options.ema_decay)  # type: ignore[no-untyped-call]
        self.averaged = AveragedModel(network, multi_avg_fn=average, use_buffers=True)
        self.step = 0
        self._draws, self._limits, self._recipe = sampler, options, recipe

    @abstractmethod
    def loss(self) -> Tensor:
        """Loss of the next batch."""

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
        every, last = self._limits.checkpoint_every, self._limits.n_steps
        while self.step < (last if until is None else until):
            loss = self._take_step()
            if progress is not None:
                progress(self.step, loss)
            if checkpoint is not None and (self.step % every == 0 or self.step == last):
                self.save(checkpoint)

    def result(self) -> ChipNetwork:
        """Return the network with averaged weights, ready to score."""
        network = ChipNetwork(self.network.options)
        network.load_state_dict(self.averaged.module.state_dict())
        return network.eval()

    def save(self, path: Path) -> None:
        """Write everything that `restore` needs; nothing half-written is left under ``path``."""
        part = path.with_suffix(path.suffix + ".part")
        parts = {name: getattr(self, name).state_dict() for name in _PARTS}
        rest = {
            "step": self.step,
            "recipe": self._recipe,
            "sampler": self._draws.state(),
            "torch": torch.get_rng_state(),
            "network_options": self.network.options.model_dump(mode="json"),  # `export.load_checkpoint` reads it
        }
        torch.save({**rest, **parts}, part)
        part.replace(path)

    def restore(self, path: Path) -> None:
        """Go on from a checkpoint of a run of the same kind.

        Raises
        ------
        ModelError
            It was made with other options, or from other data.
        """
        state = torch.load(path, weights_only=False)
        if state.get("recipe") != self._recipe:
            raise ModelError(
                f"checkpoint {path} was made with other options or data; delete it to start anew, or choose another "
                "folder."
            )
        for name in _PARTS:
            getattr(self, name).load_state_dict(state[name])
        self.step = state["step"]
        self._draws.restore(state["sampler"])
        torch.set_rng_state(state["torch"])

    def _take_step(self) -> float:
        self.network.train()
        loss = self.loss()
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


def seeded_network(options: RunOptions) -> ChipNetwork:
    """Set torch's threads and seed, and make the network whose first weights hang on it."""
    torch.set_num_threads(options.n_threads)
    torch.manual_seed(options.seed)
    return ChipNetwork(options.network)


def recipe_of(options: RunOptions, samples: Iterable[tuple[str, NDArray[np.generic]]]) -> str:
    """Fingerprint of options and of named samples: a checkpoint goes on under the same one only."""
    found = hashlib.blake2b(options.model_dump_json(exclude=_NOT_PART_OF_IT).encode(), digest_size=16)
    for name, array in samples:
        found.update(f"{name} {array.dtype} {array.shape}".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()
