"""What lies beside a prediction, brought to the grid on which patches are outlined, each by a named step."""

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

from highwall.core.errors import InputError
from highwall.core.grid import GeoBox, grid_of, pixel_area_m2, same_grid
from highwall.core.taxonomy import WORLD_COVER
from highwall.io.rasters import read_raster
from highwall.patches.shadow import terrain_shadow

LAND_COVER_RESAMPLING = "nearest"
PROBABILITY_RESAMPLING = "bilinear"
HEIGHT_RESAMPLING = "bilinear"
_ROUNDING = 1e-3
"""What a network's softmax or a resampling may lie beyond 0 and 1."""
_MOST_MARGIN_PX = 1024
"""Pixels beyond the grid, at most, whose terrain may cast shadows into it."""


class Sun(NamedTuple):
    """Where the sun stood when the image was taken."""

    azimuth_deg: float
    """From north, clockwise [°]."""
    elevation_deg: float
    """Above the horizon [°]."""


def land_cover_on(grid: GeoBox, path: Path) -> xr.DataArray:
    """Read a land-cover map, nearest neighbour: codes cannot be mixed.

    Raises
    ------
    InputError
        The file has several bands, or shows nothing of the grid.
    """
    cover = _single(path, name="land_cover", what="a land-cover map has one, of WorldCover's codes")
    cover = placed(cover, grid, resampling=LAND_COVER_RESAMPLING)
    if not cover.isin(list(WORLD_COVER)).any():
        raise InputError(f"{path} has no code of WorldCover over the site; choose a map that shows it.")
    return cover


def read_probability(path: Path) -> xr.DataArray:
    """Read a map of class probabilities: (band, y, x), a band a class.

    Raises
    ------
    InputError
        It has one band or nameless ones, its values are no probabilities, or there is none.
    """
    layers = read_raster(path, name="class_probability").load()
    if layers.ndim != 3:
        raise InputError(
            f"{path} has one band; give a band a class, one of them named none, as `highwall detect` does."
        )
    if layers["band"].dtype.kind in "iu":
        raise InputError(f"{path} does not name its bands; name them after their classes, one of them none.")
    low, high = float(layers.min()), float(layers.max())
    if math.isnan(low):
        raise InputError(f"{path} has no pixel with a probability; choose another map.")
    if low < -_ROUNDING or high > 1 + _ROUNDING:
        raise InputError(f"{path} holds {low:g} to {high:g}; probabilities lie between 0 and 1: give those of classes.")
    return layers


def probability_on(grid: GeoBox, path: Path) -> tuple[xr.DataArray, str | None]:
    """Read a probability map, and the resampling that it took; none where it lies on the grid already.

    Raises
    ------
    InputError
        It shows nothing of the grid, or holds no probabilities.
    """
    layers = read_probability(path)
    if same_grid(grid_of(layers, name=str(path)), grid):
        return layers, None
    moved = placed(layers, grid, resampling=PROBABILITY_RESAMPLING)
    if moved.isnull().all():
        raise InputError(f"{path} shows nothing of the image; give a probability map of the same place.")
    return moved, PROBABILITY_RESAMPLING


def shadow_on(grid: GeoBox, dem: Path, sun: Sun) -> xr.DataArray:
    """Find the terrain's shadows on a grid; terrain beyond its rim casts them too, as far as the sun's height says.

    Raises
    ------
    GridError
        The grid is not in metres.
    InputError
        The file has several bands, shows nothing of the grid, or the sun is not above the horizon.
    """
    heights = _single(dem, name="height", what="a height model has one")
    outer = placed(heights, grid.pad(_MOST_MARGIN_PX), resampling=HEIGHT_RESAMPLING)
    inner = _without_margin(outer, _MOST_MARGIN_PX)
    if inner.isnull().all():
        raise InputError(f"{dem} has no height over the site; choose a height model that shows it.")
    margin_px = _reach_px(float(outer.max() - inner.min()), grid, sun)
    ground = _without_margin(outer, _MOST_MARGIN_PX - margin_px)
    is_shadow = terrain_shadow(ground, sun_azimuth_deg=sun.azimuth_deg, sun_elevation_deg=sun.elevation_deg)
    return _without_margin(is_shadow, margin_px)


def _reach_px(relief_m: float, grid: GeoBox, sun: Sun) -> int:
    """Length of the shadow that a relief casts [pixel]."""
    if sun.elevation_deg <= 0:
        return 0
    reach_m = relief_m / math.tan(math.radians(sun.elevation_deg))
    return min(math.ceil(reach_m / math.sqrt(pixel_area_m2(grid))), _MOST_MARGIN_PX)


def _without_margin(layer: xr.DataArray, margin_px: int) -> xr.DataArray:
    return layer.isel({dim: slice(margin_px, layer.sizes[dim] - margin_px) for dim in ("y", "x")})


def _single(path: Path, *, name: str, what: str) -> xr.DataArray:
    layer = read_raster(path, name=name)
    if layer.ndim != 2:
        raise InputError(f"{path} has {layer.shape[0]} bands; {what}.")
    grid_of(layer, name=str(path))
    return layer


def placed(layer: xr.DataArray, grid: GeoBox, *, resampling: str) -> xr.DataArray:
    """Put a layer (…, y, x) on a grid and fetch it, NaN where it shows nothing."""
    moved: xr.DataArray = layer.odc.reproject(grid, resampling=resampling, dst_nodata=np.nan)
    axes = dict(zip(moved.dims[-2:], ("y", "x"), strict=True))
    renamed = moved.rename({dim: name for dim, name in axes.items() if dim != name})
    return renamed.compute(scheduler="synchronous")  # threads would let rasterio's silenced warnings through
