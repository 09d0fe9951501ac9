"""What a stack needs beside its scenes: precise orbits, a DEM, tropospheric delays, each by the name to ask for."""

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from typing import Final

from highwall.io.archive.plan import Acquisition, GacosRequest

Bounds = tuple[float, float, float, float]
"""West, south, east, north [degree]."""

GACOS_DATES: Final = 20
"""Dates in one request to GACOS; longer lists are split."""

GACOS_MARGIN_DEG: Final = 0.2
"""degree, about two cells of the weather model around the AOI."""

DEM_MARGIN_DEG: Final = 0.1
"""degree, so that foreshortened slopes at the AOI's edge have ground."""


def precise_orbits(acquisitions: Sequence[Acquisition]) -> tuple[str, ...]:
    """Patterns of the names of the precise orbit files (AUX_POEORB), one a platform and day.

    A file spans from 22:59:4x of the day before to 00:59:4x of the day after; seconds follow the leap seconds, and when
    it was made, about 20 days later, cannot be foretold: both are wildcards.
    """
    needed = {(scene.platform, scene.start.date()) for each in acquisitions for scene in each.scenes}
    return tuple(_orbit_pattern(platform, day) for platform, day in sorted(needed, key=lambda need: need[::-1]))


def dem_tiles(bbox: Bounds, *, margin_deg: float = DEM_MARGIN_DEG) -> tuple[str, ...]:
    """Names of the one-degree tiles of the Copernicus GLO-30 DEM under a box; over open sea some do not exist."""
    west, south, east, north = _grown(bbox, margin_deg)
    return tuple(
        _tile_name(lat, lon)
        for lat in range(math.floor(south), math.ceil(north))
        for lon in range(math.floor(west), math.ceil(east))
    )


def gacos_requests(
    acquisitions: Sequence[Acquisition], *, bbox: Bounds, margin_deg: float = GACOS_MARGIN_DEG
) -> tuple[GacosRequest, ...]:
    """What to type into the form of the GACOS web service: dates, time of the day, box.

    All dates share a time, that of the first pass to the minute: one track passes at the same time of the day.
    """
    if not acquisitions:
        return ()
    west, south, east, north = (round(bound, 2) for bound in _grown(bbox, margin_deg))
    time_utc = f"{acquisitions[0].start:%H:%M}"
    dates = [f"{acquisition.date:%Y%m%d}" for acquisition in acquisitions]
    return tuple(
        GacosRequest(dates=tuple(batch), time_utc=time_utc, north=north, west=west, east=east, south=south)
        for batch in _batches(dates, GACOS_DATES)
    )


def _orbit_pattern(platform: str, day: dt.date) -> str:
    satellite = f"S1{platform.strip()[-1].upper()}"
    before, after = day - dt.timedelta(days=1), day + dt.timedelta(days=1)
    return f"{satellite}_OPER_AUX_POEORB_OPOD_*_V{before:%Y%m%d}T2259??_{after:%Y%m%d}T0059??.EOF"


def _tile_name(lat: int, lon: int) -> str:
    """Name by the south-western corner [degree]."""
    north_south, east_west = "N" if lat >= 0 else "S", "E" if lon >= 0 else "W"
    return f"Copernicus_DSM_COG_10_{north_south}{abs(lat):02d}_00_{east_west}{abs(lon):03d}_00_DEM"


def _grown(bbox: Bounds, margin_deg: float) -> Bounds:
    west, south, east, north = bbox
    return west - margin_deg, max(south - margin_deg, -90.0), east + margin_deg, min(north + margin_deg, 90.0)


def _batches(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for begin in range(0, len(items), size):
        yield items[begin : begin + size]
