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
    """One step's samples."""

    crops: Tensor
    """(A, 3, S, S) levels of scene crops."""
    crop_coverage: Tensor
    """(A, 1, S, S) share of industrial mine."""
    scene_chips: Tensor
    """(B, 3, 48, 48) levels of chip-sized scene crops."""
    scene_chip_coverage: Tensor
    """(B, 1, 48, 48)."""
    chips: Tensor
    """(C, 3, 48, 48) levels; the artisanal ones first."""
    is_artisanal: Tensor
    """(C,) bool."""


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
        crops, crop_coverage = self._scene_crops(options.n_scene_crops, side=options.scene_crop_px)
        small, small_coverage = self._scene_crops(options.n_scene_chips, side=CHIP_PX)
        chosen = np.concatenate(
            [
                self._chip_numbers(self._positive, options.n_positive_chips),
                self._chip_numbers(self._negative, options.n_negative_chips),
            ]
        )
        pixels = torch.from_numpy(self.chips.pixels[chosen]).permute(0, 3, 1, 2).float()
        no_label = torch.zeros(len(pixels), 0, CHIP_PX, CHIP_PX)
        chips, _ = random_view(pixels, no_label, options=options.augment, random=self.torch_random)
        is_artisanal = torch.from_numpy(self.chips.is_artisanal[chosen])
        return Batch(crops, crop_coverage, small, small_coverage, chips, is_artisanal)

    def state(self) -> dict[str, object]:
        """Everything needed to go on drawing the same batches."""
        return {"numpy": self.random.bit_generator.state, "torch": self.torch_random.get_state()}

    def restore(self, state: dict[str, object]) -> None:
        """Go back to a state."""
        self.random.bit_generator.state = state["numpy"]  # type: ignore[assignment]
        self.torch_random.set_state(state["torch"])  # type: ignore[arg-type]

    def _scene_crops(self, n: int, *, side: int) -> tuple[Tensor, Tensor]:
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


def join_chips(chips: Tensor) -> Tensor:
    """Lay chips side by side, 2×2: (4n, 3, H, W) -> (n, 3, 2H, 2W)."""
    n, channels, height, width = chips.shape
    grid = chips.reshape(n // 4, 2, 2, channels, height, width).permute(0, 3, 1, 4, 2, 5)
    return grid.reshape(n // 4, channels, 2 * height, 2 * width)


def part_chips(joined: Tensor) -> Tensor:
    """Undo `join_chips`: (n, C, 2H, 2W) -> (4n, C, H, W)."""
    n, channels, height, width = joined.shape
    grid = joined.reshape(n, channels, 2, height // 2, 2, width // 2).permute(0, 2, 4, 1, 3, 5)
    return grid.reshape(4 * n, channels, height // 2, width // 2)


def _one_over_count(origins: Sequence[str] | NDArray[np.str_]) -> NDArray[np.float64]:
    """Weight of each sample so that every origin weighs the same; the sum is 1."""
    _, inverse, counts = np.unique(origins, return_inverse=True, return_counts=True)
    weight: NDArray[np.float64] = 1.0 / (counts[inverse] * len(counts))
    return weight
