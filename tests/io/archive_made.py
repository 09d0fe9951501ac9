"""A small archive as the public ones are: Sentinel-2 tiles at native pixels, Sentinel-1, land cover, heights."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from odc.geo.geom import box

from highwall.core.bands import BANDS, OPTICAL

from .archive_server import Archive, checksums

UTM = "EPSG:32633"
LEFT, TOP = 500_040.0, 4_990_020.0
"""Upper left corner of the tiles [m]; whole multiples of 60 m."""
SIDE_M = 1200.0


def numbers_of(band: str, seed: int, *, side_m: float = SIDE_M) -> np.ndarray:
    """Digital numbers of a band at its native pixel, none of them nodata."""
    size = int(side_m / BANDS[band].native_m)
    rng = np.random.default_rng([seed, OPTICAL.index(band)])
    return rng.integers(1100, 5000, (size, size)).astype("uint16")


def add_optical(
    archive: Archive,
    name: str,
    begin: str,
    *,
    cloud_percent: float,
    seed: int = 0,
    scl: np.ndarray | None = None,
    left: float = LEFT,
    top: float = TOP,
    crs: str = UTM,
    states_checksum: bool = True,
    **properties: Any,
) -> dict[str, Any]:
    """Add a Sentinel-2 tile; ``scl`` are its codes at 20 m, by default vegetation everywhere."""
    assets = {}
    for band in OPTICAL:
        path = archive.folder / name / f"{band}.tif"
        tif(path, numbers_of(band, seed), step=BANDS[band].native_m, left=left, top=top, crs=crs)
        assets[band] = _asset(path, archive, states_checksum=states_checksum)
    codes = np.full((60, 60), 4, "uint8") if scl is None else scl.astype("uint8")
    path = tif(archive.folder / name / "SCL.tif", codes, step=20.0, left=left, top=top, crs=crs)
    assets["SCL"] = _asset(path, archive, states_checksum=states_checksum)
    stated = {
        "eo:cloud_cover": cloud_percent, "platform": "Sentinel-2A", "s2:processing_baseline": "05.09",
        "s2:mgrs_tile": f"33T{name[:2].upper()}", **properties,
    }  # fmt: skip
    return _add(archive, name, "sentinel-2-l2a", begin, assets, stated, left=left, top=top, crs=crs)


def add_radar(
    archive: Archive,
    name: str,
    begin: str,
    *,
    seed: int = 0,
    left: float = LEFT,
    top: float = TOP,
    crs: str = UTM,
    side_m: float = SIDE_M,
    **properties: Any,
) -> dict[str, Any]:
    """Add a terrain-corrected Sentinel-1 scene of powers, as the Planetary Computer has them."""
    assets = {}
    for number, polarisation in enumerate(("vv", "vh")):
        path = archive.folder / name / f"{polarisation}.tif"
        powers = powers_of(seed, number, side_m=side_m)
        tif(path, powers, step=10.0, left=left, top=top, crs=crs, nodata=-32768.0)
        assets[polarisation] = _asset(path, archive, states_checksum=False)
    stated = {"platform": "SENTINEL-1A", "sat:orbit_state": "descending", **properties}
    return _add(archive, name, "sentinel-1-rtc", begin, assets, stated, left=left, top=top, crs=crs, side_m=side_m)


def powers_of(seed: int, number: int, *, side_m: float = SIDE_M) -> np.ndarray:
    """Backscatter [1]: around −10 dB in VV (0) and −17 dB in VH (1)."""
    size = int(side_m / 10)
    decibels = np.random.default_rng([seed, number]).normal((-10.0, -17.0)[number], 2.0, (size, size))
    return (10.0 ** (decibels / 10.0)).astype("float32")


def add_maps(archive: Archive, *, left: float = LEFT, top: float = TOP, crs: str = UTM) -> None:
    """Add WorldCover of 2020 (all 40) and of 2021 (all 60), and heights that rise eastward by 1 m a pixel."""
    for year, code in ((2020, 40), (2021, 60)):
        path = archive.folder / f"cover{year}.tif"
        tif(path, np.full((120, 120), code, "uint8"), step=10.0, left=left, top=top, crs=crs)
        span = {
            "datetime": None,
            "start_datetime": f"{year}-01-01T00:00:00Z",
            "end_datetime": f"{year}-12-31T23:59:59Z",
        }
        _add(
            archive,
            f"cover{year}",
            "esa-worldcover",
            None,
            {"map": _asset(path, archive)},
            span,
            left=left,
            top=top,
            crs=crs,
        )
    heights = np.broadcast_to(np.arange(40.0), (40, 40)).astype("float32")
    path = tif(archive.folder / "dem.tif", heights, step=30.0, left=left, top=top, crs=crs, nodata=-9999.0)
    _add(
        archive,
        "dem",
        "cop-dem-glo-30",
        "2021-04-22T00:00:00Z",
        {"data": _asset(path, archive)},
        {},
        left=left,
        top=top,
        crs=crs,
    )


def tif(path: Path, values: np.ndarray, *, step: float, left: float, top: float, crs: str, nodata: float = 0.0) -> Path:
    """Write (y, x) as a tiled, compressed GeoTIFF."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=values.shape[0], width=values.shape[1], dtype=values.dtype.name,
        crs=crs, transform=Affine(step, 0, left, 0, -step, top), nodata=nodata, tiled=True, blockxsize=64,
        blockysize=64, compress="deflate",
    ) as dataset:  # fmt: skip
        dataset.write(values, 1)
    return path


def _asset(path: Path, archive: Archive, *, states_checksum: bool = True) -> dict[str, Any]:
    stated = checksums(path) if states_checksum else {}
    return {"href": f"/files/{path.relative_to(archive.folder)}", "type": "image/tiff", "roles": ["data"], **stated}


def _add(
    archive: Archive,
    name: str,
    collection: str,
    begin: str | None,
    assets: Mapping[str, Any],
    properties: Mapping[str, Any],
    *,
    left: float,
    top: float,
    crs: str,
    side_m: float = SIDE_M,
) -> dict[str, Any]:
    footprint = box(left, top - side_m, left + side_m, top, crs=crs).to_crs("EPSG:4326")
    moment = begin and dt.datetime.fromisoformat(begin).astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    item = {
        "type": "Feature", "stac_version": "1.0.0", "id": name, "collection": collection, "links": [],
        "geometry": footprint.json, "bbox": list(footprint.boundingbox.bbox),
        "properties": {"datetime": moment, **properties}, "assets": dict(assets),
    }  # fmt: skip
    archive.items.append(item)
    return item
