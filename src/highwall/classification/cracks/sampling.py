"""Chips of photographs as a training step sees them: on cracks, on planking and anywhere, turned and lit anew."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from highwall.classification.cracks.options import CrackTrainOptions
from highwall.classification.cracks.photograph import CrackPhotograph
from highwall.core.errors import InputError

_KINDS = ("crack", "planking", "anywhere")
_SHARES = (0.5, 0.2, 0.3)
"""Share of the chips that are drawn on each; where a photograph has none of it, anywhere."""


class ChipBatch(NamedTuple):
    """Chips of one step."""

    levels: Tensor
    """(B, 3, H, W) 0…255."""
    is_crack: Tensor
    """(B, 1, H, W) 0 or 1."""


class CrackSampler:
    """Draws chips; its random state is part of a checkpoint.

    A place is drawn first, then its photograph, then what the chip shall lie on.

    Raises
    ------
    InputError
        There is no crack, nothing but cracks, or a photograph is smaller than a chip.
    """

    def __init__(self, photographs: Sequence[CrackPhotograph], *, options: CrackTrainOptions) -> None:
        self.photographs, self.options = list(photographs), options
        self._check()
        self.random = np.random.default_rng(options.seed)
        self.torch_random = torch.Generator().manual_seed(options.seed)
        self._places = sorted({photograph.place for photograph in self.photographs})
        self._of_place = {
            place: [number for number, photograph in enumerate(self.photographs) if photograph.place == place]
            for place in self._places
        }
        self._pixels = [_pixels_of(photograph) for photograph in self.photographs]

    def draw(self) -> ChipBatch:
        """Draw and augment one batch."""
        side = self.options.network.chip_px
        levels, labels = [], []
        for _ in range(self.options.n_chips):
            place = self._of_place[self._places[self.random.integers(len(self._places))]]
            number = place[self.random.integers(len(place))]
            rows, columns = self._cut(number, side=side)
            levels.append(self.photographs[number].levels[:, rows, columns])
            labels.append(self.photographs[number].is_crack[None, rows, columns])
        batch = ChipBatch(torch.from_numpy(np.stack(levels)).float(), torch.from_numpy(np.stack(labels)).float())
        return random_view(batch, options=self.options, random=self.torch_random)

    def state(self) -> dict[str, object]:
        """Everything needed to go on drawing the same batches."""
        return {"numpy": self.random.bit_generator.state, "torch": self.torch_random.get_state()}

    def restore(self, state: dict[str, object]) -> None:
        """Go back to a state."""
        self.random.bit_generator.state = state["numpy"]  # type: ignore[assignment]
        self.torch_random.set_state(state["torch"])  # type: ignore[arg-type]

    def _cut(self, number: int, *, side: int) -> tuple[slice, slice]:
        """Rows and columns of a chip around a random pixel of a random kind."""
        pixels = self._pixels[number][str(self.random.choice(_KINDS, p=_SHARES))]
        extent = self.photographs[number].is_crack.shape
        if len(pixels):
            middle = pixels[self.random.integers(len(pixels))] + self.random.integers(-side // 3, side // 3 + 1, 2)
        else:
            middle = self.random.integers(0, extent)
        y, x = np.clip(middle - side // 2, 0, np.array(extent) - side)
        return slice(int(y), int(y) + side), slice(int(x), int(x) + side)

    def _check(self) -> None:
        side = self.options.network.chip_px
        for photograph in self.photographs:
            if min(photograph.is_crack.shape) < side:
                shape = photograph.is_crack.shape
                raise InputError(f"{photograph.name} measures {shape} px, less than a chip of {side} px; leave it out.")
        has_crack = any(photograph.is_crack.any() for photograph in self.photographs)
        if not has_crack or all(photograph.is_crack.all() for photograph in self.photographs):
            raise InputError(
                f"{len(self.photographs)} photographs hold {'nothing but cracks' if has_crack else 'no crack'}; "
                "training needs both classes: add photographs, or check that masks mark cracks with 255."
            )


def random_view(batch: ChipBatch, *, options: CrackTrainOptions, random: torch.Generator) -> ChipBatch:
    """Magnify, turn and mirror chips with their labels; change their gain, blur and noise."""
    moved = functional.grid_sample(
        torch.cat([batch.levels, batch.is_crack], dim=1),
        _random_grid(batch.levels, options=options, random=random),
        mode="bilinear", padding_mode="reflection", align_corners=False,
    )  # fmt: skip
    return ChipBatch(_relit(moved[:, :3], options=options, random=random), (moved[:, 3:] > 0.4).float())


def _relit(levels: Tensor, *, options: CrackTrainOptions, random: torch.Generator) -> Tensor:
    """Other light, another lens, another sensor: levels stay in 0…255."""
    n = len(levels)
    middle = levels.mean(dim=(-2, -1), keepdim=True)
    contrast = (options.gain * torch.randn(n, 1, 1, 1, generator=random)).exp()
    gain = (options.gain * torch.randn(n, 1, 1, 1, generator=random)).exp()
    x = (middle + (levels - middle) * contrast) * gain
    share = torch.rand(n, 1, 1, 1, generator=random) * (torch.rand(n, 1, 1, 1, generator=random) < 0.4)
    x = x + share * (functional.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False) - x)
    width = options.noise * torch.rand(n, 1, 1, 1, generator=random)
    return (x + width * torch.randn(x.shape, generator=random)).clamp(0.0, 255.0)


def _random_grid(levels: Tensor, *, options: CrackTrainOptions, random: torch.Generator) -> Tensor:
    """Sampling grid of a random scale, quarter turn and mirror image for each chip."""
    n = len(levels)
    low, high = (math.log(bound) for bound in options.scale)
    shrink = torch.exp(-(low + (high - low) * torch.rand(n, generator=random)))
    turn = torch.randint(0, 4, (n,), generator=random) * (math.pi / 2.0)
    mirror = 1.0 - 2.0 * torch.randint(0, 2, (n,), generator=random)
    cosine, sine, zero = torch.cos(turn), torch.sin(turn), torch.zeros(n)
    first = torch.stack([shrink * mirror * cosine, -shrink * sine, zero], dim=1)
    second = torch.stack([shrink * mirror * sine, shrink * cosine, zero], dim=1)
    return functional.affine_grid(torch.stack([first, second], dim=1), list(levels.shape), align_corners=False)


def _pixels_of(photograph: CrackPhotograph) -> dict[str, NDArray[np.intp]]:
    """Row and column of the pixels of each kind."""
    masks = (photograph.is_crack, photograph.is_planking)
    found = {kind: np.argwhere(mask) for kind, mask in zip(_KINDS, masks, strict=False)}
    return {**found, "anywhere": np.empty((0, 2), np.intp)}
