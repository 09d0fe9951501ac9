"""``mining_probability.tif`` → what is where: a raster of classes for each subset, all as bits, polygons, areas.

One pass over the probabilities, block by block; polygons are joined across blocks, and share their edges within a
subset. Another threshold or another smallest area asks no network again.
"""

import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

from highwall.core.errors import GridError
from highwall.core.grid import GeoBox, Window, pixel_area_m2, pixel_sides_m, utm_crs, windows_over
from highwall.core.products import LAYERS
from highwall.core.taxonomy import CLASS_SETS
from highwall.imagery.chips import true_colour
from highwall.io.aside import aside, write_text
from highwall.io.rasters import WindowWriter, cog_writer, decode, read_overview
from highwall.io.vectors import write_polygons
from highwall.io.windows import read_window
from highwall.patches.mosaic import LabelBlock, LabelMosaic
from highwall.report.mining import SUBSET_TITLES, ClassPanel, mining_map
from highwall.report.style import MINING_COLOURS
from highwall.segmentation.decision import CODES, bits_of_classes, codes_of, decide
from highwall.segmentation.map_options import SegmentOptions
from highwall.segmentation.metadata import SegmentationMetadata
from highwall.segmentation.tally import Said
from highwall.workflows.blocks import Advance, unmoved
from highwall.workflows.mapping.cube import Cube
from highwall.workflows.mapping.mining_rules import Kept, kept_by_rules
from highwall.workflows.mapping.segment import PROBABILITY, metadata_of
from highwall.workflows.run import Outcome, Run, Stage, facts_of

LABELS: Final = "mining_labels.tif"
POLYGONS: Final = "mining"
AREAS: Final = "mining_areas.csv"
PICTURE: Final = "mining.png"
COLUMNS: Final = ("polygon_id", "subset", "class", "probability_mean", "area_m2", "geometry")
"""Of the polygons. ``probability_mean`` is that of the class over the pixels that were said to be it."""
PICTURE_PX: Final = 1200
"""Longest side of the scene's picture."""
NAMES: Final[dict[int, str]] = {code: name for name, code in CODES.items()}
"""Class of each code."""
_AFTER: Final = ("threshold", "min_area_m2", "simplify_m", "rules")
"""Options that decide what the probabilities become."""
_BLOCK_PX: Final = 1024


def subset_file(subset: int) -> str:
    """Name of the raster of one subset's classes."""
    return f"mining_subset_{subset}.tif"


def outputs_of(subsets: tuple[int, ...]) -> tuple[str, ...]:
    """Files that are left for some subsets."""
    rasters = tuple(subset_file(subset) for subset in subsets)
    return (*rasters, LABELS, f"{POLYGONS}.gpkg", f"{POLYGONS}.parquet", AREAS, PICTURE)


def mining(
    run: Run,
    cube: Cube,
    record: Mapping[str, Any],
    *,
    options: SegmentOptions | None = None,
    land_cover: Path | None = None,
    advance: Advance = unmoved,
) -> dict[str, Any]:
    """Tell what is where from the probabilities that the stage *segment* left.

    Parameters
    ----------
    record
        Of the stage *segment*.
    land_cover
        Map in WorldCover's codes, for the rule that asks one.

    Raises
    ------
    ConfigError
        A rule is called otherwise.
    InputError, MissingInputError
        The map of land cover cannot be used.
    """
    options = options or SegmentOptions()
    work = _Work(run, metadata_of(record), cube.grid, options)
    asked = options.model_dump(include=set(_AFTER))
    inputs = {"probability": run.path(PROBABILITY)} | ({"land_cover": land_cover} if land_cover else {})
    stage = Stage("mining", inputs, {"mining": asked}, outputs_of(work.metadata.subsets))

    def make() -> Outcome:
        kept = _kept(work, cube, land_cover, advance=advance) if options.rules.names else None
        counts, outlines = _map(work, kept, advance=advance)
        polygons = _table(outlines, cube.grid)
        by_subset = {f"subset_{n}": polygons[polygons["subset"] == n] for n in work.metadata.subsets}
        write_polygons(polygons, run.path(POLYGONS), layers=by_subset)
        areas = _areas(counts, polygons, work)
        write_text(areas.to_csv(index=False), run.path(AREAS))
        _draw(work, cube, areas)
        facts = {"known_share": counts.known / math.prod(work.shape)} | _facts(work, areas, polygons)
        facts |= {"rules_removed_px": kept.removed_px, "rules_unused": kept.unused} if kept else {}
        return Outcome(facts, run.dates_of("segment"))

    return run.stage(stage, make)


class _Work(NamedTuple):
    run: Run
    metadata: SegmentationMetadata
    grid: GeoBox
    options: SegmentOptions

    @property
    def shape(self) -> tuple[int, int]:
        return int(self.grid.shape.y), int(self.grid.shape.x)

    @property
    def pixel_m2(self) -> float:
        return ground_pixel_m2(self.grid)


class _Block(NamedTuple):
    """Probabilities of a window, and a pixel around it as far as there is any."""

    window: Window
    around: Window
    probability: NDArray[np.float32]
    """(class, y, x) of ``around``."""

    def inside(self, layer: NDArray[Any]) -> NDArray[Any]:
        """Cut (…, y, x) to the window itself."""
        top, left = (b.start - a.start for a, b in zip(self.around, self.window, strict=True))
        height, width = (side.stop - side.start for side in self.window)
        return layer[..., top : top + height, left : left + width]

    def framed(self, codes: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.uint8]:
        """Codes with one pixel around on every side, 0 beyond the map."""
        beyond = [
            (int(side.start == 0), int(side.stop == length)) for side, length in zip(self.window, shape, strict=True)
        ]
        return np.pad(codes, beyond)


@dataclass
class _Counts:
    """Pixels of each class, and of those with data."""

    of_class: dict[str, int]
    known: int = 0


def ground_pixel_m2(grid: GeoBox) -> float:
    """Area of a pixel [m²]: as the map measures it where that is true, else on the ground about the middle."""
    with suppress(GridError):
        return pixel_area_m2(grid)
    return math.prod(pixel_sides_m(grid))


def polygon_areas_m2(polygons: gpd.GeoDataFrame, grid: GeoBox) -> Any:
    """Areas of polygons [m²]: in their own CRS where it measures true ones, else in the UTM zone of the grid."""
    with suppress(GridError):
        pixel_area_m2(grid)
        return polygons.geometry.area
    lon, lat = grid.extent.to_crs("EPSG:4326").centroid.coords[0]
    return polygons.geometry.to_crs(utm_crs(lon, lat)).area


def colour_table() -> dict[int, tuple[int, int, int]]:
    """Red, green and blue of each code, 0 to 255; background is black."""
    shades = {code: tuple(round(255 * part) for part in to_rgb(MINING_COLOURS[name])) for name, code in CODES.items()}
    return {0: (0, 0, 0)} | {code: (r, g, b) for code, (r, g, b) in shades.items()}


def code_tags(classes: tuple[str, ...]) -> dict[str, str]:
    """What the codes of a raster mean, as tags of the file."""
    return {"CLASS_0": "background"} | {f"CLASS_{CODES[name]}": name for name in classes}


def _kept(work: _Work, cube: Cube, land_cover: Path | None, *, advance: Advance) -> Kept:
    """What rules leave of the classes of the whole scene."""
    label = np.zeros((len(work.metadata.classes), *work.shape), bool)
    missing = np.zeros(work.shape, bool)
    for block in _blocks(work, advance=advance):
        said = decide(block.probability, work.metadata, threshold=work.options.threshold)
        rows, cols = block.window
        label[:, rows, cols] = block.inside(said)
        missing[rows, cols] = block.inside(np.isnan(block.probability[0]))
    whole = Said(work.metadata.classes, label)
    return kept_by_rules(whole, missing, cube, land_cover=land_cover, options=work.options.rules)


def _map(work: _Work, kept: Kept | None, *, advance: Advance) -> tuple[_Counts, dict[int, gpd.GeoDataFrame]]:
    """Write the rasters; count pixels and outline classes on the way."""
    run, metadata, options = work.run, work.metadata, work.options
    counts = _Counts(dict.fromkeys(metadata.classes, 0))
    mosaics = {subset: LabelMosaic(work.grid) for subset in metadata.subsets}
    with ExitStack() as stack:
        tags = code_tags(metadata.classes)
        of_labels = stack.enter_context(cog_writer(run.path(LABELS), layer="mining_labels", grid=work.grid, tags=tags))
        of_subset = {subset: stack.enter_context(_subset_writer(work, subset)) for subset in metadata.subsets}
        for block in _blocks(work, advance=advance):
            said = decide(block.probability, metadata, threshold=options.threshold)
            if kept:
                said &= kept.label[:, block.around.rows, block.around.cols]
            valid = ~np.isnan(block.probability[0])
            _write_block(block, said, valid, work=work, of_labels=of_labels, of_subset=of_subset)
            _count(counts, block.inside(said), block.inside(valid), metadata)
            for subset, mosaic in mosaics.items():
                mosaic.add(_label_block(block, said, subset, work))
    side_m = math.sqrt(work.pixel_m2)
    simplify_m = side_m if options.simplify_m is None else options.simplify_m
    return counts, {
        subset: mosaic.outlines(min_area_px=options.min_area_m2 / work.pixel_m2, simplify_px=simplify_m / side_m)
        for subset, mosaic in mosaics.items()
    }


def _subset_writer(work: _Work, subset: int) -> Any:
    return cog_writer(
        work.run.path(subset_file(subset)), layer="mining_class", grid=work.grid, colours=colour_table(),
        tags=code_tags(CLASS_SETS[subset]),
    )  # fmt: skip


def _blocks(work: _Work, *, advance: Advance) -> Iterator[_Block]:
    height, width = work.shape
    windows = list(windows_over(height, width, rows=_BLOCK_PX, cols=_BLOCK_PX))
    numbers = tuple(range(1, len(work.metadata.classes) + 1))
    for done, window in enumerate(windows, start=1):
        around = window.grown(1, within=work.shape)
        stored = read_window(work.run.path(PROBABILITY), numbers, around)
        yield _Block(window, around, decode(stored, LAYERS["mining_probability"]))
        advance("mining", done, len(windows))


def _write_block(
    block: _Block,
    said: NDArray[np.bool_],
    valid: NDArray[np.bool_],
    *,
    work: _Work,
    of_labels: WindowWriter,
    of_subset: Mapping[int, WindowWriter],
) -> None:
    place = {"row": block.window.rows.start, "col": block.window.cols.start}
    here, known = block.inside(said), block.inside(valid)
    of_labels.write(bits_of_classes(here, work.metadata.classes, valid=known), **place)
    for subset, writer in of_subset.items():
        codes = codes_of(here, work.metadata, subset=subset)
        writer.write(np.where(known, codes, np.uint8(LAYERS["mining_class"].fill)), **place)


def _count(counts: _Counts, said: NDArray[np.bool_], valid: NDArray[np.bool_], metadata: SegmentationMetadata) -> None:
    counts.known += int(valid.sum())
    for name, n in zip(metadata.classes, said.sum(axis=(1, 2)), strict=True):
        counts.of_class[name] += int(n)


def _label_block(block: _Block, said: NDArray[np.bool_], subset: int, work: _Work) -> LabelBlock:
    codes = codes_of(said, work.metadata, subset=subset)
    channels = work.metadata.channels_of(subset)
    own = np.where(said[channels], block.probability[channels], 0.0).max(axis=0)
    framed = block.framed(codes, work.shape)
    return LabelBlock(block.window.rows.start, block.window.cols.start, framed, block.inside(own))


def _table(outlines: Mapping[int, gpd.GeoDataFrame], grid: GeoBox) -> gpd.GeoDataFrame:
    """Polygons of all subsets, largest first within each."""
    parts = []
    for subset, found in outlines.items():
        part = found.assign(
            subset=subset,
            **{"class": [NAMES[code] for code in found["label"]]},
            probability_mean=found["value_mean"],
            area_m2=polygon_areas_m2(found, grid).to_numpy(),
        )
        parts.append(part.sort_values(["area_m2", "probability_mean"], ascending=False))
    table = pd.concat(parts, ignore_index=True)
    table["polygon_id"] = [f"L{number:05d}" for number in range(1, len(table) + 1)]
    return gpd.GeoDataFrame(table[list(COLUMNS)], geometry="geometry", crs=parts[0].crs)


def _areas(counts: _Counts, polygons: gpd.GeoDataFrame, work: _Work) -> pd.DataFrame:
    """Area of each class, by its pixels and by its polygons."""
    rows = []
    for subset in work.metadata.subsets:
        for name in CLASS_SETS[subset]:
            own = polygons[(polygons["subset"] == subset) & (polygons["class"] == name)]
            n_px = counts.of_class[name]
            rows.append(
                {
                    "subset": subset, "class": name, "n_px": n_px, "area_m2": n_px * work.pixel_m2,
                    "share": n_px / counts.known if counts.known else float("nan"),
                    "n_polygons": len(own), "polygons_m2": float(own["area_m2"].sum()),
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def _facts(work: _Work, areas: pd.DataFrame, polygons: gpd.GeoDataFrame) -> dict[str, Any]:
    options = work.options
    return {
        "model": facts_of(work.run.record("segment") or {})["model"],
        "subsets": work.metadata.subsets, "classes": work.metadata.classes,
        "threshold": options.threshold, "pixel_m2": work.pixel_m2, "n_polygons": len(polygons),
        "area_m2": dict(zip(areas["class"], areas["area_m2"], strict=True)),
    }  # fmt: skip


def _draw(work: _Work, cube: Cube, areas: pd.DataFrame) -> None:
    """Draw the scene, and the classes of each subset over it."""
    scene = cube.glance(max_side=PICTURE_PX)
    hectares = dict(zip(areas["class"], areas["area_m2"] / 1e4, strict=True))
    panels = []
    for subset in work.metadata.subsets:
        codes = read_overview(work.run.path(subset_file(subset)), max_side=PICTURE_PX).isel(band=0, drop=True)
        panels.append(ClassPanel(SUBSET_TITLES[subset], codes, {CODES[name]: name for name in CLASS_SETS[subset]}))
    picture = mining_map(picture_of_scene(scene), panels, hectares=hectares, title=_title(work, cube))
    with aside(work.run.path(PICTURE)) as path:
        Path(path).write_bytes(picture)


def picture_of_scene(scene: xr.DataArray) -> NDArray[np.uint8]:
    """True colour where a scene has it, else its first band in grey."""
    names = [str(name) for name in scene["band"].values]
    colours = ["B04", "B03", "B02"]
    shown = scene.sel(band=colours) if set(colours) <= set(names) else scene.isel(band=[0, 0, 0])
    return true_colour(shown.assign_coords(band=colours))


def _title(work: _Work, cube: Cube) -> str:
    seen = "" if cube.acquired == "unknown" else f", {cube.acquired}"
    simulated = ", simulated scene" if cube.is_simulated else ""
    return f"{cube.name}{seen}{simulated}: {work.metadata.name}"
