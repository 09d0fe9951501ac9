"""The site that a verb works on: from SITE.yaml, from a raster's extent, or from an earlier run's record."""

import json
from pathlib import Path

import rasterio
from odc.geo.geom import Geometry, box
from rasterio.errors import RasterioIOError

from highwall.core.errors import InputError, MissingInputError
from highwall.core.grid import GeoBox, crs_name
from highwall.core.site import MineType, Site
from highwall.io.vectors import read_area
from highwall.workflows.config import SiteSection
from highwall.workflows.run import STAGES


def site_of(section: SiteSection) -> Site:
    """Make the site that a configuration describes.

    Raises
    ------
    GridError
        The AOI has no area, or the CRS is not projected.
    VectorError
        The AOI's file cannot be read.
    """
    aoi = read_area(section.aoi) if isinstance(section.aoi, Path) else _box(section.aoi)
    mine_type = MineType(section.mine_type) if section.mine_type else None
    return Site.over(section.name, aoi, crs=section.crs, minerals=section.minerals, mine_type=mine_type)


def site_of_grid(grid: GeoBox, *, name: str) -> Site:
    """Make a site that spans a grid, in the grid's own CRS where that is projected."""
    crs = crs_name(grid) if grid.crs and grid.crs.projected else None
    return Site.over(name, grid.extent, crs=crs)


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
        raise InputError(f"{path} is not a readable raster ({error}).") from error
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
