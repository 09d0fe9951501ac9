"""The site that a verb works on: from SITE.yaml, from the extent of a raster or of polygons, or from an earlier run."""

import json
from pathlib import Path

import geopandas as gpd
import rasterio
from odc.geo.geom import Geometry, box
from rasterio.errors import RasterioIOError

from highwall.core.errors import GridError, InputError, MissingInputError
from highwall.core.grid import GeoBox, bounds_of, crs_name, measuring_crs
from highwall.core.site import MineType, Site
from highwall.io.rasters import unreadable
from highwall.io.vectors import read_area, read_polygons
from highwall.workflows.config import SiteSection
from highwall.workflows.run import STAGES


def site_of(section: SiteSection) -> Site:
    """Make the site that a configuration describes.

    Raises
    ------
    GridError
        The AOI has no area, or the CRS does not measure true areas in metres there.
    VectorError
        The AOI's file cannot be read.
    """
    aoi = read_area(section.aoi) if isinstance(section.aoi, Path) else _box(section.aoi)
    mine_type = MineType(section.mine_type) if section.mine_type else None
    site = Site.over(section.name, aoi, crs=section.crs, minerals=section.minerals, mine_type=mine_type)
    place = site.aoi.to_crs(site.crs).boundingbox
    if section.crs and (fitting := measuring_crs(place)) != crs_name(place):
        raise GridError(f"areas in site.crs {section.crs} are no true ones there; give {fitting}, or leave it out.")
    return site


def site_of_grid(grid: GeoBox, *, name: str) -> Site:
    """Make a site that spans a grid, in the grid's own CRS where that measures true areas, else in its UTM zone."""
    return Site.over(name, grid.extent, crs=measuring_crs(grid.boundingbox) if grid.crs else None)


def site_of_raster(path: Path) -> Site:
    """Make a site that spans a raster file and bears its name.

    Raises
    ------
    MissingInputError
        No such file.
    InputError
        It is no raster, or carries no CRS.
    """
    if not path.exists():
        raise MissingInputError(f"no raster at {path}; check the path.")
    try:
        with rasterio.open(path) as dataset:
            crs, grid = dataset.crs, GeoBox.from_rio(dataset)
    except RasterioIOError as error:
        raise unreadable(path, error) from error
    if crs is None:
        raise InputError(f"{path} carries no CRS; assign one, for example with gdal_edit -a_srs.")
    return site_of_grid(grid, name=path.stem)


def site_of_run(folder: Path) -> Site:
    """Make the site that an earlier stage worked on, from its STAC item.

    Raises
    ------
    MissingInputError
        The folder holds no run.
    """
    items = [path for name in STAGES if (path := folder / "stac" / f"{name}.json").exists()]
    if not items:
        raise MissingInputError(f"{folder} holds no run (no stac/*.json); run `highwall monitor` or a stage first.")
    item = json.loads(items[0].read_text(encoding="utf-8"))
    site = item["properties"]["highwall:site"]
    return Site.over(
        site["name"],
        Geometry(item["geometry"], crs="EPSG:4326"),
        crs=site["crs"],
        minerals=tuple(site["minerals"]),
        mine_type=MineType(site["mine_type"]) if site["mine_type"] else None,
    )


def _box(bounds: list[float]) -> Geometry:
    west, south, east, north = bounds
    return box(west, south, east, north, crs="EPSG:4326")


def site_of_patches(path: Path, *, otherwise: Path | None = None) -> Site:
    """Make a site that spans patches; where there is none, those of ``otherwise``: all may be gone.

    Raises
    ------
    InputError
        There is no patch at all.
    """
    table = read_polygons(path, allow_empty=otherwise is not None)
    if otherwise is not None and table.empty:
        table = read_polygons(otherwise, allow_empty=True)
    if table.empty:
        raise InputError(f"neither {path} nor {otherwise} holds a patch; give what holds at least one.")
    return site_around(table, path.stem)


def site_of_outlines(path: Path) -> Site:
    """Make a site that spans polygons in any CRS; in the UTM zone of their centre where that measures no true areas."""
    table = read_polygons(path)
    return site_around(table.to_crs(measuring_crs(bounds_of(table))), path.stem)


def site_around(table: gpd.GeoDataFrame, name: str) -> Site:
    """Make a site that spans what a table of a projected CRS holds."""
    place = bounds_of(table)
    return Site.over(name, place.polygon, crs=crs_name(place))
