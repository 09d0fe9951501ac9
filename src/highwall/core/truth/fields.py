"""Random fields and distances on a raster: the raw material of terrain, texture and noise."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

Field = NDArray[np.float64]
Cells = NDArray[np.bool_]


def stream(seed: int, *names: str) -> np.random.Generator:
    """Return a generator that depends on the seed and the names alone, so that streams never disturb each other."""
    key = [seed, *(int.from_bytes(name.encode(), "little") for name in names)]
    return np.random.default_rng(key)


def fractal(shape: tuple[int, int], rng: np.random.Generator, *, exponent: float, longest_px: float = np.inf) -> Field:
    """Gaussian field of zero mean and unit variance whose power falls as frequency^−exponent.

    Parameters
    ----------
    exponent
        0 is white noise, 2 rough, 4 smooth hills.
    longest_px
        Wavelengths beyond this one [px] carry no more power than it.
    """
    rows, cols = np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])[None, :]
    frequency = np.hypot(rows, cols)
    lowest = max(1.0 / max(shape), 1.0 / longest_px)
    spectrum = np.fft.rfft2(rng.standard_normal(shape)) * np.maximum(frequency, lowest) ** (-exponent / 2.0)
    spectrum[0, 0] = 0.0
    field = np.fft.irfft2(spectrum, s=shape)
    return np.asarray(field / field.std(), dtype=np.float64)


def smooth_step(values: Field, *, low: float, high: float) -> Field:
    """0 below ``low``, 1 above ``high``, a cubic without corners between."""
    fraction = np.clip((values - low) / (high - low), 0.0, 1.0)
    return np.asarray(fraction * fraction * (3.0 - 2.0 * fraction))


def depth_inside(cells: Cells, *, pixel_m: float) -> Field:
    """Distance of every cell to the edge of the region that holds it [m]; 0 outside."""
    return np.asarray(distance_transform_edt(cells) * pixel_m)


def cell_centres(cells: int, *, pixel_m: float) -> tuple[Field, Field]:
    """Local east (1, x) and north (y, 1) of the cell centres of a square raster [m]."""
    offsets = (np.arange(cells, dtype=np.float64) + 0.5) * pixel_m
    return np.asarray(offsets[None, :], dtype=np.float64), np.asarray(offsets[::-1, None], dtype=np.float64)


def distance_to_line(line: Sequence[tuple[float, float]], x: Field, y: Field) -> Field:
    """Distance of points to a polyline [same unit]."""
    nearest = np.full(np.broadcast(x, y).shape, np.inf)
    for (x0, y0), (x1, y1) in pairwise(line):
        dx, dy = x1 - x0, y1 - y0
        along = np.clip(((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy), 0.0, 1.0)
        np.minimum(nearest, np.hypot(x - x0 - along * dx, y - y0 - along * dy), out=nearest)
    return nearest
