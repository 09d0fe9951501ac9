"""Where pixels lie. Space is one value, odc-geo's ``GeoBox``: shape, transform and CRS together."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import odc.geo.xr  # noqa: F401  registers the .odc accessor
import xarray as xr
from odc.geo import CRS
from odc.geo.geobox import GeoBox
from odc.geo.geom import BoundingBox, Geometry
from pyproj import Geod, Proj, Transformer
from pyproj.exceptions import CRSError

from highwall.core.errors import GridError

__all__ = [
    "GeoBox", "Window", "bounds_of", "check_areas", "check_same_grid", "grid_of", "grid_over", "measuring_crs",
    "metric_crs", "pixel_area_m2", "same_grid", "utm_crs", "windows_over",
]  # fmt: skip

_MOST_AREA_ERROR = 0.02
"""Share by which a projection may change areas; UTM stays within 0.006 as far as a zone beyond its own."""


class Window(NamedTuple):
    """A rectangle of pixels."""

    rows: slice
    cols: slice

    @property
    def name(self) -> str:
        """Its first row and column, for files and messages."""
        return f"row{self.rows.start}-col{self.cols.start}"

    def of(self, dataset: xr.Dataset) -> xr.Dataset:
        """Cut it out of (…, y, x)."""
        return dataset.isel(y=self.rows, x=self.cols)

    def grown(self, margin: int, *, within: tuple[int, ...]) -> "Window":
        """Grow by ``margin`` pixels on every side, as far as there are any ``within`` (rows, columns)."""
        rows, cols = (
            slice(max(side.start - margin, 0), min(side.stop + margin, length))
            for side, length in zip((self.rows, self.cols), within, strict=True)
        )
        return Window(rows, cols)


def windows_over(height: int, width: int, *, rows: int, cols: int) -> Iterator[Window]:
    """Windows of at most ``rows`` × ``cols`` pixels that cover an image without overlap, row by row."""
    for top in range(0, height, rows):
        for left in range(0, width, cols):
            yield Window(slice(top, min(top + rows, height)), slice(left, min(left + cols, width)))


def grid_of(array: xr.DataArray | xr.Dataset, *, name: str = "array") -> GeoBox:
    """Return the grid of an xarray object.

    Raises
    ------
    GridError
        It carries no CRS or no regular x/y axes.
    """
    geobox = array.odc.geobox
    if not isinstance(geobox, GeoBox) or geobox.crs is None:
        raise GridError(
            f"{name} carries no CRS or no regular grid; give it one: gdal_edit.py -a_srs EPSG:… FILE for a file, "
            ".odc.assign_crs(…) for an array."
        )
    return geobox


def same_grid(a: GeoBox, b: GeoBox) -> bool:
    """Tell whether two grids coincide: same shape and CRS, every corner within a hundredth of a pixel."""
    if a.shape != b.shape or a.crs != b.crs:
        return False
    step = min(abs(a.resolution.x), abs(a.resolution.y))
    corners = ((col, row) for col in (0, a.shape.x) for row in (0, a.shape.y))
    return all(math.dist(a.transform * corner, b.transform * corner) <= 1e-2 * step for corner in corners)


def check_same_grid(first: Any, *others: Any) -> GeoBox:
    """Return the grid that all arrays share; every fusion of layers starts with this.

    Raises
    ------
    GridError
        One lies on another grid: resample it in a named step first.
    """
    grid = grid_of(first)
    for number, other in enumerate(others, start=2):
        found = grid_of(other)
        if not same_grid(grid, found):
            raise GridError(
                f"array {number} lies on {_describe(found)}, the first on {_describe(grid)}; "
                "resample one to the other's grid first."
            )
    return grid


def utm_crs(lon: float, lat: float) -> str:
    """EPSG code of the UTM zone (WGS 84) that holds a point, with Norway's and Svalbard's exceptions left out."""
    zone = int((lon + 180.0) // 6.0) % 60 + 1
    return f"EPSG:{(32600 if lat >= 0 else 32700) + zone}"


def grid_over(area: Geometry, *, crs: str, resolution_m: float) -> GeoBox:
    """Grid of square pixels, snapped to multiples of the resolution, that covers ``area``.

    Raises
    ------
    GridError
        ``crs`` is not projected in metres.
    """
    projected = area.to_crs(metric_crs(crs), resolution=math.inf)
    return GeoBox.from_bbox(projected.boundingbox, resolution=resolution_m)


def metric_crs(crs: str) -> CRS:
    """Return the CRS of that name, which must measure in metres.

    Raises
    ------
    GridError
        It is unknown, geographic, or projected in another unit.
    """
    try:
        known = CRS(crs)
    except CRSError as error:
        raise GridError(f"{crs!r} is no known CRS; give an EPSG code such as EPSG:32633.") from error
    if not _in_metres(known):
        raise GridError(f"{crs} is not a projected CRS in metres; areas and distances need one, such as a UTM zone.")
    return known


def bounds_of(table: Any) -> BoundingBox:
    """Bounds of a table of geometries with their CRS; NaN where it holds none."""
    left, bottom, right, top = (float(value) for value in table.total_bounds)
    return BoundingBox(left, bottom, right, top, table.crs)


def check_areas(place: BoundingBox) -> None:
    """Refuse a CRS that does not measure true areas about the middle of a place.

    Raises
    ------
    GridError
        It is not projected in metres, or its areas are no true ones here, as those of web maps (EPSG:3857).
    """
    if place.crs is None or not _in_metres(place.crs):
        raise GridError(
            f"areas need a projected CRS in metres, found {_name(place.crs)}; reproject to a UTM zone first."
        )
    lon, lat = _middle(place)
    enlarged = _areal_scale(place.crs, lon, lat)
    if not _is_true(enlarged):
        raise GridError(
            f"areas in {_name(place.crs)} are {enlarged:.3g} times those on the ground at {lat:.1f}° of latitude; "
            f"reproject to {utm_crs(lon, lat)} first."
        )


def measuring_crs(place: BoundingBox, *, otherwise: str | None = None) -> str:
    """CRS whose areas are true about the middle of a place: its own, else ``otherwise``, else the UTM zone.

    Raises
    ------
    GridError
        The place has no CRS, or lies nowhere on Earth.
    """
    lon, lat = _middle(place)
    for name in (crs_name(place), otherwise):
        if name and _in_metres(CRS(name)) and _is_true(_areal_scale(CRS(name), lon, lat)):
            return name
    return utm_crs(lon, lat)


def pixel_area_m2(grid: GeoBox) -> float:
    """Area of a pixel [m²].

    Raises
    ------
    GridError
        The CRS is not projected in metres, or its areas are no true ones here, as those of web maps (EPSG:3857).
    """
    check_areas(grid.boundingbox)
    return abs(float(grid.resolution.x) * float(grid.resolution.y))


def pixel_sides_m(grid: GeoBox) -> tuple[float, float]:
    """Ground length of a pixel along its row and its column [m], about the middle of a grid in any CRS.

    Raises
    ------
    GridError
        The grid has no CRS, or the CRS has no place for its middle.
    """
    if grid.crs is None:
        raise GridError("a grid without a CRS lies nowhere; give it one.")
    row, column = grid.shape.y / 2, grid.shape.x / 2
    x, y = zip(
        *(grid.transform * (column + right, row + down) for right, down in ((0, 0), (1, 0), (0, 1))), strict=True
    )
    lon, lat = Transformer.from_crs(grid.crs.proj, "EPSG:4326", always_xy=True).transform(x, y)
    sides = Geod(ellps="WGS84").inv([lon[0]] * 2, [lat[0]] * 2, lon[1:], lat[1:])[2]
    if not all(math.isfinite(side) and side > 0.0 for side in sides):
        raise GridError(f"{_describe(grid)} lie nowhere on Earth; correct the CRS or the transform.")
    return float(sides[0]), float(sides[1])


def _middle(place: BoundingBox) -> tuple[float, float]:
    """Longitude and latitude of the middle of a place [degree]."""
    if place.crs is None:
        raise GridError("a place without a CRS lies nowhere; give it one.")
    middle = ((place.left + place.right) / 2, (place.bottom + place.top) / 2)
    lon, lat = Transformer.from_crs(place.crs.proj, "EPSG:4326", always_xy=True).transform(*middle)
    if not (math.isfinite(lon) and math.isfinite(lat)):
        raise GridError(f"the place {tuple(place)} lies nowhere in {_name(place.crs)}; correct the CRS or the place.")
    return float(lon), float(lat)


def _areal_scale(crs: CRS, lon: float, lat: float) -> float:
    """How many times the areas of a CRS are those on the ground."""
    return float(Proj(crs.proj).get_factors(lon, lat).areal_scale)


def _is_true(areal_scale: float) -> bool:
    return abs(areal_scale - 1.0) <= _MOST_AREA_ERROR  # infinity and NaN are not


def _in_metres(crs: CRS) -> bool:
    return bool(crs.projected) and crs.units[0] in {"metre", "m"}


def _name(crs: CRS | None) -> str:
    """Short name of a CRS, which prints as WKT where it was read from a file."""
    return "no CRS" if crs is None else f"EPSG:{crs.epsg}" if crs.epsg else str(crs.proj.name)


def _describe(grid: GeoBox) -> str:
    return f"{grid.shape.y}×{grid.shape.x} pixels of {abs(grid.resolution.x):g} in {_name(grid.crs)}"


def crs_name(grid: GeoBox | BoundingBox) -> str:
    """``EPSG:n`` of the CRS of a grid or of bounds where it has such a number, else its own text."""
    return f"EPSG:{code}" if grid.crs and (code := grid.crs.epsg) else str(grid.crs)
