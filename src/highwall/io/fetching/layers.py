"""Assets of a pass as arrays on the grid of a place, lazily, each brought within reach first."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import odc.stac
import pystac
import xarray as xr
from rasterio.errors import RasterioError

from highwall.core.bands import OPTICAL, POLARISATIONS, SCENE_CLASSIFICATION
from highwall.core.errors import SceneError
from highwall.core.grid import GeoBox
from highwall.io.backscatter import check_terrain_corrected, units_of_file
from highwall.io.fetching.carrier import Carried, Carrier
from highwall.io.fetching.search import when
from highwall.io.stac import asset_of, load_item

os.environ.setdefault("GDAL_HTTP_MAX_RETRY", "4")
os.environ.setdefault("GDAL_HTTP_RETRY_DELAY", "1")  # s
os.environ.setdefault("GDAL_HTTP_CONNECTTIMEOUT", "30")  # s
os.environ.setdefault("GDAL_HTTP_LOW_SPEED_TIME", "60")  # s below 1 byte s⁻¹ after which a server has broken off
os.environ.setdefault("GDAL_HTTP_LOW_SPEED_LIMIT", "1")
os.environ.setdefault("GDAL_DISABLE_READDIR_ON_OPEN", "EMPTY_DIR")  # a listing of a bucket is slow and often forbidden

LAND_COVER_ASSETS: Final = ("map", "data", "landcover", "land_cover")
DEM_ASSETS: Final = ("data", "elevation", "dem", "DEM")
_CHUNK: Final = 1024
"""px, side of the parts in which pixels are read."""


def open_optical(item: pystac.Item, grid: GeoBox, carrier: Carrier) -> xr.DataArray:
    """Twelve bands and the scene classification of an item: a scene of ``io.scenes`` (band, y, x)."""
    return _scene(item, grid, carrier, (*OPTICAL, SCENE_CLASSIFICATION))


def open_classification(item: pystac.Item, grid: GeoBox, carrier: Carrier) -> xr.DataArray:
    """Scene classification of an item: (y, x), 0 is missing."""
    return classes_of(_scene(item, grid, carrier, (SCENE_CLASSIFICATION,)))


def classes_of(scene: xr.DataArray) -> xr.DataArray:
    """Scene classification among the bands of a scene: (y, x) uint8, 0 is missing."""
    return scene.sel(band=SCENE_CLASSIFICATION, drop=True).fillna(0).astype(np.uint8).rename("scl")


def open_radar(items: Sequence[pystac.Item], grid: GeoBox, carrier: Carrier) -> xr.DataArray:
    """VV and VH of a pass: a scene of ``io.backscatter`` (polarisation, y, x).

    Raises
    ------
    SceneError
        A polarisation is missing, cannot be fetched or read, is not calibrated or lies in radar geometry.
    """
    names = [asset_of(items[0], name) for name in POLARISATIONS]
    carried = [_carried(item, asset_of(item, name), carrier) for item in items for name in POLARISATIONS]
    with _reading(items, names, carrier):
        check_terrain_corrected(carried[0].address)
        units, reason = units_of_file(carried[0].address)
        layers = _loaded(items, names, grid, carrier, resampling="nearest")
    radar = layers.assign_coords(band=list(POLARISATIONS)).rename(band="polarisation")
    radar.attrs = {
        "scene_id": items[0].id, "acquired": when(items[0]).date().isoformat(), "units": units, "units_reason": reason,
        "source": ", ".join(sorted({each.source for each in carried})),
    }  # fmt: skip
    return radar.rename("backscatter")


def open_land_cover(items: Sequence[pystac.Item], grid: GeoBox, carrier: Carrier) -> xr.DataArray:
    """Codes of a land-cover map: (y, x) float32, NaN where no item has one; nearest neighbour."""
    return _single(items, LAND_COVER_ASSETS, grid, carrier, resampling="nearest")


def open_heights(items: Sequence[pystac.Item], grid: GeoBox, carrier: Carrier) -> xr.DataArray:
    """Heights: (y, x) float32 [m], NaN where no item has one; bilinear."""
    return _single(items, DEM_ASSETS, grid, carrier, resampling="bilinear")


def sources_of(items: Sequence[pystac.Item], carrier: Carrier) -> dict[str, str]:
    """Address of every asset that was carried, and what it was held against."""
    found = (carrier.carried(asset) for item in items for asset in item.assets.values())
    return {each.source: each.checked for each in found if each is not None}


def _scene(item: pystac.Item, grid: GeoBox, carrier: Carrier, bands: tuple[str, ...]) -> xr.DataArray:
    names = [asset_of(item, band) for band in bands]
    for name in names:
        _carried(item, name, carrier)
    with _reading([item], names, carrier):
        return load_item(item, grid, bands=bands, patch_url=carrier.address_of)


def _single(
    items: Sequence[pystac.Item], names: Sequence[str], grid: GeoBox, carrier: Carrier, *, resampling: str
) -> xr.DataArray:
    """Open the one layer that items have under one of some names."""
    found = next((name for name in names if name in items[0].assets), None)
    if found is None:
        raise SceneError(
            f"item {items[0].id} has no asset called {' or '.join(names)}; it has {', '.join(sorted(items[0].assets))}."
        )
    for item in items:
        _carried(item, found, carrier)
    with _reading(items, [found], carrier):
        return _loaded(items, [found], grid, carrier, resampling=resampling).isel(band=0, drop=True)


def _carried(item: pystac.Item, name: str, carrier: Carrier) -> Carried:
    if name not in item.assets:
        raise SceneError(f"item {item.id} has no asset {name}, as its neighbours of the same pass do.")
    return carrier.carry(item, item.assets[name])


def _loaded(
    items: Sequence[pystac.Item], names: Sequence[str], grid: GeoBox, carrier: Carrier, *, resampling: str
) -> xr.DataArray:
    """Lay items over one another: (band, y, x) float32, NaN is missing."""
    dataset: Any = odc.stac.load(
        list(items), bands=list(names), geobox=grid, groupby=lambda *_: "pass", resampling=resampling,
        chunks={"y": _CHUNK, "x": _CHUNK}, dtype="float32", nodata=float("nan"), patch_url=carrier.address_of,
    )  # fmt: skip
    layers = [dataset[name].isel(time=0, drop=True).astype(np.float32) for name in names]
    stack: xr.DataArray = xr.concat(layers, dim="band", coords="minimal", compat="override", join="override")
    return stack


@contextmanager
def _reading(items: Sequence[pystac.Item], names: Sequence[str], carrier: Carrier) -> Iterator[None]:
    """Say in our words that files cannot be read, and keep none that came and is broken."""
    try:
        yield
    except RasterioError as error:
        for item in items:
            for name in names:
                carrier.discard(item.assets[name])
        raise SceneError(f"{items[0].id} cannot be read ({error}); it is fetched anew when you run again.") from error
