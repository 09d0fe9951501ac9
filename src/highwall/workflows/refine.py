"""Probability → patches: ``patches.gpkg``, ``patches.parquet``, and what was dropped, with reasons.

Outlines follow the pixels of the prediction, or, where an image is given, the objects of the image.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import pandas as pd
import xarray as xr

from highwall.core.errors import InputError
from highwall.core.grid import GeoBox, grid_of, pixel_area_m2
from highwall.core.taxonomy import CHIP_CLASSES, NONE
from highwall.io.aside import aside
from highwall.io.rasters import open_bands, read_raster
from highwall.io.vectors import read_polygons, write_polygons
from highwall.patches.attributes import mine_probability
from highwall.patches.evidence import Surroundings
from highwall.patches.options import PatchOptions
from highwall.patches.polygons import find_patches
from highwall.patches.refine import Refined, refine_patches
from highwall.report.objects import refinement_map
from highwall.workflows.blocks import Crew
from highwall.workflows.config import RunConfig
from highwall.workflows.image import open_image, picture_of
from highwall.workflows.objects import ToSegment, objects
from highwall.workflows.run import Outcome, Run, Stage, facts_of
from highwall.workflows.surroundings import (
    LAND_COVER_RESAMPLING,
    Sun,
    land_cover_on,
    probability_on,
    read_probability,
    shadow_on,
)

OUTPUTS = (
    "patches.gpkg", "patches.parquet", "patches_dropped.gpkg", "patches_dropped.parquet", "segments.parquet",
    "refinement.png",
)  # fmt: skip
"""The last two where patches follow objects."""
_LEADING_SHARE = re.compile(r"^[\d.]+ %")


class ToRefine(NamedTuple):
    """What a user gives."""

    probability: Path
    image: Path | None = None
    """Its objects are what patches are made of."""
    references: Path | None = None
    """Known mine patches, which find the cut."""
    land_cover: Path | None = None
    dem: Path | None = None
    sun: Sun | None = None

    @property
    def files(self) -> dict[str, Path]:
        """Every path that was given, by name."""
        paths = self._asdict()
        return {name: path for name, path in paths.items() if isinstance(path, Path)}


def refine(run: Run, given: ToRefine, crew: Crew, *, options: RunConfig) -> dict[str, Any]:
    """Outline the patches of a probability map, in pixels or, with an image, along its objects.

    Raises
    ------
    MissingInputError
        A path does not exist.
    GridError
        The map is in degrees.
    InputError
        Something is given that needs an image, or that another lacks; a layer shows nothing of the place.
    """
    _check(given, method=options.patches.method)
    if given.image is not None:
        return _along_objects(run, given, given.image, crew, options=options)
    stage = Stage("refine", given.files, {"patches": options.patches}, OUTPUTS)
    return run.stage(stage, lambda: _in_pixels(run, given, options=options.patches))


def _check(given: ToRefine, *, method: str) -> None:
    if given.image is None and method == "objects":
        raise InputError("patches.method is objects, whose outlines are those of an image; give the image too.")
    if (given.dem is None) != (given.sun is None):
        raise InputError("terrain shadow needs heights and the sun; give both dem and sun, or neither.")
    alone = [name for name in ("references", "dem") if name in given.files]
    if given.image is None and alone:
        raise InputError(f"{' and '.join(alone)} serve the refinement by objects; give the image too.")


def _in_pixels(run: Run, given: ToRefine, *, options: PatchOptions) -> Outcome:
    layers = read_probability(given.probability)
    cover = land_cover_on(grid_of(layers), given.land_cover) if given.land_cover else None
    patches = find_patches(layers, options=options, land_cover=cover, area=run.site.aoi)
    _write(run, patches.kept, patches.dropped)
    facts = {"method": "pixels", **_counts(patches.kept, patches.dropped)}
    return Outcome(facts | {"land_cover": LAND_COVER_RESAMPLING if cover is not None else None}, _dates(run))


def _along_objects(run: Run, given: ToRefine, image: Path, crew: Crew, *, options: RunConfig) -> dict[str, Any]:
    segmented = ToSegment(image, onto=_metric_grid(image, given.probability))
    made = facts_of(objects(run, segmented, crew, options=options.objects))
    inputs = given.files | {"objects": run.path("objects.tif")}
    stage = Stage("refine", inputs, {"refine": options.refine, "sun": given.sun}, OUTPUTS)
    return run.stage(stage, lambda: _keep_objects(run, given, segmented, made, options=options))


def _keep_objects(
    run: Run, given: ToRefine, segmented: ToSegment, made: Mapping[str, Any], *, options: RunConfig
) -> Outcome:
    labels = open_bands(run.path("objects.tif")).isel(band=0, drop=True).load()
    probability, resampling = probability_on(grid_of(labels), given.probability)
    refined = refine_patches(
        probability, labels, options=options.refine,
        references=read_polygons(given.references) if given.references else None,
        around=_surroundings(grid_of(labels), given, run),
    )  # fmt: skip
    _write(run, refined.kept, refined.dropped)
    with aside(run.path("segments.parquet")) as path:
        refined.segments.to_parquet(path)
    image = open_image(segmented.image, options=options.objects, onto=segmented.onto)
    _draw(run, image, probability, refined, options=options)
    facts = _facts(refined, made) | {"probability": resampling}
    return Outcome(facts | {"land_cover": LAND_COVER_RESAMPLING if given.land_cover else None}, _dates(run))


def _metric_grid(image: Path, probability: Path) -> GeoBox | None:
    """Grid of the probability where the image's own measures in degrees, else none: the image stays as it is."""
    grid = grid_of(read_raster(image), name=str(image))
    if grid.crs is not None and grid.crs.projected:
        return None
    wanted = grid_of(read_raster(probability), name=str(probability))
    pixel_area_m2(wanted)  # refuses degrees before anything is segmented
    return wanted


def _surroundings(grid: GeoBox, given: ToRefine, run: Run) -> Surroundings:
    return Surroundings(
        land_cover=land_cover_on(grid, given.land_cover) if given.land_cover else None,
        is_shadow=shadow_on(grid, given.dem, given.sun) if given.dem and given.sun else None,
        area=run.site.aoi,
    )


def _write(run: Run, kept: gpd.GeoDataFrame, dropped: gpd.GeoDataFrame) -> None:
    write_polygons(kept, run.path("patches"))
    write_polygons(dropped, run.path("patches_dropped"))


def _counts(kept: gpd.GeoDataFrame, dropped: gpd.GeoDataFrame) -> dict[str, Any]:
    areas = kept.groupby("mine_class")["area_m2"].sum()
    others = [name for name in areas.index if name not in CHIP_CLASSES]  # of a map by another network
    return {
        "n_patches": len(kept),
        "n_dropped": len(dropped),
        "area_m2": {name: float(areas.get(name, 0.0)) for name in (*CHIP_CLASSES, *others) if name != NONE},
    }


def _facts(refined: Refined, made: Mapping[str, Any]) -> dict[str, Any]:
    taken = ("scale", "scale_why", "shape", "compactness", "normalisation")
    return {
        "method": "objects", **_counts(refined.kept, refined.dropped), "n_segments": len(refined.segments),
        "cut": refined.cut._asdict(), "by_reason": count_reasons(refined.segments["reason"]),
        **{name: made[name] for name in taken},
    }  # fmt: skip


def count_reasons(reasons: "pd.Series[str]") -> dict[str, int]:
    """Count reasons, the share that leads each left out: ``{"part of it lies in terrain shadow": 3}``."""
    kinds = reasons.str.replace(_LEADING_SHARE, "part", regex=True)
    return {str(kind): int(count) for kind, count in kinds.value_counts().sort_index().items()}


def _draw(run: Run, image: xr.DataArray, probability: xr.DataArray, refined: Refined, *, options: RunConfig) -> None:
    threshold, cut = options.refine.threshold, refined.cut
    before = mine_probability(probability) >= threshold
    titles = (
        f"mine probability of at least {threshold:g}",
        f"refined: {len(refined.kept)} patches, cut {cut.share:.3g}",
    )
    picture = refinement_map(picture_of(image), before, refined.labels, titles=titles)
    with aside(run.path("refinement.png")) as path:
        path.write_bytes(picture)


def _dates(run: Run) -> Any:
    return run.dates_of("detect")
