"""What one training step sees: crops of scenes, and chips, drawn at random and balanced by origin."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from highwall.classification.augment import random_view
from highwall.classification.dataset import CHIP_PX, ChipSet, LabelledScene
from highwall.classification.options import TrainOptions


class Batch(NamedTuple):
    """One step's samples: windows of scenes, and chips that lie side by side in windows of the same extent."""

    windows: Tensor
    """(A, 3, S, S) levels of windows cut from scenes."""
    window_coverage: Tensor
    """(A, 1, S, S) share of industrial mine."""
    chips: Tensor
    """(N, 3, 48, 48) levels of chips; of scenes first, then the others."""
    chip_coverage: Tensor
    """(B, 1, 48, 48) share of industrial mine of the B chips cut from scenes."""
    is_artisanal: Tensor
    """(N − B,) bool, of the other chips."""


class Sampler:
    """Draws batches; its random state is part of a checkpoint.

    A place is drawn first, then one of its scenes, so that a place with many scenes counts once; a chip's family is
    drawn with the square root of its size, so that no large family rules.
    """

    def __init__(self, scenes: Sequence[LabelledScene], chips: ChipSet, *, options: TrainOptions) -> None:
        self.scenes, self.chips, self.options = list(scenes), chips, options
        self.random = np.random.default_rng(options.seed)
        self.torch_random = torch.Generator().manual_seed(options.seed)
        self._scene_weight = _one_over_count([scene.place for scene in self.scenes])
        self._positive = np.flatnonzero(chips.is_artisanal)
        self._negative = np.flatnonzero(~chips.is_artisanal)

    def draw(self) -> Batch:
        """Draw and augment one batch."""
        options = self.options
        windows, window_coverage = self._scene_cuts(options.n_scene_windows, side=CHIP_PX * options.chips_a_side)
        scene_chips, chip_coverage = self._scene_cuts(options.n_scene_chips, side=CHIP_PX)
        positive = self._chip_numbers(self._positive, options.n_positive_chips)
        negative = self._chip_numbers(self._negative, options.n_negative_chips)
        chosen = np.concatenate([positive, negative])
        pixels = torch.from_numpy(self.chips.pixels[chosen]).permute(0, 3, 1, 2).float()
        no_label = torch.zeros(len(pixels), 0, CHIP_PX, CHIP_PX)
        chips, _ = random_view(pixels, no_label, options=options.augment, random=self.torch_random)
        is_artisanal = torch.from_numpy(self.chips.is_artisanal[chosen])
        return Batch(windows, window_coverage, torch.cat([scene_chips, chips]), chip_coverage, is_artisanal)

    def state(self) -> dict[str, object]:
        """Everything needed to go on drawing the same batches."""
        return {"numpy": self.random.bit_generator.state, "torch": self.torch_random.get_state()}

    def restore(self, state: dict[str, object]) -> None:
        """Go back to a state."""
        self.random.bit_generator.state = state["numpy"]  # type: ignore[assignment]
        self.torch_random.set_state(state["torch"])  # type: ignore[arg-type]

    def _scene_cuts(self, n: int, *, side: int) -> tuple[Tensor, Tensor]:
        numbers = self.random.choice(len(self.scenes), size=n, p=self._scene_weight)
        pixels, coverage = [], []
        for scene in (self.scenes[number] for number in numbers):
            y, x = (int(self.random.integers(0, extent - side + 1)) for extent in scene.coverage.shape)
            pixels.append(scene.pixels[:, y : y + side, x : x + side])
            coverage.append(scene.coverage[None, y : y + side, x : x + side])
        levels = torch.from_numpy(np.stack(pixels)).float()
        labels = torch.from_numpy(np.stack(coverage))
        return random_view(levels, labels, options=self.options.augment, random=self.torch_random)

    def _chip_numbers(self, numbers: NDArray[np.intp], n: int) -> NDArray[np.intp]:
        weight = np.sqrt(_one_over_count(self.chips.family[numbers]))
        return self.random.choice(numbers, size=n, p=weight / weight.sum())


def join_chips(chips: Tensor, *, side: int) -> Tensor:
    """Lay chips in squares of ``side``×``side``: (n side², C, H, W) -> (n, C, side H, side W)."""
    n, channels, height, width = chips.shape
    grid = chips.reshape(-1, side, side, channels, height, width).permute(0, 3, 1, 4, 2, 5)
    return grid.reshape(n // side**2, channels, side * height, side * width)


def part_chips(joined: Tensor, *, side: int) -> Tensor:
    """Undo `join_chips`: (n, C, side H, side W) -> (n side², C, H, W)."""
    n, channels, height, width = joined.shape
    grid = joined.reshape(n, channels, side, height // side, side, width // side).permute(0, 2, 4, 1, 3, 5)
    return grid.reshape(n * side**2, channels, height // side, width // side)


def _one_over_count(origins: Sequence[str] | NDArray[np.str_]) -> NDArray[np.float64]:
    """Weight of each sample so that every origin weighs the same; the sum is 1."""
    _, inverse, counts = np.unique(origins, return_inverse=True, return_counts=True)
    weight: NDArray[np.float64] = 1.0 / (counts[inverse] * len(counts))
    return weight
