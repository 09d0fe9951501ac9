"""Tiles of scenes and rasters for the map (Web Mercator), cut out of COGs by rio-tiler."""

import io
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from PIL import Image
from rio_tiler.colormap import apply_cmap, cmap
from rio_tiler.errors import TileOutsideBounds
from rio_tiler.io import Reader

SIDE: Final = 256
MOST_ZOOM: Final = 22
_PREVIEW: Final = 512
"""Longest side of the picture from which limits are taken [px]."""


class Look(NamedTuple):
    """How a file is drawn."""

    path: str
    bands: tuple[int, ...]
    limits: tuple[tuple[float, float], ...]
    """Values that are drawn as 0 and 255, a band."""
    colormap: str = ""
    """Name of a colour map; empty: the bands are red, green and blue."""


def scene_look(path: Path, bands: tuple[int, int, int], *, low_percent: float, high_percent: float) -> Look:
    """Draw a scene in its own colours, stretched between two percentiles of each band."""
    limits = _percentiles(str(path), _changed(path), bands, low_percent, high_percent)
    return Look(str(path), bands, limits)


def raster_look(path: Path, limits: tuple[float, float], *, colormap: str) -> Look:
    """Draw the first band of a raster by a colour map."""
    return Look(str(path), (1,), (limits,), colormap)


def tile(look: Look, z: int, x: int, y: int) -> bytes:
    """PNG of a tile; where the file does not reach, it is clear."""
    return _tile(look, _changed(Path(look.path)), z, x, y)


@lru_cache(maxsize=512)
def _tile(look: Look, changed: int, z: int, x: int, y: int) -> bytes:
    try:
        with Reader(look.path) as file:
            image = file.tile(x, y, z, tilesize=SIDE, indexes=look.bands)
    except TileOutsideBounds:
        return _CLEAR
    image.array.fill_value = 0  # the file's own, often NaN, is none of a byte's values
    drawn = image.rescale(in_range=look.limits)
    data = drawn.array.data
    if look.colormap:
        data, _ = apply_cmap(data, cmap.get(look.colormap))
    return _png(data, drawn.mask)


def _png(colours: np.ndarray, mask: np.ndarray) -> bytes:
    """PNG of red, green and blue (3, y, x) in bytes, clear where the mask (y, x) is 0.

    Not by GDAL, which warns that a picture lies nowhere: warnings are kept from showing for all threads or for none.
    """
    picture = io.BytesIO()
    Image.fromarray(np.dstack([*colours, mask])).save(picture, "PNG", compress_level=1)
    return picture.getvalue()


@lru_cache(maxsize=64)
def _percentiles(
    path: str, changed: int, bands: tuple[int, ...], low: float, high: float
) -> tuple[tuple[float, float], ...]:
    with Reader(path) as file:
        image = file.preview(indexes=bands, max_size=_PREVIEW)
    return tuple(_limits(band.compressed(), low, high) for band in image.array)


def _limits(values: np.ndarray, low: float, high: float) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return 0.0, 1.0
    darkest, brightest = np.percentile(finite, [low, high])
    return float(darkest), float(max(brightest, darkest + np.finfo(np.float32).eps))


def _changed(path: Path) -> int:
    """Time of the file's last change: part of what is kept, so that a new run is drawn anew."""
    return path.stat().st_mtime_ns


_CLEAR: Final = _png(np.zeros((3, SIDE, SIDE), np.uint8), np.zeros((SIDE, SIDE), np.uint8))
