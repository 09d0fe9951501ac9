"""Scene → where mines are: two maps of probability, a map of yes and no, objects, and a picture.

``probability.tif`` says of each pixel what it is: it draws outlines. ``chip_probability.tif`` says of each cell whether
the chip around it holds a mine at all: it ranks places. Objects are the connected ground of the first, and bear the
second as an attribute.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import xarray as xr
from affine import Affine
from numpy.typing import NDArray

from highwall.classification.extract import SHIPPED_FOOTPRINTS, SHIPPED_MODEL, ChipModel, MapBlock, block_of, blocks_of
from highwall.classification.metadata import check_scene
from highwall.classification.options import ExtractOptions
from highwall.core.grid import GeoBox, crs_name, grid_of
from highwall.core.products import LAYERS
from highwall.imagery.chips import true_colour
from highwall.imagery.scaling import require_bands
from highwall.io.aside import aside
from highwall.io.block_files import BlockFiles
from highwall.io.rasters import cog_writer, decode, encode, loaded, read_overview, read_raster
from highwall.io.vectors import write_polygons
from highwall.patches.assembly import Assembly, MapPart
from highwall.report.detections import detection_map
from highwall.workflows.blocks import Advance, unmoved
from highwall.workflows.run import Outcome, Run, Stage

OUTPUTS = (
    "probability.tif", "chip_probability.tif", "mine.tif", "detections.gpkg", "detections.parquet", "detections.png",
)  # fmt: skip
PICTURE_PX = 1200
"""Longest side of the scene's picture."""
_PIXELS, _CHIPS = LAYERS["class_probability"], LAYERS["chip_probability"]


class _Work(NamedTuple):
    """What turns a scene into maps."""

    model: ChipModel
    """Draws the map of pixels."""
    ranker: ChipModel | None
    """Judges chips; without it the same network does."""
    scene: xr.DataArray
    """(band, y, x) in the model's order, lazy."""
    options: ExtractOptions

    @property
    def grid(self) -> GeoBox:
        return grid_of(self.scene)

    @property
    def shape(self) -> tuple[int, int]:
        return self.grid.shape.y, self.grid.shape.x

    @property
    def cell_grid(self) -> GeoBox:
        """Grid of the network's cells; the last may reach beyond the scene."""
        cell = self.model.metadata.cell_px
        rows, cols = (-(-side // cell) for side in self.shape)
        return GeoBox((rows, cols), self.grid.transform * Affine.scale(cell), crs_name(self.grid))

    @property
    def threshold(self) -> float:
        return self.options.threshold or self.model.metadata.cell_threshold


def detect(
    run: Run,
    scene_facts: Mapping[str, Any],
    *,
    weights: Path | None,
    force: bool,
    options: ExtractOptions,
    advance: Advance = unmoved,
) -> dict[str, Any]:
    """Class every pixel of the run's scene from overlapping chips, block by block.

    Finished blocks wait on disk: a run that was stopped goes on behind them. Memory is bounded by the block.

    Parameters
    ----------
    scene_facts
        Facts of the stage *prepare*: level, date.
    weights
        ONNX file that draws and judges; by default the shipped ones, one for the pixels and one for the chips.
    force
        Run the model on a processing level that it was not made for.

    Raises
    ------
    ModelError
        The model was made for other bands or another radiometry, or for another level and ``force`` is off.
    """
    paths = (weights, weights) if weights else (SHIPPED_FOOTPRINTS, SHIPPED_MODEL)
    scene = {name: scene_facts[name] for name in ("level", "acquired")}
    inputs = {"scene.tif": run.path("scene.tif"), "weights": paths[0], "weights of chips": paths[1]}
    stage = Stage("detect", inputs, {"detect": options, "force": force, "scene": scene}, OUTPUTS)

    def work() -> Outcome:
        opened = _open(run, paths, options=options, level=scene_facts["level"], force=force)
        objects = _map(run, opened, BlockFiles(run.bench(stage)), advance=advance)
        write_polygons(objects, run.path("detections"))
        _draw(run, opened, objects)
        acquired = scene_facts["acquired"]
        when = [] if acquired == "unknown" else [dt.date.fromisoformat(acquired)]
        return Outcome(_facts(opened, objects), when)

    return run.stage(stage, work)


def _open(run: Run, weights: tuple[Path, Path], *, options: ExtractOptions, level: str, force: bool) -> _Work:
    model = ChipModel.open(weights[0])
    ranker = None if weights[0] == weights[1] else ChipModel.open(weights[1])
    bands = model.metadata.bands
    scene = require_bands(read_raster(run.path("scene.tif")), bands, purpose="the chip network")
    for one in filter(None, (model, ranker)):
        check_scene(one.metadata, bands=bands, level=level, allow_other=force)
    return _Work(model, ranker, scene, options)


def _map(run: Run, work: _Work, files: BlockFiles, *, advance: Advance) -> gpd.GeoDataFrame:
    """Write the maps, and return the objects."""
    classes = work.model.metadata.classes
    assembly = Assembly(work.grid, classes=classes, threshold=work.threshold)
    with (
        cog_writer(run.path("probability.tif"), layer=_PIXELS.name, grid=work.grid, bands=classes) as of_pixels,
        cog_writer(run.path("chip_probability.tif"), layer=_CHIPS.name, grid=work.cell_grid, bands=classes) as of_chips,
        cog_writer(run.path("mine.tif"), layer="mine", grid=work.grid) as of_mine,
    ):
        for block in _blocks(work, files, advance=advance):
            part = _part(block, cell=work.model.metadata.cell_px)
            is_mine = assembly.add(part).astype(np.float32)
            missing = np.isnan(block.probability[0])
            of_pixels.write(block.probability, row=part.row, col=part.col)
            of_mine.write(np.where(missing, np.nan, is_mine), row=part.row, col=part.col)
            of_chips.write(block.chip_probability, row=block.cells.y0, col=block.cells.x0)
    return assembly.objects(min_area_m2=work.options.min_area_m2)


def _blocks(work: _Work, files: BlockFiles, *, advance: Advance) -> Iterator[MapBlock]:
    """Every block as it is stored: what a stopped run finished equals what is made now, value for value."""
    windows = blocks_of(work.shape, options=work.options)

    def read(y0: int, y1: int, x0: int, x1: int) -> NDArray[np.float32]:
        return np.asarray(loaded(work.scene[:, y0:y1, x0:x1]).values, dtype=np.float32)

    for done, window in enumerate(windows, start=1):

        def make(window: Any = window) -> dict[str, NDArray[Any]]:
            block = block_of(
                window, read=read, shape=work.shape, model=work.model, options=work.options, ranker=work.ranker
            )
            return {
                "cells": np.array(block.cells),
                "pixels": encode(block.probability, _PIXELS),
                "chips": encode(block.chip_probability, _CHIPS),
            }

        held = files.get(f"row{window.y0}-col{window.x0}", make)
        cells = type(window)(*held["cells"].tolist())
        yield MapBlock(window, decode(held["pixels"], _PIXELS), cells, decode(held["chips"], _CHIPS))
        advance("detect", done, len(windows))


def _part(block: MapBlock, *, cell: int) -> MapPart:
    """Put the chips' probability of any mine onto the pixels of a block."""
    mine = block.chip_probability[1:].sum(axis=0)
    rows, cols = (np.arange(start, stop) // cell for start, stop in (block.window[:2], block.window[2:]))
    on_pixels = mine[np.ix_(rows - block.cells.y0, cols - block.cells.x0)]
    return MapPart(block.window.y0, block.window.x0, block.probability, on_pixels)


def _facts(work: _Work, objects: gpd.GeoDataFrame) -> dict[str, Any]:
    metadata = work.model.metadata
    return {
        "model": {"name": metadata.name, "version": metadata.version},
        "classes": metadata.classes,
        "threshold": work.threshold,
        "threshold_why": "given" if work.options.threshold else "the model's own",
        "n_detections": len(objects),
        "detected_m2": float(objects["area_m2"].sum()),
    }


def _draw(run: Run, work: _Work, objects: gpd.GeoDataFrame) -> None:
    """Draw the objects over the scene, beside the probability of any mine."""
    scene = read_overview(run.path("scene.tif"), max_side=PICTURE_PX)
    probability = read_overview(run.path("probability.tif"), max_side=PICTURE_PX)
    mine = probability.isel(band=slice(1, None)).sum("band", skipna=False)
    picture = detection_map(
        true_colour(scene), mine, objects=objects, titles=(_title(work, objects), "mine probability")
    )
    with aside(run.path("detections.png")) as path:
        path.write_bytes(picture)


def _title(work: _Work, objects: gpd.GeoDataFrame) -> str:
    hectares = objects["area_m2"].sum() / 1e4
    return f"{len(objects)} detections, {hectares:,.1f} ha, at a threshold of {work.threshold:g}"
