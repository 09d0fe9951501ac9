"""What of a prediction the image cannot refine: it lies beyond the image, or where that has no value."""

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from affine import Affine
from numpy.typing import NDArray
from pyproj import Transformer

from highwall.core.grid import GeoBox, grid_of
from highwall.io.rasters import BLOCK, loaded, read_raster, windows
from highwall.patches.attributes import mine_probability


def unseen_share(probability: Path, labels: xr.DataArray, *, threshold: float) -> float:
    """Share of the predicted pixels that lie in no object; 0 where nothing was predicted.

    Parameters
    ----------
    probability
        Map of class probabilities on any grid, read block by block.
    labels : (y, x) int
        Objects, 0 is none; may be lazy.
    threshold
        Mine probability from which a pixel counts as predicted.
    """
    layers = read_raster(probability, name="class_probability")
    grid, n_predicted, n_seen = grid_of(layers), 0, 0
    for row, col in windows(grid, block=BLOCK):
        block = loaded(layers.isel(y=slice(row, row + BLOCK), x=slice(col, col + BLOCK)))
        rows, cols = np.nonzero(mine_probability(block).values >= threshold)
        n_predicted += rows.size
        n_seen += _n_in_objects(rows + row, cols + col, grid, labels)
    return 1.0 - n_seen / n_predicted if n_predicted else 0.0


def _n_in_objects(rows: NDArray[Any], cols: NDArray[Any], grid: GeoBox, labels: xr.DataArray) -> int:
    """How many pixels of a grid have their centres in objects on another."""
    own = grid_of(labels)
    across = Transformer.from_crs(str(grid.crs), str(own.crs), always_xy=True)
    col, row = _applied(~own.transform, *across.transform(*_applied(grid.transform, cols + 0.5, rows + 0.5)))
    is_within = (row >= 0) & (row < own.shape.y) & (col >= 0) & (col < own.shape.x)
    if not is_within.any():
        return 0
    row, col = row[is_within].astype(int), col[is_within].astype(int)
    top, left = row.min(), col.min()
    part = loaded(labels.isel(y=slice(top, row.max() + 1), x=slice(left, col.max() + 1)))
    return int((part.values[row - top, col - left] > 0).sum())


def _applied(transform: Affine, x: NDArray[Any], y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    return transform.a * x + transform.b * y + transform.c, transform.d * x + transform.e * y + transform.f
