"""The simulated site as one value: its seed, its dates, its grid and its ground before any mine."""

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from affine import Affine

from highwall.core.constants import DAYS_PER_YEAR
from highwall.core.grid import GeoBox
from highwall.core.truth import plan
from highwall.core.truth.fields import Field, cell_centres
from highwall.core.truth.outlines import Blob, Outline, outline_of, rectangle
from highwall.core.truth.terrain import natural_terrain

START = dt.date(2022, 7, 12)


class Centres(NamedTuple):
    """Local coordinates of cell centres [m]."""

    east: Field
    north: Field


class SimulatedPlace(Protocol):
    """What instruments need to know of any simulated site."""

    @property
    def seed(self) -> int:
        """From which it was drawn."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""

    @property
    def geobox(self) -> GeoBox:
        """The 10 m grid."""


@dataclass(frozen=True)
class SimulatedSite:
    """A place of which everything is known."""

    seed: int
    start: dt.date
    """Date at which the years of work are 0."""
    terrain: Field
    """(y, x) elevation before any mine [m]."""
    name: str = "Simulated mine"
    minerals: tuple[str, ...] = ("iron",)
    crs: str = plan.CRS

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return plan.CELLS, plan.CELLS

    @property
    def geobox(self) -> GeoBox:
        """The 10 m grid."""
        left, top = plan.ORIGIN[0], plan.ORIGIN[1] + plan.EXTENT_M
        return GeoBox(self.shape, Affine(plan.PIXEL_M, 0.0, left, 0.0, -plan.PIXEL_M, top), self.crs)

    @property
    def aoi(self) -> Outline:
        """Area of interest in the site's CRS."""
        return self.to_crs(rectangle(0.0, 0.0, plan.EXTENT_M, plan.EXTENT_M))

    def years_of_work(self, date: dt.date) -> float:
        """Years since the start, held within 0 … 1: the works begin and end there."""
        return float(np.clip((date - self.start).days / DAYS_PER_YEAR, 0.0, 1.0))

    def outline(self, blob: Blob, date: dt.date) -> Outline:
        """Local outline of a part of the plan at a date."""
        return outline_of(blob, years=self.years_of_work(date), seed=self.seed)

    def to_crs(self, outline: Outline) -> Outline:
        """Local outline in the site's CRS."""
        return np.asarray(outline + np.array(plan.ORIGIN), dtype=np.float64)

    def centres(self) -> Centres:
        """Cell centres as (1, x) and (y, 1) arrays that broadcast."""
        return Centres(*cell_centres(plan.CELLS, pixel_m=plan.PIXEL_M))


def simulate_site(seed: int = 7, *, start: dt.date = START) -> SimulatedSite:
    """Make the simulated site: the same seed gives the same site, bit for bit on one machine."""
    return SimulatedSite(seed=seed, start=start, terrain=natural_terrain(seed))
