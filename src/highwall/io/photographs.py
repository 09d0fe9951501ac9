"""Photographs of a camera, and orthophotos with a place on Earth: read whole or refused."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from PIL import Image, ImageOps, UnidentifiedImageError
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning, RasterioIOError

from highwall.core.errors import MissingInputError, SceneError

PICTURES: Final = (".png", ".jpg", ".jpeg", ".bmp", ".webp")
RASTERS: Final = (".tif", ".tiff", ".vrt", ".jp2")
_CURE = "copy or convert it anew, or leave it out"
_UNREADABLE = (UnidentifiedImageError, OSError, SyntaxError, ValueError)
"""What Pillow raises for files that are damaged, cut off or no pictures."""
_DEEP = {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}
"""Pillow's modes of more than 8 bits a channel."""
_LARGE = Image.DecompressionBombWarning
"""What Pillow says of pictures above 89 Mpx; it refuses those of twice as many."""
_COLOURS = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)
_MOST_BANDS = 4
"""Bands up to which the first three of a raster are taken for red, green and blue where it does not name them."""


class Photograph(NamedTuple):
    """One photograph."""

    levels: NDArray[np.uint8]
    """(3, y, x) red, green, blue, upright."""
    has_data: NDArray[np.bool_] | None
    """(y, x) False where it is transparent or without data; None where all of it holds data."""
    grid: GeoBox | None
    """Where it lies, if the file says so."""


def photographs_in(paths: Sequence[Path]) -> list[Path]:
    """Files, and the photographs in folders, by name; each once.

    Raises
    ------
    MissingInputError
        A path does not exist, or nothing in them is a photograph by its suffix.
    """
    for path in paths:
        if not path.exists():
            raise MissingInputError(f"no photograph at {path}; check the path.")
    known = (*PICTURES, *RASTERS)
    found = [
        file
        for path in paths
        for file in (sorted(path.iterdir()) if path.is_dir() else [path])
        if file == path or (file.suffix.lower() in known and file.is_file())
    ]
    if not found:
        raise MissingInputError(f"no photograph ({', '.join(known)}) in {', '.join(map(str, paths))}.")
    return list({file.resolve(): file for file in found}.values())


def read_photograph(path: Path) -> Photograph:
    """Read red, green and blue of 8 bits; grey is taken for all three.

    Raises
    ------
    SceneError
        The file is damaged, cut off, no picture, too large for one, not of 8 bits, or its bands are not known.
    """
    if path.suffix.lower() in RASTERS:
        return _read_raster(path)
    with _opened(path) as picture:
        if picture.mode in _DEEP:
            raise SceneError(f"{path.name} has {picture.mode} levels; save it with 8 bits a channel.")
        has_data = np.asarray(picture.convert("RGBA").getchannel("A")) > 0 if picture.has_transparency_data else None
        levels = np.ascontiguousarray(np.moveaxis(np.asarray(picture.convert("RGB")), 2, 0))
    return Photograph(levels, _unless_everywhere(has_data), None)


def read_mask(path: Path) -> NDArray[np.uint8]:
    """Read the first channel of a mask: (y, x).

    Raises
    ------
    SceneError
        The file is damaged, cut off, no picture, or not of 8 bits.
    """
    with _opened(path) as picture:
        values = np.asarray(picture.convert("L") if picture.mode == "1" else picture)
    if values.dtype != np.uint8:
        raise SceneError(f"{path.name} holds {values.dtype}; save the mask with 8 bits a channel.")
    return np.ascontiguousarray(values if values.ndim == 2 else values[:, :, 0])


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Give a decoded picture, upright."""
    try:
        with warnings.catch_warnings(action="ignore", category=_LARGE), Image.open(path) as picture:
            picture.load()
            upright = ImageOps.exif_transpose(picture)
    except Image.DecompressionBombError as error:
        raise SceneError(f"{path.name} is too large for a picture ({error}); cut it into sheets.") from error
    except _UNREADABLE as error:
        raise SceneError(f"{path.name} cannot be read ({error}); {_CURE}.") from error
    yield upright


def _read_raster(path: Path) -> Photograph:
    try:
        with warnings.catch_warnings(action="ignore", category=NotGeoreferencedWarning), rasterio.open(path) as raster:
            if raster.dtypes[0] != "uint8":
                raise SceneError(f"{path.name} holds {raster.dtypes[0]}; stretch it to 8 bits a channel first.")
            levels: NDArray[np.uint8] = raster.read(_colour_bands(raster, path.name))
            has_data = raster.dataset_mask() > 0
            grid = GeoBox(raster.shape, raster.transform, raster.crs) if raster.crs else None
    except RasterioIOError as error:
        raise SceneError(f"{path.name} cannot be read ({error}); {_CURE}.") from error
    return Photograph(levels, _unless_everywhere(has_data), grid)


def _colour_bands(raster: rasterio.DatasetReader, name: str) -> list[int]:
    """Numbers, from 1, of red, green and blue."""
    meanings = list(raster.colorinterp)
    if set(_COLOURS) <= set(meanings):
        return [meanings.index(colour) + 1 for colour in _COLOURS]
    if ColorInterp.palette in meanings:
        raise SceneError(f"{name} holds numbers of a palette; expand it to red, green and blue first.")
    if raster.count > _MOST_BANDS:
        raise SceneError(f"{name} has {raster.count} bands and names no red, green and blue; write these three alone.")
    return [1, 2, 3] if raster.count >= len(_COLOURS) else [1, 1, 1]


def _unless_everywhere(has_data: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
    return None if has_data is None or has_data.all() else has_data
