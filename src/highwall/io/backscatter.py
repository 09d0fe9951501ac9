"""Radar backscatter as it was delivered: terrain-corrected Sentinel-1 scenes, from files or folders.

A *radar scene* is a lazy DataArray (polarisation, y, x) float32, polarisations named ``VV``, ``VH``, NaN where the file
says nodata. Its attributes are ``scene_id``, ``acquired`` (ISO date or ``"unknown"``), ``units`` (``"dB"``, or ``"1"``
for powers), ``units_reason`` and ``source``. ``imagery.backscatter`` makes decibels of it and nothing else does.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import rasterio
import xarray as xr
from rasterio.errors import RasterioIOError
from rasterio.windows import Window

from highwall.core.bands import POLARISATIONS, RADAR
from highwall.core.epochs import dates_in
from highwall.core.errors import MissingInputError, SceneError
from highwall.core.grid import check_same_grid, grid_of
from highwall.io.rasters import check_whole, open_bands

Units = Literal["dB", "1"]

_RASTERS: Final = (".tif", ".tiff", ".vrt", ".img")
_NAME: Final = re.compile(r"(?:^|[_\W])(V[VH])(?:$|[_\W])", re.IGNORECASE)
_STATED: Final[dict[str, Units]] = {"db": "dB", "decibel": "dB", "1": "1", "power": "1", "linear": "1"}
_SAMPLE_PX: Final = 256
"""Side of the part of a file by whose numbers its unit is told [pixel]."""
_LEAST_NEGATIVE: Final = 0.02
"""Share of negative numbers from which they are decibels: powers fall below zero only where noise was taken off [1]."""


def read_backscatter(path: Path, *, bands: Sequence[str] = (), units: Units | None = None) -> xr.DataArray:
    """Open a radar scene lazily: a raster of both polarisations, or a folder with a raster for each.

    Parameters
    ----------
    bands
        Names of the bands of a file that does not name them, in file order.
    units
        ``"dB"`` or ``"1"`` (powers), against what the file or its numbers say. Amplitudes are to be squared first.

    Returns
    -------
    radar : (polarisation, y, x) float32 [dB] or [1]

    Raises
    ------
    MissingInputError
        There is no such path.
    SceneError
        A polarisation is missing, or the scene cannot be read, is not calibrated or not terrain-corrected.
    """
    if not path.exists():
        raise MissingInputError(f"no radar scene at {path}; check the path.")
    files = _files_of(path) if path.is_dir() else {"": path}
    try:
        layers = {name: _opened(file) for name, file in files.items()}
        told, reason = (units, "given") if units else units_of_file(next(iter(files.values())))
    except RasterioIOError as error:
        raise SceneError(f"{path} cannot be read ({error}); download or convert it again.") from error
    radar = _stacked(layers) if path.is_dir() else _named(layers[""], path, bands)
    dates = dates_in(_tags(next(iter(files.values()))).get("ACQUISITION_DATE", "")) or dates_in(path.name)
    radar.attrs = {
        "scene_id": path.stem, "acquired": dates[0].isoformat() if dates else "unknown",
        "units": told, "units_reason": reason, "source": str(path),
    }  # fmt: skip
    return radar.astype(np.float32).rename("backscatter")


def units_of_file(path: Path | str) -> tuple[Units, str]:
    """Unit of a raster of backscatter: as it states, else as its numbers tell.

    Raises
    ------
    SceneError
        Its numbers are whole, or it states nothing and holds none.
    """
    with rasterio.open(path) as dataset:
        stated = str(dataset.units[0] or dataset.tags().get("UNITS", "")).strip().lower()
        if stated in _STATED:
            return _STATED[stated], f"the file states {stated!r}"
        return units_of_numbers(_sample(dataset))


def _sample(dataset: Any) -> Any:
    """Numbers of the first part of a raster that holds any finite one, or none."""
    parts = (part.compressed() for part in _parts(dataset))
    return next((part for part in parts if np.isfinite(part).any()), np.empty(0, dtype=dataset.dtypes[0]))


def _parts(dataset: Any) -> Iterator[Any]:
    """The middle of a raster, all of it made small, then every block: a swath may fill little of its raster."""
    row, col = (max((side - _SAMPLE_PX) // 2, 0) for side in dataset.shape)
    yield dataset.read(1, window=Window(col, row, _SAMPLE_PX, _SAMPLE_PX), masked=True)
    shape = tuple(min(side, _SAMPLE_PX) for side in dataset.shape)
    yield dataset.read(1, out_shape=shape, masked=True)
    for _, block in dataset.block_windows(1):
        yield dataset.read(1, window=block, masked=True)


def units_of_numbers(values: Any) -> tuple[Units, str]:
    """Tell decibels from powers by the numbers themselves.

    Raises
    ------
    SceneError
        They are whole numbers: digital numbers of a scene that was not calibrated. Or none is finite.
    """
    if np.asarray(values).dtype.kind in "iu":
        raise SceneError(
            "the radar scene holds whole numbers: digital numbers that were not calibrated; take a terrain-corrected "
            "product (RTC, γ⁰ or σ⁰), or calibrate it first."
        )
    finite = np.asarray(values)[np.isfinite(values)]
    if not finite.size:
        raise SceneError("the radar scene holds no number, only missing ones; take one that shows the place.")
    share = float(np.mean(finite < 0.0))
    if share > _LEAST_NEGATIVE:
        return "dB", f"{100 * share:.0f} % of the numbers are negative, as powers cannot be"
    return "1", f"{100 * share:.1g} % of the numbers are negative: powers"


def _files_of(folder: Path) -> dict[str, Path]:
    """One raster a polarisation, wherever it lies in the folder."""
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        match = _NAME.search(path.stem)
        if match and path.suffix.lower() in _RASTERS:
            found.setdefault(match[1].upper(), path)
    missing = [name for name in POLARISATIONS if name not in found]
    if missing:
        raise SceneError(
            f"{folder} holds no raster of {', '.join(missing)}; expected names such as …_VV.tif and …_VH.tif."
        )
    return {name: found[name] for name in POLARISATIONS}


def check_terrain_corrected(path: Path | str) -> None:
    """Refuse a raster in the radar's own geometry, or cut off.

    Raises
    ------
    SceneError
        It has ground control points instead of a grid.
    RasterioIOError
        Its end is missing.
    """
    with rasterio.open(path) as dataset:
        check_whole(dataset)
        has_gcps = bool(dataset.gcps[0]) and dataset.crs is None
    if has_gcps:
        raise SceneError(
            f"{Path(path).name} lies in the radar's own geometry (ground control points, no grid); take a "
            "terrain-corrected product (RTC), or correct it with SNAP or HyP3 first."
        )


def _opened(path: Path) -> xr.DataArray:
    check_terrain_corrected(path)
    array = open_bands(path, physical=True)
    grid_of(array, name=path.name)
    return array


def _stacked(layers: dict[str, xr.DataArray]) -> xr.DataArray:
    """Lay single polarisations over one another."""
    single = [layer.isel(band=0, drop=True) for layer in layers.values()]
    check_same_grid(*single)
    stack = xr.concat(single, dim="polarisation", coords="minimal", compat="override", join="override")
    return stack.assign_coords(polarisation=list(layers)).transpose("polarisation", "y", "x")


def _named(array: xr.DataArray, path: Path, given: Sequence[str]) -> xr.DataArray:
    """Name the bands of a file after its descriptions, or as given."""
    names = [name.upper() for name in (given or _descriptions(path))]
    if len(names) != array.sizes["band"] or not set(POLARISATIONS) <= set(names):
        raise SceneError(
            f"{path.name} has {array.sizes['band']} bands named {', '.join(names) or 'nothing'}; a radar scene has VV "
            f"and VH{' (and their ratio ' + RADAR[2] + ')' if len(names) > 2 else ''}: name them in the file."
        )
    named = array.rename(band="polarisation").assign_coords(polarisation=names)
    return named.sel(polarisation=list(POLARISATIONS))


def _descriptions(path: Path) -> list[str]:
    with rasterio.open(path) as dataset:
        return [text or "" for text in dataset.descriptions]


def _tags(path: Path) -> dict[str, str]:
    with rasterio.open(path) as dataset:
        tags: dict[str, str] = dataset.tags()
    return tags
