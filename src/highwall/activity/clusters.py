"""Connected ground that moves: where, how fast, and how sure that is."""

from typing import Any, Final, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.ndimage import label
from scipy.special import ndtr

from highwall.core.grid import grid_of, pixel_sides_m

_EIGHT: Final = np.ones((3, 3), dtype=np.int8)
"""Pixels that share a corner belong together."""


class Cluster(NamedTuple):
    """Pixels that move the same way and touch one another."""

    rows: NDArray[np.intp]
    cols: NDArray[np.intp]
    velocity: float
    """Mean vertical velocity [m year⁻¹], positive up."""
    std: float
    """Standard error of it, as if all pixels erred alike [m year⁻¹]: neighbours share their atmosphere."""
    area_m2: float

    @property
    def volume_rate(self) -> float:
        """Volume gained or lost a year [m³ year⁻¹], positive up."""
        return self.velocity * self.area_m2

    def probability_beyond(self, bound: float) -> float:
        """P(v > bound) of a cluster that rises, P(v < −bound) of one that sinks."""
        return float(ndtr((abs(self.velocity) - bound) / max(self.std, np.finfo(np.float64).tiny)))


def clusters(motion: xr.Dataset, moving: NDArray[np.int8], *, min_pixels: int) -> list[Cluster]:
    """Gather moving pixels into clusters of one sign, the strongest (by volume rate) first.

    Parameters
    ----------
    motion : velocity_vertical, velocity_vertical_std (y, x) [m year⁻¹]
    moving : (y, x)
        1 where the ground surely rises, −1 where it surely sinks, 0 elsewhere.
    min_pixels
        Smaller clusters are left out.
    """
    width_m, height_m = pixel_sides_m(grid_of(motion, name="motion"))
    velocity, std = motion["velocity_vertical"].values, motion["velocity_vertical_std"].values
    found = []
    for sign in (1, -1):
        for rows, cols in _groups(moving == sign):
            if rows.size >= min_pixels:
                found.append(_cluster(rows, cols, velocity, std, pixel_m2=width_m * height_m))
    return sorted(found, key=lambda one: (-abs(one.volume_rate), int(one.rows[0]), int(one.cols[0])))


def series_of(cluster: Cluster, displacement: xr.DataArray) -> NDArray[np.float64]:
    """Mean displacement of a cluster at each epoch (epoch,) [m]; NaN where none of its pixels has one.

    Parameters
    ----------
    displacement : (epoch, y, x) [m]
        On the grid of the motion.
    """
    top, left = int(cluster.rows.min()), int(cluster.cols.min())
    around = {"y": slice(top, int(cluster.rows.max()) + 1), "x": slice(left, int(cluster.cols.max()) + 1)}
    cut = displacement.isel(around).values  # what is lazy is read no farther than the cluster reaches
    values: NDArray[Any] = cut[:, cluster.rows - top, cluster.cols - left].astype(np.float64)
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    total = np.where(known, values, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _groups(chosen: NDArray[np.bool_]) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Rows and columns of each connected group of pixels, in the order of its first pixel."""
    numbers, count = label(chosen, structure=_EIGHT)
    pixels = np.flatnonzero(numbers)
    order = np.argsort(numbers.ravel()[pixels], kind="stable")
    ends = np.cumsum(np.bincount(numbers.ravel()[pixels], minlength=count + 1)[1:])
    return [np.divmod(part, chosen.shape[1]) for part in np.split(pixels[order], ends[:-1])] if count else []


def _cluster(
    rows: NDArray[np.intp], cols: NDArray[np.intp], velocity: NDArray[Any], std: NDArray[Any], *, pixel_m2: float
) -> Cluster:
    mean, error = float(velocity[rows, cols].mean()), float(std[rows, cols].mean())
    return Cluster(rows, cols, mean, error, rows.size * pixel_m2)
