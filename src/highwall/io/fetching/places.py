"""Where scenes are wanted: a grid in the UTM zone of the place, and what is asked of an archive, dateline and all."""

from typing import Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from odc.geo.geom import Geometry
from shapely.geometry.base import BaseGeometry

from highwall.core.bands import CUBE_PIXEL_M
from highwall.core.errors import GridError
from highwall.core.grid import GeoBox, grid_over, utm_crs

_LONGEST_M: Final = 110_000.0
"""Side of a Sentinel-2 tile [m]; no mine is longer, and a longer AOI is a mistake or work for several sites."""
_STEP_M: Final = 5_000.0
"""Spacing of points along a straight edge that is bent in another projection [m]."""
_MOST_LATITUDE: Final = 84.0
"""° to which UTM reaches."""


class Place(NamedTuple):
    """A site as the archive is asked for it."""

    name: str
    grid: GeoBox
    """10 m pixels in the UTM zone of the AOI's centre."""
    search: Geometry
    """The grid's ground, EPSG:4326, in two parts where the dateline cuts it."""


def place_over(name: str, area: Geometry, *, margin_m: float = 0.0) -> Place:
    """Make the place of a site from its area in any CRS.

    An area over the dateline may be written in any way: in two parts, with longitudes beyond 180°, or with longitudes
    that jump from 180° to −180°.

    Raises
    ------
    GridError
        The area has no CRS or no extent, lies near a pole, or is longer than a Sentinel-2 tile.
    """
    if area.crs is None:
        raise GridError(f"the AOI of {name!r} has no CRS; give GeoJSON in EPSG:4326 or a file that carries one.")
    lonlat = without_jump(area.to_crs("EPSG:4326").geom)
    if lonlat.is_empty or lonlat.area <= 0.0:
        raise GridError(f"the AOI of {name!r} has zero area; draw a polygon around the mine.")
    centre = lonlat.centroid
    if abs(centre.y) > _MOST_LATITUDE:
        raise GridError(
            f"the AOI of {name!r} lies at {centre.y:.1f}° of latitude, beyond UTM; Sentinel-2 has none there."
        )
    crs = utm_crs(_wrapped(centre.x), centre.y)
    _check_extent(name, lonlat)
    projected = Geometry(lonlat, crs="EPSG:4326").to_crs(crs).buffer(margin_m)
    grid = grid_over(projected, crs=crs, resolution_m=CUBE_PIXEL_M)
    _check_sides(name, grid)
    return Place(name, grid, ground_of(grid))


def ground_of(grid: GeoBox) -> Geometry:
    """Outline of a grid in EPSG:4326, cut in two at the dateline where it crosses it."""
    outline = grid.extent.to_crs("EPSG:4326", resolution=_STEP_M)
    lonlat = without_jump(outline.geom)
    inside = lonlat.intersection(shapely.box(-180.0, -90.0, 180.0, 90.0))
    beyond = lonlat.intersection(shapely.box(180.0, -90.0, 540.0, 90.0))
    if beyond.is_empty or beyond.area == 0.0:
        return Geometry(inside, crs="EPSG:4326")
    moved = shapely.transform(beyond, lambda points: points - (360.0, 0.0))
    parts = [part for part in (inside, moved) if part.area > 0.0]
    return Geometry(shapely.MultiPolygon(parts) if len(parts) > 1 else parts[0], crs="EPSG:4326")


def without_jump(lonlat: BaseGeometry) -> BaseGeometry:
    """Give longitudes without a jump: what spans more than half the Earth crosses the dateline instead."""
    west, _, east, _ = lonlat.bounds if not lonlat.is_empty else (0.0, 0.0, 0.0, 0.0)
    if east - west <= 180.0:
        return lonlat
    moved = shapely.transform(lonlat, _eastward)
    return shapely.make_valid(shapely.union_all(list(shapely.get_parts(moved))))


def _eastward(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Western longitudes as those beyond 180°."""
    moved = points.copy()
    moved[points[:, 0] < 0.0, 0] += 360.0
    return moved


def _wrapped(lon: float) -> float:
    return (lon + 180.0) % 360.0 - 180.0


def _check_extent(name: str, lonlat: BaseGeometry) -> None:
    """Refuse what no projection about its middle can hold."""
    west, south, east, north = lonlat.bounds
    if east - west > 12.0 or north - south > 4.0:
        raise GridError(
            f"the AOI of {name!r} spans {east - west:.1f}° by {north - south:.1f}°; give each mine a site of its own."
        )


def _check_sides(name: str, grid: GeoBox) -> None:
    longest = max(grid.shape) * CUBE_PIXEL_M
    if longest > _LONGEST_M:
        raise GridError(
            f"the AOI of {name!r} is {longest / 1000:.0f} km long, more than a Sentinel-2 tile "
            f"({_LONGEST_M / 1000:.0f} km); give each mine a site of its own."
        )
