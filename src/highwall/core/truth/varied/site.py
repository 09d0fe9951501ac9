"""A varied site as one value: its traits, its layout, its ground before any mine."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
from affine import Affine
from pyproj import Transformer
from scipy.ndimage import gaussian_filter

from highwall.core.constants import DAYS_PER_YEAR
from highwall.core.errors import InputError
from highwall.core.grid import GeoBox, utm_crs
from highwall.core.site import MineType
from highwall.core.truth.fields import Field, cell_centres, distance_to_line, fractal, stream
from highwall.core.truth.varied.layout import Layout, draw_layout
from highwall.core.truth.varied.shapes import Point
from highwall.core.truth.varied.traits import Climate, RawMaterial, Traits, draw_traits

PIXEL_M = 10.0
SERIES_START = dt.date(2016, 1, 1)
"""Year 0 of every site."""
_STEP_PX = 6
"""Sides are multiples of this, so that native pixels of 60 m fit."""
_BEND_M = 16.0
"""Standard deviation by which outlines of natural things are bent [m]."""
_HILL_SHARE, _HILL_WIDTH = 0.34, 1.1
"""Height of a mined summit, and its width, over the reach of its mine [1]."""
_ROUGHNESS_M = 1.2
_VALLEY_WIDTH_M = 260.0


@dataclass(frozen=True)
class VariedSite:
    """One of many simulated places."""

    traits: Traits
    layout: Layout
    river: tuple[Point, ...]
    """Its line; empty where there is none."""
    terrain: Field
    """(y, x) elevation before any mine [m]."""
    bent: tuple[Field, Field]
    """Local coordinates (y, x) [m], moved a little and smoothly: outlines of natural things follow them."""

    @property
    def seed(self) -> int:
        """From which it was drawn."""
        return self.traits.seed

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.traits.side_px, self.traits.side_px

    @property
    def geobox(self) -> GeoBox:
        """The 10 m grid in the UTM zone of the site, snapped to 60 m."""
        crs = utm_crs(self.traits.longitude_deg, self.traits.latitude_deg)
        east, north = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(
            self.traits.longitude_deg, self.traits.latitude_deg
        )
        step = _STEP_PX * PIXEL_M
        left, top = (step * round(value / step) for value in (east, north))
        return GeoBox(self.shape, Affine(PIXEL_M, 0.0, left, 0.0, -PIXEL_M, top), crs)

    def year(self, date: dt.date) -> float:
        """Years since the start of 2016."""
        return (date - SERIES_START).days / DAYS_PER_YEAR

    def centres(self) -> tuple[Field, Field]:
        """Cell centres as (1, x) and (y, 1) arrays that broadcast [m]."""
        return cell_centres(self.traits.side_px, pixel_m=PIXEL_M)


def simulate_varied_site(
    seed: int,
    *,
    side_px: int = 384,
    without_mine: float = 0.15,
    raw_material: RawMaterial | None = None,
    mine_type: MineType | None = None,
    climate: Climate | None = None,
) -> VariedSite:
    """Make one of many sites: the same arguments give the same site, bit for bit on one machine.

    Parameters
    ----------
    side_px
        Rows and columns of 10 m.
    without_mine
        Probability that the place has look-alikes and no mine [1].
    raw_material, mine_type, climate
        What is not to be drawn.

    Raises
    ------
    InputError
        ``side_px`` is no multiple of 6, or below 48.
    """
    if side_px % _STEP_PX or side_px < 48:
        raise InputError(f"side_px is {side_px}; it must be a multiple of {_STEP_PX} from 48: native pixels are 60 m.")
    traits = draw_traits(
        seed, side_px=side_px, without_mine=without_mine, raw_material=raw_material, mine_type=mine_type,
        climate=climate,
    )  # fmt: skip
    layout, river = draw_layout(traits), _river(traits)
    return VariedSite(traits, layout, river, _terrain(traits, layout, river), _bent(traits))


def _river(traits: Traits) -> tuple[Point, ...]:
    """A winding line along one side of the site, or none in the desert and at every third site elsewhere."""
    rng = stream(traits.seed, "river")
    side_m = PIXEL_M * traits.side_px
    if traits.climate is Climate.ARID or rng.random() < 0.35:
        return ()
    along = np.linspace(-0.1, 1.1, 15) * side_m
    offset, wave = rng.uniform(0.06, 0.16), rng.uniform(0.25, 0.6) * side_m
    across = side_m * (offset + 0.04 * np.sin(2.0 * np.pi * along / wave) + 0.015 * np.sin(5.1 * along / wave))
    across = across if rng.random() < 0.5 else side_m - across
    points = np.stack([along, across] if rng.random() < 0.5 else [across, along], axis=1)
    return tuple((float(east), float(north)) for east, north in points)


def _terrain(traits: Traits, layout: Layout, river: tuple[Point, ...]) -> Field:
    shape = (traits.side_px, traits.side_px)
    x, y = cell_centres(traits.side_px, pixel_m=PIXEL_M)
    hills = traits.relief_m * gaussian_filter(
        fractal(shape, stream(traits.seed, "hills"), exponent=3.6, longest_px=200.0), 1.5
    )
    rough = _ROUGHNESS_M * fractal(shape, stream(traits.seed, "rough"), exponent=2.4, longest_px=40.0)
    terrain = 300.0 + hills + rough
    for pit in layout.pits:
        if pit.is_summit:
            u, v = pit.oval.frame.of(x, y)
            away = np.hypot(u / pit.oval.aspect, v) / (_HILL_WIDTH * pit.oval.radius_m)
            terrain = terrain + _HILL_SHARE * pit.oval.radius_m * np.exp(-(away**2))
    if river:
        terrain = terrain - 0.8 * traits.relief_m * np.exp(-((distance_to_line(river, x, y) / _VALLEY_WIDTH_M) ** 2))
    return np.asarray(terrain)


def _bent(traits: Traits) -> tuple[Field, Field]:
    shape = (traits.side_px, traits.side_px)
    x, y = cell_centres(traits.side_px, pixel_m=PIXEL_M)
    east, north = (
        _BEND_M * fractal(shape, stream(traits.seed, "bend", name), exponent=3.4, longest_px=30.0)
        for name in ("east", "north")
    )
    return np.asarray(x + east), np.asarray(y + north)
