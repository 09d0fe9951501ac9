"""Rasters and polygons brought to the pixels of a dataset, be it on a map grid or in radar coordinates."""

import geopandas as gpd
import numpy as np
import shapely
import xarray as xr
from numpy.typing import NDArray
from rasterio.features import geometry_mask

from highwall.core.errors import GridError, InputError
from highwall.core.grid import GeoBox, grid_of

_GEOGRAPHIC = "EPSG:4326"


def at_pixels(raster: xr.DataArray, dataset: xr.Dataset, *, name: str) -> xr.DataArray:
    """Values of a continuous raster at the pixels of a dataset: (y, x) float32, bilinear, NaN outside the raster.

    Raises
    ------
    InputError
        The raster has several bands.
    GridError
        One of the two does not say where it lies.
    """
    if raster.ndim != 2:
        raise InputError(f"{raster.name} has {raster.shape[0]} bands; one is wanted.")
    grid_of(raster, name=str(raster.name))
    if dataset.odc.crs is None:
        values = _at_places(raster, *_places(dataset))
    else:
        values = raster.odc.reproject(grid_of(dataset), resampling="bilinear").values
    coords = {key: coord for key, coord in dataset.coords.items() if "pair" not in coord.dims}
    return xr.DataArray(values.astype(np.float32), coords, ("y", "x"), name, {"resampling": "bilinear"})


def covered(polygons: gpd.GeoDataFrame, dataset: xr.Dataset) -> xr.DataArray:
    """Whether the centre of each pixel of a dataset lies in a polygon: (y, x) bool.

    Raises
    ------
    GridError
        The dataset does not say where it lies.
    """
    if dataset.odc.crs is None:
        latitude, longitude = _places(dataset)
        area = polygons.to_crs(_GEOGRAPHIC).union_all()
        inside = shapely.contains_xy(area, longitude.ravel(), latitude.ravel()).reshape(latitude.shape)
    else:
        inside = _inside(polygons, grid_of(dataset))
    return xr.DataArray(inside, dims=("y", "x"))


def _inside(polygons: gpd.GeoDataFrame, grid: GeoBox) -> NDArray[np.bool_]:
    if polygons.empty:
        return np.zeros(grid.shape, bool)
    placed = polygons.to_crs(str(grid.crs)).geometry
    found: NDArray[np.bool_] = geometry_mask(placed, out_shape=grid.shape, transform=grid.transform, invert=True)
    return found


def _places(dataset: xr.Dataset) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Latitude and longitude of pixels in radar coordinates."""
    if not {"latitude", "longitude"} <= set(dataset.coords):
        raise GridError("the dataset carries neither a CRS nor latitude and longitude; geocode it or add them.")
    latitude, longitude = (dataset[name].values.astype(np.float64) for name in ("latitude", "longitude"))
    return latitude, longitude


def _at_places(
    raster: xr.DataArray, latitude: NDArray[np.float64], longitude: NDArray[np.float64]
) -> NDArray[np.floating]:
    geographic = raster if raster.odc.crs.epsg == 4326 else raster.odc.reproject(_GEOGRAPHIC, resampling="bilinear")
    down, across = geographic.dims
    wanted = {down: xr.DataArray(latitude, dims=("y", "x")), across: xr.DataArray(longitude, dims=("y", "x"))}
    flat = geographic.rename({down: "lat_", across: "lon_"}).drop_vars("spatial_ref", errors="ignore")
    found: NDArray[np.floating] = flat.interp(lat_=wanted[down], lon_=wanted[across]).values
    return found
