"""Probability → patches: ``patches.gpkg``, ``patches.parquet``, and what was dropped, with reasons."""

from pathlib import Path
from typing import Any

import xarray as xr

from highwall.core.errors import InputError
from highwall.core.grid import GeoBox, grid_of
from highwall.core.taxonomy import CHIP_CLASSES, NONE, WORLD_COVER
from highwall.io.rasters import read_raster
from highwall.io.vectors import write_polygons
from highwall.patches.options import PatchOptions
from highwall.patches.polygons import find_patches
from highwall.workflows.run import Outcome, Run, Stage

LAND_COVER_RESAMPLING = "nearest"
OUTPUTS = ("patches.gpkg", "patches.parquet", "patches_dropped.gpkg", "patches_dropped.parquet")


def refine(run: Run, probability: Path, *, land_cover: Path | None, options: PatchOptions) -> dict[str, Any]:
    """Outline the patches of a probability map.

    Raises
    ------
    GridError
        The map is in degrees.
    """
    inputs = {"probability": probability} | ({"land_cover": land_cover} if land_cover else {})
    stage = Stage("refine", inputs, {"patches": options}, OUTPUTS)
    return run.stage(stage, lambda: _refine(run, probability, land_cover=land_cover, options=options))


def _refine(run: Run, probability: Path, *, land_cover: Path | None, options: PatchOptions) -> Outcome:
    layers = read_raster(probability, name="class_probability").load()
    cover = _land_cover_on(grid_of(layers), land_cover) if land_cover else None
    patches = find_patches(layers, options=options, land_cover=cover, area=run.site.aoi)
    write_polygons(patches.kept, run.path("patches"))
    write_polygons(patches.dropped, run.path("patches_dropped"))
    areas = patches.kept.groupby("mine_class")["area_m2"].sum()
    facts = {
        "n_patches": len(patches.kept),
        "n_dropped": len(patches.dropped),
        "area_m2": {name: float(areas.get(name, 0.0)) for name in CHIP_CLASSES if name != NONE},
        "land_cover": LAND_COVER_RESAMPLING if land_cover else None,
    }
    return Outcome(facts, run.dates_of("detect"))


def _land_cover_on(grid: GeoBox, path: Path) -> xr.DataArray:
    """Read a land-cover map on the grid of the probability, nearest neighbour: codes cannot be mixed.

    Raises
    ------
    InputError
        The file has several bands, or shows nothing of the grid.
    """
    cover = read_raster(path, name="land_cover")
    if cover.ndim != 2:
        raise InputError(f"{path} has {cover.shape[0]} bands; a land-cover map has one, of WorldCover's codes.")
    grid_of(cover, name=str(path))
    placed: xr.DataArray = cover.odc.reproject(grid, resampling=LAND_COVER_RESAMPLING)
    axes = dict(zip(placed.dims[-2:], ("y", "x"), strict=True))
    placed = placed.rename({dim: name for dim, name in axes.items() if dim != name}).load()
    if not placed.isin(list(WORLD_COVER)).any():
        raise InputError(f"{path} has no code of WorldCover over the site; choose a map that shows it.")
    return placed
