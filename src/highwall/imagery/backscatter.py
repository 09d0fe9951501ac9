"""Radar backscatter as the cube takes it: decibels, nothing that is no echo, speckle filtered if asked, the ratio.

A radar scene is (polarisation, y, x) with ``VV`` and ``VH``; ``attrs["units"]`` says what its numbers are: ``"dB"``,
or ``"1"`` for powers (γ⁰, σ⁰). ``io.backscatter`` delivers it so.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import dask.array as da
import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from highwall.core.bands import BANDS, POLARISATIONS, RADAR, RATIO_OFFSET_DB
from highwall.core.checks import check_dims
from highwall.core.errors import SceneError
from highwall.imagery.options import BackscatterOptions

Grid = NDArray[np.float32]

_DIMS: Final = ("polarisation", "y", "x")
_UNITS: Final = ("dB", "1")


def radar_bands(radar: xr.DataArray, options: BackscatterOptions | None = None) -> xr.DataArray:
    """VV, VH and their ratio of a radar scene on its own grid: (band, y, x) float32 [dB].

    Parameters
    ----------
    radar : (polarisation, y, x) [dB] or [1]
        VV and VH.

    Returns
    -------
    bands : (band, y, x) float32 [dB]
        ``VV``, ``VH`` and ``VV_VH`` = 10·log₁₀(VV / (10·VH)) = VV − VH − 10 dB.

    Raises
    ------
    SceneError
        A polarisation is missing, or the unit is not stated.

    Source: Jabłońska et al. 2024, section 2.1; docs/rooms/segmentation.md says why the ratio is one of powers.
    """
    options = options or BackscatterOptions()
    decibels = to_decibels(_checked(radar), floor_db=options.floor_db)
    if options.speckle == "lee":
        decibels = without_speckle(decibels, window_px=options.window_px, looks=options.looks)
    co, cross = (decibels.sel(polarisation=name, drop=True) for name in POLARISATIONS)
    stack = xr.concat([co, cross, co - cross + np.float32(RATIO_OFFSET_DB)], dim="band", coords="minimal")
    bands = stack.assign_coords(band=list(RADAR)).transpose("band", "y", "x").rename("backscatter")
    bands.attrs = radar.attrs | {"units": "dB", "speckle": options.speckle, "ratio": BANDS["VV_VH"].meaning}
    return bands


def to_decibels(radar: xr.DataArray, *, floor_db: float) -> xr.DataArray:
    """Backscatter in decibels: (polarisation, y, x) float32, NaN where the radar saw nothing.

    Zero in both polarisations (power, or dB where a file was filled with 0) marks ground that was not imaged, and is
    missing. Zero or less in one only is an echo below the noise that the archive took off, and becomes ``floor_db``.
    """
    values = radar.astype(np.float32)
    is_empty = ((values == 0.0) | (values == -np.inf)).all("polarisation")
    echo = values.where(values > 0.0, 10.0 ** (floor_db / 10.0))
    decibels = values if radar.attrs["units"] == "dB" else xr.ufuncs.log10(echo) * 10.0
    decibels = decibels.clip(min=floor_db).where((values < np.inf) & ~is_empty).astype(np.float32)
    return decibels.assign_attrs(radar.attrs | {"units": "dB"})


def without_speckle(decibels: xr.DataArray, *, window_px: int, looks: float) -> xr.DataArray:
    """Filter speckle from (polarisation, y, x) [dB]: the mean of a window where it is even, the pixel where it is not.

    It works on powers, of which speckle is a factor with variance 1/looks; missing pixels stay missing and count for
    nothing.

    Source: Lee 1980, IEEE PAMI 2(2), 165-168.
    """
    work: Callable[[Any], Any] = partial(_lee, side=window_px, noise=1.0 / looks)
    if isinstance(decibels.data, da.Array):
        margin = window_px // 2
        depth = {0: 0, 1: margin, 2: margin}
        lazy: Any = da.map_overlap(work, decibels.data, depth=depth, boundary="none", dtype=np.float32)  # type: ignore[no-untyped-call]
        return decibels.copy(data=lazy)
    return decibels.copy(data=work(decibels.values))


def _lee(decibels: Grid, *, side: int, noise: float) -> Grid:
    """Filter (polarisation, y, x) [dB]; ``noise`` is the squared variation coefficient of speckle."""
    power = 10.0 ** (decibels.astype(np.float64) / 10.0)
    is_there = ~np.isnan(power)
    filled = np.where(is_there, power, 0.0)
    size = (1, side, side)
    share = np.maximum(uniform_filter(is_there.astype(np.float64), size, mode="constant"), 0.5 / side**2)
    mean = uniform_filter(filled, size, mode="constant") / share
    variance = np.maximum(uniform_filter(filled**2, size, mode="constant") / share - mean**2, 0.0)
    of_ground = np.maximum(variance - noise * mean**2, 0.0) / (1.0 + noise)
    weight = np.divide(of_ground, variance, out=np.zeros_like(variance), where=variance > 0.0)
    filtered = np.where(is_there, mean + weight * (filled - mean), np.nan)
    return np.asarray(10.0 * np.log10(filtered), dtype=np.float32)


def _checked(radar: xr.DataArray) -> xr.DataArray:
    """VV and VH, in this order, with a known unit."""
    check_dims(radar, _DIMS, name="radar")
    name = str(radar.attrs.get("scene_id", "the radar scene"))
    have = [str(each) for each in radar["polarisation"].values]
    missing = [each for each in POLARISATIONS if each not in have]
    if missing:
        raise SceneError(
            f"{name} has {', '.join(have)}; the radar bands need {', '.join(missing)} too. Take a scene of both "
            "polarisations (1SDV), or bands without radar."
        )
    if radar.attrs.get("units") not in _UNITS:
        raise SceneError(
            f"{name} does not say whether its numbers are dB or powers (attrs['units'] is "
            f'{radar.attrs.get("units")!r}); read it through highwall.io, or state "dB" or "1".'
        )
    return radar.sel(polarisation=list(POLARISATIONS))
