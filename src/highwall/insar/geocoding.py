"""From radar to map: where each map pixel lies in the radar image, and every layer brought there.

A *mapping* says it once, from latitude and longitude of each radar pixel or from a processor's lookup table;
``geocode`` then pours any layer (…, y, x) through it. Radar rows and columns count from 0 at the centre of the first
pixel. Nothing is extrapolated: map pixels outside the image, or beside a missing pixel, are missing.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords
from pyproj import Transformer

from highwall.core.checks import check_dims
from highwall.core.errors import GridError, InputError
from highwall.core.grid import Window, grid_of, utm_crs
from highwall.core.products import LAYERS
from highwall.insar._geocoding_kernels import invert_mesh, sample_bilinear, sample_nearest

POSTING_M: Final = 15.0
"""Size of a map pixel unless another is asked for [m]; the grid of the paper's deformation maps."""

_GEOGRAPHIC: Final = "EPSG:4326"
_CYCLIC: Final = frozenset({"annual_peak"})
"""Layers whose end meets their beginning: no mean of 31 December and 1 January is in July."""


@dataclass(frozen=True, eq=False)
class RadarMapping:
    """Where each pixel of a map grid lies in a radar image."""

    row: NDArray[np.float32]
    """(y, x): line of the radar image, 0 at the centre of the first; NaN outside."""
    col: NDArray[np.float32]
    """(y, x): sample of the radar image, 0 at the centre of the first; NaN outside."""
    grid: GeoBox
    """The map grid."""
    radar_shape: tuple[int, int]
    """Lines and samples of the radar image."""
    source: str
    """What it was made from."""

    def to_dataset(self) -> xr.Dataset:
        """Lay it out for storage: ``row``, ``col`` (y, x) on the map grid."""
        coords = xr_coords(self.grid, dims=("y", "x"))
        attrs = {"lines": self.radar_shape[0], "samples": self.radar_shape[1], "source": self.source}
        layers = {"row": self.row, "col": self.col}
        return xr.Dataset({name: (("y", "x"), array) for name, array in layers.items()}, coords=coords, attrs=attrs)

    @classmethod
    def from_dataset(cls, stored: xr.Dataset) -> "RadarMapping":
        """Take up what :meth:`to_dataset` laid out.

        Raises
        ------
        GridError
            It lacks a layer or an attribute, or carries no map grid.
        """
        missing = {"row", "col"} - set(stored) | {"lines", "samples", "source"} - set(stored.attrs)
        if missing:
            raise GridError(
                f"this is no mapping from radar to map: it lacks {sorted(map(str, missing))}; make it anew."
            )
        row, col = (stored[name].values.astype(np.float32) for name in ("row", "col"))
        shape = (int(stored.attrs["lines"]), int(stored.attrs["samples"]))
        return cls(row, col, grid_of(stored, name="the mapping"), shape, str(stored.attrs["source"]))

    @property
    def covered(self) -> NDArray[np.bool_]:
        """Whether a map pixel lies between the centres of the radar image's pixels: (y, x)."""
        lines, samples = self.radar_shape
        inside: NDArray[np.bool_] = (
            (self.row >= 0) & (self.row <= lines - 1) & (self.col >= 0) & (self.col <= samples - 1)
        )
        return inside

    def cut(self, window: Window) -> tuple["RadarMapping", Window]:
        """Part of the mapping over a window of the map, and the window of the radar image that it needs.

        Its lines and samples are counted from that window. A part without any radar pixel needs the first one.
        """
        row, col = self.row[window.rows, window.cols], self.col[window.rows, window.cols]
        rows, cols = (_needed(places, size) for places, size in zip((row, col), self.radar_shape, strict=True))
        part = RadarMapping(
            row - np.float32(rows.start), col - np.float32(cols.start), self.grid[window.rows, window.cols],
            (rows.stop - rows.start, cols.stop - cols.start), self.source,
        )  # fmt: skip
        return part, Window(rows, cols)


def _needed(places: NDArray[np.float32], size: int) -> slice:
    """Pixels between which places lie, one more on either side."""
    inside = places[np.isfinite(places)]
    if not inside.size:
        return slice(0, 1)
    low, high = int(np.floor(inside.min())) - 1, int(np.ceil(inside.max())) + 2
    return slice(int(np.clip(low, 0, size - 1)), int(np.clip(high, 1, size)))


def mapping_from_layers(
    latitude: xr.DataArray,
    longitude: xr.DataArray,
    *,
    grid: GeoBox | None = None,
    posting_m: float = POSTING_M,
) -> RadarMapping:
    """Invert the latitude and longitude of every radar pixel.

    Inside each quad of four neighbouring pixel centres, places follow the bilinear surface through its corners. Where
    quads overlap on the ground (layover) the first in the image counts.

    Parameters
    ----------
    latitude, longitude : (y, x) [degree]
        Of the pixels' centres; NaN, or 0 in both, is missing.
    grid
        Map grid; by default square pixels of ``posting_m`` in the UTM zone of the data, which they just fill.

    Raises
    ------
    InputError
        A layer is not (y, x), holds no or impossible angles, or the two differ in shape.
    GridError
        No map pixel lies in the radar image.
    """
    lat, lon = _checked_angles(latitude, longitude)
    target = grid or _grid_around(lat, lon, posting_m)
    u, v = _pixel_of(target, lon, lat)
    row, col = (np.full(target.shape, np.nan, np.float32) for _ in range(2))
    invert_mesh(u, v, row, col)
    return _checked_mapping(RadarMapping(row, col, target, lat.shape, "latitude and longitude layers"))


def mapping_from_table(table: xr.Dataset, *, grid: GeoBox | None = None, posting_m: float = POSTING_M) -> RadarMapping:
    """Bring a processor's lookup table from its own grid to the map grid, by bilinear interpolation.

    Parameters
    ----------
    table : row, col (y, x)
        Radar line and sample of each of its pixels, NaN missing, with the attributes ``lines`` and ``samples``; as
        ``io.lookup`` reads it.
    grid
        Map grid; by default square pixels of ``posting_m`` in the UTM zone of the table, which they just fill.

    Raises
    ------
    GridError
        The table carries no grid, or no map pixel lies in the radar image.
    """
    source = grid_of(table["row"], name="the lookup table")
    target = grid or _grid_around(*_corners(source)[::-1], posting_m)
    x, y = _centres(target)
    places_col, places_row = _pixel_of(source, x, y, crs=str(target.crs))
    layers = []
    for name in ("row", "col"):
        layers.append(np.empty(target.shape, np.float32))
        sample_bilinear(table[name].values.astype(np.float32), places_row, places_col, layers[-1])
    shape = (int(table.attrs["lines"]), int(table.attrs["samples"]))
    return _checked_mapping(RadarMapping(layers[0], layers[1], target, shape, "lookup table"))


def geocode(dataset: xr.Dataset, mapping: RadarMapping) -> xr.Dataset:
    """Bring every layer (…, y, x) of a radar image to the map grid.

    Floating and complex layers are interpolated bilinearly; integers, truths and days of the year are taken from the
    nearest pixel;
    ``attrs["geocoding"]`` of a layer says which. Dask arrays stay lazy, one image of a layer at a time. Pixels much
    smaller than the map's should be multilooked before: interpolation does not average.

    Parameters
    ----------
    dataset
        In radar coordinates, as many rows and columns as the mapping's radar image. Coordinates and variables without
        ``y`` and ``x`` are kept; the two-dimensional latitude and longitude are left behind.

    Returns
    -------
    xr.Dataset
        The same dims, names, types and attributes on the map grid. Missing: NaN, or the layer's fill value.

    Raises
    ------
    GridError
        The sizes differ from the mapping's.
    """
    found = (dataset.sizes.get("y", 0), dataset.sizes.get("x", 0))
    if found != mapping.radar_shape:
        raise GridError(
            f"the layers are {found[0]}×{found[1]} pixels, the mapping was made for {mapping.radar_shape[0]}×"
            f"{mapping.radar_shape[1]}; take latitude and longitude with the same looks and crop."
        )
    flat = dataset.drop_vars([name for name, coord in dataset.coords.items() if {"y", "x"} & set(coord.dims)])
    layers = {name: _placed(array, mapping) if "y" in array.dims else array for name, array in flat.data_vars.items()}
    placed = xr.Dataset(layers, attrs=dataset.attrs | {"geocoding": mapping.source})
    return placed.assign_coords(xr_coords(mapping.grid, dims=("y", "x")))


def _placed(array: xr.DataArray, mapping: RadarMapping) -> xr.DataArray:
    is_inexact = np.issubdtype(array.dtype, np.inexact)
    method = "bilinear" if is_inexact and array.name not in _CYCLIC else "nearest"
    layer = LAYERS.get(str(array.name))
    fill = np.nan if is_inexact else layer.fill if layer and np.isfinite(layer.fill) else 0
    images = array.transpose(..., "y", "x")
    if images.chunks is not None:
        images = images.chunk({dim: -1 if dim in ("y", "x") else 1 for dim in images.dims})
    placed: xr.DataArray = xr.apply_ufunc(
        partial(_resampled, mapping=mapping, method=method, fill=fill), images,
        input_core_dims=[["y", "x"]], output_core_dims=[["y", "x"]], exclude_dims={"y", "x"}, keep_attrs=True,
        dask="parallelized", output_dtypes=[array.dtype],
        dask_gufunc_kwargs={"output_sizes": dict(zip("yx", mapping.grid.shape, strict=True))},
    )  # fmt: skip
    return placed.assign_attrs(geocoding=method)


def _resampled(images: NDArray[Any], *, mapping: RadarMapping, method: str, fill: float) -> NDArray[Any]:
    """Resample images (…, line, sample) to (…, y, x)."""
    out = np.full(images.shape[:-2] + mapping.row.shape, fill, images.dtype)
    sample = sample_bilinear if method == "bilinear" else sample_nearest
    for index in np.ndindex(images.shape[:-2]):
        sample(np.ascontiguousarray(images[index]), mapping.row, mapping.col, out[index])
    return out


def _checked_angles(latitude: xr.DataArray, longitude: xr.DataArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    for name, layer in (("latitude", latitude), ("longitude", longitude)):
        check_dims(layer, ("y", "x"), name=name)
    if latitude.shape != longitude.shape:
        raise InputError(f"latitude is {latitude.shape}, longitude {longitude.shape}; give layers of one image.")
    lat, lon = latitude.values.astype(np.float64), longitude.values.astype(np.float64)
    unknown = np.isnan(lat) | np.isnan(lon) | ((lat == 0.0) & (lon == 0.0))
    lat[unknown], lon[unknown] = np.nan, np.nan
    if unknown.all():
        raise InputError("latitude and longitude hold no value; give those of the radar image's pixels.")
    for name, angle, bound in (("latitude", lat, 90.0), ("longitude", lon, 360.0)):
        if np.nanmax(np.abs(angle)) > bound:
            raise InputError(
                f"{name} reaches {np.nanmax(np.abs(angle)):g} degrees; are latitude and longitude swapped?"
            )
    return lat, lon


def _checked_mapping(mapping: RadarMapping) -> RadarMapping:
    if not mapping.covered.any():
        raise GridError(
            "no pixel of the map grid lies in the radar image; give a grid (an AOI) that the radar image covers."
        )
    return mapping


def _grid_around(lat: NDArray[np.float64], lon: NDArray[np.float64], posting_m: float) -> GeoBox:
    """Grid that holds all points, in the UTM zone of their middle, snapped to multiples of the posting."""
    crs = utm_crs(float(np.nanmedian(lon)), float(np.nanmedian(lat)))
    x, y = Transformer.from_crs(_GEOGRAPHIC, crs, always_xy=True).transform(lon, lat)
    bounds = (float(np.nanmin(x)), float(np.nanmin(y)), float(np.nanmax(x)), float(np.nanmax(y)))
    return GeoBox.from_bbox(bounds, crs, resolution=posting_m)


def _pixel_of(
    grid: GeoBox, x: NDArray[np.float64], y: NDArray[np.float64], *, crs: str = _GEOGRAPHIC
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fractional column and row of places on a grid, 0 at the centre of the first pixel; NaN stays NaN."""
    there_x, there_y = Transformer.from_crs(crs, grid.crs, always_xy=True).transform(x, y)
    known = np.isfinite(x) & np.isfinite(y)
    there_x, there_y = np.where(known, there_x, np.nan), np.where(known, there_y, np.nan)
    back = ~grid.transform
    col = back.a * there_x + back.b * there_y + back.c - 0.5
    row = back.d * there_x + back.e * there_y + back.f - 0.5
    return col, row


def _centres(grid: GeoBox) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coordinates of a grid's pixel centres in its own CRS: (y, x) each."""
    rows, cols = np.meshgrid(np.arange(grid.shape.y) + 0.5, np.arange(grid.shape.x) + 0.5, indexing="ij")
    to = grid.transform
    return to.a * cols + to.b * rows + to.c, to.d * cols + to.e * rows + to.f


def _corners(grid: GeoBox) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Longitude and latitude of the centres of a grid's corner pixels: (2, 2) each [degree]."""
    x, y = _centres(grid)
    ends = np.ix_([0, -1], [0, -1])
    lon, lat = Transformer.from_crs(grid.crs, _GEOGRAPHIC, always_xy=True).transform(x[ends], y[ends])
    return lon, lat
