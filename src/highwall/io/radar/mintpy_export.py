"""Displacement and velocity as MintPy's ``timeseries.h5`` and ``velocity.h5``, which its viewers and tools read.

Units (m, m/year) and sign (positive toward the satellite) are MintPy's own, so that nothing is converted. Attributes
are text, named as ROI_PAC named them.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
import xarray as xr
from odc.geo.geobox import GeoBox

from highwall.core.errors import InputError
from highwall.core.grid import Window, windows_over
from highwall.io.aside import aside

_BLOCK_PX = 256
"""px, side of the square that is in memory at a time, with all its epochs."""
_CHUNK_PX = 128
"""px, side of a chunk of the files, which holds one epoch, as MintPy reads them."""
_VELOCITY = {"velocity": "velocity", "velocityStd": "velocity_std"}
_UTM = ("EPSG:326", "EPSG:327")


class MintpyFiles(NamedTuple):
    """What was written."""

    timeseries: Path
    velocity: Path


def write_mintpy(
    result: xr.Dataset,
    folder: Path,
    *,
    wavelength_m: float | None = None,
    reference_px: tuple[int, int] | None = None,
) -> MintpyFiles:
    """Write a result for MintPy, block by block: a lazily opened one never lies in memory as a whole.

    Parameters
    ----------
    result
        ``displacement`` (epoch, y, x) [m], ``velocity`` and ``velocity_std`` (y, x) [m year⁻¹], on a map grid or in
        radar coordinates; perhaps ``bperp`` (epoch) [m], which MintPy wants and which is NaN where unknown.
    folder
        Where ``timeseries.h5`` and ``velocity.h5`` go.
    wavelength_m
        Radar wavelength [m], where the attribute ``wavelength_m`` does not tell it.
    reference_px
        Row and column of the reference pixel, if it is one.

    Raises
    ------
    InputError
        No wavelength is known.
    OutputError
        A file could not be written; nothing half-written is left.
    """
    wavelength = wavelength_m or result.attrs.get("wavelength_m")
    if wavelength is None:
        raise InputError(
            "the result does not tell the radar's wavelength; give `wavelength_m` (Sentinel-1: 0.0554658)."
        )
    reference = dict(zip(("REF_Y", "REF_X"), reference_px or (), strict=False))
    common = {"WAVELENGTH": wavelength, **_size(result), **_place(result), **_flight(result), **reference}
    files = MintpyFiles(folder / "timeseries.h5", folder / "velocity.h5")
    _write_timeseries(result, files.timeseries, common=common)
    _write_velocity(result, files.velocity, common=common)
    return files


def _write_timeseries(result: xr.Dataset, path: Path, *, common: Mapping[str, Any]) -> None:
    dates = _dates(result)
    baselines = result["bperp"].values if "bperp" in result.variables else np.full(len(dates), np.nan)
    attributes = {**common, "FILE_TYPE": "timeseries", "UNIT": "m", "REF_DATE": dates[0]}
    with _file(path, attributes) as file:
        file["date"] = np.array(dates, dtype="S8")
        file["bperp"] = np.asarray(baselines, np.float32)
        _fill(file, {"timeseries": result["displacement"]})


def _write_velocity(result: xr.Dataset, path: Path, *, common: Mapping[str, Any]) -> None:
    dates = _dates(result)
    days = {"REF_DATE": dates[0], "START_DATE": dates[0], "END_DATE": dates[-1]}
    with _file(path, {**common, **days, "FILE_TYPE": "velocity", "UNIT": "m/year"}) as file:
        _fill(file, {name: result[layer] for name, layer in _VELOCITY.items() if layer in result})


@contextmanager
def _file(path: Path, attributes: Mapping[str, Any]) -> Iterator[h5py.File]:
    """HDF5 file with its attributes, which takes its name when it is whole."""
    with aside(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs.update({name: str(value) for name, value in attributes.items()})
        yield file


def _fill(file: h5py.File, layers: Mapping[str, xr.DataArray]) -> None:
    for name, array in layers.items():
        height, width = array.sizes["y"], array.sizes["x"]
        chunks = (*(1,) * (array.ndim - 2), min(_CHUNK_PX, height), min(_CHUNK_PX, width))
        dataset = file.create_dataset(name, array.shape, np.float32, chunks=chunks, compression="lzf")
        for window in windows_over(height, width, rows=_BLOCK_PX, cols=_BLOCK_PX):
            dataset[(..., *window)] = _block(array, window)


def _block(array: xr.DataArray, window: Window) -> Any:
    return array.isel(y=window.rows, x=window.cols).compute(scheduler="synchronous").values


def _dates(result: xr.Dataset) -> list[str]:
    return [str(day).replace("-", "") for day in result["epoch"].values.astype("datetime64[D]")]


def _size(result: xr.Dataset) -> dict[str, Any]:
    return {
        "LENGTH": result.sizes["y"],
        "WIDTH": result.sizes["x"],
        "PROCESSOR": "highwall",
        "INSAR_PROCESSOR": "highwall",
    }


def _place(result: xr.Dataset) -> dict[str, Any]:
    """Upper left corner and step of a map grid; nothing in radar coordinates."""
    grid = result.odc.geobox
    if not isinstance(grid, GeoBox) or grid.crs is None:
        return {}
    corner = grid.transform
    unit = "degrees" if grid.crs.geographic else "meters"
    place = {
        "X_FIRST": corner.c,
        "Y_FIRST": corner.f,
        "X_STEP": corner.a,
        "Y_STEP": corner.e,
        "X_UNIT": unit,
        "Y_UNIT": unit,
    }
    return place | ({} if grid.crs.epsg is None else {"EPSG": grid.crs.epsg}) | _utm_zone(grid)


def _utm_zone(grid: GeoBox) -> dict[str, str]:
    name = f"EPSG:{grid.crs.epsg}" if grid.crs and grid.crs.epsg else ""
    if not name.startswith(_UTM) or len(name) != len("EPSG:32633"):
        return {}
    return {"UTM_ZONE": f"{int(name[-2:])}{'N' if name.startswith(_UTM[0]) else 'S'}"}


def _flight(result: xr.Dataset) -> dict[str, Any]:
    """Heading and direction of the orbit, where known."""
    heading = result.attrs.get("heading_deg")
    if heading is None:
        return {}
    rising = np.cos(np.deg2rad(heading)) > 0.0
    return {"HEADING": heading, "ORBIT_DIRECTION": "ASCENDING" if rising else "DESCENDING"}
