"""Open a raster of Sentinel bands as what a sample reads: reflectance and backscatter, window by window."""

import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioIOError

from highwall.core.bands import BANDS, OPTICAL, bands_of
from highwall.core.errors import GridError, InputError, SceneError
from highwall.core.grid import GeoBox
from highwall.io.rasters import check_whole
from highwall.io.scenes import FolderSource
from highwall.io.windows import RasterWindows

_BESIDE: Final = ("SCL", "B10")
"""Bands that a file may hold and the cube does not."""
_HIGHEST_REFLECTANCE: Final = 5.0
"""Clouds and glint stay below 2; above this a value is a digital number."""
_GLANCE_PX: Final = 64
"""px, side of the small version of an image that is looked at."""
_LEVEL: Final = re.compile(r"L(1C|2A)")


class OpenedImage(NamedTuple):
    """An image that can be read, and what its file says of it."""

    read: RasterWindows
    bands: tuple[str, ...]
    grid: GeoBox
    level: str
    is_simulated: bool


class _Header(NamedTuple):
    grid: GeoBox
    names: tuple[str, ...]
    dtype: np.dtype[Any]
    scales: tuple[float, ...]
    offsets: tuple[float, ...]
    nodata: float | None
    tags: dict[str, str]


def open_image(path: Path, *, bands: Sequence[str] = (), level: str | None = None) -> OpenedImage:
    """Open a raster whose bands are those of ``core.bands``; SCL and B10 are left out.

    Whole numbers of Sentinel-2 become reflectance by the offset and quantification that the file states. What carries a
    scale is taken by it, and numbers with a fraction as they are.

    Parameters
    ----------
    bands
        Names of the bands, in file order, of files that do not carry them.
    level
        ``L1C`` or ``L2A``, for files that do not say.

    Raises
    ------
    GridError
        It carries no CRS.
    SceneError
        It cannot be read, a band is unknown, or its numbers are neither reflectance nor backscatter.
    """
    header = _header(path, bands)
    wanted = [(number, name) for number, name in enumerate(header.names, start=1) if name not in _BESIDE]
    numbers, names = tuple(number for number, _ in wanted), tuple(name for _, name in wanted)
    scale, offset, nodata, stated = _radiometry(path, header, names, numbers=numbers, bands=bands)
    return OpenedImage(
        RasterWindows(path, numbers, scale, offset, nodata), names, header.grid,
        level=stated if stated != "unknown" else level or "unknown",
        is_simulated=header.tags.get("SIMULATED") == "yes",
    )  # fmt: skip


def _header(path: Path, bands: Sequence[str]) -> _Header:
    try:
        with warnings.catch_warnings(action="ignore", category=NotGeoreferencedWarning), rasterio.open(path) as dataset:
            check_whole(dataset)
            names = _names(path, dataset.descriptions, bands)
            header = _Header(
                GeoBox.from_rio(dataset), names, np.dtype(dataset.dtypes[0]), dataset.scales, dataset.offsets,
                dataset.nodata, dataset.tags(),
            )  # fmt: skip
    except RasterioIOError as error:
        raise SceneError(f"{path.name} cannot be read ({error}); fetch it again or leave it out.") from error
    if header.grid.crs is None:
        raise GridError(
            f"{path.name} carries no CRS, so labels have no place on it; give it one (gdal_edit.py -a_srs)."
        )
    return header


def _names(path: Path, own: Sequence[str | None], given: Sequence[str]) -> tuple[str, ...]:
    """Bands of a file by the names of the cube."""
    said = list(given) if given and not all(own) else [name or "" for name in own]
    if not all(said):
        raise SceneError(f"{path.name} does not name its bands; name them in file order, as B04,B03,B02.")
    if len(said) != len(own):
        raise SceneError(f"{path.name} has {len(own)} bands, {len(said)} were named.")
    try:
        return tuple(name if name in _BESIDE else bands_of([name])[0] for name in map(str.upper, said))
    except InputError as error:
        raise SceneError(f"{path.name}: {error}") from error


def _radiometry(
    path: Path, header: _Header, names: Sequence[str], *, numbers: Sequence[int], bands: Sequence[str]
) -> tuple[tuple[float, ...], tuple[float, ...], float | None, str]:
    """Scale and offset of each wanted band, the value of missing pixels, and the processing level."""
    found = _LEVEL.search(header.tags.get("LEVEL", "") or path.name)
    level = f"L{found[1]}" if found else "unknown"
    if any(scale != 1.0 for scale in header.scales):
        scales, offsets = ([each[number - 1] for number in numbers] for each in (header.scales, header.offsets))
        return tuple(scales), tuple(offsets), header.nodata, level
    if header.dtype.kind == "f":
        _check_reflectance(path, names, numbers)
        return (1.0,) * len(names), (0.0,) * len(names), header.nodata, level
    return _sentinel_2(path, header, names, bands=bands)


def _sentinel_2(
    path: Path, header: _Header, names: Sequence[str], *, bands: Sequence[str]
) -> tuple[tuple[float, ...], tuple[float, ...], float | None, str]:
    """Digital numbers of Sentinel-2, by what the file states of them."""
    radar = [name for name in names if name not in OPTICAL]
    if radar or header.dtype.itemsize == 1:
        what = f"{', '.join(radar)} as whole numbers without a scale" if radar else "bytes, which are no reflectance"
        raise SceneError(f"{path.name} holds {what}; give decibels, or digital numbers of 16 bits, or state the scale.")
    reading = FolderSource((path,), bands=tuple(bands)).read(header.grid.extent)
    if reading.set_aside:
        raise SceneError(f"{path.name}: {reading.set_aside[0].reason}")
    facts = reading.scenes[0].attrs
    scale, offset = 1.0 / facts["quantification"], facts["offset"] / facts["quantification"]
    return (scale,) * len(names), (offset,) * len(names), facts["nodata"], str(facts["level"])


def _check_reflectance(path: Path, names: Sequence[str], numbers: Sequence[int]) -> None:
    """Refuse digital numbers that are stored with a fraction."""
    optical = [number for number, name in zip(numbers, names, strict=True) if BANDS[name].sensor == "S2"]
    if not optical:
        return
    with rasterio.open(path) as dataset:
        side = [min(_GLANCE_PX, length) for length in dataset.shape]
        seen = dataset.read(optical, out_shape=(len(optical), *side), masked=True).filled(np.nan)
    highest = float(np.nanmax(seen)) if np.isfinite(seen).any() else 0.0
    if highest > _HIGHEST_REFLECTANCE:
        raise SceneError(
            f"{path.name} holds values up to {highest:g}; they are no reflectance: add the offset that its processing "
            "baseline has and divide by 10,000, or store whole numbers."
        )
