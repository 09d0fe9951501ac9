"""Random views of a chip that could have been seen as well: mirrored, turned, nearer, brighter, hazier.

What is drawn moves along. Gains, contrast and haze are of light and leave radar bands alone, whose values are decibels.
"""

import math

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch.nn import functional

from highwall.core.bands import RADAR
from highwall.segmentation.normalisation import BandStatistics
from highwall.segmentation.options import STRIDE, AugmentOptions
from highwall.segmentation.scenes import Chip, Place

_VEIL_SPREADS = 3.0
"""How many spreads above its mean a band lies under thick haze [1]; our choice: near the brightest of clear ground."""


def nearer(place: Place, *, options: AugmentOptions, random: Generator) -> Place:
    """Window of another size about the same centre, which `random_view` brings back to the size of a chip."""
    if options.scale == 1.0 or random.random() >= options.scale_share:
        return place
    largest = math.log(options.scale)
    side = max(round(place.side * math.exp(random.uniform(-largest, largest))), STRIDE)
    shift = (place.side - side) // 2
    return place._replace(top=place.top + shift, left=place.left + shift, side=side)


def random_view(
    chip: Chip,
    *,
    bands: tuple[str, ...],
    statistics: BandStatistics,
    options: AugmentOptions,
    side: int,
    random: Generator,
) -> Chip:
    """Mirror, turn and resize a chip to ``side``, then change its radiometry.

    Parameters
    ----------
    statistics
        Of each band over the training data.
    """
    moved = _turned(_resized(chip, side=side), options=options, random=random)
    image = _other_light(moved.image, bands=bands, statistics=statistics, options=options, random=random)
    return Chip(image, moved.mask)


def _resized(chip: Chip, *, side: int) -> Chip:
    """Bilinear for the image, nearest for the mask."""
    if chip.mask.shape == (side, side):
        return chip
    image = functional.interpolate(
        torch.from_numpy(np.ascontiguousarray(chip.image))[None],
        size=(side, side),
        mode="bilinear",
        align_corners=False,
    )
    nearest = np.floor((np.arange(side) + 0.5) * chip.mask.shape[0] / side).astype(np.intp)
    return Chip(image[0].numpy(), chip.mask[np.ix_(nearest, nearest)])


def _turned(chip: Chip, *, options: AugmentOptions, random: Generator) -> Chip:
    image, mask = chip
    left_right, up_down = (bool(n) for n in random.integers(0, 2, 2))
    n_turns = int(random.integers(0, 4))
    if options.flips and left_right:
        image, mask = image[..., ::-1], mask[..., ::-1]
    if options.flips and up_down:
        image, mask = image[..., ::-1, :], mask[..., ::-1, :]
    if options.turns:
        image, mask = np.rot90(image, n_turns, axes=(-2, -1)), np.rot90(mask, n_turns)
    return Chip(image, mask)


def _other_light(
    image: NDArray[np.float32],
    *,
    bands: tuple[str, ...],
    statistics: BandStatistics,
    options: AugmentOptions,
    random: Generator,
) -> NDArray[np.float32]:
    """Change the optical bands as another sky would, add noise to all, lose one now and then."""
    changed = np.array(image, dtype=np.float32)
    optical = [number for number, band in enumerate(bands) if band not in RADAR]
    if optical and any((options.gain, options.band_gain, options.contrast, options.saturation, options.haze)):
        veil = (statistics.mean + _VEIL_SPREADS * statistics.std)[optical]
        changed[optical] = _relit(changed[optical], veil=veil, options=options, random=random)
    if options.noise:
        noise = random.standard_normal(changed.shape, dtype=np.float32)
        width = options.noise * random.random() * statistics.std.astype(np.float32)
        changed += noise * width[:, None, None]
    if options.band_dropout and random.random() < options.band_dropout and len(bands) > 1:
        changed[int(random.integers(len(bands)))] = np.nan
    return changed


def _relit(
    light: NDArray[np.float32], *, veil: NDArray[np.floating], options: AugmentOptions, random: Generator
) -> NDArray[np.float32]:
    """Contrast, gains, saturation and haze, in this order: (band, y, x)."""

    def factor(width: float, n: int = 1) -> NDArray[np.float32]:
        return np.exp(width * random.standard_normal((n, 1, 1))).astype(np.float32)

    middle = _mean_present(light, axis=(1, 2))
    light = middle + (light - middle) * factor(options.contrast)
    light = light * factor(options.gain) * factor(options.band_gain, len(light))
    grey = _mean_present(light, axis=0)
    light = grey + (light - grey) * factor(options.saturation)
    thickness = np.float32(options.haze * random.random() ** 2)
    return light + thickness * (veil.astype(np.float32)[:, None, None] - light)


def _mean_present(light: NDArray[np.float32], *, axis: int | tuple[int, ...]) -> NDArray[np.float32]:
    """Mean of the values that are not missing, 0 where all are; dims are kept."""
    present = np.isfinite(light)
    count = np.maximum(present.sum(axis=axis, keepdims=True), 1)
    mean: NDArray[np.float32] = (np.where(present, light, 0.0).sum(axis=axis, keepdims=True) / count).astype(np.float32)
    return mean
