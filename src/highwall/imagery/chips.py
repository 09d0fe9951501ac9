"""Fixed windows cut from a cube: for training, prediction and as evidence."""

from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from highwall.core.errors import SceneError


def chips(cube: xr.DataArray, *, size: int, step: int) -> xr.DataArray:
    """Cut (band, y, x) into overlapping chips: a view (row, col, band, size, size), edges that do not fit left out.

    Raises
    ------
    SceneError
        The cube is smaller than a chip.
    """
    values = np.asarray(cube.values)
    if min(values.shape[-2:]) < size:
        raise SceneError(f"the scene has {values.shape[-2]}×{values.shape[-1]} pixels, a chip {size}×{size}.")
    view = np.lib.stride_tricks.sliding_window_view(values, (size, size), axis=(-2, -1))[:, ::step, ::step]
    rows, cols = (np.arange(0, length - size + 1, step) for length in values.shape[-2:])
    return xr.DataArray(
        view.transpose(1, 2, 0, 3, 4),
        dims=("row", "col", "band", "chip_y", "chip_x"),
        coords={"row": rows, "col": cols, "band": cube["band"]},
    )


class Stretch(NamedTuple):
    """Reflectance of each of red, green and blue that is drawn black, and that is drawn white."""

    low: NDArray[Any]
    high: NDArray[Any]

    @classmethod
    def of(cls, reflectance: xr.DataArray, *, percent: float = 1.0) -> "Stretch":
        """Between the ``percent`` and 100 − ``percent`` percentiles of each band, which takes out haze."""
        low, high = np.nanpercentile(_visible(reflectance), [percent, 100.0 - percent], axis=(0, 1))
        return cls(low, high)


def true_colour(
    reflectance: xr.DataArray, *, percent: float = 1.0, stretch: Stretch | None = None
) -> NDArray[np.uint8]:
    """Picture of a scene: (y, x, 3) uint8 of B04, B03, B02, white where nothing is.

    Parameters
    ----------
    stretch
        Common to several pictures, so that one ground has one colour in all; by default the scene's own,
        ``Stretch.of`` it with ``percent``.
    """
    bands = _visible(reflectance)
    if np.isnan(bands).all():
        return np.full(bands.shape, 255, np.uint8)
    low, high = stretch or Stretch.of(reflectance, percent=percent)
    scaled = np.clip((bands - low) / np.maximum(high - low, 1e-3), 0.0, 1.0) ** (1.0 / 1.3)
    return (255.0 * np.where(np.isnan(scaled), 1.0, scaled)).round().astype(np.uint8)


def _visible(reflectance: xr.DataArray) -> NDArray[Any]:
    bands: NDArray[Any] = reflectance.sel(band=["B04", "B03", "B02"]).transpose("y", "x", "band").values
    return bands
