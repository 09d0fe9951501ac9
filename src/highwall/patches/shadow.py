"""Where the terrain hides the sun: dark slopes that pass for coal.

The paper's worst commissions were mountain shadows. A height model and the sun's position foretell them: *cast* shadow,
where the ray to the sun meets higher ground, and *self* shadow, where the slope faces away from it.
"""

import math
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from pyproj import CRS, Proj

from highwall.core.checks import check_dims
from highwall.core.errors import InputError
from highwall.core.grid import GeoBox, grid_of, metric_crs
from highwall.patches import _shadow_kernels

STEP_PX = 0.5
"""Length of a ray's step [px]: half a pixel passes over no ridge that bilinear interpolation can hold."""


def terrain_shadow(height: xr.DataArray, *, sun_azimuth_deg: float, sun_elevation_deg: float) -> xr.DataArray:
    """Pixels that lie in the terrain's shadow.

    Parameters
    ----------
    height : (y, x) [m]
        Ground on a grid in metres; NaN is missing. Terrain beyond its rim casts no shadow: take a margin of
        relief / tan(elevation).
    sun_azimuth_deg
        Direction of the sun, clockwise from true north [°].
    sun_elevation_deg
        Its height above the horizon [°].

    Returns
    -------
    is_shadow : (y, x) bool
        False where the height is missing.

    Raises
    ------
    GridError
        The grid is not in metres.
    InputError
        The dims differ, the sun is not above the horizon, or no height is known.
    """
    check_dims(height, ("y", "x"), name="height")
    if not 0 < sun_elevation_deg <= 90:
        raise InputError(f"sun_elevation_deg is {sun_elevation_deg:g}; shadows need a sun above 0° and up to 90°.")
    grid = grid_of(height, name="height")
    metric_crs(str(grid.crs))
    ground = np.ascontiguousarray(height.values, dtype=np.float64)
    if not np.isfinite(ground).any():
        raise InputError("height has no known pixel; give a height model that covers the site.")
    azimuth = math.radians(sun_azimuth_deg - convergence_deg(grid))
    sun = _direction(azimuth, math.radians(sun_elevation_deg))
    is_shadow = (_cast(ground, grid, sun) | _self(ground, grid, sun)) & np.isfinite(ground)
    return height.copy(data=is_shadow).rename("terrain_shadow").assign_attrs(units="1", long_name="terrain shadow")


def convergence_deg(grid: GeoBox) -> float:
    """Angle from true north to the grid's north at its centre, clockwise [°]; up to some 3° in a UTM zone."""
    projection = CRS.from_user_input(str(grid.crs))
    column, row = grid.shape.x / 2, grid.shape.y / 2
    x, y = grid.transform * (column, row)
    lon, lat = Proj(projection)(x, y, inverse=True)
    return float(Proj(projection).get_factors(lon, lat).meridian_convergence)


def _direction(azimuth: float, elevation: float) -> NDArray[Any]:
    """Unit vector to the sun: east, north, up."""
    flat = math.cos(elevation)
    return np.array([math.sin(azimuth) * flat, math.cos(azimuth) * flat, math.sin(elevation)])


def _cast(ground: NDArray[Any], grid: GeoBox, sun: NDArray[Any]) -> NDArray[np.bool_]:
    hidden = np.zeros(ground.shape, bool)
    per_pixel = np.array([[grid.transform.a, grid.transform.b], [grid.transform.d, grid.transform.e]])
    step = np.linalg.solve(per_pixel, sun[:2])  # (column, row) for a run of |sun[:2]| metres
    length = float(np.hypot(*step))
    if length > 0:  # the sun is not at the zenith
        scale = STEP_PX / length
        highest = float(np.nanmax(ground))
        _shadow_kernels.cast_shadow(ground, step[1] * scale, step[0] * scale, sun[2] * scale, highest, hidden)
    return hidden


def _self(ground: NDArray[Any], grid: GeoBox, sun: NDArray[Any]) -> NDArray[np.bool_]:
    dark = np.zeros(ground.shape, bool)
    to_x = np.array([grid.transform.a, grid.transform.b])
    to_y = np.array([grid.transform.d, grid.transform.e])
    _shadow_kernels.self_shadow(ground, to_x, to_y, sun, dark)
    return dark
