"""Many simulated sites as training data: samples with their split, as `highwall dataset build` would make them."""

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from highwall.core.bands import CUBE
from highwall.core.truth.varied import VariedGround, VariedSite, ground_at, simulate_varied_site
from highwall.imagery.fusion import fuse
from highwall.imagery.options import VariedSceneOptions
from highwall.imagery.simulate_varied import VariedScene, acquisition_dates, simulate_scene
from highwall.segmentation.dataset import SPLITS, TRAINING, Sample, SampleSet, sample_of_arrays
from highwall.segmentation.labels import Mask
from highwall.segmentation.splits import SiteFacts, one_a_site, split_groups

_BITS: Final = 2 ** np.arange(11, dtype=np.uint16)
"""Bit of each layer of a label cube: classes in the order of their codes, then blank."""

Advance = Callable[[str, int, int], None]


class SimulatedSitesOptions(BaseModel):
    """Which simulated sites, and how often they are seen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n_sites: int = Field(24, ge=3, le=100_000, description="places, with and without a mine [1]")
    first_seed: int = Field(0, ge=0, le=10_000_000, description="seed of the first; the others follow it [1]")
    side_px: int = Field(384, ge=48, le=4096, multiple_of=6, description="side of a scene of 10 m [px]")
    without_mine: float = Field(0.15, ge=0, le=1, description="share of places that only look like mines [1]")
    first_year: int = Field(2016, ge=2016, le=2100, description="year of the first scene of each site")
    last_year: int = Field(2022, ge=2016, le=2100, description="year of the last one")
    step_years: int = Field(1, ge=1, le=20, description="years from scene to scene")
    shares: tuple[float, float, float] = Field(
        (0.70, 0.15, 0.15), description="shares of the sites for training, validation and test, together 1 [1]"
    )
    split_seed: int = Field(0, ge=0, description="seed of the hash that puts sites into splits")
    scenes: VariedSceneOptions = VariedSceneOptions()

    @model_validator(mode="after")
    def _has_scenes(self) -> Self:
        if self.last_year < self.first_year:
            raise ValueError(f"the last year, {self.last_year}, comes before the first, {self.first_year}")
        if abs(sum(self.shares) - 1.0) > 1e-6 or min(self.shares) < 0.0:
            raise ValueError(f"shares of the splits are 0 or more and add up to 1; found {self.shares}")
        return self

    @property
    def years(self) -> range:
        """Years of the scenes."""
        return range(self.first_year, self.last_year + 1, self.step_years)


class Visit(NamedTuple):
    """One date at one site."""

    site: VariedSite
    date: dt.date
    split: str


def sites_of(options: SimulatedSitesOptions) -> list[VariedSite]:
    """Make the sites."""
    return [
        simulate_varied_site(options.first_seed + number, side_px=options.side_px, without_mine=options.without_mine)
        for number in range(options.n_sites)
    ]


def visits_of(sites: Sequence[VariedSite], options: SimulatedSitesOptions) -> list[Visit]:
    """Dates of every site, with its split: the whole series in training, one date a site in validation and test.

    Source: Jabłońska et al. 2024, section 2.3.
    """
    facts = {site.traits.name: SiteFacts(1, kind_of_site(site)) for site in sites}
    split_of = split_groups(facts, shares=dict(zip(SPLITS, options.shares, strict=True)), seed=options.split_seed)
    visits = []
    for site in sites:
        split = split_of[site.traits.name]
        dates = acquisition_dates(site, options.years, options.scenes)
        if split != TRAINING:
            name = one_a_site([date.isoformat() for date in dates], seed=options.split_seed)
            dates = [dt.date.fromisoformat(name)]
        visits += [Visit(site, date, split) for date in dates]
    return visits


def kind_of_site(site: VariedSite) -> tuple[str | None, str | None]:
    """Raw material and mine type; neither where there is no mine."""
    traits = site.traits
    return (traits.raw_material.value, traits.mine_type.value) if traits.has_mine else (None, None)


def simulated_samples(
    options: SimulatedSitesOptions, *, bands: Sequence[str] = CUBE, advance: Advance = lambda what, done, total: None
) -> SampleSet:
    """Simulate scenes and labels in memory.

    Parameters
    ----------
    bands
        Channels of the images, in order.
    advance
        Told what is done.
    """
    return SampleSet(_samples(options, tuple(bands), advance))


def take(visit: Visit, options: SimulatedSitesOptions) -> tuple[VariedGround, VariedScene]:
    """Ground of a site at a date, and what satellites saw of it."""
    ground = ground_at(visit.site, visit.date)
    return ground, simulate_scene(visit.site, ground.surface, options.scenes)


def mask_of_layers(labels: NDArray[np.bool_]) -> Mask:
    """Mask (y, x) of a label cube (class, y, x): classes in the order of their codes, then blank."""
    return np.asarray((labels * _BITS[:, None, None]).sum(axis=0), dtype=np.uint16)


def _samples(options: SimulatedSitesOptions, bands: tuple[str, ...], advance: Advance) -> Iterator[Sample]:
    visits = visits_of(sites_of(options), options)
    for number, visit in enumerate(visits, start=1):
        yield _sample(visit, options, bands)
        advance("simulated scenes", number, len(visits))


def _sample(visit: Visit, options: SimulatedSitesOptions, bands: tuple[str, ...]) -> Sample:
    ground, scene = take(visit, options)
    cube = fuse(scene.reflectance, scene.radar, bands=bands)["cube"]
    name = visit.site.traits.name
    sample = sample_of_arrays(
        f"{name}_{visit.date.isoformat()}", cube.values, masks=mask_of_layers(ground.surface.labels),
        grid=visit.site.geobox, bands=bands, site=name,
    )  # fmt: skip
    material, mine_type = kind_of_site(visit.site)
    return dataclasses.replace(
        sample, date=visit.date, split=visit.split, material=material, mine_type=mine_type,
        level=options.scenes.level, is_simulated=True,
    )  # fmt: skip
