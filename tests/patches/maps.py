"""Probability maps made for the tests of this room: 10 m pixels near 15° E, 45° N."""

import numpy as np
import odc.geo.xr
import xarray as xr
from affine import Affine

from highwall.core.grid import GeoBox
from highwall.core.taxonomy import CHIP_CLASSES

PIXEL_M2 = 100.0


def grid(rows: int, cols: int, crs: str = "EPSG:32633") -> GeoBox:
    return GeoBox((rows, cols), Affine(10, 0, 500_000, 0, -10, 4_990_000), crs)


def probability(mine: np.ndarray, *, industrial: float | np.ndarray = 0.75, crs: str = "EPSG:32633") -> xr.DataArray:
    """Split a map of mine probability among the classes; ``industrial`` is that class's part of it."""
    layers = np.stack([1 - mine, mine * (1 - industrial), mine * industrial]).astype("f8")
    if crs == "EPSG:4326":
        place = GeoBox(mine.shape, Affine(1e-4, 0, 15, 0, -1e-4, 45), crs)
        axes = {"y": place.coordinates["latitude"].values, "x": place.coordinates["longitude"].values}
        flat = xr.DataArray(layers, dims=("band", "y", "x"), coords=axes | {"band": list(CHIP_CLASSES)})
        return flat.odc.assign_crs(crs)
    coordinates = odc.geo.xr.xr_coords(grid(*mine.shape, crs))
    array = xr.DataArray(layers, dims=("band", "y", "x"), coords=coordinates)
    return array.assign_coords(band=list(CHIP_CLASSES))


def drawn(picture: str, **levels: float) -> np.ndarray:
    """Turn a drawing into a map: ``#`` 0.9, ``+`` 0.6, ``.`` 0.1, ``?`` missing."""
    values = {"#": 0.9, "+": 0.6, ".": 0.1, "?": np.nan}
    return np.array([[values[mark] for mark in line] for line in picture.split()])
