"""Read what the chip network learns from: mosaics of chips, scenes with polygons, and the tables of labels."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.errors import RasterioIOError

from highwall.classification import label_tables
from highwall.classification.dataset import ChipSet, LabelledScene, footprint_coverage, gather_chips
from highwall.classification.label_tables import LabelTables
from highwall.classification.radiometry import to_model_input
from highwall.core.constants import SENTINEL2_QUANTIFICATION
from highwall.core.errors import InputError, MissingInputError, SceneError
from highwall.io.mosaics import mosaics_in, read_mosaic
from highwall.learning.groups import Extent, overlap_groups

_TABLES = Path(label_tables.__file__).parent / "labels"


def read_label_tables(*, with_corrections: bool = True) -> LabelTables:
    """Tables that come with the package.

    Parameters
    ----------
    with_corrections
        Use the labels of single chips against their mosaic's name; without, scores show what they change.
    """
    return LabelTables(
        label_tables.parse_cells(_lines("industrial_negatives.csv")),
        label_tables.parse_contents(_lines("chips.csv")) if with_corrections else {},
        label_tables.parse_groups(_lines("families.csv")),
    )


def read_chips(data: Path, *, tables: LabelTables | None = None) -> ChipSet:
    """Read every mosaic, with the labels that people gave.

    Raises
    ------
    MissingInputError
        There are none.
    SceneError
        One cannot be read.
    """
    mosaics = {path.name: read_mosaic(path) for path in mosaics_in(data / "mine-chips")}
    return gather_chips(mosaics, tables=read_label_tables() if tables is None else tables)


def read_scenes(data: Path) -> list[LabelledScene]:
    """Read every scene that has polygons files; places come from the extents of all scenes.

    Raises
    ------
    MissingInputError
        There are none.
    SceneError
        One cannot be read.
    """
    images = sorted((data / "tailings-ponds" / "images").glob("*.tif"), key=lambda path: int(path.stem))
    drawings = sorted((data / "mine-classes").glob("*-*.geojson"))
    if not images or not drawings:
        raise MissingInputError(f"no scenes or no polygons in {data}; give the folder of the training data.")
    place_of = overlap_groups({path.stem: _extent(path) for path in images})
    scenes = []
    for image in images:
        drawn = [path for path in drawings if path.stem.rsplit("-", 1)[0] == image.stem]
        if drawn:
            scenes.append(_read_scene(image, drawn, place=place_of[image.stem]))
    return scenes


def _lines(table: str) -> list[str]:
    return (_TABLES / table).read_text(encoding="utf-8").splitlines()


def _read_scene(image: Path, drawings: Sequence[Path], *, place: str) -> LabelledScene:
    reflectance = _read_bands(image, (3, 2, 1)) / SENTINEL2_QUANTIFICATION
    levels = to_model_input(reflectance).astype(np.uint8)
    shape = (levels.shape[1], levels.shape[2])
    drawn = [json.loads(path.read_text(encoding="utf-8"))["features"] for path in drawings]
    each = np.stack([footprint_coverage(features, shape=shape) for features in drawn])
    coverage = np.asarray(each.mean(axis=0), dtype=np.float32)
    return LabelledScene(image.stem, place, levels, coverage)


def _read_bands(path: Path, bands: tuple[int, ...]) -> Any:
    try:
        with rasterio.open(path) as raster:
            return raster.read(bands)
    except (RasterioIOError, IndexError) as error:
        raise SceneError(f"{path.name} cannot be read ({error}); fetch it again or leave it out.") from error


def _extent(path: Path) -> Extent:
    with rasterio.open(path) as raster:
        if raster.crs is None:
            raise InputError(f"{path.name} has no CRS, so its place is unknown; assign one.")
        return Extent(*raster.bounds)
