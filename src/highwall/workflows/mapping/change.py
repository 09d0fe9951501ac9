"""`highwall change`: two maps of land cover → what became of each class: matrices by site, maps, dated polygons."""

import datetime as dt
import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from odc.geo.xr import xr_coords
from rasterio.features import rasterize

from highwall.core.errors import GridError, HighwallError, InputError, VectorError
from highwall.core.grid import GeoBox, Window, windows_over
from highwall.io.aside import aside, write_text
from highwall.io.rasters import cog_writer, read_overview
from highwall.io.vectors import read_polygons, write_polygons
from highwall.patches.mosaic import LabelBlock, LabelMosaic
from highwall.report.mining import SUBSET_TITLES, ChangePanels, change_map
from highwall.segmentation.change import changed, count_changes, from_to
from highwall.segmentation.map_options import ChangeOptions
from highwall.workflows.blocks import Advance, unmoved
from highwall.workflows.config_files import checked, load_run
from highwall.workflows.mapping.change_tables import Comparison, matrix_of, table_of, totals_of
from highwall.workflows.mapping.cube import CubeSource
from highwall.workflows.mapping.map_sides import ALL, MapSide, classes_of, open_side
from highwall.workflows.mapping.mining import NAMES, code_tags, ground_pixel_m2, picture_of_scene
from highwall.workflows.run import Outcome, Run, Say, Stage, facts_of, silent
from highwall.workflows.sites import site_of_grid

MATRIX: Final = "mining_from_to.csv"
POLYGONS: Final = "mining_change"
PICTURE: Final = "mining_change.png"
_SITE_COLUMNS: Final = ("site", "name", "site_id")
_DRAWN: Final = (ALL, 4, 5)
"""Sets of classes that are drawn if they are known: all ten classes, the whole, the types of mines."""
_BLOCK_PX: Final = 1024
_PICTURE_PX: Final = 900


class ToCompare(NamedTuple):
    """What a user gives."""

    before: Path
    """Folder of a `highwall segment`, or a raster of labels."""
    after: Path
    sites: Path | None = None
    """Vector file of sites, each with a matrix of its own; without it the whole map is one."""
    date_before: dt.date | None = None
    """Against what the map says; so is the next."""
    date_after: dt.date | None = None


def from_to_file(subset: int) -> str:
    """Name of the raster of one subset's changes."""
    return f"mining_from_to_{'all' if subset == ALL else subset}.tif"


def change(
    given: ToCompare,
    out: Path,
    *,
    changes: Mapping[str, Any] | None = None,
    run_file: Path | None = None,
    say: Say = silent,
    advance: Advance = unmoved,
) -> dict[str, Any]:
    """Compare two maps: facts of the stage.

    The later map is put on the earlier one's grid by nearest neighbour where the two differ.

    Raises
    ------
    MissingInputError
        A map is not there.
    InputError
        The maps share no subset, or are in the wrong order.
    GridError
        The maps show different places.
    """
    said = {name: value for name, value in (changes or {}).items() if value is not None}
    options = checked(ChangeOptions, load_run(run_file).change.model_dump() | said, source="the command line")
    before, after = _sides(given)
    subsets = tuple(subset for subset in before.subsets if subset in after.subsets)
    if not subsets:
        raise InputError(
            f"{before.path} tells subsets {before.subsets}, {after.path} {after.subsets}; give maps that share one."
        )
    sites = None if given.sites is None else _read_sites(given.sites, before.grid)
    run = Run(out, site_of_grid(before.grid, name=f"{before.path.stem} to {after.path.stem}"), say)
    both = Comparison(before, after, subsets, sites, options)
    record = run.stage(_stage(both, given), lambda: _compare(run, both, advance=advance))
    facts = facts_of(record)
    for line in change_lines(facts):
        say(line)
    return facts


def change_lines(facts: Mapping[str, Any]) -> Iterator[str]:
    """Say what changed, a line a subset."""
    for row in facts["totals"]:
        rate = "" if row["net_ha_per_year"] is None else f", net {row['net_ha_per_year']:+,.2f} ha a year"
        yield (
            f"{SUBSET_TITLES[row['subset']]}: {row['expansion_ha']:,.1f} ha gained, {row['abandonment_ha']:,.1f} ha "
            f"lost, {row['conversion_ha']:,.1f} ha changed class{rate}"
        )


def _sides(given: ToCompare) -> tuple[MapSide, MapSide]:
    before, after = open_side(given.before, date=given.date_before), open_side(given.after, date=given.date_after)
    if before.date and after.date and before.date >= after.date:
        raise InputError(
            f"the first map is of {before.date}, the second of {after.date}; give two dates, the earlier first."
        )
    if not before.grid.geographic_extent.intersects(after.grid.geographic_extent):
        raise GridError(f"{given.before} and {given.after} show different places; give maps of one.")
    return before, after.placed(before.grid)


def _stage(both: Comparison, given: ToCompare) -> Stage:
    inputs = {
        f"{name} {subset}": path
        for name, side in (("before", both.before), ("after", both.after))
        for subset, path in side.rasters.items()
    } | ({"sites": given.sites} if given.sites else {})
    outputs = [from_to_file(subset) for subset in both.subsets]
    dates = {"before": both.before.date, "after": both.after.date}
    files = (*outputs, MATRIX, f"{POLYGONS}.gpkg", f"{POLYGONS}.parquet", PICTURE)
    return Stage("change", inputs, {"change": both.options, "dates": dates}, files)


def _read_sites(path: Path, grid: GeoBox) -> gpd.GeoDataFrame:
    """Sites by name, in a grid's CRS; polygons of one name are one site."""
    frame = read_polygons(path)
    column = next((name for name in _SITE_COLUMNS if name in frame), None)
    if column is None:
        raise VectorError(f"{path} names no sites; give it a column {' or '.join(_SITE_COLUMNS)}.")
    named = frame.assign(site=frame[column].astype(str))[["site", "geometry"]]
    sites = named.dissolve(by="site").reset_index().to_crs(str(grid.crs))
    if not sites.intersects(grid.extent.geom).any():
        raise GridError(f"no site of {path} lies on the maps; give those of this place.")
    return sites


def _compare(run: Run, both: Comparison, *, advance: Advance) -> Outcome:
    counts, outlines = _map(run, both, advance=advance)
    matrix, table = matrix_of(counts, both), table_of(outlines, both)
    write_text(matrix.to_csv(index=False), run.path(MATRIX))
    write_polygons(table, run.path(POLYGONS))
    _draw(run, both, matrix)
    facts = {
        "before": both.before.described, "after": both.after.described, "subsets": both.subsets,
        "sites": both.site_names, "n_polygons": len(table), "totals": totals_of(matrix, both),
    }  # fmt: skip
    return Outcome(facts, both.dates)


def _map(
    run: Run, both: Comparison, *, advance: Advance
) -> tuple[dict[int, list[NDArray[np.int64]]], dict[int, gpd.GeoDataFrame]]:
    """Write the from-to rasters; count by site and outline what changed on the way."""
    n_sites = len(both.site_names)
    counts = {subset: [count_changes(np.empty((0, 0), np.uint16)) for _ in range(n_sites)] for subset in both.subsets}
    mosaics = {subset: LabelMosaic(both.grid) for subset in both.subsets}
    shape = (int(both.grid.shape.y), int(both.grid.shape.x))
    windows = list(windows_over(*shape, rows=_BLOCK_PX, cols=_BLOCK_PX))
    with ExitStack() as stack:
        writers = {subset: stack.enter_context(_writer(run, both, subset)) for subset in both.subsets}
        for done, window in enumerate(windows, start=1):
            around = window.grown(1, within=shape)
            zones = _zones(both, window)
            for subset in both.subsets:
                codes = from_to(both.before.codes(subset, around), both.after.codes(subset, around))
                framed = np.pad(changed(codes), _beyond(window, shape))
                mosaics[subset].add(LabelBlock(window.rows.start, window.cols.start, framed))
                inside = _inside(codes, window, around)
                writers[subset].write(inside, row=window.rows.start, col=window.cols.start)
                for number in range(n_sites):
                    counts[subset][number] += count_changes(inside, zones == number)
            advance("change", done, len(windows))
    return counts, {subset: _outlines(mosaic, both) for subset, mosaic in mosaics.items()}


def _writer(run: Run, both: Comparison, subset: int) -> Any:
    path = run.path(from_to_file(subset))
    return cog_writer(path, layer="mining_from_to", grid=both.grid, tags=code_tags(classes_of(subset)))


def _outlines(mosaic: LabelMosaic, both: Comparison) -> gpd.GeoDataFrame:
    pixel_m2, options = ground_pixel_m2(both.grid), both.options
    side_m = math.sqrt(pixel_m2)
    simplify_m = side_m if options.simplify_m is None else options.simplify_m
    return mosaic.outlines(min_area_px=options.min_area_m2 / pixel_m2, simplify_px=simplify_m / side_m)


def _zones(both: Comparison, window: Window) -> NDArray[np.int32]:
    """Number of the site of each pixel of a window, the first where sites overlap; 0 outside all, or without sites."""
    grid = both.grid[window.rows, window.cols]
    if both.sites is None:
        return np.zeros(grid.shape, dtype=np.int32)
    burned = [(geometry, number) for number, geometry in enumerate(both.sites.geometry, start=1)][::-1]
    zones: NDArray[np.int32] = rasterize(burned, out_shape=grid.shape, transform=grid.transform, dtype="int32")
    return zones


def _beyond(window: Window, shape: tuple[int, int]) -> list[tuple[int, int]]:
    """Rows and columns by which the pixel around a window lies beyond the map."""
    return [(int(side.start == 0), int(side.stop == length)) for side, length in zip(window, shape, strict=True)]


def _inside(codes: NDArray[Any], window: Window, around: Window) -> NDArray[Any]:
    top, left = (inner.start - outer.start for inner, outer in zip(window, around, strict=True))
    height, width = (side.stop - side.start for side in window)
    return codes[top : top + height, left : left + width]


def _draw(run: Run, both: Comparison, matrix: pd.DataFrame) -> None:
    """Draw both maps and what changed: all classes, the whole mine and types where they are known, else each subset."""
    step = max(1, -(-max(both.grid.shape) // _PICTURE_PX))
    small = both.grid.zoom_out(step)
    pictures = [_backdrop(side, small) for side in (both.before, both.after)]
    rows = []
    for subset in [each for each in _DRAWN if each in both.subsets] or both.subsets:
        joined = read_overview(run.path(from_to_file(subset)), max_side=_PICTURE_PX).isel(band=0, drop=True)
        own = matrix[matrix["subset"] == subset]
        rows.append(ChangePanels(subset, joined, NAMES, _hectares(own)))
    titles = (str(both.before.date or both.before.path.stem), str(both.after.date or both.after.path.stem))
    with aside(run.path(PICTURE)) as path:
        path.write_bytes(change_map(rows, pictures=pictures, titles=titles))


def _hectares(matrix: pd.DataFrame) -> list[dict[str, float]]:
    """Of each class before, of each after, and of each kind of change [ha]."""
    return [
        {str(name): area / 1e4 for name, area in matrix.groupby(column)["area_m2"].sum().items()}
        for column in ("class_before", "class_after", "kind")
    ]


def _backdrop(side: MapSide, grid: GeoBox) -> NDArray[np.uint8] | None:
    """Picture of the scene behind a map, on a grid; none where it is gone or cannot be read."""
    if side.scene is None:
        return None
    with suppress(HighwallError):
        cube = CubeSource(level=side.level).open(side.scene).within(side.grid.extent)
        scene = cube.glance(max_side=_PICTURE_PX)
        placed = scene.odc.reproject(grid, resampling="nearest", dst_nodata=np.nan)
        values = xr.DataArray(placed.values, dims=("band", "y", "x"), coords=xr_coords(grid, dims=("y", "x")))
        return picture_of_scene(values.assign_coords(band=scene["band"].values))
    return None
