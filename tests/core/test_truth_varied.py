"""Laws of the many simulated sites: determinism, growth, labels as the taxonomy wants them, mines of every type."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from highwall.core.errors import InputError
from highwall.core.site import MineType
from highwall.core.taxonomy import BLANK, MINING_CLASSES
from highwall.core.truth import LABELS
from highwall.core.truth.fields import cell_centres
from highwall.core.truth.varied import (
    PART_OF_MINE_IT_RESEMBLES,
    Climate,
    Likeness,
    RawMaterial,
    VariedGround,
    VariedSite,
    ground_at,
    simulate_varied_site,
    world_cover,
)
from highwall.core.truth.varied.placing import Placer
from highwall.core.truth.varied.shapes import Frame, Life, Oval

SIDE_PX = 96
DATE = dt.date(2020, 7, 1)
seeds = st.integers(0, 10_000)


def _site(seed: int, **kwargs: object) -> VariedSite:
    return simulate_varied_site(seed, side_px=SIDE_PX, **{"without_mine": 0.0, **kwargs})  # type: ignore[arg-type]


def _labels(ground: VariedGround, name: str) -> np.ndarray:
    return ground.surface.label(name)


def test_the_same_seed_gives_the_same_bytes() -> None:
    first, again = (ground_at(_site(4), DATE) for _ in range(2))
    for name in ("elevation", "material", "parcel", "is_riser", "labels"):
        assert getattr(first.surface, name).tobytes() == getattr(again.surface, name).tobytes(), name
    assert first.look_alike.tobytes() == again.look_alike.tobytes()


def test_seeds_differ_in_every_trait() -> None:
    traits = [simulate_varied_site(seed, side_px=48).traits for seed in range(40)]
    assert {each.raw_material for each in traits} == set(RawMaterial)
    assert {each.mine_type for each in traits} == set(MineType)
    assert {each.climate for each in traits} == set(Climate)
    assert {each.has_mine for each in traits} == {True, False}
    assert len({each.geology for each in traits}) >= 8


@settings(max_examples=12)
@given(seeds)
def test_labels_lie_where_the_taxonomy_wants_them(seed: int) -> None:
    ground = ground_at(_site(seed), DATE)
    for land_cover in MINING_CLASSES:
        if land_cover.inside is not None:
            inner, outer = _labels(ground, land_cover.name), _labels(ground, land_cover.inside)
            assert not (inner & ~outer).any(), land_cover.name
    is_mine = ground.surface.footprint
    assert not (_labels(ground, BLANK) & is_mine).any()
    assert not ((ground.look_alike > 0) & is_mine).any()


@settings(max_examples=12)
@given(seeds)
def test_classes_of_the_first_two_subsets_exclude_each_other(seed: int) -> None:
    ground = ground_at(_site(seed), DATE)
    assert not (_labels(ground, "excavation") & _labels(ground, "preparatory_work_area")).any()


@pytest.mark.parametrize("mine_type", list(MineType))
def test_every_type_of_mine_has_an_excavation_that_grows(mine_type: MineType) -> None:
    grew = 0
    for seed in range(6):
        site = _site(seed, mine_type=mine_type)
        areas = [_labels(ground_at(site, dt.date(year, 7, 1)), "excavation").sum() for year in (2016, 2022)]
        grew += areas[1] > areas[0]
    assert grew >= 3  # some are closed early, some are worked out


def test_opencast_mines_fill_their_void_behind_them() -> None:
    site = _site(11, mine_type=MineType.OPENCAST, raw_material=RawMaterial.COAL_AND_LIGNITE)
    ground = ground_at(site, DATE)
    assert (_labels(ground, "excavation") & _labels(ground, "dumping_ground")).any()


def test_a_place_without_a_mine_has_look_alikes_only() -> None:
    for seed in range(5):
        ground = ground_at(_site(seed, without_mine=1.0), DATE)
        assert not ground.surface.labels.any()
        assert (ground.look_alike > 0).mean() > 0.02


def test_pits_are_below_and_dumps_above_the_ground() -> None:
    lower, higher = [], []
    for seed in range(8):
        site = _site(seed, mine_type=MineType.OPEN_PIT)
        ground = ground_at(site, DATE)
        change = ground.surface.elevation - site.terrain
        pit = _labels(ground, "excavation") & ~_labels(ground, "infrastructure")
        dump = _labels(ground, "dumping_ground") & ~_labels(ground, "tailing_storage_facility") & ~pit
        lower += list(change[pit])
        higher += list(change[dump & ~_labels(ground, "dam")])
    assert np.median(lower) < -3.0
    assert np.median(higher) > 2.0


def test_a_part_is_not_there_before_it_opens_and_stops_when_it_closes() -> None:
    x, y = cell_centres(60, pixel_m=10.0)
    oval = Oval("pit", Frame((300.0, 300.0)), 100.0, growth_m=20.0, life=Life(opened=2.0, closed=4.0))
    areas = {year: oval.cells(x, y, year=year, seed=1).sum() for year in (1.0, 2.0, 3.0, 4.0, 6.0)}
    assert areas[1.0] == 0
    assert 0 < areas[2.0] < areas[3.0] < areas[4.0] == areas[6.0]
    assert areas[2.0] * 100.0 == pytest.approx(np.pi * 100.0**2, rel=0.12)  # a wobble of 13 % changes little area


def test_places_do_not_overlap() -> None:
    placer = Placer(side_m=4000.0, rng=np.random.default_rng(0))
    given = [placer.place(radius) for radius in (600.0, 500.0, 400.0, 300.0, 900.0)]
    assert given[0] is not None
    for number, (first, radius) in enumerate(placer.taken):
        for second, other in placer.taken[number + 1 :]:
            assert np.hypot(*np.subtract(first, second)) >= radius + other


def test_every_look_alike_resembles_a_class() -> None:
    assert set(PART_OF_MINE_IT_RESEMBLES) == set(Likeness)
    assert set(PART_OF_MINE_IT_RESEMBLES.values()) <= set(LABELS)


def test_world_cover_knows_every_material() -> None:
    assert (world_cover(ground_at(_site(3), DATE).surface) > 0).all()


@pytest.mark.parametrize("side_px", [100, 42])
def test_sides_that_do_not_hold_native_pixels_are_refused(side_px: int) -> None:
    with pytest.raises(InputError, match="multiple of 6"):
        simulate_varied_site(0, side_px=side_px)


def test_the_grid_holds_whole_native_pixels() -> None:
    grid = _site(5).geobox
    assert grid.shape == (SIDE_PX, SIDE_PX)
    assert grid.transform.c % 60.0 == 0.0
    assert grid.transform.f % 60.0 == 0.0
