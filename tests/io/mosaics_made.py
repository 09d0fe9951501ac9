"""Small mosaics of chips."""

import warnings
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning


def mosaic(path: Path, levels: np.ndarray) -> Path:
    """Write (band, y, x) as PNG."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        count, height, width = levels.shape
        profile = {"driver": "PNG", "count": count, "height": height, "width": width, "dtype": levels.dtype.name}
        with rasterio.open(path, "w", **profile) as raster:
            raster.write(levels)
    return path


def ground(seed: int, *, rows: int = 2, columns: int = 3) -> np.ndarray:
    """Chips of 48 px of dark ground with bright spots: (band, y, x) uint8."""
    random = np.random.default_rng(seed)
    coarse = random.integers(20, 200, (3, 6 * rows, 6 * columns))
    return coarse.repeat(8, axis=1).repeat(8, axis=2).astype(np.uint8)
