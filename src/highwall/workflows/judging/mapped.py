"""What is held against the truth: found mines as polygons, and the pixels on which the land is counted."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
import xarray as xr
from numpy.typing import NDArray
from odc.geo.geom import Geometry, box
from odc.geo.xr import xr_coords
from shapely.errors import GEOSException

from highwall.core.errors import InputError
from highwall.core.grid import GeoBox, crs_name, grid_of, grid_over, metric_crs, pixel_area_m2
from highwall.io.rasters import loaded, read_raster
from highwall.io.vectors import read_area, read_polygons
from highwall.patches.evidence import burn
from highwall.patches.options import AccuracyOptions
from highwall.patches.outlines import polygons_of
from highwall.patches.overlaps import check_near
from highwall.workflows.outlining.track import patches_file

_MOST_PIXELS = 400_000_000
"""Pixels on which polygons are counted, at most: a square of 200 km in pixels of 10 m."""
RASTERS = (".tif", ".tiff", ".vrt", ".img")
CLASS_COLUMNS = ("mine_class", "class")


@dataclass(frozen=True)
class Mapped:
    """Found mines."""

    polygons: gpd.GeoDataFrame
    """In a CRS in metres, cut off at the area."""
    is_mine: xr.DataArray
    """(y, x) bool, on the grid that the land is counted on."""
    is_known: NDArray[np.bool_]
    """(y, x): lies in the area, and the map says something of it."""

    @property
    def grid(self) -> GeoBox:
        """Where the pixels lie."""
        return grid_of(self.is_mine)

    @property
    def area(self) -> Geometry:
        """Extent of the pixels."""
        return self.grid.extent


def read_mapped(path: Path, *, area: Path | None, references: gpd.GeoDataFrame, options: AccuracyOptions) -> Mapped:
    """Read found mines.

    Parameters
    ----------
    path
        A raster of codes, patches as polygons, or the folder of a run that holds them.
    area : optional
        Polygons within which both sides are compared; by default the extent of the raster, or of both sides.
    references
        Polygons or points of the other side, any CRS.

    Raises
    ------
    MissingInputError
        A path does not exist.
    GridError
        Areas cannot be measured in the CRS.
    InputError
        The raster has several bands, nothing lies in the area, or the sides show different places.
    """
    within = read_area(area) if area else None
    if path.suffix.lower() in RASTERS:
        return _of_raster(path, within, options)
    return _of_polygons(read_polygons(patches_file(path), allow_empty=True), within, references, options)


def crs_of(path: Path) -> str:
    """CRS of found mines: its EPSG code where it has one."""
    if path.suffix.lower() in RASTERS:
        return crs_name(grid_of(read_raster(path), name=str(path)))
    return _name_of(read_polygons(patches_file(path), allow_empty=True))


def cut_off(frame: gpd.GeoDataFrame, area: Geometry) -> gpd.GeoDataFrame:
    """Part of polygons that lies in an area, in the area's CRS; rows without any are left out."""
    placed = frame.to_crs(str(area.crs))
    try:
        parts = shapely.intersection(placed.geometry.to_numpy(), area.geom)
    except GEOSException as error:
        raise InputError(f"a polygon cannot be cut off at the area ({error}); repair it with .make_valid().") from error
    placed = placed.set_geometry(gpd.GeoSeries([_flat(part) for part in parts], index=placed.index, crs=placed.crs))
    return placed[placed.area > 0].reset_index(drop=True)


def _of_raster(path: Path, within: Geometry | None, options: AccuracyOptions) -> Mapped:
    layer = read_raster(path)
    if layer.ndim != 2:
        raise InputError(
            f"{path} has {layer.shape[0]} bands; give a map of one, such as mine.tif of `highwall detect`."
        )
    grid = grid_of(layer, name=str(path))
    pixel_area_m2(grid)
    codes = loaded(layer)
    is_mine = codes.isin(options.codes) if options.codes else codes > 0
    is_known = codes.notnull().values & _inside(within, grid)
    whole = polygons_of(is_mine.values & is_known, grid)
    return Mapped(whole, is_mine, is_known)


def _of_polygons(
    found: gpd.GeoDataFrame, within: Geometry | None, references: gpd.GeoDataFrame, options: AccuracyOptions
) -> Mapped:
    crs = _name_of(found)
    metric_crs(crs)
    area = within.to_crs(crs) if within else _extent(found, references, margin_m=options.pixel_m)
    grid = grid_over(area, crs=crs, resolution_m=options.pixel_m)
    pixel_area_m2(grid)
    if grid.shape.x * grid.shape.y > _MOST_PIXELS:
        raise InputError(
            f"both sides span {grid.shape.y} × {grid.shape.x} pixels of {options.pixel_m:g} m; choose an area."
        )
    whole = cut_off(found, area)
    is_mine = xr.DataArray(burn(whole, grid), dims=("y", "x"), coords=xr_coords(grid))
    return Mapped(whole, is_mine, _inside(area, grid))


def _extent(found: gpd.GeoDataFrame, references: gpd.GeoDataFrame, *, margin_m: float) -> Geometry:
    """Box around both sides, which lie near each other."""
    sides = [found, references.to_crs(found.crs)]
    check_near(*sides, what="what was found and the references")
    bounds = np.array([side.total_bounds for side in sides if len(side)])
    left, bottom = (float(value) - margin_m for value in bounds[:, :2].min(axis=0))
    right, top = (float(value) + margin_m for value in bounds[:, 2:].max(axis=0))
    return box(left, bottom, right, top, crs=_name_of(found))


def _name_of(frame: gpd.GeoDataFrame) -> str:
    """``EPSG:n`` of a table's CRS where it has such a number, else its own text."""
    return f"EPSG:{code}" if (code := frame.crs.to_epsg()) else str(frame.crs)


def _inside(area: Geometry | None, grid: GeoBox) -> NDArray[np.bool_]:
    if area is None:
        return np.ones(grid.shape, bool)
    is_inside = burn(gpd.GeoDataFrame(geometry=[area.geom], crs=str(area.crs)), grid)
    if not is_inside.any():
        raise InputError("the area does not meet what was found; give one of the same place.")
    return is_inside


def _flat(geometry: Any) -> Any:
    """Polygons of a geometry, without the lines and points at which it only touches."""
    return shapely.union_all([part for part in shapely.get_parts(geometry) if part.geom_type == "Polygon"])
