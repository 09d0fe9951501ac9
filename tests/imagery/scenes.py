"""Scenes and spectra made for the tests of this room."""

from collections.abc import Mapping

import numpy as np
import odc.geo.xr
import xarray as xr
from affine import Affine

from highwall.core.grid import GeoBox

UTM = "EPSG:32633"
SIX = ("B02", "B03", "B04", "B08", "B11", "B12")


def grid(
    rows: int = 30, cols: int = 40, *, left: float = 500_000.0, top: float = 4_990_000.0, step: float = 10.0
) -> GeoBox:
    """Grid near 15° E, 45° N."""
    return GeoBox((rows, cols), Affine(step, 0, left, 0, -step, top), UTM)


def scene(values: np.ndarray, place: GeoBox, *, bands: tuple[str, ...] = SIX, **attrs: object) -> xr.DataArray:
    """Put (band, y, x) values on a grid."""
    coordinates = odc.geo.xr.xr_coords(place)
    array = xr.DataArray(values, dims=("band", "y", "x"), coords=coordinates, attrs=attrs)
    return array.assign_coords(band=list(bands))


def spectra(rows: Mapping[str, tuple[float, ...]], *, bands: tuple[str, ...] = SIX) -> xr.DataArray:
    """One pixel a spectrum: (band, 1, x) reflectance."""
    values = np.array(list(rows.values()), dtype="f4").T[:, None, :]
    return xr.DataArray(values, dims=("band", "y", "x"), coords={"band": list(bands)})
