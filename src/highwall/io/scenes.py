"""Optical scenes as they were delivered: digital numbers with what is needed to turn them into reflectance, once.

A *scene* is a lazy DataArray (band, y, x) of digital numbers, bands named ``B01`` … ``B12``, ``B8A``, ``SCL``, whose
attributes are ``scene_id``, ``acquired`` (ISO date or ``"unknown"``), ``level`` (``L1C``, ``L2A`` or ``unknown``),
``quantification``, ``offset`` [digital numbers, to be added], ``offset_reason``, ``nodata``, ``source`` and, where a
file says so, ``simulated``.
``imagery.scaling`` turns it into reflectance and nothing else does.
"""

import datetime as dt
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from xml.etree import ElementTree

import odc.geo.xr  # noqa: F401  registers the .odc accessor
import rasterio
import xarray as xr
from odc.geo.geom import Geometry
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from highwall.core.checks import nearest_name
from highwall.core.constants import SENTINEL2_QUANTIFICATION
from highwall.core.epochs import dates_in
from highwall.core.errors import InputError, MissingInputError, SceneError, SetAside
from highwall.core.grid import grid_of
from highwall.io.catalog import is_run
from highwall.io.rasters import check_whole, open_bands
from highwall.io.stated_radiometry import agreed, metadata_tags, offset_of, stated_scales, tags_of_band

SENTINEL2_BANDS = (
    "B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12", "SCL",
)  # fmt: skip
_CHUNK = 1024
_BAND = re.compile(r"(?:^|[_\W])(B0?[1-9]|B8A|B1[0-2]|SCL)(?:$|[_\W])", re.IGNORECASE)
_LEVEL = re.compile(r"L(1C|2A)")
_RASTERS = (".tif", ".tiff", ".jp2", ".vrt")


class SceneReading(NamedTuple):
    """What a source gave: scenes in order of their dates, and what was set aside."""

    scenes: list[xr.DataArray]
    set_aside: list[SetAside]


class SceneSource(Protocol):
    """Where scenes come from: a folder, a STAC search, memory."""

    def read(self, area: Geometry) -> SceneReading:
        """Give the scenes that may show ``area`` (any CRS)."""
        ...


@dataclass(frozen=True)
class MemorySource:
    """Scenes that are already here: for tests and for callers with their own readers."""

    scenes: Sequence[xr.DataArray]

    def read(self, area: Geometry) -> SceneReading:
        """Give the scenes that were put in."""
        return SceneReading(sorted(self.scenes, key=acquired_order), [])


@dataclass(frozen=True)
class FolderSource:
    """Multi-band GeoTIFFs and Sentinel-2 product folders (SAFE and its relatives: one file a band)."""

    paths: tuple[Path, ...]
    """Files, product folders, or folders of either."""
    bands: tuple[str, ...] = ()
    """Names of the bands of files that do not carry them, in file order."""
    level: str | None = None
    """``L1C`` or ``L2A``, for files that do not say."""
    date: dt.date | None = None
    """Date of acquisition, for files that do not say."""
    offset: float | None = None
    """Digital numbers to add before division, overriding what the files say."""

    def read(self, area: Geometry) -> SceneReading:
        """Open every scene; the missing and unreadable are set aside with their reason.

        Raises
        ------
        MissingInputError
            No path exists, or the folders hold no raster.
        """
        scenes, set_aside = [], []
        for path in self.products():
            try:
                scenes.append(self._open(path))
            except (ValueError, FileNotFoundError, RasterioError, ElementTree.ParseError) as error:
                set_aside.append(SetAside(str(path), _as_reason(error)))
        return SceneReading(sorted(scenes, key=acquired_order), set_aside)

    def products(self) -> list[Path]:
        """Every scene that the paths hold: a file, or the folder of a product.

        Raises
        ------
        MissingInputError
            No path exists, or the folders hold no raster.
        """
        if not any(path.exists() for path in self.paths):
            raise MissingInputError(f"no scene at {', '.join(map(str, self.paths))}; check the path.")
        products = [product for path in self.paths for product in (_products_in(path) if path.is_dir() else [path])]
        if not products:
            folders = ", ".join(map(str, self.paths))
            raise MissingInputError(f"no scene in {folders}; expected {', '.join(_RASTERS)} or product folders.")
        return products

    def _open(self, path: Path) -> xr.DataArray:
        if not path.exists():
            raise MissingInputError(f"no scene at {path}; check the path.")
        scene = _open_product(path) if path.is_dir() else _open_file(path, self.bands)
        for name, given in (("level", self.level), ("acquired", self.date)):
            if given and scene.attrs[name] == "unknown":
                scene.attrs[name] = str(given)
        if self.offset is not None:
            scene.attrs.update(offset=self.offset, offset_reason="given in the configuration")
        return scene


def acquired_order(scene: xr.DataArray) -> tuple[bool, str]:
    """Sort key of scenes: by date, the undated first, so that none passes for the newest."""
    acquired = str(scene.attrs["acquired"])
    return acquired != "unknown", acquired


def band_name(text: str, *, known: Sequence[str] = SENTINEL2_BANDS) -> str:
    """Turn ``B2``, ``b02`` or ``B02`` into ``B02``.

    Raises
    ------
    SceneError
        No such band.
    """
    name = text.strip().upper()
    name = f"B0{name[1]}" if re.fullmatch(r"B[1-9]", name) else name
    if name not in known:
        raise SceneError(f"no Sentinel-2 band is called {text!r}; name them B01 … B12{nearest_name(name, known)}")
    return name


def _products_in(folder: Path) -> list[Path]:
    """Product folders below ``folder`` (those whose rasters are single bands), and its multi-band files."""
    if is_run(folder):
        return []
    if _band_files(folder):
        return [folder]
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in _RASTERS)
    folders = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    return files + [product for child in folders for product in _products_in(child)]


def _band_files(folder: Path) -> dict[str, Path]:
    """Map band names to their finest file, where ``folder`` is one product; empty where it is not."""
    files: dict[str, Path] = {}
    for path, name in sorted(_all_band_files(folder).items(), key=_finest_first):
        files.setdefault(name, path)
    is_here = any(path.parent == folder for name, path in files.items() if name != "SCL")  # which may lie beside scenes
    is_product = is_here or _metadata_file(folder) is not None
    return files if is_product or folder.suffix.upper() == ".SAFE" else {}


def _all_band_files(folder: Path) -> dict[Path, str]:
    """Files below ``folder`` whose names tell a band, with the band's."""
    rasters = (path for path in folder.rglob("*") if path.suffix.lower() in _RASTERS)
    matches = ((path, _BAND.search(path.stem)) for path in rasters if not path.name.startswith("MSK_"))
    return {path: band_name(match[1]) for path, match in matches if match}


def _finest_first(file: tuple[Path, str]) -> tuple[bool, bool, Path]:
    path = file[0]
    return "_10m" not in path.name, "_20m" not in path.name, path


def _metadata_file(folder: Path) -> Path | None:
    return next(iter(sorted(folder.glob("MTD_MSIL*.xml"))), None)


def _open_file(path: Path, bands: Sequence[str]) -> xr.DataArray:
    with warnings.catch_warnings(action="ignore", category=NotGeoreferencedWarning), rasterio.open(path) as dataset:
        check_whole(dataset)
        names = _names_of(dataset, bands)
        stated = zip(names, stated_scales(dataset), strict=False)  # names may be too few, which is said below
        tags, nodata = agreed(dict(stated), path) | dataset.tags(), dataset.nodata
    if not all(names):
        raise SceneError(f"{path.name} does not name its bands; list them: --bands, or scenes.bands in the site file.")
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # scales differ where SCL is among the bands
        array = open_bands(path, block=_CHUNK)
    if array.sizes["band"] != len(names):
        raise SceneError(f"{path.name} has {array.sizes['band']} bands, scenes.bands names {len(names)}.")
    scene = array.assign_coords(band=[band_name(name) for name in names])
    grid_of(scene, name=path.name)
    return _with_attributes(scene, path, tags=tags, nodata=nodata)


def _names_of(dataset: Any, given: Sequence[str]) -> list[str]:
    """Names that a file gives its bands, where they are those of Sentinel-2, else the given ones."""
    own = [text or "" for text in dataset.descriptions]
    return own if not given or all(_BAND.fullmatch(name) for name in own) else list(given)


def _open_product(folder: Path) -> xr.DataArray:
    """Stack the bands of a product at 10 m, coarser ones by nearest neighbour."""
    files = _band_files(folder)
    _check_one_date(folder)
    with rasterio.open(next(iter(files.values()))) as dataset:
        nodata = dataset.nodata
    opened = {name: _open_band(path) for name, path in files.items()}
    tags = agreed({name: tags_of_band(path) for name, path in files.items()}, folder) | _metadata(folder)
    finest = min(opened.values(), key=lambda band: abs(float(band.odc.geobox.resolution.x)))
    axes = {"y": finest["y"], "x": finest["x"]}
    layers = [band.reindex(axes, method="nearest").assign_coords(axes) for band in opened.values()]
    scene = xr.concat(layers, dim="band", coords="minimal", compat="override", join="override")
    order = sorted(opened, key=SENTINEL2_BANDS.index)
    scene = scene.assign_coords(band=list(opened)).sel(band=order)
    return _with_attributes(scene, folder, tags=tags, nodata=nodata)


def _open_band(path: Path) -> xr.DataArray:
    with rasterio.open(path) as dataset:
        check_whole(dataset)
    band = open_bands(path, block=_CHUNK).squeeze("band", drop=True)
    grid_of(band, name=path.name)
    return band


def _check_one_date(folder: Path) -> None:
    """Refuse a folder whose files are of several dates: each band would be of any of them."""
    dates = {dates[0] for path in _all_band_files(folder) if (dates := dates_in(path.name))}
    if len(dates) > 1:
        listed = ", ".join(map(str, sorted(dates)))
        raise SceneError(f"{folder.name} holds bands of several dates ({listed}); give each date a folder of its own.")


def _metadata(folder: Path) -> dict[str, str]:
    file = _metadata_file(folder)
    return {} if file is None else metadata_tags(file)


def _with_attributes(scene: xr.DataArray, path: Path, *, tags: dict[str, str], nodata: float | None) -> xr.DataArray:
    level = tags.get("LEVEL") or (f"L{found[1]}" if (found := _LEVEL.search(path.name)) else "unknown")
    dates = dates_in(tags.get("ACQUISITION_DATE", "")) or dates_in(path.name)
    offset, reason = offset_of(path.name, tags)
    scene.attrs = {
        "scene_id": path.stem,
        "acquired": dates[0].isoformat() if dates else "unknown",
        "level": level if level.startswith("L") or level == "unknown" else f"L{level}",
        "quantification": float(tags.get("QUANTIFICATION", SENTINEL2_QUANTIFICATION)),
        "offset": offset,
        "offset_reason": reason,
        "nodata": 0.0 if nodata is None else float(nodata),
        "source": str(path),
        "simulated": tags.get("SIMULATED") == "yes",
    }
    return scene.rename("dn")


def _as_reason(error: Exception) -> str:
    text = str(error) or type(error).__name__
    return text if isinstance(error, InputError) else f"cannot be read ({text}); download or convert it again."
