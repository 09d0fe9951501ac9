"""Maps of zenith total delay of GACOS: ``YYYYMMDD.ztd`` with its ``.rsc``, or GeoTIFF, one a date."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import rasterio
import xarray as xr
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from highwall.core.epochs import dates_in
from highwall.core.errors import InputError, MissingInputError, SetAside

PATTERNS = ("*.ztd", "*.ztd.tif", "*.tif")
_NEEDED = ("WIDTH", "FILE_LENGTH", "X_FIRST", "Y_FIRST", "X_STEP", "Y_STEP")
_PLAUSIBLE_M = (0.5, 4.0)
"""Zenith delay [m]: about 0.9 on the highest mountain and 2.7 at sea level in the tropics, with room to spare."""

Bounds = tuple[float, float, float, float]
"""West, south, east, north [degree]."""


class GacosReading(NamedTuple):
    """What a folder gave: maps of zenith delay, and what was set aside."""

    ztd: xr.DataArray
    """(epoch, latitude, longitude) float32 [m], both axes ascending; NaN missing."""
    set_aside: list[SetAside]


def open_gacos(folder: Path, *, bounds: Bounds | None = None) -> GacosReading:
    """Read a folder of GACOS maps, one a date, all on the grid that most share.

    Parameters
    ----------
    bounds
        West, south, east, north [degree] of what is wanted; the nodes around it are kept. All by default.

    Raises
    ------
    MissingInputError
        The folder does not exist.
    InputError
        No map can be read, or none of it lies within the bounds.
    """
    if not folder.is_dir():
        raise MissingInputError(f"no folder of GACOS maps at {folder}; check the path.")
    set_aside: list[SetAside] = []
    maps: dict[np.datetime64, xr.DataArray] = {}
    for path in sorted({path for pattern in PATTERNS for path in folder.rglob(pattern)}):
        try:
            date = _date_of(path)
            if date in maps:
                raise InputError(f"there is another map of {date}; keep one of the two")
            maps[date] = _cropped(_read(path), bounds)
        except (InputError, RasterioError, OSError) as error:
            set_aside.append(SetAside(str(path), str(error)))
    kept = _on_one_grid(maps, set_aside)
    if not kept:
        why = f"; the first: {set_aside[0].name}: {set_aside[0].reason}" if set_aside else ""
        raise InputError(f"no map of zenith delay in {folder} can be used{why}. GACOS names them 20180106.ztd.")
    dates = np.array(sorted(kept), dtype="datetime64[ns]")
    ztd = xr.concat([kept[date] for date in sorted(kept)], dim="epoch", join="override").assign_coords(epoch=dates)
    return GacosReading(ztd.rename("ztd").assign_attrs(units="m", long_name="zenith total delay"), set_aside)


def _date_of(path: Path) -> np.datetime64:
    dates = dates_in(path.name)
    if len(dates) != 1:
        raise InputError("one date is expected in its name, such as 20180106")
    return np.datetime64(dates[0], "D")


def _read(path: Path) -> xr.DataArray:
    """Read one map (latitude, longitude) [m], ascending; what is no delay is NaN."""
    array = _read_flat(path) if path.suffix == ".ztd" else _read_tiff(path)
    low, high = _PLAUSIBLE_M
    delay = array.where((array > low) & (array < high)).sortby(["latitude", "longitude"])
    if not bool(delay.notnull().any()):
        raise InputError(
            f"no value of it lies between {low} and {high} m; it is no map of zenith total delay in metres"
        )
    return delay


def _read_flat(path: Path) -> xr.DataArray:
    """Float32, little endian, row by row from the north, with a ``.rsc`` that says where."""
    header = _header(path.with_name(f"{path.name}.rsc"))
    shape = (int(header["FILE_LENGTH"]), int(header["WIDTH"]))
    values = np.fromfile(path, dtype="<f4")
    if values.size != shape[0] * shape[1]:
        raise InputError(f"it holds {values.size} values, its .rsc promises {shape[0]} × {shape[1]}; download it again")
    return _map(
        values.reshape(shape).astype(np.float32),
        longitude=header["X_FIRST"] + header["X_STEP"] * np.arange(shape[1], dtype=np.float64),
        latitude=header["Y_FIRST"] + header["Y_STEP"] * np.arange(shape[0], dtype=np.float64),
    )


def _header(path: Path) -> dict[str, float]:
    """Numbers of a ROI_PAC resource file by keyword."""
    if not path.is_file():
        raise InputError(f"its header {path.name} is missing; keep both files together")
    found: dict[str, float] = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        keyword, *rest = line.split()[:2] or [""]
        try:
            found[keyword] = float(rest[0])
        except (IndexError, ValueError):  # a keyword that holds a word, such as PROJECTION
            continue
    missing = [keyword for keyword in _NEEDED if keyword not in found]
    if missing:
        raise InputError(f"its header lacks {', '.join(missing)}")
    return found


def _read_tiff(path: Path) -> xr.DataArray:
    """One band in geographic coordinates."""
    with rasterio.open(path) as dataset:
        if dataset.crs is None or not dataset.crs.is_geographic:
            raise InputError(f"its CRS is {dataset.crs}; GACOS maps are in longitude and latitude")
        step = dataset.transform
        return _map(
            dataset.read(1).astype(np.float32),
            longitude=step.c + step.a * (np.arange(dataset.width) + 0.5),
            latitude=step.f + step.e * (np.arange(dataset.height) + 0.5),
        )


def _map(
    values: NDArray[np.float32], *, longitude: NDArray[np.floating[Any]], latitude: NDArray[np.floating[Any]]
) -> xr.DataArray:
    coords = {"latitude": latitude, "longitude": longitude}
    return xr.DataArray(values, dims=("latitude", "longitude"), coords=coords)


def _cropped(delay: xr.DataArray, bounds: Bounds | None) -> xr.DataArray:
    """Part of a map with the nodes just outside the bounds."""
    if bounds is None:
        return delay
    west, south, east, north = bounds
    rows, cols = (
        _around(delay[axis].values, low, high)
        for axis, low, high in (("latitude", south, north), ("longitude", west, east))
    )
    part = delay.isel(latitude=rows, longitude=cols)
    if min(part.shape) < 2:
        raise InputError(f"it does not reach the stack at {west:.3f} to {east:.3f}° E, {south:.3f} to {north:.3f}° N")
    return part


def _around(axis: NDArray[np.float64], low: float, high: float) -> slice:
    return slice(max(int(np.searchsorted(axis, low)) - 1, 0), int(np.searchsorted(axis, high)) + 1)


def _on_one_grid(
    maps: dict[np.datetime64, xr.DataArray], set_aside: list[SetAside]
) -> dict[np.datetime64, xr.DataArray]:
    """Maps of the grid that most share; the others are added to ``set_aside``."""
    if not maps:
        return {}
    (common, _), *_ = Counter(_corners(delay) for delay in maps.values()).most_common(1)
    for date, delay in maps.items():
        if _corners(delay) != common:
            set_aside.append(
                SetAside(f"{date}", f"its map lies on another grid, {_corners(delay)}; order it with the rest")
            )
    return {date: delay for date, delay in maps.items() if _corners(delay) == common}


def _corners(delay: xr.DataArray) -> Sequence[float]:
    """Shape, first and last nodes, to a tenth of a metre on the ground."""
    axes = (delay["latitude"].values, delay["longitude"].values)
    return (*delay.shape, *(round(float(axis[end]), 6) for axis in axes for end in (0, -1)))
