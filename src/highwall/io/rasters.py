"""Rasters in and out: COG for maps, Zarr for series. Type, unit, fill and scale come from ``core.products``."""

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.shutil
import rioxarray
import xarray as xr
import zarr.errors
from numpy.typing import NDArray
from odc.geo.xr import xr_coords
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning, RasterioIOError
from rasterio.windows import Window

from highwall import __version__
from highwall.core.errors import InputError, MissingInputError, SceneError
from highwall.core.grid import GeoBox, grid_of
from highwall.core.products import LAYERS, Layer
from highwall.io.aside import aside

os.environ.setdefault("GDAL_CACHEMAX", "128")  # MiB; GDAL would take a twentieth of the machine's memory
BLOCK = 512
"""px, side of a COG tile and of the windows in which rasters are read."""


def encode(values: NDArray[Any], layer: Layer) -> NDArray[Any]:
    """Turn physical values into stored ones: scale, round, clip to the type, NaN to the fill and nothing else to it."""
    dtype = np.dtype(layer.dtype)
    if dtype.kind == "f":
        return values.astype(dtype)
    missing = np.isnan(values) if values.dtype.kind == "f" else np.zeros(values.shape, bool)
    low, high = _range(layer)
    stored = np.clip(np.rint(np.where(missing, 0.0, values) / layer.scale), low, high).astype(dtype)
    return np.where(missing, dtype.type(layer.fill), stored) if missing.any() else stored


def decode(stored: NDArray[Any], layer: Layer) -> NDArray[np.float32]:
    """Turn stored values into physical ones, the fill to NaN."""
    values = stored.astype(np.float32) * np.float32(layer.scale)
    return np.where(stored == np.dtype(layer.dtype).type(layer.fill), np.float32(np.nan), values)


@dataclass(frozen=True)
class WindowWriter:
    """Writes physical values of one layer into an open raster, window by window."""

    dataset: Any
    layer: Layer

    def write(self, values: NDArray[Any], *, row: int, col: int) -> None:
        """Put ``values``, (band, y, x) or (y, x), with the upper left pixel at (row, col)."""
        block = encode(values if values.ndim == 3 else values[None], self.layer)
        self.dataset.write(block, window=Window(col, row, block.shape[2], block.shape[1]))


@contextmanager
def cog_writer(
    path: Path,
    *,
    layer: str,
    grid: GeoBox,
    bands: Sequence[str] = (),
    colours: Mapping[int, tuple[int, int, int]] | None = None,
    tags: Mapping[str, str] | None = None,
) -> Iterator[WindowWriter]:
    """Open a cloud-optimised GeoTIFF to be filled window by window; memory is bounded by the window.

    Parameters
    ----------
    colours
        Red, green and blue of each code, 0 to 255, for a layer of codes in one byte.
    tags
        More that the file says of itself, such as what its codes mean.

    Raises
    ------
    OutputError
        The file could not be written; nothing is left under ``path``.
    """
    row = LAYERS[layer]
    profile = {
        "driver": "GTiff", "dtype": row.dtype, "count": max(len(bands), 1), "nodata": row.fill,
        "height": grid.shape.y, "width": grid.shape.x, "crs": str(grid.crs), "transform": grid.transform,
        "tiled": True, "blockxsize": BLOCK, "blockysize": BLOCK, "compress": "deflate", "BIGTIFF": "IF_SAFER",
        "predictor": 3 if np.dtype(row.dtype).kind == "f" else 2, "sparse_ok": True, "zlevel": 1,
        **({"photometric": "MINISBLACK"} if len(bands) > 1 else {}),  # else the fourth band would pass for opacity
    }  # fmt: skip
    with aside(path) as whole:
        striped = whole.with_name(f"{whole.name}.strips.tif")  # the COG driver cannot be written in windows
        try:
            with rasterio.open(striped, "w", **profile) as dataset:
                _describe(dataset, row, bands)
                dataset.update_tags(**(tags or {}))
                if colours is not None:
                    dataset.write_colormap(1, dict(colours))
                yield WindowWriter(dataset, row)
            rasterio.shutil.copy(
                striped, whole, driver="COG", compress="deflate", predictor="YES", blocksize=BLOCK,
                num_threads="all_cpus", resampling="nearest" if _is_code(row) else "average",
            )  # fmt: skip
            _read_back(whole)
        finally:
            striped.unlink(missing_ok=True)


def write_cog(array: xr.DataArray, path: Path, *, layer: str | None = None) -> Path:
    """Write a map (y, x) or (band, y, x) of physical values as a cloud-optimised GeoTIFF.

    Parameters
    ----------
    array
        Its name, or ``layer``, is a row of ``core.products.LAYERS``. Dask arrays are written window by window.
    """
    lead = array.dims[0] if array.ndim == 3 else None
    bands = [str(value) for value in array[lead].values] if lead else []
    grid = grid_of(array, name=str(array.name))
    with cog_writer(path, layer=layer or str(array.name), grid=grid, bands=bands) as writer:
        for row, col in windows(grid):
            block = array.isel(y=slice(row, row + BLOCK), x=slice(col, col + BLOCK))
            writer.write(loaded(block).values, row=row, col=col)
    return path


def windows(grid: GeoBox, *, block: int = BLOCK) -> Iterator[tuple[int, int]]:
    """Upper left pixels of the blocks that cover a grid, row by row."""
    for row in range(0, grid.shape.y, block):
        for col in range(0, grid.shape.x, block):
            yield row, col


def open_bands(path: Path, *, block: int = BLOCK, physical: bool = False) -> xr.DataArray:
    """Open a raster lazily as (band, y, x), silently if it lies nowhere; ``physical`` applies scale, offset and nodata.

    Raises
    ------
    InputError
        It holds several images of different size (GDAL subdatasets).
    """
    with warnings.catch_warnings(action="ignore", category=NotGeoreferencedWarning):
        array = rioxarray.open_rasterio(path, chunks={"band": -1, "y": block, "x": block}, mask_and_scale=physical)
    if not isinstance(array, xr.DataArray):
        raise InputError(f"{path} holds several images; convert the wanted one to a GeoTIFF of its own.")
    return array


def read_raster(path: Path, *, name: str | None = None) -> xr.DataArray:
    """Open a raster as physical values, lazily: (band, y, x), or (y, x) when it has one band; missing is NaN.

    Raises
    ------
    MissingInputError
        No such file.
    InputError
        The file is not a raster, or is cut off.
    """
    if not path.exists():
        raise MissingInputError(f"no raster at {path}; check the path.")
    try:
        with rasterio.open(path) as dataset:
            check_whole(dataset)
        array = open_bands(path, physical=True)
    except RasterioIOError as error:
        raise unreadable(path, error) from error
    if array.sizes["band"] == 1:
        return array.squeeze("band", drop=True).rename(name or path.stem)
    names = array.attrs.pop("long_name", None)
    is_named = isinstance(names, tuple | list)  # one text is what all bands share: no name
    return array.assign_coords(band=list(names) if is_named else array["band"].values).rename(name or path.stem)


def unreadable(path: Path, error: Exception) -> InputError:
    """What is said of a path that is no raster; of a folder, which rasters lie in it."""
    if not path.is_dir():
        return InputError(f"{path} is not a readable raster ({error}); download or convert it again.")
    names = ", ".join(sorted(found.name for found in path.glob("*.tif"))) or "there is none of .tif"
    return InputError(f"{path} is a folder; give the raster in it that is meant: {names}.")


def read_overview(path: Path, *, max_side: int) -> xr.DataArray:
    """Read a small version of a raster of physical values: (band, y, x), its longest side at most ``max_side`` [px].

    It comes from the file's overviews, so that time and memory do not grow with the raster.

    Raises
    ------
    InputError
        The file is not a readable raster.
    """
    try:
        with rasterio.open(path) as dataset:
            shrink = max(1.0, max(dataset.shape) / max_side)
            shape = tuple(max(1, round(side / shrink)) for side in dataset.shape)
            stored = dataset.read(out_shape=(dataset.count, *shape), masked=True)
            scales, offsets = (np.reshape(each, (-1, 1, 1)) for each in (dataset.scales, dataset.offsets))
            grid = GeoBox.from_rio(dataset).zoom_to(shape)
            names = [text or str(number) for number, text in enumerate(dataset.descriptions, start=1)]
    except RasterioIOError as error:
        raise InputError(f"{path} is not a readable raster ({error}); download or convert it again.") from error
    values = np.where(np.ma.getmaskarray(stored), np.nan, stored.data * scales + offsets).astype(np.float32)
    array = xr.DataArray(values, dims=("band", "y", "x"), coords=xr_coords(grid, dims=("y", "x")), name=path.stem)
    return array.assign_coords(band=names)


def alpha_band(path: Path) -> int | None:
    """Number, from 1, of the band that says where a picture is transparent; none where there is none.

    A band with a name of its own is no alpha: GDAL declares the fourth of any four 8-bit bands to be one.
    """
    with rasterio.open(path) as dataset:
        for number, meaning in enumerate(dataset.colorinterp, start=1):
            if meaning == ColorInterp.alpha and (dataset.descriptions[number - 1] or "alpha").lower() == "alpha":
                return number
    return None


def loaded(array: xr.DataArray) -> xr.DataArray:
    """Fetch the pixels of a lazy array.

    rasterio warns of its images in memory, which lie nowhere as they should, and silences that for itself in each
    thread; threads undo one another's silence, so it is kept here.

    Raises
    ------
    SceneError
        The file behind it cannot be read: said here, lest it pass for a failure to write what is made of it.
    """
    try:
        with warnings.catch_warnings(action="ignore", category=NotGeoreferencedWarning):
            return array.compute()
    except RasterioIOError as error:
        name = array.attrs.get("scene_id", array.name)
        raise SceneError(f"the pixels of {name} cannot be read ({error}); download or convert it again.") from error


def check_whole(dataset: Any) -> None:
    """Read the last pixel of every band: a file cut off in transfer opens, but has no end.

    Raises
    ------
    RasterioIOError
        The pixel is not there.
    """
    dataset.read(window=Window(dataset.width - 1, dataset.height - 1, 1, 1))


def write_zarr(dataset: xr.Dataset, path: Path) -> Path:
    """Write a Dataset as a Zarr v3 store, chunked for series: all epochs of 128 × 128 pixels together."""
    side = 128
    chunks = {dim: min(side, size) if dim in ("y", "x") else -1 for dim, size in dataset.sizes.items()}
    with aside(path) as temporary:
        dataset.chunk(chunks).to_zarr(temporary, mode="w", zarr_format=3, consolidated=False)
    return path


def read_zarr(path: Path) -> xr.Dataset:
    """Open a Zarr store that :func:`write_zarr` left.

    Raises
    ------
    MissingInputError
        No store at that path.
    InputError
        The store cannot be read, or the folder is none.
    """
    if not path.is_dir():
        raise MissingInputError(f"no Zarr store at {path}; run `highwall deform` first.")
    if not (path / "zarr.json").is_file():
        raise InputError(f"the folder {path} is no Zarr store; give the displacement.zarr that `highwall deform` left.")
    try:
        dataset: xr.Dataset = xr.open_zarr(path, consolidated=False, decode_coords="all")
    except (zarr.errors.BaseZarrError, ValueError, KeyError) as error:
        raise InputError(f"{path} is not a readable Zarr store ({error}); remove it and run again.") from error
    return dataset


def _is_code(layer: Layer) -> bool:
    """Tell whether stored values are codes, bits or counts, which must not be averaged."""
    return np.dtype(layer.dtype).kind != "f" and layer.scale == 1.0


def _range(layer: Layer) -> tuple[int, int]:
    """Least and greatest stored value of a layer; of a scaled quantity the fill is left out of it."""
    info = np.iinfo(layer.dtype)
    if _is_code(layer):
        return int(info.min), int(info.max)
    return info.min + (layer.fill == info.min), info.max - (layer.fill == info.max)


def _describe(dataset: Any, layer: Layer, bands: Sequence[str]) -> None:
    count = dataset.count
    dataset.scales, dataset.units = (layer.scale,) * count, (layer.unit,) * count
    dataset.descriptions = tuple(bands) or (layer.name,)
    tags = {"LAYER": layer.name, "SIGN": layer.sign, "SOURCE": layer.source, "SOFTWARE": f"highwall {__version__}"}
    dataset.update_tags(**{key: value for key, value in tags.items() if value}, LONG_NAME=layer.long_name)


def _read_back(path: Path) -> None:
    """Read every block once: GDAL reports a full disk at the close of a file, or not at all."""
    with rasterio.open(path) as dataset:
        for _, window in dataset.block_windows(1):
            dataset.read(window=window)
