"""Files of labels: which scene and annotator each is for, and the mask that it gives on a scene's grid.

A label file is named like its scene, ``SCENE.geojson``, or ``SCENE-ANNOTATOR.geojson`` where several people drew it. It
holds polygons with a column ``class`` (any vector file), or is a raster on the scene's grid: a set of bits in uint16
(tag ``LAYER=mining_labels``, as Highwall writes them), class codes in bytes, or one band a class, named by its
description. A PNG, or a TIFF without a CRS, has no place of its own: it must have its scene's rows and columns.
"""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning, RasterioIOError

from highwall.core.errors import GridError, InputError, MissingInputError, SceneError
from highwall.core.grid import GeoBox, Window, crs_name, same_grid
from highwall.core.taxonomy import CLASS_NAMES
from highwall.io.catalog import is_run
from highwall.io.vectors import read_polygons
from highwall.io.windows import read_window
from highwall.segmentation.dataset import ONLY_ANNOTATOR, ReadMask
from highwall.segmentation.labels import (
    BITS,
    BLANK_CODE,
    Mask,
    from_codes,
    from_layers,
    rasterise,
    require_labels,
    with_outer_classes,
)

VECTORS: Final = (".geojson", ".json", ".gpkg", ".parquet", ".shp", ".fgb")
RASTERS: Final = (".tif", ".tiff")
LABEL_RASTERS: Final = (*RASTERS, ".png")
_LAYER: Final = "mining_labels"
_LARGEST_SAME: Final = 2
"""Up to this value a raster of codes and one of bits say the same."""


class LabelFile(NamedTuple):
    """One annotator's drawing of one scene."""

    path: Path
    scene: str
    annotator: str


@dataclass(frozen=True)
class PolygonMask:
    """Burns polygons into a window of a grid."""

    polygons: gpd.GeoDataFrame
    grid: GeoBox

    def __call__(self, window: Window | None = None) -> Mask:
        """Give the mask of a window, or of all: (y, x) uint16."""
        return rasterise(self.polygons, self.grid if window is None else self.grid[window.rows, window.cols])


@dataclass(frozen=True)
class RasterMask:
    """Reads windows of a raster of labels; codes, one class a pixel, count for the class that contains theirs too."""

    path: Path
    kind: str
    """``bits``, ``codes`` or ``layers``."""
    names: tuple[str, ...] = ()
    """Class of each band, where there is one a class."""

    def __call__(self, window: Window | None = None) -> Mask:
        """Give the mask of a window, or of all: (y, x) uint16."""
        if self.kind == "layers":
            stored = read_window(self.path, tuple(range(1, len(self.names) + 1)), window)
            return from_layers(_whole(stored), self.names)
        codes = _whole(read_window(self.path, (1,), window)[0])
        return codes.astype(np.uint16) if self.kind == "bits" else with_outer_classes(from_codes(codes))


def label_files(folder: Path, scenes: Iterable[str]) -> tuple[list[LabelFile], list[Path]]:
    """Pair the label files of a folder with scenes, by name.

    Parameters
    ----------
    scenes
        Names of the scenes: paths below their folder without the suffix.

    Returns
    -------
    tuple
        Files that belong to a scene, in the order of their names, and those that belong to none.

    Raises
    ------
    MissingInputError
        The folder holds no label file.
    """
    known, paths = set(scenes), files_below(folder, (*VECTORS, *LABEL_RASTERS))
    if not paths:
        raise MissingInputError(f"no labels in {folder}; expected {', '.join((*VECTORS, *LABEL_RASTERS))}.")
    paired, strange = [], []
    for path in paths:
        found = _paired(path, key_of(path, folder), known)
        if found is None:
            strange.append(path)
        else:
            paired.append(found)
    return paired, strange


def files_below(folder: Path, suffixes: Sequence[str]) -> list[Path]:
    """Files of a folder and its subfolders, in the natural order of their names; hidden ones and runs left out."""
    if not folder.is_dir():
        return []
    here = [path for path in folder.iterdir() if path.suffix.lower() in suffixes and path.is_file()]
    below = (path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".") and not is_run(path))
    found = [path for path in here if not path.name.startswith(".")]
    found += [path for child in below for path in files_below(child, suffixes)]
    return sorted(found, key=lambda path: natural_order(key_of(path, folder)))


def key_of(path: Path, folder: Path) -> str:
    """Name of a scene: its path below the folder, without the suffix."""
    return path.relative_to(folder).with_suffix("").as_posix()


def natural_order(name: str) -> tuple[tuple[bool, int, str], ...]:
    """Sort key in which numbers stand by value: scene 9 before scene 10."""
    parts: list[str] = []
    for char in name:
        if parts and parts[-1][-1].isdecimal() == char.isdecimal():
            parts[-1] += char
        else:
            parts.append(char)
    return tuple((not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts)


def read_labels(path: Path) -> gpd.GeoDataFrame:
    """Read label polygons; a file without any says that the scene holds no mine.

    Raises
    ------
    MissingInputError
        No such file.
    VectorError
        It cannot be read, or a class is missing or unknown.
    """
    polygons = read_polygons(path, allow_empty=True)
    if len(polygons) or "class" in polygons:
        require_labels(polygons)
        return polygons[["class", polygons.geometry.name]]
    return gpd.GeoDataFrame({"class": []}, geometry=[], crs=polygons.crs)


def open_labels(path: Path, grid: GeoBox, *, kind: str | None = None) -> ReadMask:
    """Open what reads the mask of a file on a scene's grid.

    Parameters
    ----------
    kind
        ``bits`` or ``codes``: what a raster of one band holds that does not say; by default its values tell.

    Raises
    ------
    VectorError
        Polygons cannot be read, or have an unknown class.
    GridError
        A raster lies on another grid, or the scene carries no CRS.
    InputError
        What the values of a raster mean cannot be told.
    """
    if path.suffix.lower() in LABEL_RASTERS:
        return _open_raster(path, grid, kind)
    if grid.crs is None:
        raise GridError("the scene carries no CRS, so polygons have no place on it; give it one (gdal_edit.py -a_srs).")
    polygons = read_labels(path)
    return PolygonMask(polygons.to_crs(str(grid.crs)), grid)


def _paired(path: Path, key: str, scenes: set[str]) -> LabelFile | None:
    """Scene and annotator of a label file, by the longest scene name that fits."""
    if key in scenes:
        return LabelFile(path, key, ONLY_ANNOTATOR)
    scene, dash, annotator = key.rpartition("-")
    return LabelFile(path, scene, annotator) if dash and annotator and scene in scenes else None


def _open_raster(path: Path, grid: GeoBox, kind: str | None) -> RasterMask:
    try:
        with warnings.catch_warnings(action="ignore", category=NotGeoreferencedWarning), rasterio.open(path) as dataset:
            found, tags, names = GeoBox.from_rio(dataset), dataset.tags(), dataset.descriptions
    except RasterioIOError as error:
        raise SceneError(f"{path} cannot be read ({error}); fetch it again or leave it out.") from error
    if not (same_grid(found, grid) if found.crs is not None else found.shape == grid.shape):
        raise GridError(
            f"{path.name} has {found.shape.y}×{found.shape.x} pixels in {_crs_of(found)}, its scene "
            f"{grid.shape.y}×{grid.shape.x} in {crs_name(grid)}, or lies elsewhere; resample one to the other's grid."
        )
    if tags.get("LAYER") == _LAYER:
        return RasterMask(path, "bits")
    if len(names) > 1:
        return RasterMask(path, "layers", _class_bands(path, names))
    return RasterMask(path, kind or _kind_of(path, _whole(read_window(path, (1,), None))))


def _crs_of(grid: GeoBox) -> str:
    return "no CRS" if grid.crs is None else crs_name(grid)


def _class_bands(path: Path, names: Sequence[str | None]) -> tuple[str, ...]:
    unknown = [name or "nameless" for name in names if name not in BITS]
    if unknown:
        raise InputError(
            f"{path.name} has bands {', '.join(unknown)}; labels of several bands are named by class: "
            f"{', '.join(CLASS_NAMES)}."
        )
    return tuple(str(name) for name in names)


def _kind_of(path: Path, stored: NDArray[np.integer]) -> str:
    """Tell codes from bits in a raster that does not say: bytes are codes, larger values bits."""
    if stored.dtype.itemsize == 1:
        return "codes"
    highest = int(stored[stored != np.iinfo(np.uint16).max].max(initial=0))
    if _LARGEST_SAME < highest <= BLANK_CODE:
        raise InputError(
            f"{path.name} holds values up to {highest} in {stored.dtype}, which may be codes or bits; store codes "
            f"as bytes (gdal_translate -ot Byte), or tag bits (gdal_edit.py -mo LAYER={_LAYER})."
        )
    return "bits"


def _whole(stored: NDArray[Any]) -> NDArray[np.integer]:
    """Refuse labels that are not whole numbers.

    Raises
    ------
    InputError
        They have fractions.
    """
    if stored.dtype.kind not in "iu":
        raise InputError(f"labels are {stored.dtype}; store them as whole numbers (gdal_translate -ot Byte).")
    return stored
