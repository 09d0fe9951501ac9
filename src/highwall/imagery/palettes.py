"""Colours of varied sites: rock by geology, soil by site, vegetation by season, all of it a little off at every date.

Rock, waste and slurry are given in six bands, set by hand within what such ground may show in Sentinel-2 scenes, and
carried to the others along the spectrum. None of it is measured at a mine of that rock: what a network scores on these
sites says how well it tells shapes and contrasts apart, not how well it knows copper from gold.
"""

import datetime as dt
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.core.truth import Material
from highwall.core.truth.fields import stream
from highwall.core.truth.varied import Climate, Geology, VariedSite
from highwall.imagery import spectra
from highwall.imagery.simulate import Palette

Grid = NDArray[np.float64]
Six = tuple[float, float, float, float, float, float]
"""Reflectance [1] in blue, green, red, near infrared and the two short-wave bands."""


class Rocks(NamedTuple):
    """Colours of what a mine of one geology lays bare."""

    rock: Six
    waste: Six
    ore: Six
    slurry: Six
    pond: Six
    overburden: Six


_CLEAR: Final[Six] = (0.046, 0.080, 0.058, 0.014, 0.006, 0.004)
_TURQUOISE: Final[Six] = (0.095, 0.160, 0.110, 0.035, 0.010, 0.006)
_RUSTY: Final[Six] = (0.040, 0.062, 0.105, 0.040, 0.010, 0.006)

ROCKS: Final[dict[Geology, Rocks]] = {
    Geology.COAL: Rocks(
        (.058, .068, .080, .100, .135, .125), (.085, .105, .130, .175, .240, .210),
        (.028, .031, .034, .042, .055, .055), (.035, .040, .042, .045, .040, .030),
        _CLEAR, (.090, .120, .160, .220, .300, .260),
    ),
    Geology.LIGNITE: Rocks(
        (.075, .098, .130, .175, .240, .210), (.105, .140, .185, .250, .330, .280),
        (.032, .037, .045, .062, .090, .085), (.055, .065, .075, .080, .070, .050),
        _CLEAR, (.110, .160, .225, .300, .390, .340),
    ),
    Geology.IRON: Rocks(
        (.068, .092, .128, .172, .240, .215), (.070, .096, .126, .172, .260, .235),
        (.046, .056, .072, .092, .135, .125), (.063, .096, .148, .182, .170, .130),
        _RUSTY, (.070, .110, .190, .270, .360, .300),
    ),
    Geology.COPPER: Rocks(
        (.105, .125, .148, .182, .240, .200), (.120, .145, .175, .212, .280, .230),
        (.090, .108, .125, .155, .210, .175), (.165, .195, .220, .245, .220, .170),
        _TURQUOISE, (.110, .140, .180, .230, .310, .270),
    ),
    Geology.GOLD: Rocks(
        (.090, .118, .155, .200, .275, .230), (.105, .138, .185, .240, .320, .265),
        (.085, .110, .145, .185, .250, .210), (.145, .185, .225, .255, .240, .180),
        _TURQUOISE, (.080, .115, .175, .240, .330, .280),
    ),
    Geology.BAUXITE: Rocks(
        (.058, .095, .200, .275, .350, .285), (.060, .100, .195, .270, .340, .280),
        (.052, .082, .175, .240, .310, .250), (.050, .074, .175, .215, .195, .140),
        _RUSTY, (.055, .088, .170, .245, .320, .260),
    ),
    Geology.LIMESTONE: Rocks(
        (.245, .285, .325, .375, .430, .370), (.210, .245, .285, .335, .395, .350),
        (.290, .330, .370, .420, .460, .400), (.215, .265, .290, .300, .250, .190),
        _TURQUOISE, (.120, .160, .215, .280, .360, .310),
    ),
    Geology.GRANITE: Rocks(
        (.130, .150, .172, .202, .255, .230), (.142, .165, .190, .225, .280, .250),
        (.160, .182, .205, .240, .290, .260), (.120, .140, .160, .170, .150, .110),
        _CLEAR, (.085, .112, .150, .205, .290, .245),
    ),
    Geology.GRAVEL: Rocks(
        (.118, .155, .205, .268, .350, .310), (.102, .136, .182, .242, .325, .285),
        (.150, .190, .240, .300, .375, .340), (.090, .120, .150, .160, .130, .100),
        _TURQUOISE, (.075, .105, .150, .210, .300, .250),
    ),
    Geology.CLAY: Rocks(
        (.098, .138, .205, .265, .340, .270), (.088, .124, .185, .245, .325, .262),
        (.092, .130, .198, .258, .332, .265), (.110, .155, .205, .230, .200, .140),
        _RUSTY, (.070, .100, .150, .210, .300, .250),
    ),
}  # fmt: skip

_ANCHORS: Final = ("B02", "B03", "B04", "B08", "B11", "B12")
_DRY: Final[dict[Material, Material]] = {
    Material.GRASS: Material.DRY_GRASS, Material.SAVANNA: Material.DRY_GRASS, Material.CROP: Material.BARE_FIELD,
    Material.OLD_FACE: Material.DRY_GRASS, Material.WETLAND: Material.DRY_GRASS,
}  # fmt: skip
"""What a plant cover looks like out of season."""
_LEAFLESS: Final[Six] = (0.034, 0.050, 0.062, 0.175, 0.190, 0.120)
_FADES: Final = {Climate.TROPICAL: 0.45, Climate.TEMPERATE: 0.85, Climate.ARID: 0.5, Climate.BOREAL: 0.7}
"""Part of the green that goes in the worst season [1]."""
_LEAVES_FALL: Final = {Climate.TROPICAL: 0.1, Climate.TEMPERATE: 0.6, Climate.ARID: 0.2, Climate.BOREAL: 0.2}
_GREENEST_DAY: Final = 185
"""Day of the year, north of the equator; half a year later south of it."""
_SOILS: Final = (
    Material.SOIL, Material.BARE_FIELD, Material.DIRT_ROAD, Material.SAND, Material.SANDBANK, Material.DAM,
    Material.OUTCROP, Material.DRY_GRASS,
)  # fmt: skip
_SOIL_TONE, _SOIL_SLOPE, _LEAF_TONE, _ROCK_TONE = 0.18, 0.16, 0.10, 0.12
"""Spreads between sites of log brightness of soil, of its tilt from blue to red, of plants, and of rock [1]."""
_WETNESS = 0.14
"""Spread between dates of the log brightness of bare ground [1]."""


def palette_at(site: VariedSite, date: dt.date) -> Palette:
    """Colours of a site at a date; the same for both each time."""
    table = spectra.spectrum_table()
    rocks = ROCKS[site.traits.geology]
    parts = {
        Material.ROCK: rocks.rock, Material.WASTE: rocks.waste, Material.ORE: rocks.ore, Material.SLURRY: rocks.slurry,
        Material.POND: rocks.pond, Material.OVERBURDEN: rocks.overburden,
    }  # fmt: skip
    rng = stream(site.seed, "rock")
    for material, colour in parts.items():
        table[material] = twelve(colour) * np.exp(_ROCK_TONE * rng.standard_normal())
    table[Material.DAM] = 0.5 * (table[Material.WASTE] + table[Material.DAM])
    _colour_soil(table, site)
    _fade(table, site, date)
    _wet(table, site, date)
    rock = table[Material.ROCK]
    tilt = np.linspace(-1.0, 1.0, len(spectra.BANDS))
    return Palette(table, red_rock=rock * (0.78 + 0.2 * tilt), pale_rock=1.25 * rock + 0.03)


def greenness(site: VariedSite, date: dt.date) -> float:
    """How green the site is at a date: 1 in its best season, less in others."""
    half = 0.0 if site.traits.latitude_deg >= 0.0 else 0.5
    phase = (date.timetuple().tm_yday - _GREENEST_DAY) / 365.25 + half
    return float(1.0 - _FADES[site.traits.climate] * (0.5 - 0.5 * np.cos(2.0 * np.pi * phase)))


def twelve(colour: Six) -> Grid:
    """Carry six bands to Sentinel-2's twelve: straight lines along the order of the bands."""
    at = [spectra.BANDS.index(name) for name in _ANCHORS]
    return np.asarray(np.interp(np.arange(len(spectra.BANDS)), at, colour))


def _colour_soil(table: Grid, site: VariedSite) -> None:
    rng = stream(site.seed, "soil")
    tilt = np.linspace(-1.0, 1.0, len(spectra.BANDS))
    soil = np.exp(_SOIL_TONE * rng.standard_normal() + _SOIL_SLOPE * rng.standard_normal() * tilt)
    for material in _SOILS:
        table[material] *= soil
    for material in (*_DRY, Material.FOREST):
        table[material] *= np.exp(_LEAF_TONE * rng.standard_normal())


def _fade(table: Grid, site: VariedSite, date: dt.date) -> None:
    """Mix plants with what they look like out of season."""
    gone = 1.0 - greenness(site, date)
    for material, dry in _DRY.items():
        table[material] += gone * (table[dry] - table[material])
    leaves = gone * _LEAVES_FALL[site.traits.climate]
    table[Material.FOREST] += leaves * (twelve(_LEAFLESS) - table[Material.FOREST])


def _wet(table: Grid, site: VariedSite, date: dt.date) -> None:
    """Darken or brighten bare ground, most in the short-wave bands, as rain or drought would."""
    wetness = _WETNESS * stream(site.seed, "rain", date.isoformat()).standard_normal()
    depth = np.linspace(0.6, 1.4, len(spectra.BANDS))
    for material in (*_SOILS, Material.ROCK, Material.WASTE, Material.OVERBURDEN, Material.ORE):
        table[material] *= np.exp(wetness * depth)
