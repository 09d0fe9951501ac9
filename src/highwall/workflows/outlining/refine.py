"""Probability → patches: ``patches.gpkg``, ``patches.parquet``, and what was dropped, with reasons.

Outlines follow the pixels of the prediction, or, where an image is given, the objects of the image.
"""

import math
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import pandas as pd
import xarray as xr

from highwall.core.errors import GridError, InputError
from highwall.core.grid import GeoBox, grid_of, pixel_area_m2
from highwall.core.taxonomy import CHIP_CLASSES, NONE, WORLD_COVER
from highwall.io.aside import aside
from highwall.io.rasters import open_bands, read_raster
from highwall.io.vectors import read_polygons, write_polygons
from highwall.patches.attributes import mine_probability
from highwall.patches.evidence import Surroundings
from highwall.patches.options import PatchOptions
from highwall.patches.parcels import RefinedScene, refine_scene
from highwall.patches.polygons import find_patches
from highwall.report.objects import refinement_map
from highwall.workflows.blocks import Crew
from highwall.workflows.config import RunConfig
from highwall.workflows.outlining.image import open_image, picture_of
from highwall.workflows.outlining.layers import SceneLayers, thinned_to
from highwall.workflows.outlining.objects import ToSegment, objects
from highwall.workflows.outlining.surroundings import (
    LAND_COVER_RESAMPLING,
    Sun,
    fetched,
    land_cover_on,
    probability_on,
    read_probability,
    shadow_on,
)
from highwall.workflows.outlining.unseen import unseen_share
from highwall.workflows.run import Outcome, Run, Stage, facts_of

OUTPUTS = (
    "patches.gpkg", "patches.parquet", "patches_dropped.gpkg", "patches_dropped.parquet", "segments.parquet",
    "refinement.png",
)  # fmt: skip
"""The last two where patches follow objects."""
PROBABILITY = "probability.tif"
"""What *detect* leaves and is outlined."""
_PICTURE_PX = 2400
"""Longest side of the picture, above which pixels are left out."""
_BYTES_PER_PIXEL, _LEAST_BLOCK_PX = 150, 256
"""Memory that a pixel of a parcel takes while it is refined, and the side below which blocks are not worth it."""
_LEADING_SHARE = re.compile(r"^[\d.]+ %")


class ToRefine(NamedTuple):
    """What a user gives."""

    probability: Path
    image: Path | None = None
    """Its objects are what patches are made of."""
    references: Path | None = None
    """Known mine patches, which find the cut."""
    land_cover: Path | None = None
    class_map: Mapping[int, str] = WORLD_COVER
    """Name of each code of the land cover."""
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
    parameters = {"patches": options.patches, "class_map": given.class_map}
    stage = Stage("refine", given.files, parameters, OUTPUTS)
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
    layers = fetched(read_probability(given.probability))
    names = given.class_map
    cover = fetched(land_cover_on(grid_of(layers), given.land_cover, class_map=names)) if given.land_cover else None
    patches = find_patches(layers, options=options, land_cover=cover, class_map=names, area=run.site.aoi)
    _write(run, patches.kept, patches.dropped)
    facts = {"method": "pixels", **_counts(patches.kept, patches.dropped)}
    return Outcome(facts | {"land_cover": LAND_COVER_RESAMPLING if cover is not None else None}, _dates(run))


def _along_objects(run: Run, given: ToRefine, image: Path, crew: Crew, *, options: RunConfig) -> dict[str, Any]:
    segmented = ToSegment(image, onto=_metric_grid(image, given.probability))
    made = facts_of(objects(run, segmented, crew, options=options.objects))
    inputs = given.files | {"objects": run.path("objects.tif")}
    parameters = {"refine": options.refine, "sun": given.sun, "class_map": given.class_map}
    stage = Stage("refine", inputs, parameters, OUTPUTS)
    return run.stage(
        stage,
        lambda: _with_unseen(run, given, _keep_objects(run, given, segmented, made, crew, options=options), options),
    )


def _keep_objects(
    run: Run, given: ToRefine, segmented: ToSegment, made: Mapping[str, Any], crew: Crew, *, options: RunConfig
) -> Outcome:
    layers, resampling = _layers(run, given)
    if given.references and options.refine.cut is not None:
        run.say("refine: the cut is given, so the references are not used")
    thinned = thinned_to(layers.shape, most_px=_PICTURE_PX)
    refined = refine_scene(
        layers, layers.shape, options=options.refine,
        references=read_polygons(given.references) if given.references else None,
        thin=thinned.step, block_px=_block_px(crew.memory_mib), advance=crew.advance,
    )  # fmt: skip
    _write(run, refined.kept, refined.dropped)
    with aside(run.path("segments.parquet")) as path:
        refined.segments.to_parquet(path)
    image = open_image(segmented.image, options=options.objects, onto=segmented.onto)
    _draw(run, thinned.of(image), thinned.of(layers.probability), refined, options=options)
    facts = _facts(refined, made) | {"probability": resampling}
    return Outcome(facts | {"land_cover": LAND_COVER_RESAMPLING if given.land_cover else None}, _dates(run))


def _layers(run: Run, given: ToRefine) -> tuple[SceneLayers, str | None]:
    """Open the layers on the grid of the objects; say how the probability was brought there."""
    labels = open_bands(run.path("objects.tif")).isel(band=0, drop=True)
    probability, resampling = probability_on(grid_of(labels), given.probability)
    return SceneLayers(probability, labels, _surroundings(grid_of(labels), given, run)), resampling


def _block_px(memory_mib: int) -> int:
    """Side of blocks whose parcels, up to twice as wide, keep within the memory."""
    return max(_LEAST_BLOCK_PX, math.isqrt(memory_mib * 2**20 // (4 * _BYTES_PER_PIXEL)))


def _with_unseen(run: Run, given: ToRefine, outcome: Outcome, options: RunConfig) -> Outcome:
    """Add what of the prediction lies in no object, and say it."""
    labels = open_bands(run.path("objects.tif")).isel(band=0, drop=True)
    share = unseen_share(given.probability, labels, threshold=options.refine.threshold)
    if share > 0:
        run.say(
            f"refine: {100 * share:.2g} % of the prediction is left out: it lies beyond the image, "
            "or where that has no value"
        )
    return replace(outcome, facts={**outcome.facts, "unseen_share": share})


def _metric_grid(image: Path, probability: Path) -> GeoBox | None:
    """Grid of the probability where areas cannot be measured on the image's own, else none: the image stays."""
    grid = grid_of(read_raster(image), name=str(image))
    with suppress(GridError):
        pixel_area_m2(grid)
        return None
    wanted = grid_of(read_raster(probability), name=str(probability))
    pixel_area_m2(wanted)  # refused before anything is segmented
    return wanted


def _surroundings(grid: GeoBox, given: ToRefine, run: Run) -> Surroundings:
    return Surroundings(
        land_cover=land_cover_on(grid, given.land_cover, class_map=given.class_map) if given.land_cover else None,
        class_map=given.class_map,
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


def _facts(refined: RefinedScene, made: Mapping[str, Any]) -> dict[str, Any]:
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


def _draw(
    run: Run, image: xr.DataArray, probability: xr.DataArray, refined: RefinedScene, *, options: RunConfig
) -> None:
    """Draw layers that are thinned out already."""
    threshold, cut = options.refine.threshold, refined.cut
    before = mine_probability(fetched(probability)) >= threshold
    after = before.copy(data=refined.thinned)
    titles = (
        f"mine probability of at least {threshold:g}",
        f"refined: {len(refined.kept)} patches, cut {cut.share:.3g}",
    )
    with aside(run.path("refinement.png")) as path:
        path.write_bytes(refinement_map(picture_of(image), before, after, titles=titles))


def _dates(run: Run) -> Any:
    return run.dates_of("detect")
