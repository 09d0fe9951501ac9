"""Mean and spread of each band over the training data: what the network subtracts and divides by."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.core.errors import InputError, SceneError
from highwall.segmentation.dataset import Sample


class BandStatistics(NamedTuple):
    """Of each band, in the unit of the scenes."""

    mean: NDArray[np.float64]
    std: NDArray[np.float64]
    """1 where a band never changes, so that it can be divided by."""


def band_statistics(samples: Iterable[Sample], *, bands: tuple[str, ...]) -> BandStatistics:
    """Mean and standard deviation of every band over all valid pixels of all samples, one sample in memory at a time.

    Raises
    ------
    InputError
        A band has no valid pixel.
    SceneError
        A sample lacks a band.

    Source: Chan et al. 1979, eq. 2.1 (joining the moments of two parts).
    """
    n, mean, moment = (np.zeros(len(bands)) for _ in range(3))
    for sample in samples:
        pixels = sample.image()[channels_of(sample, bands)].reshape(len(bands), -1).astype(np.float64)
        valid = np.isfinite(pixels)
        n_new = valid.sum(axis=1)
        counted = np.maximum(n_new, 1)
        mean_new = np.where(valid, pixels, 0.0).sum(axis=1) / counted
        moment_new = np.where(valid, (pixels - mean_new[:, None]) ** 2, 0.0).sum(axis=1)
        total = np.maximum(n + n_new, 1)
        step = mean_new - mean
        mean = mean + step * n_new / total
        moment = moment + moment_new + step**2 * n * n_new / total
        n = n + n_new
    empty = [band for band, count in zip(bands, n, strict=True) if not count]
    if empty:
        raise InputError(f"band {', '.join(empty)} has no valid pixel in the training data; leave it out or fill it.")
    std = np.sqrt(moment / n)
    return BandStatistics(mean, np.where(std > 0.0, std, 1.0))


def channels_of(sample: Sample, bands: tuple[str, ...]) -> list[int]:
    """Numbers of the channels of a sample that hold these bands.

    Raises
    ------
    SceneError
        The sample lacks one.
    """
    missing = [band for band in bands if band not in sample.bands]
    if missing:
        raise SceneError(
            f"{sample.name} has no band {', '.join(missing)}, only {', '.join(sample.bands)}; choose the bands of the "
            "network among these, or leave the scene out."
        )
    return [sample.bands.index(band) for band in bands]
