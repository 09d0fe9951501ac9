"""Random views of a sample that could have been seen: turned, nearer, brighter, greyer, hazier. Labels turn along."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from highwall.classification.options import AugmentOptions

_HAZE_LEVELS = (110.0, 125.0, 145.0)
"""Levels of B04, B03, B02 of thick haze over forest: bluish grey."""


def random_view(
    levels: Tensor, coverage: Tensor, *, options: AugmentOptions, random: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Move a batch in space and in radiometry.

    Parameters
    ----------
    levels : (B, 3, H, W) float32, 0…255
    coverage : (B, K, H, W) float32
        Labels that move with the pixels; K may be 0.
    """
    grid = _random_grid(levels, options=options, random=random)
    moved = functional.grid_sample(
        torch.cat([levels, coverage], dim=1), grid, mode="bilinear", padding_mode="reflection", align_corners=False
    )
    return random_radiometry(moved[:, :3], options=options, random=random), moved[:, 3:]


def _random_grid(levels: Tensor, *, options: AugmentOptions, random: torch.Generator) -> Tensor:
    """Sampling grid of a random quarter turn and mirror image for each sample, and of a scale for some.

    Magnifying blurs: pits are a few pixels wide, so most samples must stay as sharp as what is scored later.
    """
    n = len(levels)
    low, high = (math.log(bound) for bound in options.scale)
    magnified = torch.rand(n, generator=random) < options.scale_share
    shrink = torch.exp(-(low + (high - low) * torch.rand(n, generator=random)) * magnified)
    turn = torch.randint(0, 4, (n,), generator=random) * (math.pi / 2.0)
    mirror = 1.0 - 2.0 * torch.randint(0, 2, (n,), generator=random)
    cosine, sine, zero = torch.cos(turn), torch.sin(turn), torch.zeros(n)
    first = torch.stack([shrink * mirror * cosine, -shrink * sine, zero], dim=1)
    second = torch.stack([shrink * mirror * sine, shrink * cosine, zero], dim=1)
    return functional.affine_grid(torch.stack([first, second], dim=1), list(levels.shape), align_corners=False)


def random_radiometry(levels: Tensor, *, options: AugmentOptions, random: torch.Generator) -> Tensor:
    """Change contrast, gain, saturation, haze and noise of each sample; the result stays in 0…255."""
    n = len(levels)

    def spread(width: float, channels: int) -> Tensor:
        return width * torch.randn(n, channels, 1, 1, generator=random)

    middle = levels.mean(dim=(-2, -1), keepdim=True)
    x = middle + (levels - middle) * spread(options.contrast, 1).exp()
    x = x * (spread(options.brightness, 1) + spread(options.channel_gain, 3)).exp()
    grey = x.mean(dim=1, keepdim=True)
    x = grey + (x - grey) * spread(options.saturation, 1).exp()
    thickness = options.haze * torch.rand(n, 1, 1, 1, generator=random).square()
    x = x + thickness * (torch.tensor(_HAZE_LEVELS).reshape(1, 3, 1, 1) - x)
    x = x + options.noise * torch.rand(n, 1, 1, 1, generator=random) * torch.randn(levels.shape, generator=random)
    return x.clamp(0.0, 255.0)
