"""Fixed windows cut from a cube: for training, prediction and as evidence."""

from typing import Any

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


def true_colour(reflectance: xr.DataArray, *, percent: float = 1.0) -> NDArray[np.uint8]:
    """Picture of a scene: (y, x, 3) uint8 of B04, B03, B02, white where nothing is.

    Each band is stretched between its own ``percent`` and 100 − ``percent`` percentiles, which takes out haze.
    """
    bands: NDArray[Any] = reflectance.sel(band=["B04", "B03", "B02"]).transpose("y", "x", "band").values
    if np.isnan(bands).all():
        return np.full(bands.shape, 255, np.uint8)
    low, high = np.nanpercentile(bands, [percent, 100.0 - percent], axis=(0, 1))
    scaled = np.clip((bands - low) / np.maximum(high - low, 1e-3), 0.0, 1.0) ** (1.0 / 1.3)
    return (255.0 * np.where(np.isnan(scaled), 1.0, scaled)).round().astype(np.uint8)
