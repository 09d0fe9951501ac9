"""What Sentinel-2 and Sentinel-1 would see of the many simulated sites: year by year, in every weather."""

import datetime as dt
from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
import xarray as xr
from odc.geo.xr import xr_coords

from highwall.core.truth import Material, Surface
from highwall.core.truth.fields import stream
from highwall.core.truth.varied import Climate, VariedSite
from highwall.imagery.options import SceneOptions, VariedSceneOptions
from highwall.imagery.palettes import palette_at
from highwall.imagery.simulate import backscatter_of_surface, bands_of_surface, on_finest_grid
from highwall.imagery.weather import cover_of

_LOCAL_HOUR: Final = 10.5
"""Mean local solar time of Sentinel-2's overpass [h] (ESA)."""
_GREENEST_DAY: Final = 185
_MOST_CLOUD: Final = 0.18
"""Largest cloud share of a scene that somebody would still take [1]."""
_LOOKS: Final = 4.4
_RADAR_SPREAD_DB: Final = 0.9
"""Spread of a scene's backscatter between dates: moisture and season [dB]."""
_SCL: Final = {"vegetation": 4, "bare": 5, "water": 6, "cloud": 9, "snow": 11}
"""Codes of Sentinel-2's scene classification (ESA, L2A ATBD, table 3)."""
_WATER: Final = (Material.RIVER, Material.POND)
_GREEN: Final = (Material.FOREST, Material.SAVANNA, Material.GRASS, Material.CROP, Material.WETLAND, Material.OLD_FACE)


class VariedScene(NamedTuple):
    """What two satellites saw of a site at a date."""

    reflectance: xr.DataArray
    """(band, y, x) float32 [1], Sentinel-2's twelve bands at 10 m."""
    radar: xr.DataArray
    """(polarisation, y, x) float32 [dB], VV and VH."""
    scl: xr.DataArray
    """(y, x) uint8, codes of the scene classification."""
    weather: SceneOptions
    """How the optical scene was taken."""


def simulate_scene(site: VariedSite, surface: Surface, options: VariedSceneOptions | None = None) -> VariedScene:
    """Take a site's ground in the weather of its date: the same arguments give the same scene."""
    options = options or VariedSceneOptions()
    weather = weather_at(site, surface.date, options)
    bands = bands_of_surface(site, surface, weather, palette=palette_at(site, surface.date))
    reflectance = _miscalibrated(on_finest_grid(bands, site), site, surface.date, spread=options.gain_spread)
    shift = _RADAR_SPREAD_DB * stream(site.seed, "moisture", surface.date.isoformat()).standard_normal()
    radar = backscatter_of_surface(site, surface, looks=_LOOKS, shift_db=float(shift))
    return VariedScene(reflectance, radar, _classified(site, surface, weather), weather)


def acquisition_dates(site: VariedSite, years: Iterable[int], options: VariedSceneOptions) -> list[dt.date]:
    """One date a year: near the greenest day as a rule, anywhere in the year else."""
    rng = stream(site.seed, "dates")
    peak = _GREENEST_DAY + (0 if site.traits.latitude_deg >= 0.0 else 183)
    dates = []
    for year in years:
        near = peak + options.season_days * float(np.clip(rng.standard_normal(), -2.0, 2.0))
        day = rng.uniform(0.0, 365.0) if rng.random() < options.off_season_share else near
        dates.append(dt.date(year, 1, 1) + dt.timedelta(days=int(day) % 365))
    return dates


def weather_at(site: VariedSite, date: dt.date, options: VariedSceneOptions) -> SceneOptions:
    """Sun, haze, clouds and snow of a date."""
    rng = stream(site.seed, "weather", date.isoformat())
    is_hazy, is_cloudy, is_snowy = rng.random(3) < (options.hazy_share, options.cloudy_share, options.snowy_share)
    haze, cloud, snow = rng.uniform((0.005, 0.02, 0.1), (0.06, _MOST_CLOUD, 0.8))
    can_snow = site.traits.climate in (Climate.TEMPERATE, Climate.BOREAL)
    azimuth, elevation = sun_position(site.traits.latitude_deg, date)
    return SceneOptions(
        level=options.level, sun_azimuth_deg=azimuth, sun_elevation_deg=max(elevation, 12.0),
        haze=float(haze) if is_hazy else 0.0, cloud_share=float(cloud) if is_cloudy else 0.0,
        snow_share=float(snow) if is_snowy and can_snow else 0.0,
    )  # fmt: skip


def sun_position(latitude_deg: float, date: dt.date) -> tuple[float, float]:
    """Azimuth, clockwise from north, and height of the sun at the overpass [°].

    Source: Cooper 1969 (declination); spherical triangle of pole, zenith and sun.
    """
    declination = np.deg2rad(23.45) * np.sin(2.0 * np.pi * (284 + date.timetuple().tm_yday) / 365.0)
    hour, latitude = np.deg2rad(15.0 * (_LOCAL_HOUR - 12.0)), np.deg2rad(latitude_deg)
    height = np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(declination) * np.cos(hour)
    east = -np.cos(declination) * np.sin(hour)
    north = np.cos(latitude) * np.sin(declination) - np.sin(latitude) * np.cos(declination) * np.cos(hour)
    return float(np.rad2deg(np.arctan2(east, north)) % 360.0), float(np.rad2deg(np.arcsin(height)))


def _miscalibrated(reflectance: xr.DataArray, site: VariedSite, date: dt.date, *, spread: float) -> xr.DataArray:
    """Give every band the gain that an imperfect correction of the atmosphere leaves."""
    rng = stream(site.seed, "gain", date.isoformat())
    n_bands = reflectance.sizes["band"]
    slope = np.linspace(-1.0, 1.0, n_bands)
    log_gain = spread * (rng.standard_normal() + rng.standard_normal() * slope + 0.3 * rng.standard_normal(n_bands))
    gained = reflectance * np.exp(log_gain).astype(np.float32)[:, None, None]
    return gained.astype(np.float32).assign_attrs(reflectance.attrs)


def _classified(site: VariedSite, surface: Surface, weather: SceneOptions) -> xr.DataArray:
    """Scene classification (y, x) as a processor might make it: right, but for the edges of clouds."""
    codes = np.full(site.shape, _SCL["bare"], np.uint8)
    codes[np.isin(surface.material, _GREEN)] = _SCL["vegetation"]
    codes[np.isin(surface.material, _WATER)] = _SCL["water"]
    key = surface.date.isoformat()
    codes[cover_of(site, weather.snow_share, stream(site.seed, "snow", key)) > 0.5] = _SCL["snow"]
    codes[cover_of(site, weather.cloud_share, stream(site.seed, "cloud", key)) > 0.5] = _SCL["cloud"]
    return xr.DataArray(codes, dims=("y", "x"), coords=xr_coords(site.geobox), name="scl", attrs={"units": "1"})
