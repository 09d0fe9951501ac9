"""What Sentinel-2 and Sentinel-1 would see of the simulated mine.

Reflectance is spectrum × texture × light: materials from the truth, strata and benches in rock, grain and tone; light
from slope, sun and cast shadow. Then snow, cloud shadow, air (L1C), haze, clouds, blur, native pixels and noise.
"""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords
from scipy.ndimage import gaussian_filter

from highwall.core.constants import SENTINEL2_PIXEL_M
from highwall.core.truth import Material, SimulatedPlace, SimulatedSite, Surface, surface_at
from highwall.core.truth.fields import fractal, stream
from highwall.imagery import spectra
from highwall.imagery.light import light_on, tilt
from highwall.imagery.options import SceneOptions
from highwall.imagery.weather import weathered

__all__ = [
    "Palette", "SceneOptions", "backscatter_of_surface", "bands_of_surface", "on_finest_grid", "simulate_backscatter",
    "simulate_bands",
]  # fmt: skip

Grid = NDArray[np.float64]

_VEGETATION = (Material.FOREST, Material.SAVANNA, Material.GRASS, Material.DRY_GRASS, Material.CROP, Material.OLD_FACE)
_ROCK = (Material.ROCK, Material.WASTE, Material.DAM, Material.OVERBURDEN, Material.OUTCROP)
_GRAIN = {
    Material.FOREST: 0.14, Material.SAVANNA: 0.12, Material.GRASS: 0.07, Material.DRY_GRASS: 0.07, Material.CROP: 0.04,
    Material.BARE_FIELD: 0.05, Material.RIVER: 0.02, Material.SANDBANK: 0.10, Material.ROOF: 0.22, Material.PAVED: 0.22,
    Material.DIRT_ROAD: 0.10, Material.SOIL: 0.10, Material.ROCK: 0.11, Material.WASTE: 0.10, Material.SLURRY: 0.05,
    Material.POND: 0.02, Material.ORE: 0.12, Material.DAM: 0.08, Material.OLD_FACE: 0.15, Material.OVERBURDEN: 0.10,
    Material.SAND: 0.08, Material.OUTCROP: 0.13, Material.SOLAR: 0.05, Material.BURNT: 0.14, Material.WETLAND: 0.10,
}  # fmt: skip
"""Relative standard deviation of brightness from pixel to pixel, as in real polygons of like ground."""
_BACKSCATTER_DB = {
    Material.RIVER: (-19.0, -27.0), Material.POND: (-20.0, -28.0), Material.SLURRY: (-15.0, -24.0),
    Material.ROOF: (-3.0, -11.0), Material.PAVED: (-8.0, -17.0), Material.FOREST: (-7.5, -13.0),
    Material.SAVANNA: (-9.5, -15.5), Material.SAND: (-14.0, -24.0), Material.SOLAR: (-7.0, -18.0),
    Material.WETLAND: (-12.0, -20.0),
}  # fmt: skip
_FINE_PART, _BROAD_PART = 0.75, 0.65
"""Shares of a material's grain that vary from pixel to pixel and over tens of pixels; their squares add up to 1."""
_PARCEL_TONE, _FLOW_TONE = 0.16, 0.14
"""Relative standard deviation of brightness between fields, and along the beach of a tailings pond [1]."""
_BED_M = 17.0
"""Thickness of a bed of rock over one radian of its cycle [m]."""
_RISER_TONE, _BERM_TONE = 0.64, 1.10
"""Brightness of fresh faces and of dusty berms relative to their rock [1]."""
_LOOK_AZIMUTH_DEG, _LOOK_ELEVATION_DEG = 280.0, 52.0
"""From where the radar looks at the ground: an ascending pass, right-looking [°]."""
_BARE_DB, _GRASS_DB = (-10.5, -20.0), (-11.5, -18.0)


@dataclass(frozen=True)
class Palette:
    """Colours of a site's ground."""

    table: Grid
    """(material, band) reflectance of level ground in full sun [1]."""
    red_rock: Grid
    """(band,) of the darker, redder beds [1]."""
    pale_rock: Grid
    """(band,) of the paler beds [1]."""


def simulate_bands(site: SimulatedSite, date: dt.date, options: SceneOptions | None = None) -> dict[str, xr.DataArray]:
    """Sentinel-2's twelve bands at their native 10, 20 and 60 m: band name → (y, x) float32 reflectance [1].

    The same site, date and options give the same bands. The attributes are those of a scene of ``io.scenes`` that has
    already been scaled.
    """
    palette = Palette(spectra.spectrum_table(), spectra.RED_ROCK, spectra.PALE_ROCK)
    return bands_of_surface(site, surface_at(site, date), options or SceneOptions(), palette=palette)


def bands_of_surface(
    place: SimulatedPlace, surface: Surface, options: SceneOptions, *, palette: Palette
) -> dict[str, xr.DataArray]:
    """Bands as of :func:`simulate_bands`, of any simulated surface in any colours."""
    scene = _ground(place, surface, palette) * light_on(surface, options)
    scene = weathered(scene, place, options, key=surface.date.isoformat())
    noise = stream(place.seed, "sensor", surface.date.isoformat())
    attributes = {"acquired": surface.date.isoformat(), "level": options.level, "units": "1", "simulated": "yes"}
    bands = {}
    for band, image in zip(spectra.BANDS, scene, strict=True):
        step = spectra.NATIVE_M[band] // int(SENTINEL2_PIXEL_M)
        native = _averaged(gaussian_filter(image, options.blur_px) if options.blur_px else image, step)
        noisy = np.clip(native + options.noise * noise.standard_normal(native.shape), 1e-4, 1.6)
        bands[band] = _located(noisy, place.geobox.zoom_out(step)).rename(band).assign_attrs(attributes)
    return bands


def on_finest_grid(bands: dict[str, xr.DataArray], place: SimulatedPlace) -> xr.DataArray:
    """Bands on the 10 m grid by replication (nearest neighbour): (band, y, x) float32 reflectance [1]."""
    rows = []
    for image in bands.values():
        step = place.shape[0] // image.shape[0]
        rows.append(np.repeat(np.repeat(image.values, step, axis=0), step, axis=1))
    cube = xr.DataArray(
        np.stack(rows), dims=("band", "y", "x"), coords=xr_coords(place.geobox) | {"band": list(bands)},
        name="reflectance", attrs=dict(next(iter(bands.values())).attrs),
    )  # fmt: skip
    return cube


def simulate_backscatter(site: SimulatedSite, date: dt.date, *, looks: float = 4.4) -> xr.DataArray:
    """Sentinel-1's backscatter with speckle: (polarisation, y, x) float32 [dB], VV and VH.

    Parameters
    ----------
    looks
        Equivalent number of looks; 4.4 is that of ground-range detected, high-resolution scenes (ESA).
    """
    return backscatter_of_surface(site, surface_at(site, date), looks=looks)


def backscatter_of_surface(
    place: SimulatedPlace, surface: Surface, *, looks: float, shift_db: float = 0.0
) -> xr.DataArray:
    """Backscatter as of :func:`simulate_backscatter`, of any simulated surface.

    Parameters
    ----------
    shift_db
        Added everywhere: wetter soil, another calibration [dB].
    """
    table = np.tile(np.array(_BARE_DB), (max(Material) + 1, 1))
    for kind in _VEGETATION:
        table[kind] = _GRASS_DB
    for kind, level in _BACKSCATTER_DB.items():
        table[kind] = level
    rng = stream(place.seed, "speckle", surface.date.isoformat())
    power = 10.0 ** ((np.moveaxis(table[surface.material], -1, 0) + shift_db) / 10.0)
    power = power * tilt(surface, azimuth_deg=_LOOK_AZIMUTH_DEG, elevation_deg=_LOOK_ELEVATION_DEG) ** 2
    speckled = power * rng.gamma(looks, 1.0 / looks, power.shape)
    coords = xr_coords(place.geobox) | {"polarisation": ["VV", "VH"]}
    decibels = (10.0 * np.log10(np.maximum(speckled, 1e-5))).astype(np.float32)
    return xr.DataArray(decibels, dims=("polarisation", "y", "x"), coords=coords, attrs={"units": "dB"})


def _ground(place: SimulatedPlace, surface: Surface, palette: Palette) -> Grid:
    """Reflectance (band, y, x) of the ground in full, level sun."""
    ground = palette.table[surface.material]
    is_rock = np.isin(surface.material, _ROCK)
    ground[is_rock] = _strata(ground, place, surface, palette)[is_rock]
    is_slurry = surface.material == Material.SLURRY
    flow = fractal(place.shape, stream(place.seed, "slurry"), exponent=3.2, longest_px=40.0)
    ground[is_slurry] *= (1.0 + _FLOW_TONE * flow[is_slurry])[:, None]
    return np.moveaxis(ground * _texture(place, surface)[..., None], -1, 0)


def _strata(ground: Grid, place: SimulatedPlace, surface: Surface, palette: Palette) -> Grid:
    """Rock (y, x, band) as a mixture of beds; dust brightens berms, risers show darker fresh faces.

    Shares of red and pale rock, and their spread, were set so that medians and spreads of mine classes come near those
    of real polygons.
    """
    shape = place.shape
    fold = fractal(shape, stream(place.seed, "fold"), exponent=3.4, longest_px=90.0)
    thin = fractal(shape, stream(place.seed, "beds"), exponent=2.0, longest_px=12.0)
    bed = np.sin(surface.elevation / _BED_M + 1.6 * fold)
    pale = np.clip(0.16 + 0.34 * fold + 0.18 * bed + 0.10 * thin, 0.0, 0.85)[..., None]
    red = np.clip(0.34 - 0.38 * fold + 0.20 * bed + 0.10 * thin, 0.0, 0.9)[..., None]
    mixed = ground + red * (palette.red_rock - ground)
    mixed = mixed + pale * (palette.pale_rock - mixed)
    return np.asarray(mixed * np.where(surface.is_riser, _RISER_TONE, _BERM_TONE)[..., None])


def _texture(place: SimulatedPlace, surface: Surface) -> Grid:
    """Relative brightness (y, x): grain of each material, patches of tens of metres, and a tone a parcel."""
    grain_of = np.zeros(max(Material) + 1)
    for material, grain in _GRAIN.items():
        grain_of[material] = grain
    fine = fractal(place.shape, stream(place.seed, "grain"), exponent=0.8)
    broad = fractal(place.shape, stream(place.seed, "tone"), exponent=2.6, longest_px=70.0)
    numbers, which = np.unique(surface.parcel, return_inverse=True)
    tone = stream(place.seed, "parcels").normal(0.0, _PARCEL_TONE, len(numbers))
    tone[numbers == 0] = 0.0
    variation = grain_of[surface.material] * (_FINE_PART * fine + _BROAD_PART * broad)
    return np.asarray(np.exp(variation + tone[which.reshape(place.shape)]))


def _averaged(image: Grid, step: int) -> Grid:
    rows, cols = image.shape[0] // step, image.shape[1] // step
    return np.asarray(image.reshape(rows, step, cols, step).mean(axis=(1, 3)))


def _located(image: Grid, geobox: GeoBox) -> xr.DataArray:
    return xr.DataArray(image.astype(np.float32), dims=("y", "x"), coords=xr_coords(geobox))
