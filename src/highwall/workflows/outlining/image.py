"""An image as it is segmented: its bands chosen, on the grid that is wanted, normalised by a recorded step.

It stays lazy, unless it is put on another grid: the bounds of the normalisation come from a sample, pixels are read
tile by tile.
"""

import math
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from highwall.core.checks import nearest_name
from highwall.core.errors import InputError, SceneError
from highwall.core.grid import GeoBox, grid_of
from highwall.io.rasters import alpha_band, loaded, read_raster
from highwall.io.scenes import band_name
from highwall.patches.radiometry import normalise
from highwall.workflows.config import ObjectsSection
from highwall.workflows.outlining.surroundings import placed

TRUE_COLOUR = ("B04", "B03", "B02")
"""Bands that are segmented by default where an image names them: red, green and blue of Sentinel-2."""
IMAGE_RESAMPLING = "bilinear"
_SAMPLE_PX = 4_000_000
"""Pixels a band from which the bounds of the normalisation are taken, about; smaller images are taken whole."""


def open_image(path: Path, *, options: ObjectsSection, onto: GeoBox | None = None) -> xr.DataArray:
    """Open an image for segmentation.

    Parameters
    ----------
    onto
        Grid to put it on, if not its own.

    Returns
    -------
    (band, y, x) float32, 0 to 255, NaN missing
        Lazy, unless it was put on another grid. Its attributes record the normalisation, and as ``alpha_band`` the band
        whose transparent pixels were left out, None where there is none or ``bands`` ask for it.

    Raises
    ------
    MissingInputError
        No such file.
    InputError
        It is no raster, lacks a band that is asked for, or shows nothing of the grid.
    GridError
        It carries no CRS.
    """
    whole = _with_bands(read_raster(path, name=path.stem))
    number = alpha_band(path)
    alpha = None if number is None else str(whole["band"].values[number - 1])
    if alpha in options.bands:
        alpha = None
    image = _chosen(whole if alpha is None else _opaque(whole, alpha), options.bands)
    grid_of(image, name=str(path))
    if onto is not None:
        image = _placed(image, onto, path)
    return _normalised(image, options).assign_attrs(alpha_band=alpha)


def picture_of(image: xr.DataArray) -> NDArray[np.uint8]:
    """Picture of a normalised image: (y, x, 3), white where nothing is; true colour, first three bands, or grey."""
    names = [str(name) for name in image["band"].values]
    shown = list(TRUE_COLOUR) if set(TRUE_COLOUR) <= set(names) else names[:3] if len(names) > 2 else names[:1] * 3
    values = loaded(image.sel(band=shown)).transpose("y", "x", "band").values
    return np.where(np.isnan(values), 255.0, values).astype(np.uint8)


def _with_bands(raster: xr.DataArray) -> xr.DataArray:
    """Give every band its name (its number where names are shared), and a raster of one band its dimension."""
    whole = raster if raster.ndim == 3 else raster.expand_dims(band=[str(raster.name)])
    names = [_name(str(band)) for band in whole["band"].values]
    is_told_apart = len(set(names)) == len(names)
    return whole.assign_coords(band=names if is_told_apart else [str(number + 1) for number in range(len(names))])


def _opaque(image: xr.DataArray, alpha: str) -> xr.DataArray:
    """Leave out the alpha band, and what it makes transparent."""
    is_opaque = image.sel(band=alpha, drop=True) > 0
    return image.drop_sel(band=alpha).astype(np.float32).where(is_opaque)


def _name(band: str) -> str:
    """Name of a band of Sentinel-2 in the usual way, any other as it is."""
    try:
        return band_name(band)
    except SceneError:
        return band


def _chosen(image: xr.DataArray, bands: tuple[str, ...]) -> xr.DataArray:
    wanted = tuple(_name(band) for band in bands)
    names = [str(name) for name in image["band"].values]
    default = TRUE_COLOUR if set(TRUE_COLOUR) <= set(names) else tuple(names)
    missing = [name for name in wanted if name not in names]
    if missing:
        raise InputError(
            f"the image has no band {', '.join(missing)}; it has {', '.join(names)}{nearest_name(missing[0], names)}"
        )
    return image.sel(band=list(wanted or default))


def _placed(image: xr.DataArray, grid: GeoBox, path: Path) -> xr.DataArray:
    moved = placed(image, grid, resampling=IMAGE_RESAMPLING)
    if moved.isnull().all():
        raise InputError(f"{path} shows nothing of the grid that it is put on; choose an image of this place.")
    return moved


def _normalised(image: xr.DataArray, options: ObjectsSection) -> xr.DataArray:
    sample, step = _sample(image)
    made = normalise(sample, method=options.normalisation, low=options.low, high=options.high)
    bounds = np.reshape(made.attrs["normalisation_bounds"], (-1, 2)).tolist()
    template = image.astype(np.float32)
    stretched: xr.DataArray = xr.map_blocks(_stretched, image, kwargs={"bounds": bounds}, template=template)
    about = {name: made.attrs[name] for name in ("normalisation", "normalisation_bounds")}
    return stretched.assign_attrs(about | {"normalisation_step": step})


def _sample(image: xr.DataArray) -> tuple[xr.DataArray, int]:
    """Every n-th row and column, and n: 1 where the image is small."""
    step = max(1, math.isqrt(image.sizes["y"] * image.sizes["x"] // _SAMPLE_PX))
    return loaded(image.isel(y=slice(None, None, step), x=slice(None, None, step))), step


def _stretched(block: xr.DataArray, bounds: list[list[float]]) -> xr.DataArray:
    """Normalise a block by the bounds of the whole image; a band of one value has none and becomes 0."""
    bands = [
        normalise(block.isel(band=[band]), method="range", low=low, high=high if high > low else math.inf)
        for band, (low, high) in enumerate(bounds)
    ]
    return xr.concat(bands, dim="band", combine_attrs="drop", coords="minimal", compat="override")
