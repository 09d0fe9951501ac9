"""Two dates → where a mine has come up: ``emergence.tif``, ``chip_emergence.tif``, objects and a picture."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import xarray as xr
from affine import Affine
from numpy.typing import NDArray

from highwall.classification.emergence import emergence, pooled_around
from highwall.classification.options import EmergenceOptions
from highwall.core.errors import GridError, InputError
from highwall.core.grid import GeoBox, check_same_grid, crs_name, grid_of, windows_over
from highwall.imagery.chips import true_colour
from highwall.io.aside import aside
from highwall.io.rasters import cog_writer, loaded, read_overview, read_raster
from highwall.io.vectors import write_polygons
from highwall.patches.assembly import Assembly, MapPart
from highwall.report.emergence import EmergencePictures, emergence_map
from highwall.workflows.blocks import Advance, unmoved
from highwall.workflows.mapping.detect import PICTURE_PX
from highwall.workflows.outlining.image import TRUE_COLOUR
from highwall.workflows.run import Outcome, Run, Stage

OUTPUTS = ("emergence.tif", "chip_emergence.tif", "emergence.gpkg", "emergence.parquet", "emergence.png")
PROBABILITY = "probability.tif"
_CELL = 4
"""px, side of the cells on which chips are mapped."""
_COLUMNS = {
    "probability_mean": "emergence_mean", "probability_max": "emergence_max",
    "chip_probability_max": "chip_emergence_max",
}  # fmt: skip


class Dates(NamedTuple):
    """Folders of two runs of `detect`, and when their scenes were seen, ``unknown`` where nobody knows."""

    before: Path
    after: Path
    seen_before: str = "unknown"
    seen_after: str = "unknown"


class _Block(NamedTuple):
    part: MapPart
    missing: NDArray[np.bool_]
    """(y, x) nothing known at one of the dates."""
    cells: NDArray[np.float32]
    """(y, x) emergence of the chip around each cell."""


def find_emergence(run: Run, dates: Dates, *, options: EmergenceOptions, advance: Advance = unmoved) -> dict[str, Any]:
    """Map where a mine has come up between two runs of `detect` on one grid, block by block.

    Raises
    ------
    GridError
        The maps of the two dates lie on different grids.
    InputError
        The later scene was not seen later, or the maps hold different classes.
    """
    _check_order(dates)
    inputs = {"before": dates.before / PROBABILITY, "after": dates.after / PROBABILITY}
    seen = {"before": dates.seen_before, "after": dates.seen_after}
    stage = Stage("emergence", inputs, {"emergence": options, "seen": seen}, OUTPUTS)

    def work() -> Outcome:
        before, after = (read_raster(path) for path in inputs.values())
        _check_maps(before, after)
        objects = _map(run, before, after, options=options, advance=advance).rename(columns=_COLUMNS)
        objects = objects.assign(seen_before=dates.seen_before, seen_after=dates.seen_after)
        write_polygons(objects, run.path("emergence"))
        _draw(run, dates, objects, options=options)
        area = float(objects["area_m2"].sum())
        return Outcome({"n_emerged": len(objects), "emerged_m2": area, "threshold": options.threshold, **seen})

    return run.stage(stage, work)


def _check_order(dates: Dates) -> None:
    known = "unknown" not in (dates.seen_before, dates.seen_after)
    if known and dates.seen_after <= dates.seen_before:
        raise InputError(
            f"BEFORE was seen on {dates.seen_before} and AFTER on {dates.seen_after}; give the earlier scene first."
        )


def _check_maps(before: xr.DataArray, after: xr.DataArray) -> None:
    try:
        check_same_grid(before, after)
    except GridError as error:
        if not grid_of(before).geographic_extent.intersects(grid_of(after).geographic_extent):
            raise GridError("the two dates show different places; give scenes of one.") from error
        raise GridError(f"{error} Run `highwall detect` on both scenes with one --aoi.") from error
    classes = [list(map(str, array["band"].values)) for array in (before, after)]
    if classes[0] != classes[1]:
        raise InputError(f"the maps hold {classes[0]} and {classes[1]}; detect both dates with the same weights.")


def _map(
    run: Run, before: xr.DataArray, after: xr.DataArray, *, options: EmergenceOptions, advance: Advance
) -> gpd.GeoDataFrame:
    """Write both maps, and return the objects."""
    grid = grid_of(after)
    assembly = Assembly(grid, classes=[str(name) for name in after["band"].values], threshold=options.threshold)
    with (
        cog_writer(run.path("emergence.tif"), layer="emergence", grid=grid) as of_pixels,
        cog_writer(run.path("chip_emergence.tif"), layer="chip_emergence", grid=_cell_grid(grid)) as of_chips,
    ):
        for block in _blocks(before, after, options=options, advance=advance):
            part = block.part
            assembly.add(part)
            mine = np.where(block.missing, np.nan, 1.0 - part.probability[0])
            of_pixels.write(mine, row=part.row, col=part.col)
            of_chips.write(block.cells, row=part.row // _CELL, col=part.col // _CELL)
    return assembly.objects(min_area_m2=options.min_area_m2)


def _cell_grid(grid: GeoBox) -> GeoBox:
    rows, cols = (-(-side // _CELL) for side in (grid.shape.y, grid.shape.x))
    return GeoBox((rows, cols), grid.transform * Affine.scale(_CELL), crs_name(grid))


def _blocks(
    before: xr.DataArray, after: xr.DataArray, *, options: EmergenceOptions, advance: Advance
) -> Iterator[_Block]:
    """Each block with a margin of half a chip around it, so that its edges do not show."""
    height, width = after.sizes["y"], after.sizes["x"]
    windows = list(windows_over(height, width, rows=options.block_px, cols=options.block_px))
    margin = -(-options.chip_px // (2 * _CELL)) * _CELL
    for done, window in enumerate(windows, start=1):
        top, left = (max(side.start - margin, 0) for side in window)
        cut = {"y": slice(top, window.rows.stop + margin), "x": slice(left, window.cols.stop + margin)}
        was, now = (loaded(array.isel(cut)).values for array in (before, after))
        come_up = emergence(was, now)
        cells = pooled_around(_cell_means(1.0 - come_up[0]), side=options.chip_px // _CELL)
        rows = slice(window.rows.start - top, window.rows.stop - top)
        cols = slice(window.cols.start - left, window.cols.stop - left)
        on_pixels = cells.repeat(_CELL, axis=0).repeat(_CELL, axis=1)[rows, cols]
        part = MapPart(window.rows.start, window.cols.start, come_up[:, rows, cols], on_pixels)
        core = cells[rows.start // _CELL : -(-rows.stop // _CELL), cols.start // _CELL : -(-cols.stop // _CELL)]
        yield _Block(part, np.isnan(part.probability[0]), core)
        advance("emergence", done, len(windows))


def _cell_means(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean of the known pixels of each cell, NaN where none is; the last cells may be cut off."""
    height, width = values.shape
    padded = np.pad(values, ((0, -height % _CELL), (0, -width % _CELL)), constant_values=np.nan)
    blocks = padded.reshape(padded.shape[0] // _CELL, _CELL, padded.shape[1] // _CELL, _CELL)
    known = np.isfinite(blocks).sum(axis=(1, 3))
    with np.errstate(invalid="ignore"):
        means: NDArray[np.float32] = np.nansum(blocks, axis=(1, 3)) / known
    return means


def _draw(run: Run, dates: Dates, objects: gpd.GeoDataFrame, *, options: EmergenceOptions) -> None:
    before, after = _pictures(dates)
    emerged = read_overview(run.path("emergence.tif"), max_side=PICTURE_PX).isel(band=0, drop=True)
    hectares = objects["area_m2"].sum() / 1e4
    titles = (
        f"before, {dates.seen_before}",
        f"after, {dates.seen_after}: {len(objects)} new, {hectares:,.1f} ha, from {options.threshold:g}",
        "emergence",
    )
    pictures = EmergencePictures(before, after, emerged)
    with aside(run.path("emergence.png")) as path:
        path.write_bytes(emergence_map(pictures, objects=objects, titles=titles))


def _pictures(dates: Dates) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Both scenes in true colour, brightened alike."""
    folders = (dates.before, dates.after)
    scenes = [
        read_overview(folder / "scene.tif", max_side=PICTURE_PX).sel(band=list(TRUE_COLOUR)) for folder in folders
    ]
    both = true_colour(xr.concat(scenes, dim="y", coords="minimal", compat="override", join="override"))
    return both[: scenes[0].sizes["y"]], both[scenes[0].sizes["y"] :]


def seen_on(record: Mapping[str, Any] | None) -> str:
    """Date of the scene behind a record of *prepare*."""
    return str(record["highwall:facts"]["acquired"]) if record else "unknown"
