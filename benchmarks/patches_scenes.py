"""Images of the segmentation benchmarks: real scenes of mines, brought to 8 bits, one or many side by side."""

from functools import cache

import dask
import dask.array
import numpy as np
import rasterio
import xarray as xr

from harness import SHARED
from highwall.patches.radiometry import normalise

SCENES = SHARED / "data" / "tailings-ponds" / "images"
SIDE_PX = 448
"""Side of each scene [pixel]."""
KEYS = (1, 17, 31, 64, 93, 107)
"""Scenes with mines, of as many places."""


@cache
def scene(key: int) -> np.ndarray:
    """(y, x, band) uint8 of one scene, each band stretched from its percentile 2 to 98."""
    with rasterio.open(SCENES / f"{key}.tif") as file:
        values = xr.DataArray(file.read(), dims=("band", "y", "x"), coords={"band": ["B2", "B3", "B4"]})
    return np.ascontiguousarray(np.moveaxis(normalise(values).values.astype(np.uint8), 0, -1))


def mosaic(rows: int, cols: int) -> np.ndarray:
    """(y, x, band) uint8: scenes side by side, each time another turn of another scene."""
    scenes = [scene(key) for key in KEYS]
    parts = [[_turned(scenes[k % len(KEYS)], k) for k in range(row * cols, (row + 1) * cols)] for row in range(rows)]
    return np.concatenate([np.concatenate(line, axis=1) for line in parts])


def lazy_mosaic(side_px: int) -> xr.DataArray:
    """(band, y, x) uint8, square and lazy: a block is made when it is read, so that it takes no memory."""
    n = -(-side_px // SIDE_PX)
    scenes = [dask.delayed(scene, pure=True)(key) for key in KEYS]
    blocks = [[_block(scenes[k % len(KEYS)], k) for k in range(row * n, (row + 1) * n)] for row in range(n)]
    lines = [dask.array.concatenate(line, axis=1) for line in blocks]
    return as_image(dask.array.concatenate(lines)[:side_px, :side_px])


def as_image(values: np.ndarray | dask.array.Array) -> xr.DataArray:
    """(band, y, x) of (y, x, band)."""
    image = xr.DataArray(values, dims=("y", "x", "band"), coords={"band": ["B2", "B3", "B4"]})
    return image.transpose("band", "y", "x")


def _turned(values: np.ndarray, k: int) -> np.ndarray:
    turned = np.rot90(values, k // len(KEYS) % 4)
    return np.ascontiguousarray(turned[:, ::-1] if k // len(KEYS) // 4 % 2 else turned)


def _block(values: object, k: int) -> dask.array.Array:
    made = dask.delayed(_turned)(values, k)
    return dask.array.from_delayed(made, (SIDE_PX, SIDE_PX, 3), np.uint8)
