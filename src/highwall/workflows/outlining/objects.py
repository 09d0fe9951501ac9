"""Image → objects: ``objects.tif``, their polygons and table, and pictures of them and of how they were chosen."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import xarray as xr

from highwall.core.errors import GridError, InputError
from highwall.core.grid import GeoBox, Window, grid_of, pixel_area_m2
from highwall.io.aside import aside
from highwall.io.rasters import loaded, write_cog
from highwall.io.vectors import read_polygons, write_polygons
from highwall.patches.multiresolution import segment
from highwall.patches.outlines import outline
from highwall.patches.segmentation import Segmentation
from highwall.patches.tiles import Tile, segment_tiled
from highwall.report.objects import boundary_map, shown_window
from highwall.report.scale import scale_plot, search_plot
from highwall.workflows.blocks import Crew
from highwall.workflows.config import ObjectsSection
from highwall.workflows.outlining.criterion import Criterion, choose
from highwall.workflows.outlining.image import IMAGE_RESAMPLING, open_image, picture_of
from highwall.workflows.run import Outcome, Run, Stage

OUTPUTS = ("objects.tif", "objects.gpkg", "objects.parquet", "boundaries.png", "scale.png", "search.png")
_BYTES_PER_PIXEL, _BYTES_PER_VALUE = 140, 20
"""Memory that a pixel and each of its bands take in work, at most: 165 in all were seen for 3 bands, 325 for 13."""
_MIB = 2**20
_RECORDED = ("normalisation", "normalisation_bounds", "normalisation_step", "alpha_band")
"""Attributes of an image that become facts."""


class ToSegment(NamedTuple):
    """What a user gives."""

    image: Path
    references: Path | None = None
    """Polygons by which shape, compactness and scale are searched."""
    onto: GeoBox | None = None
    """Grid to put the image on, if not its own."""

    @property
    def files(self) -> dict[str, Path]:
        """Every path that was given, by name."""
        found = {"image": self.image, "references": self.references}
        return {name: path for name, path in found.items() if path is not None}


def objects(run: Run, given: ToSegment, crew: Crew, *, options: ObjectsSection) -> dict[str, Any]:
    """Segment an image.

    Raises
    ------
    MissingInputError
        A path does not exist.
    InputError
        The image is no raster, lacks a band or shows nothing, or no reference lies on it.
    GridError
        It carries no CRS.
    """
    onto = None if given.onto is None else repr(given.onto)
    stage = Stage("objects", given.files, {"objects": options, "onto": onto}, OUTPUTS)
    return run.stage(stage, lambda: _objects(run, given, crew, options=options))


def _objects(run: Run, given: ToSegment, crew: Crew, *, options: ObjectsSection) -> Outcome:
    image = open_image(given.image, options=options, onto=given.onto)
    references = read_polygons(given.references) if given.references else None
    criterion = choose(image, references, crew, options=options)
    _say(run, image, criterion, options=options)
    found = _segmented(image, criterion, crew)
    if not len(found):
        raise InputError(
            f"{given.image} has no pixel with a value in every band; choose another image, or other bands."
        )
    write_cog(found.labels, run.path("objects.tif"))
    has_outlines = len(found) <= options.max_outlines
    if has_outlines:
        write_polygons(outlines_of(found), run.path("objects"))
    else:
        run.say(f"objects: {len(found)} are more than objects.max_outlines {options.max_outlines}; no polygons")
    _draw(run, image, found, criterion)
    facts = {
        "n_objects": len(found), **criterion.facts(), "bands": [str(band) for band in image["band"].values],
        **{name: image.attrs[name] for name in _RECORDED},
        "resampling": None if given.onto is None else IMAGE_RESAMPLING,
        "largest_margin_px": found.labels.attrs.get("largest_margin_px"), "has_outlines": has_outlines,
    }  # fmt: skip
    return Outcome(facts, run.dates_of("prepare"))


def _say(run: Run, image: xr.DataArray, criterion: Criterion, *, options: ObjectsSection) -> None:
    """Say what a user might not expect."""
    if alpha := image.attrs["alpha_band"]:
        run.say(f"objects: band {alpha} is alpha; it is not segmented, and what it makes transparent is left out")
    if criterion.seen_share < 1:
        run.say(
            f"objects: the window of {options.window_px} pixels in which parameters were searched holds "
            f"{100 * criterion.seen_share:.0f} % of the references; objects.window_px makes it larger"
        )


def outlines_of(found: Segmentation) -> gpd.GeoDataFrame:
    """Objects as polygons, a row each, with their table; ``area_m2`` where the grid measures in metres."""
    grid = grid_of(found.labels)
    polygons = outline(found.labels.values, transform=grid.transform)
    table = found.table.reset_index()
    with suppress(GridError):
        table.insert(1, "area_m2", table["area_px"] * pixel_area_m2(grid))
    return gpd.GeoDataFrame(table, geometry=[polygons[label] for label in table["label"]], crs=str(grid.crs))


def _segmented(image: xr.DataArray, criterion: Criterion, crew: Crew) -> Segmentation:
    """Segment at once, or tile by tile where the image would take more than the memory; the objects are the same."""
    options = criterion.options
    height, width = image.sizes["y"], image.sizes["x"]
    fitting_px = crew.memory_mib * _MIB / (_BYTES_PER_PIXEL + image.sizes["band"] * _BYTES_PER_VALUE)
    if height * width <= fitting_px:
        crew.advance("objects", 0, 1)
        return segment(
            loaded(image), scale=options.scale, shape=options.shape, compactness=options.compactness,
            weights=options.weights,
        )  # fmt: skip
    n_tiles = -(-height // options.tile_px) * -(-width // options.tile_px)
    side_px = options.tile_px + 2 * options.margin_px
    at_once = max(1, min(crew.size, int(fitting_px / side_px**2)))

    def map_tiles(function: Callable[[Window], Tile], windows: Iterable[Window]) -> Iterator[Tile]:
        for done, tile in enumerate(_in_order(crew, function, windows, at_once=at_once), start=1):
            crew.advance("objects, tiles", done, n_tiles)
            yield tile

    return segment_tiled(image, options=options, map_tiles=map_tiles, read=loaded)


def _in_order(
    crew: Crew, function: Callable[[Window], Tile], windows: Iterable[Window], *, at_once: int
) -> Iterator[Tile]:
    """Do the tiles on the crew's hands, ``at_once`` of them at a time, and give them in their order."""
    working: deque[Future[Tile]] = deque()
    try:
        for window in windows:
            if len(working) == at_once:
                yield working.popleft().result()
            working.append(crew.executor.submit(function, window))
        while working:
            yield working.popleft().result()
    finally:
        for future in working:
            future.cancel()


def _draw(run: Run, image: xr.DataArray, found: Segmentation, criterion: Criterion) -> None:
    cut = shown_window(found.labels.shape, len(found))
    seen, labels = image.isel(y=cut.rows, x=cut.cols), found.labels.isel(y=cut.rows, x=cut.cols)
    whole = labels.shape == found.labels.shape
    part = "" if whole else f"; here the middle {labels.sizes['y']} × {labels.sizes['x']} pixels"
    title = f"{len(found):,} object{'s' * (len(found) > 1)} at scale {criterion.options.scale:g}{part}"
    pictures = {"boundaries.png": boundary_map(picture_of(seen), labels, title=title)}
    if criterion.estimate is not None:
        estimate, chosen = criterion.estimate, criterion.options.scale
        pictures["scale.png"] = scale_plot(estimate.curve, estimate.candidates, chosen=chosen)
    if criterion.search is not None:
        search = criterion.search
        pictures["search.png"] = search_plot(search.table, shape=search.shape, compactness=search.compactness)
    for name, picture in pictures.items():
        with aside(run.path(name)) as path:
            path.write_bytes(picture)
