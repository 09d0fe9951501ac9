"""What one training step sees: crops of scenes, and chips, drawn at random and balanced by class and origin."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from highwall.classification.augment import random_view
from highwall.classification.dataset import CHIP_PX, ChipSet, LabelledScene
from highwall.classification.options import TrainOptions
from highwall.core.errors import InputError
from highwall.core.taxonomy import ARTISANAL_MINE, INDUSTRIAL_MINE, NONE


class Crops(NamedTuple):
    """Chips cut from scenes."""

    levels: Tensor
    """(A, 3, 48, 48)."""
    coverage: Tensor
    """(A, 1, 48, 48) share of industrial mine."""


class Batch(NamedTuple):
    """One step's samples."""

    scene_chips: Crops
    chips: Tensor
    """(N, 3, 48, 48) levels of chips of mosaics."""
    label: Tensor
    """(N,) number of each chip's class."""


class Sampler:
    """Draws batches; its random state is part of a checkpoint.

    Classes come in the numbers that the options ask for. A place is drawn first, then one of its scenes, so that a
    place with many scenes counts once; a chip's family is drawn with a power of its size, so that no large one rules.

    Raises
    ------
    InputError
        There is no scene, no chip of an artisanal mine, or none without a mine.
    """

    def __init__(self, scenes: Sequence[LabelledScene], chips: ChipSet, *, options: TrainOptions) -> None:
        self.scenes, self.chips, self.options = list(scenes), chips, options
        self.random = np.random.default_rng(options.seed)
        self.torch_random = torch.Generator().manual_seed(options.seed)
        wanted = {
            ARTISANAL_MINE: options.n_artisanal_chips,
            NONE: options.n_negative_chips,
            INDUSTRIAL_MINE: options.n_industrial_chips,
        }
        self._pools = {name: (np.flatnonzero(chips.is_class(name)), n) for name, n in wanted.items()}
        self._check()
        self._scene_weight = _one_over_count([scene.place for scene in self.scenes])

    def draw(self) -> Batch:
        """Draw and augment one batch."""
        options = self.options
        scene_chips = self._scene_cuts(options.n_scene_chips)
        chosen = np.concatenate([self._chip_numbers(pool, n) for pool, n in self._pools.values() if len(pool)])
        pixels = torch.from_numpy(self.chips.pixels[chosen]).permute(0, 3, 1, 2).float()
        chips, _ = random_view(pixels, pixels[:, :0], options=options.augment, random=self.torch_random)
        return Batch(scene_chips, chips, torch.from_numpy(self.chips.label[chosen]))

    def state(self) -> dict[str, Any]:
        """Everything needed to go on drawing the same batches."""
        return {"numpy": self.random.bit_generator.state, "torch": self.torch_random.get_state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a state."""
        self.random.bit_generator.state = state["numpy"]
        self.torch_random.set_state(state["torch"])

    def _check(self) -> None:
        counts = {name: len(pool) for name, (pool, _) in self._pools.items()}
        if not counts[ARTISANAL_MINE] or not counts[NONE]:
            raise InputError(
                f"training needs chips with and without artisanal mines; there are {counts[ARTISANAL_MINE]} with and "
                f"{counts[NONE]} without: add mosaics of the other kind."
            )
        if not self.scenes:
            raise InputError("training needs scenes with polygons, and there are none; give the folder that has them.")
        narrow = [scene.name for scene in self.scenes if min(scene.coverage.shape) < CHIP_PX]
        if narrow:
            raise InputError(f"scenes {', '.join(narrow)} are narrower than a chip of {CHIP_PX} px; leave them out.")

    def _scene_cuts(self, n: int) -> Crops:
        side = CHIP_PX
        pixels = np.empty((n, 3, side, side), dtype=np.float32)
        coverage = np.empty((n, 1, side, side), dtype=np.float32)
        numbers = self.random.choice(len(self.scenes), size=n, p=self._scene_weight)
        for i, scene in enumerate(self.scenes[number] for number in numbers):
            y, x = (int(self.random.integers(0, extent - side + 1)) for extent in scene.coverage.shape)
            pixels[i] = scene.pixels[:, y : y + side, x : x + side]
            coverage[i, 0] = scene.coverage[y : y + side, x : x + side]
        augment = self.options.augment
        return Crops(
            *random_view(
                torch.from_numpy(pixels), torch.from_numpy(coverage), options=augment, random=self.torch_random
            )
        )

    def _chip_numbers(self, pool: NDArray[np.intp], n: int) -> NDArray[np.intp]:
        """Draw ``n`` chips of a pool, families with their size to the given power."""
        weight = _one_over_count(self.chips.family[pool]) ** (1.0 - self.options.family_power)
        return self.random.choice(pool, size=n, p=weight / weight.sum())


def _one_over_count(origins: Sequence[str] | NDArray[np.str_]) -> NDArray[np.float64]:
    """Weight of each sample so that every origin weighs the same; the sum is 1."""
    _, inverse, counts = np.unique(origins, return_inverse=True, return_counts=True)
    weight: NDArray[np.float64] = 1.0 / (counts[inverse] * len(counts))
    return weight
