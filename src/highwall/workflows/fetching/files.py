"""Write what a pass shows of a place: reflectance, classification, backscatter, land cover, heights."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import pystac
import xarray as xr

from highwall.core.bands import SCENE_CLASSIFICATION
from highwall.core.constants import SENTINEL2_QUANTIFICATION
from highwall.core.errors import SceneError
from highwall.core.grid import grid_of
from highwall.imagery.backscatter import radar_bands
from highwall.imagery.mosaic import overlay
from highwall.imagery.scaling import to_reflectance
from highwall.io.catalog import checksum
from highwall.io.fetching.carrier import Carrier
from highwall.io.fetching.layers import classes_of, open_heights, open_land_cover, open_optical, open_radar, sources_of
from highwall.io.fetching.passes import Pass
from highwall.io.fetching.places import Place
from highwall.io.fetching.record import FetchedFile
from highwall.io.fetching.search import when
from highwall.io.rasters import cog_writer, loaded, windows

_BLOCK: Final = 1024
"""px, side of the parts that are in memory; those in which files are read."""

_ONE_BAND: Final = {"scene_classification": SCENE_CLASSIFICATION, "land_cover": "land_cover", "height": "height"}
"""What the band of a file of one layer is called."""

Files = Mapping[str, FetchedFile]


def write_optical(flight: Pass, place: Place, folder: Path, carrier: Carrier) -> Files:
    """Write ``<date>_s2.tif`` and ``<date>_scl.tif``; give the record of both.

    Raises
    ------
    SceneError
        A file cannot be fetched or read.
    """
    scenes = [open_optical(item, place.grid, carrier) for item in flight.items]
    reflectance = overlay([to_reflectance(scene) for scene in scenes])
    classes = overlay([classes_of(scene) for scene in scenes], missing=0)
    date = flight.begin.date().isoformat()
    tags = {
        "ACQUISITION_DATE": date, "LEVEL": "L2A", "OFFSET": "0", "QUANTIFICATION": f"{SENTINEL2_QUANTIFICATION:g}",
        "ITEMS": flight.name, "OFFSET_TAKEN": str(scenes[0].attrs["offset_reason"]),
    }  # fmt: skip
    layers = {f"{date}_s2.tif": ("reflectance", reflectance), f"{date}_scl.tif": ("scene_classification", classes)}
    for name, (layer, array) in layers.items():
        carrier.patiently(partial(_write, array, folder / name, layer=layer, tags=tags))
    return {name: _noted(folder / name, flight.items, carrier) for name in layers}


def write_radar(flight: Pass, place: Place, folder: Path, carrier: Carrier, *, scene_date: str) -> Files:
    """Write ``<scene_date>_s1.tif``: VV, VH and their ratio [dB]."""
    bands = radar_bands(open_radar(flight.items, place.grid, carrier))
    name = f"{scene_date}_s1.tif"
    tags = {
        "ACQUISITION_DATE": flight.begin.date().isoformat(), "SCENE_DATE": scene_date, "UNITS": "dB",
        "UNITS_OF_SOURCE": str(bands.attrs["units_reason"]), "ITEMS": flight.name,
    }  # fmt: skip
    carrier.patiently(partial(_write, bands, folder / name, layer="backscatter", tags=tags))
    return {name: _noted(folder / name, flight.items, carrier)}


def write_land_cover(items: Sequence[pystac.Item], place: Place, folder: Path, carrier: Carrier) -> Files:
    """Write ``worldcover.tif``: codes of the newest map among the items."""
    newest = max(when(item).year for item in items)
    of_map = [item for item in items if when(item).year == newest]
    return _static(
        of_map, open_land_cover(of_map, place.grid, carrier), folder / "worldcover.tif", "land_cover", carrier
    )


def write_heights(items: Sequence[pystac.Item], place: Place, folder: Path, carrier: Carrier) -> Files:
    """Write ``dem.tif``: heights [m]."""
    return _static(items, open_heights(items, place.grid, carrier), folder / "dem.tif", "height", carrier)


def _static(
    items: Sequence[pystac.Item], array: xr.DataArray, path: Path, layer: str, carrier: Carrier
) -> dict[str, FetchedFile]:
    tags = {"ITEMS": ", ".join(item.id for item in items)}
    carrier.patiently(partial(_write, array, path, layer=layer, tags=tags))
    return {path.name: _noted(path, items, carrier)}


def _write(array: xr.DataArray, path: Path, *, layer: str, tags: Mapping[str, str]) -> None:
    """Write an array window by window.

    Raises
    ------
    SceneError
        Its pixels cannot be read, or there are none.
    """
    grid = grid_of(array, name=path.name)
    bands = [str(band) for band in array["band"].values] if array.ndim == 3 else [_ONE_BAND[layer]]
    has_any = False
    with cog_writer(path, layer=layer, grid=grid, bands=bands) as writer:
        writer.dataset.update_tags(**tags)
        for row, col in windows(grid, block=_BLOCK):
            block = loaded(array.isel(y=slice(row, row + _BLOCK), x=slice(col, col + _BLOCK))).values
            has_any |= bool(np.any(block == block) if block.dtype.kind == "f" else block.any())
            writer.write(block, row=row, col=col)
        if not has_any:
            raise SceneError(f"{path.name} would hold no pixel: the archive's files show nothing of the AOI.")


def _noted(path: Path, items: Sequence[pystac.Item], carrier: Carrier) -> FetchedFile:
    ids = tuple(item.id for item in items)
    return FetchedFile(checksum=checksum(path), items=ids, sources=sources_of(items, carrier))
