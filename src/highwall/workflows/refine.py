"""Probability → patches: ``patches.gpkg``, ``patches.parquet``, and what was dropped, with reasons."""

from pathlib import Path
from typing import Any

import xarray as xr

from highwall.core.grid import GeoBox, grid_of
from highwall.core.taxonomy import CHIP_CLASSES, NONE
from highwall.io.rasters import read_raster
from highwall.io.vectors import write_polygons
from highwall.patches.options import PatchOptions
from highwall.patches.polygons import find_patches
from highwall.workflows.run import Outcome, Run, Stage

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
    patches = find_patches(layers, options=options, land_cover=cover)
    write_polygons(patches.kept, run.path("patches"))
    write_polygons(patches.dropped, run.path("patches_dropped"))
    areas = patches.kept.groupby("mine_class")["area_m2"].sum()
    facts = {
        "n_patches": len(patches.kept),
        "n_dropped": len(patches.dropped),
        "area_m2": {name: float(areas.get(name, 0.0)) for name in CHIP_CLASSES if name != NONE},
        "land_cover": land_cover is not None,
    }
    return Outcome(facts)


def _land_cover_on(grid: GeoBox, path: Path) -> xr.DataArray:
    """Read a land-cover map on the grid of the probability, nearest neighbour: codes cannot be mixed."""
    cover = read_raster(path, name="land_cover").odc.reproject(grid, resampling="nearest")
    axes = dict(zip(cover.dims[-2:], ("y", "x"), strict=True))
    placed: xr.DataArray = cover.rename({dim: name for dim, name in axes.items() if dim != name})
    return placed.load()
