"""What Sentinel-2 and Sentinel-1 would see of the simulated mine.

Reflectance is spectrum × texture × light: materials from the truth, strata and benches in rock, grain and tone; light
from slope, sun and cast shadow. Then snow, cloud shadow, air (L1C), haze, clouds, blur, native pixels and noise.
"""

import datetime as dt

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords
from pydantic import BaseModel, ConfigDict, Field
from scipy.ndimage import gaussian_filter

from highwall.core.constants import SENTINEL2_PIXEL_M
from highwall.core.truth import Material, SimulatedSite, Surface, surface_at
from highwall.core.truth.fields import Cells, fractal, stream
from highwall.imagery import spectra

Grid = NDArray[np.float64]

_VEGETATION = (Material.FOREST, Material.SAVANNA, Material.GRASS, Material.DRY_GRASS, Material.CROP, Material.OLD_FACE)
_ROCK = (Material.ROCK, Material.WASTE, Material.DAM)
_GRAIN = {
    Material.FOREST: 0.14, Material.SAVANNA: 0.12, Material.GRASS: 0.07, Material.DRY_GRASS: 0.07, Material.CROP: 0.04,
    Material.BARE_FIELD: 0.05, Material.RIVER: 0.02, Material.SANDBANK: 0.10, Material.ROOF: 0.22, Material.PAVED: 0.22,
    Material.DIRT_ROAD: 0.10, Material.SOIL: 0.10, Material.ROCK: 0.11, Material.WASTE: 0.10, Material.SLURRY: 0.05,
    Material.POND: 0.02, Material.ORE: 0.12, Material.DAM: 0.08, Material.OLD_FACE: 0.15,
}  # fmt: skip
"""Relative standard deviation of brightness from pixel to pixel, as in real polygons of like ground."""
_BACKSCATTER_DB = {
    Material.RIVER: (-19.0, -27.0), Material.POND: (-20.0, -28.0), Material.SLURRY: (-15.0, -24.0),
    Material.ROOF: (-3.0, -11.0), Material.PAVED: (-8.0, -17.0), Material.FOREST: (-7.5, -13.0),
    Material.SAVANNA: (-9.5, -15.5),
}  # fmt: skip
_PIXEL_M = SENTINEL2_PIXEL_M
_FINE_PART, _BROAD_PART = 0.75, 0.65
"""Shares of a material's grain that vary from pixel to pixel and over tens of pixels; their squares add up to 1."""
_PARCEL_TONE, _FLOW_TONE = 0.16, 0.14
"""Relative standard deviation of brightness between fields, and along the beach of a tailings pond [1]."""
_BED_M = 17.0
"""Thickness of a bed of rock over one radian of its cycle [m]."""
_PENUMBRA_PX = 0.6
"""Softness of shadow edges: rugged ground blurs them [px]."""
_RISER_TONE, _BERM_TONE = 0.64, 1.10
"""Brightness of fresh faces and of dusty berms relative to their rock [1]."""
_LOOK_AZIMUTH_DEG, _LOOK_ELEVATION_DEG = 280.0, 52.0
"""From where the radar looks at the ground: an ascending pass, right-looking [°]."""
_CLOUD_SHADE = 0.65
"""Part of the light that a cloud takes from its shadow [1]."""
_CLOUD_SHIFT_PX = (45, -35)
"""Rows and columns from a cloud to its shadow: away from the sun [px]."""
_BARE_DB, _GRASS_DB = (-10.5, -20.0), (-11.5, -18.0)


class SceneOptions(BaseModel):
    """How a simulated optical scene is taken."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: str = Field("L1C", pattern="^(L1C|L2A)$", description="L1C top of atmosphere, L2A surface reflectance")
    sun_azimuth_deg: float = Field(38.0, ge=0, lt=360, description="direction of the sun, clockwise from north [°]")
    sun_elevation_deg: float = Field(44.0, gt=5, le=90, description="height of the sun above the horizon [°]")
    cloud_share: float = Field(0.0, ge=0, le=0.95, description="share of the scene under opaque cloud [1]")
    haze: float = Field(0.0, ge=0, le=0.3, description="reflectance that haze adds in the blue [1]")
    snow_share: float = Field(0.0, ge=0, le=1, description="share of the scene under snow [1]")
    blur_px: float = Field(0.55, ge=0, le=3, description="standard deviation of the point spread [10 m pixel]")
    noise: float = Field(0.0012, ge=0, le=0.05, description="standard deviation of the sensor's noise [reflectance]")


def simulate_bands(site: SimulatedSite, date: dt.date, options: SceneOptions | None = None) -> dict[str, xr.DataArray]:
    """Sentinel-2's twelve bands at their native 10, 20 and 60 m: band name → (y, x) float32 reflectance [1].

    The same site, date and options give the same bands. The attributes are those of a scene of ``io.scenes`` that has
    already been scaled.
    """
    options = options or SceneOptions()
    surface = surface_at(site, date)
    scene = _ground(site, surface) * _light(surface, options)
    scene = _weather(scene, site, surface, options)
    noise = stream(site.seed, "sensor", date.isoformat())
    attributes = {"acquired": date.isoformat(), "level": options.level, "units": "1", "simulated": "yes"}
    bands = {}
    for band, image in zip(spectra.BANDS, scene, strict=True):
        step = spectra.NATIVE_M[band] // int(_PIXEL_M)
        native = _averaged(gaussian_filter(image, options.blur_px) if options.blur_px else image, step)
        noisy = np.clip(native + options.noise * noise.standard_normal(native.shape), 1e-4, 1.6)
        bands[band] = _located(noisy, site.geobox.zoom_out(step)).rename(band).assign_attrs(attributes)
    return bands


def on_finest_grid(bands: dict[str, xr.DataArray], site: SimulatedSite) -> xr.DataArray:
    """Bands on the 10 m grid by replication (nearest neighbour): (band, y, x) float32 reflectance [1]."""
    rows = []
    for image in bands.values():
        step = site.shape[0] // image.shape[0]
        rows.append(np.repeat(np.repeat(image.values, step, axis=0), step, axis=1))
    cube = xr.DataArray(
        np.stack(rows), dims=("band", "y", "x"), coords=xr_coords(site.geobox) | {"band": list(bands)},
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
    surface = surface_at(site, date)
    table = np.tile(np.array(_BARE_DB), (max(Material) + 1, 1))
    for kind in _VEGETATION:
        table[kind] = _GRASS_DB
    for kind, level in _BACKSCATTER_DB.items():
        table[kind] = level
    rng = stream(site.seed, "speckle", date.isoformat())
    power = 10.0 ** (np.moveaxis(table[surface.material], -1, 0) / 10.0)
    power = power * _tilt(surface, azimuth_deg=_LOOK_AZIMUTH_DEG, elevation_deg=_LOOK_ELEVATION_DEG) ** 2
    speckled = power * rng.gamma(looks, 1.0 / looks, power.shape)
    coords = xr_coords(site.geobox) | {"polarisation": ["VV", "VH"]}
    decibels = (10.0 * np.log10(np.maximum(speckled, 1e-5))).astype(np.float32)
    return xr.DataArray(decibels, dims=("polarisation", "y", "x"), coords=coords, attrs={"units": "dB"})


def cast_shadow(elevation: Grid, *, pixel_m: float, azimuth_deg: float, elevation_deg: float) -> Cells:
    """Cells (y, x) from which the terrain hides the sun."""
    east, south = np.sin(np.deg2rad(azimuth_deg)), -np.cos(np.deg2rad(azimuth_deg))
    rise_m = pixel_m * np.tan(np.deg2rad(elevation_deg))
    height = float(np.ptp(elevation))
    is_hidden = np.zeros(elevation.shape, bool)
    rows, cols = np.indices(elevation.shape)
    for step in range(1, int(min(height / rise_m, max(elevation.shape))) + 2):
        row = np.clip(np.rint(rows + step * south).astype(int), 0, elevation.shape[0] - 1)
        col = np.clip(np.rint(cols + step * east).astype(int), 0, elevation.shape[1] - 1)
        is_hidden |= elevation[row, col] > elevation + step * rise_m
    return is_hidden


def _ground(site: SimulatedSite, surface: Surface) -> Grid:
    """Reflectance (band, y, x) of the ground in full, level sun."""
    ground = spectra.spectrum_table()[surface.material]
    is_rock = np.isin(surface.material, _ROCK)
    ground[is_rock] = _strata(ground, site, surface)[is_rock]
    is_slurry = surface.material == Material.SLURRY
    flow = fractal(site.shape, stream(site.seed, "slurry"), exponent=3.2, longest_px=40.0)
    ground[is_slurry] *= (1.0 + _FLOW_TONE * flow[is_slurry])[:, None]
    return np.moveaxis(ground * _texture(site, surface)[..., None], -1, 0)


def _strata(ground: Grid, site: SimulatedSite, surface: Surface) -> Grid:
    """Rock (y, x, band) as a mixture of beds; dust brightens berms, risers show darker fresh faces.

    Shares of red and pale rock, and their spread, were set so that medians and spreads of mine classes come near those
    of real polygons.
    """
    shape = site.shape
    fold = fractal(shape, stream(site.seed, "fold"), exponent=3.4, longest_px=90.0)
    thin = fractal(shape, stream(site.seed, "beds"), exponent=2.0, longest_px=12.0)
    bed = np.sin(surface.elevation / _BED_M + 1.6 * fold)
    pale = np.clip(0.16 + 0.34 * fold + 0.18 * bed + 0.10 * thin, 0.0, 0.85)[..., None]
    red = np.clip(0.34 - 0.38 * fold + 0.20 * bed + 0.10 * thin, 0.0, 0.9)[..., None]
    mixed = ground + red * (spectra.RED_ROCK - ground)
    mixed = mixed + pale * (spectra.PALE_ROCK - mixed)
    return np.asarray(mixed * np.where(surface.is_riser, _RISER_TONE, _BERM_TONE)[..., None])


def _texture(site: SimulatedSite, surface: Surface) -> Grid:
    """Relative brightness (y, x): grain of each material, patches of tens of metres, and a tone a parcel."""
    grain_of = np.zeros(max(Material) + 1)
    for material, grain in _GRAIN.items():
        grain_of[material] = grain
    fine = fractal(site.shape, stream(site.seed, "grain"), exponent=0.8)
    broad = fractal(site.shape, stream(site.seed, "tone"), exponent=2.6, longest_px=70.0)
    numbers, which = np.unique(surface.parcel, return_inverse=True)
    tone = stream(site.seed, "parcels").normal(0.0, _PARCEL_TONE, len(numbers))
    tone[numbers == 0] = 0.0
    variation = grain_of[surface.material] * (_FINE_PART * fine + _BROAD_PART * broad)
    return np.asarray(np.exp(variation + tone[which.reshape(site.shape)]))


def _light(surface: Surface, options: SceneOptions) -> Grid:
    """Light relative to level ground (band, y, x): direct where the sun reaches, sky light everywhere."""
    azimuth_deg, elevation_deg = options.sun_azimuth_deg, options.sun_elevation_deg
    is_hidden = cast_shadow(surface.elevation, pixel_m=_PIXEL_M, azimuth_deg=azimuth_deg, elevation_deg=elevation_deg)
    is_lit: Grid = 1.0 - gaussian_filter(is_hidden.astype(np.float64), _PENUMBRA_PX)
    direct = _tilt(surface, azimuth_deg=azimuth_deg, elevation_deg=elevation_deg) * is_lit
    sky = spectra.SKY_LIGHT[:, None, None]
    return np.asarray((1.0 - sky) * direct + sky)


def _tilt(surface: Surface, *, azimuth_deg: float, elevation_deg: float) -> Grid:
    """Cosine of the incidence angle over that of level ground (y, x)."""
    south, east = np.gradient(surface.elevation, _PIXEL_M)
    azimuth, height = np.deg2rad(azimuth_deg), np.deg2rad(elevation_deg)
    toward = np.cos(height) * (-east * np.sin(azimuth) + south * np.cos(azimuth)) + np.sin(height)
    return np.asarray(np.clip(toward / np.sqrt(1.0 + east**2 + south**2), 0.0, None) / np.sin(height))


def _weather(scene: Grid, site: SimulatedSite, surface: Surface, options: SceneOptions) -> Grid:
    """Snow on the ground, air above it, cloud and haze over both (band, y, x)."""
    key = surface.date.isoformat()
    if options.snow_share:
        white = _covered(site, options.snow_share, stream(site.seed, "snow", key))
        scene = scene + white * (spectra.SNOW[:, None, None] - scene)
    cover = _covered(site, options.cloud_share, stream(site.seed, "cloud", key))
    scene = scene * (1.0 - _CLOUD_SHADE * np.roll(cover, _CLOUD_SHIFT_PX, axis=(0, 1)))
    if options.level == "L1C":
        scene = spectra.PASSED[:, None, None] * scene + spectra.PATH[:, None, None]
    if options.haze:
        veil = options.haze * (spectra.PATH / spectra.PATH[1])[:, None, None]
        thickness = 1.0 + 0.2 * fractal(site.shape, stream(site.seed, "haze", key), exponent=3.0)
        scene = scene * (1.0 - 2.0 * options.haze) + veil * np.clip(thickness, 0.2, 2.0)
    return np.asarray(scene + cover * (spectra.CLOUD[:, None, None] * (0.85 + 0.15 * cover) - scene))


def _covered(site: SimulatedSite, share: float, rng: np.random.Generator) -> Grid:
    """Opacity (y, x) of a cover with soft edges whose opaque part is about ``share`` of the scene."""
    if share == 0.0:
        return np.zeros(site.shape)
    field = fractal(site.shape, rng, exponent=3.0, longest_px=200.0)
    edge = float(np.quantile(field, 1.0 - share))
    return np.asarray(np.clip((field - edge) / 0.25 + 0.5, 0.0, 1.0))


def _averaged(image: Grid, step: int) -> Grid:
    rows, cols = image.shape[0] // step, image.shape[1] // step
    return np.asarray(image.reshape(rows, step, cols, step).mean(axis=(1, 3)))


def _located(image: Grid, geobox: GeoBox) -> xr.DataArray:
    return xr.DataArray(image.astype(np.float32), dims=("y", "x"), coords=xr_coords(geobox))
