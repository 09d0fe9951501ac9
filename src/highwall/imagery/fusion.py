"""Sentinel-2 and Sentinel-1 as one cube: fifteen channels on one grid, in the order of ``core.bands``."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import xarray as xr

from highwall.core.bands import BANDS, CUBE, RADAR, needs_radar
from highwall.core.errors import SceneError
from highwall.core.grid import GeoBox, grid_of
from highwall.imagery.backscatter import radar_bands
from highwall.imagery.grid import on_grid
from highwall.imagery.options import BackscatterOptions
from highwall.imagery.scaling import require_bands

RESAMPLING: Final = "nearest"
"""How every band comes to the cube's grid (Jabłońska et al. 2024, section 2.1): no value arises that no sensor saw."""


def fuse(
    reflectance: xr.DataArray,
    radar: xr.DataArray | None = None,
    *,
    bands: Sequence[str] = CUBE,
    scl: xr.DataArray | None = None,
    grid: GeoBox | None = None,
    options: BackscatterOptions | None = None,
) -> xr.Dataset:
    """Stack optical and radar bands on one grid.

    Parameters
    ----------
    reflectance : (band, y, x) [1]
        As ``imagery.scaling`` leaves it; coarser bands already on the finest grid of the scene.
    radar : (polarisation, y, x) [dB] or [1], optional
        VV and VH on any grid; needed where ``bands`` holds a radar band.
    bands
        Channels wanted, in their order: a row of ``core.bands.CONFIGURATIONS``, or any of ``CUBE``.
    scl : (y, x), optional
        Scene classification, which lies beside the cube.
    grid
        Where the cube lies; by default where the reflectance does.

    Returns
    -------
    cube : (band, y, x) float32
        Reflectance [1] and backscatter [dB]; NaN is missing. ``unit`` along ``band`` says which.
    scl : (y, x) uint8
        Codes, 0 is missing; only where it was given.

    Raises
    ------
    SceneError
        A band is missing, radar is needed and not given, or a scene lies elsewhere.
    """
    place = grid or grid_of(reflectance, name="reflectance")
    parts = _optical(reflectance, [band for band in bands if band not in RADAR], place)
    if needs_radar(bands):
        parts += [on_grid(radar_bands(_given(radar), options), place, resampling=RESAMPLING)]
    stack = xr.concat([_aligned(part, parts[0]) for part in parts], dim="band", coords="minimal", compat="override")
    cube = stack.sel(band=list(bands)).astype(np.float32).rename("cube")
    cube = cube.assign_coords(unit=("band", [BANDS[band].unit for band in bands]))
    cube.attrs = _attributes(reflectance, radar if needs_radar(bands) else None)
    layers = {"cube": cube} if scl is None else {"cube": cube, "scl": _codes(scl, place, like=cube)}
    return xr.Dataset(layers)


def _optical(reflectance: xr.DataArray, bands: list[str], place: GeoBox) -> list[xr.DataArray]:
    if not bands:
        return []
    return [on_grid(require_bands(reflectance, tuple(bands), purpose="the cube"), place, resampling=RESAMPLING)]


def _given(radar: xr.DataArray | None) -> xr.DataArray:
    if radar is None:
        raise SceneError(
            "the cube wants radar bands and there is no radar scene; give one (VV and VH of the same place), or choose "
            "RGB, R+N or M."
        )
    return radar


def _aligned(part: xr.DataArray, first: xr.DataArray) -> xr.DataArray:
    """Give a part the first one's axes: both lie on one grid, whose numbers may differ in the last digit."""
    return part.assign_coords(x=first["x"].values, y=first["y"].values)


def _codes(scl: xr.DataArray, place: GeoBox, *, like: xr.DataArray) -> xr.DataArray:
    codes = on_grid(scl, place, resampling=RESAMPLING)
    codes = codes.fillna(0).astype(np.uint8) if codes.dtype.kind == "f" else codes.astype(np.uint8)
    return _aligned(codes.drop_vars("band", errors="ignore"), like).assign_attrs(units="1")


def _attributes(reflectance: xr.DataArray, radar: xr.DataArray | None) -> dict[str, object]:
    kept = ("scene_id", "acquired", "level", "offset_applied", "source", "simulated")
    attributes = {name: reflectance.attrs[name] for name in kept if name in reflectance.attrs}
    if radar is not None:
        attributes |= {f"radar_{name}": radar.attrs[name] for name in kept if name in radar.attrs}
    return attributes | {"resampling": RESAMPLING}
