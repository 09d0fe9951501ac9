"""Bring a scene onto the site's grid: a named step that records its method."""

import math

import xarray as xr
from odc.geo.geom import Geometry

from highwall.core.errors import SceneError
from highwall.core.grid import GeoBox, grid_of, grid_over, same_grid

RESAMPLING = "bilinear"
"""Method for scenes in another CRS or at another resolution; scenes already on the grid's lattice are only cut."""


def site_grid(area: Geometry, *, crs: str, resolution_m: float) -> GeoBox:
    """Grid of the site: square pixels over its area, snapped to multiples of the resolution."""
    return grid_over(area, crs=crs, resolution_m=resolution_m)


def on_grid(reflectance: xr.DataArray, grid: GeoBox, *, resampling: str = RESAMPLING) -> xr.DataArray:
    """Cut or resample a scene to ``grid``; ``attrs["resampling"]`` says which. Codes need ``resampling="nearest"``.

    Raises
    ------
    SceneError
        The scene lies outside the grid.
    """
    own = grid_of(reflectance, name=str(reflectance.attrs.get("scene_id", "scene")))
    if not _overlaps(own, grid):
        raise SceneError(
            f"{reflectance.attrs.get('scene_id', 'the scene')} lies outside the AOI: it spans {_span(own)}, "
            f"the AOI {_span(grid)} (longitude, latitude). Choose a scene that shows the site, or correct the AOI."
        )
    if same_grid(own, grid):
        method, placed = "none", reflectance
    elif _same_lattice(own, grid):
        method, placed = "none", reflectance.odc.reproject(grid, resampling="nearest")
    else:
        method, placed = resampling, reflectance.odc.reproject(grid, resampling=resampling)
    placed = placed.rename({dim: name for dim, name in zip(placed.dims[-2:], ("y", "x"), strict=True) if dim != name})
    placed.attrs = reflectance.attrs | {"resampling": method}
    return placed


def _overlaps(a: GeoBox, b: GeoBox) -> bool:
    first, second = a.geographic_extent, b.geographic_extent
    return bool(first.intersects(second)) and (first & second).area > 0.0


def _same_lattice(a: GeoBox, b: GeoBox) -> bool:
    """Tell whether one grid is a cut of the other's lattice: same CRS, same pixels, whole-pixel shift."""
    steps = zip(a.resolution.xy, b.resolution.xy, strict=True)
    if a.crs != b.crs or not all(math.isclose(own, other, rel_tol=1e-6) for own, other in steps):
        return False
    col, row = ~a.transform * (b.transform.c, b.transform.f)
    return bool(abs(col - round(col)) < 1e-2 and abs(row - round(row)) < 1e-2)


def _span(grid: GeoBox) -> str:
    box = grid.geographic_extent.boundingbox
    return f"{box.left:.3f}…{box.right:.3f}, {box.bottom:.3f}…{box.top:.3f}"
