"""A map of land cover that is compared with another: the folder of a `highwall segment`, or a raster of labels."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import RasterioIOError

from highwall.core.epochs import dates_in
from highwall.core.errors import InputError, MissingInputError
from highwall.core.grid import GeoBox, Window
from highwall.core.taxonomy import CLASS_NAMES, CLASS_SETS, MINING_AREA, PRECEDENCE
from highwall.io.aligned import AlignedCodes
from highwall.segmentation.decision import CODES, NO_DATA
from highwall.segmentation.labels import OUTSIDE, from_codes, target_of, with_outer_classes
from highwall.workflows.mapping.mining import subset_file

ALL: Final = 0
"""Stands for all ten classes in one map: where several claim a pixel, the first of ``core.taxonomy.PRECEDENCE``."""
_PARTS: Final = (1, 2, 3)
"""Subsets whose classes make up the whole."""
_WHOLE: Final = 4
_TYPES: Final = 5
_LABELS: Final = 0
"""Key of a raster that holds the labels of all subsets."""


@dataclass(frozen=True)
class MapSide:
    """One of two maps."""

    path: Path
    grid: GeoBox
    rasters: Mapping[int, Path]
    """Raster of codes of each set of classes; or one of labels that holds all."""
    date: dt.date | None
    scene: Path | None = None
    """Scene behind it, where that is known and still there."""
    level: str | None = None
    known: tuple[int, ...] = _PARTS
    """Sets of classes of which a raster of labels tells: those that its tags name, else the ten classes."""

    @property
    def subsets(self) -> tuple[int, ...]:
        """Sets of classes that can be told; the whole, and all classes in one map, follow from the parts."""
        known = set(self.known if _LABELS in self.rasters else self.rasters)
        return tuple(sorted(known | ({ALL, _WHOLE} if set(_PARTS) <= known else set())))

    def placed(self, grid: GeoBox) -> "MapSide":
        """Read it on another grid, by nearest neighbour."""
        return replace(self, grid=grid)

    def codes(self, subset: int, window: Window) -> NDArray[np.uint8]:
        """Codes of a subset in a window: (y, x), ``NO_DATA`` where nothing is known."""
        if subset == ALL:
            return _foremost([self.codes(part, window) for part in _PARTS])
        if _LABELS in self.rasters:
            return self._from_labels(subset, window)
        if subset in self.rasters:
            return AlignedCodes(self.rasters[subset], self.grid, NO_DATA)(window).astype(np.uint8)
        return _union([self.codes(part, window) for part in _PARTS])

    def _from_labels(self, subset: int, window: Window) -> NDArray[np.uint8]:
        path = self.rasters[_LABELS]
        with rasterio.open(path) as dataset:
            is_bits = dataset.dtypes[0] == "uint16"
        stored = AlignedCodes(path, self.grid, OUTSIDE if is_bits else NO_DATA)(window)
        mask = stored.astype(np.uint16) if is_bits else with_outer_classes(from_codes(stored))
        numbers = target_of(mask, subset)
        table = np.array([0, *(CODES[name] for name in CLASS_SETS[subset]), NO_DATA], dtype=np.uint8)
        return np.asarray(table[numbers], dtype=np.uint8)  # −1, not counted, is the last

    @property
    def described(self) -> dict[str, Any]:
        """Plain values for a record."""
        return {"path": str(self.path), "date": str(self.date) if self.date else None}


def classes_of(subset: int) -> tuple[str, ...]:
    """Classes of a subset, or of all."""
    return CLASS_NAMES if subset == ALL else CLASS_SETS[subset]


def open_side(path: Path, *, date: dt.date | None = None) -> MapSide:
    """Open a map.

    Parameters
    ----------
    path
        Folder of a `highwall segment`, or a raster of labels: bits of 16, or codes of one byte.
    date
        Of the data, against what the map says.

    Raises
    ------
    MissingInputError
        There is no such path, or the folder holds no map.
    InputError
        It is no raster of labels, or carries no CRS.
    """
    if not path.exists():
        raise MissingInputError(f"no map at {path}; give the folder of a `highwall segment`, or a raster of labels.")
    if path.is_dir():
        return _of_folder(path, date)
    grid, dtype, tags = _header(path)
    if dtype not in ("uint8", "uint16"):
        raise InputError(f"{path} holds {dtype}; labels are codes of one byte, or bits of two.")
    dates = dates_in(tags.get("ACQUISITION_DATE", "")) or dates_in(path.stem)
    classes = {name for key, name in tags.items() if key.startswith("CLASS_")} - {"background"}
    own = [subset for subset, names in CLASS_SETS.items() if classes == set(names)]
    known = tuple(each for each in (*_PARTS, _TYPES) if classes >= set(CLASS_SETS[each])) if classes else _PARTS
    is_codes = own and dtype == "uint8"
    return MapSide(
        path, grid, {own[0] if is_codes else _LABELS: path}, date or (dates[0] if dates else None), known=known
    )


def _of_folder(folder: Path, date: dt.date | None) -> MapSide:
    rasters = {subset: path for subset in CLASS_SETS if (path := folder / subset_file(subset)).exists()}
    if not rasters:
        raise MissingInputError(f"{folder} holds no {subset_file(1)} or its like; run `highwall segment` first.")
    grid, _, _ = _header(next(iter(rasters.values())))
    facts = _facts(folder)
    acquired = dates_in(facts.get("acquired", ""))
    scene = Path(facts["source"]) if "source" in facts else None
    return MapSide(
        folder, grid, rasters, date or (acquired[0] if acquired else None),
        scene if scene and scene.exists() else None, facts.get("level"),
    )  # fmt: skip


def _facts(folder: Path) -> dict[str, Any]:
    item = folder / "stac" / "segment.json"
    if not item.exists():
        return {}
    facts: dict[str, Any] = json.loads(item.read_text(encoding="utf-8"))["properties"]["highwall:facts"]
    return facts


def _header(path: Path) -> tuple[GeoBox, str, dict[str, str]]:
    try:
        with rasterio.open(path) as dataset:
            grid, dtype, tags, count = GeoBox.from_rio(dataset), dataset.dtypes[0], dataset.tags(), dataset.count
    except RasterioIOError as error:
        raise InputError(f"{path} is not a readable raster ({error}); give a map of labels.") from error
    if grid.crs is None:
        raise InputError(f"{path} carries no CRS; give it one (gdal_edit.py -a_srs).")
    if count != 1:
        raise InputError(
            f"{path} has {count} bands; a map of labels has one. Give the folder it lies in, if it has one."
        )
    return grid, dtype, tags


def _foremost(parts: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Of the classes that subsets say of a pixel the first in the order of precedence."""
    known = np.all([part != NO_DATA for part in parts], axis=0)
    found = np.zeros(parts[0].shape, dtype=np.uint8)
    for name in reversed(PRECEDENCE):
        found[np.any([part == CODES[name] for part in parts], axis=0)] = CODES[name]
    return np.where(known, found, np.uint8(NO_DATA))


def _union(parts: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Whole mine of its parts: any class of any subset."""
    known = np.all([part != NO_DATA for part in parts], axis=0)
    any_class = np.any([(part != NO_DATA) & (part > 0) for part in parts], axis=0)
    whole = np.where(any_class, np.uint8(CODES[MINING_AREA]), np.uint8(0))
    return np.where(known, whole, np.uint8(NO_DATA))
