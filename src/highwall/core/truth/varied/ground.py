"""The ground of a varied site at a date."""

import datetime as dt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.core.truth.surface import WORLD_COVER_OF, Material, Surface
from highwall.core.truth.varied.canvas import Canvas
from highwall.core.truth.varied.country import paint_country
from highwall.core.truth.varied.site import VariedSite
from highwall.core.truth.varied.works import paint_works


class VariedGround(NamedTuple):
    """A surface, and which of its cells only look like a mine."""

    surface: Surface
    look_alike: NDArray[np.uint8]
    """(y, x) codes of Likeness; 0 is none."""


def ground_at(site: VariedSite, date: dt.date) -> VariedGround:
    """Ground of a varied site at a date: the same site and date give the same ground."""
    year = site.year(date)
    canvas = Canvas.of(site.terrain)
    paint_country(canvas, site, year)
    paint_works(canvas, site, year)
    surface = Surface(
        date=date, elevation=canvas.elevation, material=canvas.material, parcel=canvas.parcel,
        is_riser=canvas.is_riser, labels=canvas.labels,
    )  # fmt: skip
    return VariedGround(surface, canvas.look_alike)


def world_cover(surface: Surface) -> NDArray[np.uint8]:
    """ESA WorldCover codes (y, x) that a map of that product would most likely give this surface."""
    table = np.zeros(max(Material) + 1, np.uint8)
    for material, code in WORLD_COVER_OF.items():
        table[material] = code
    return np.asarray(table[surface.material])
