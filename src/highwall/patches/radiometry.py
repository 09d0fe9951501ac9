"""Bands brought to 0–255, by a named step that is recorded: a scale means nothing without it."""

from typing import Any, Literal, assert_never

import numpy as np
import odc.geo.xr  # noqa: F401  registers the .odc accessor
import xarray as xr
from numpy.typing import NDArray

from highwall.core.checks import check_dims
from highwall.core.errors import InputError

Normalisation = Literal["percentile", "range"]

HIGHEST = 255.0
"""The value that white becomes: scales are usually quoted for 8-bit images."""


def normalise(
    image: xr.DataArray,
    *,
    method: Normalisation = "percentile",
    low: float | None = None,
    high: float | None = None,
) -> xr.DataArray:
    """Stretch each band to whole numbers 0…255, so that a scale means the same from scene to scene.

    Parameters
    ----------
    image : (band, y, x)
        NaN is missing, and so is the image's nodata value.
    method
        ``percentile``: each band from its own percentile ``low`` (default 2) to ``high`` (98): contrast alike, yet
        it hangs on what the scene shows. ``range``: all bands from the value ``low`` to ``high``, which must be
        given: scenes and dates stay comparable.

    Returns
    -------
    (band, y, x) float32, whole numbers 0 to 255, NaN missing. ``attrs["normalisation"]`` records the step and
    ``attrs["normalisation_bounds"]`` the values that became 0 and 255, band after band.

    Raises
    ------
    InputError
        The bounds do not rise, or ``range`` lacks one.
    """
    check_dims(image, ("band", "y", "x"), name="image")
    values = image.values.astype(np.float32)
    nodata = image.odc.nodata
    if nodata is not None:
        values[image.values == nodata] = np.nan
    bounds = _bounds(values, method=method, low=low, high=high)
    for band, (least, most) in zip(values, bounds, strict=True):
        band -= least
        band *= HIGHEST / (most - least) if most > least else 0.0
    stretched = np.rint(np.clip(values, 0.0, HIGHEST, out=values), out=values)
    record = {"normalisation": _name(method, low, high), "normalisation_bounds": bounds.ravel().tolist()}
    kept = {name: value for name, value in image.attrs.items() if name not in {"nodata", "_FillValue"}}
    found = image.copy(data=stretched)
    found.attrs = kept | record
    return found


def _bounds(
    values: NDArray[Any], *, method: Normalisation, low: float | None, high: float | None
) -> NDArray[np.float64]:
    """Values that become 0 and 255: (band, 2)."""
    match method:
        case "percentile":
            shares = [2.0 if low is None else low, 98.0 if high is None else high]
            if not 0 <= shares[0] < shares[1] <= 100:
                raise InputError(f"percentiles are {shares}; give two between 0 and 100, rising.")
            return np.array([_percentiles(band[np.isfinite(band)], shares) for band in values])
        case "range":
            if low is None or high is None or not low < high:
                raise InputError(f"low is {low}, high is {high}; give the values that become 0 and 255, rising.")
            return np.tile([low, high], (len(values), 1)).astype(float)
        case _:
            assert_never(method)


def _percentiles(values: NDArray[Any], shares: list[float]) -> NDArray[np.float64]:
    return np.percentile(values, shares).astype(float) if values.size else np.zeros(2)


def _name(method: Normalisation, low: float | None, high: float | None) -> str:
    if method == "range":
        return f"range {low:g} to {high:g} to 0–255"
    return f"percentile {2 if low is None else low:g} to {98 if high is None else high:g} of each band to 0–255"
