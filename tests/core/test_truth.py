"""The plan's promises: margins, areas, distances, and labels that follow the taxonomy."""

import datetime as dt
from itertools import combinations

import numpy as np
import pytest
from shapely.geometry import LineString, Polygon

from highwall.core.taxonomy import MINING_CLASSES
from highwall.core.truth import (
    LABELS,
    Material,
    SimulatedSite,
    Surface,
    expected_findings,
    land_cover,
    permits,
    plan,
    simulate_site,
    surface_at,
)
from highwall.core.truth.works import works_at

SEEDS = (1, 2, 7, 23)
AFTER_DAYS = 370
MARGIN_M = 100.0
SEPARATION_M = 400.0


@pytest.fixture(scope="module")
def site() -> SimulatedSite:
    return simulate_site(1)


@pytest.fixture(scope="module")
def after(site: SimulatedSite) -> Surface:
    return surface_at(site, _after(site))


def _after(site: SimulatedSite) -> dt.date:
    return site.start + dt.timedelta(days=AFTER_DAYS)


def _part(site: SimulatedSite, name: str) -> Polygon:
    blobs = {blob.name: blob for blob in (*plan.PITS, plan.DUMP, plan.TAILINGS, *plan.STOCKPILES)}
    return Polygon(site.outline(blobs[name], _after(site)))


def test_the_same_seed_gives_the_same_bytes(after: Surface) -> None:
    again = simulate_site(1)
    other = surface_at(again, _after(again))
    assert other.elevation.tobytes() == after.elevation.tobytes()
    assert other.material.tobytes() == after.material.tobytes()
    assert other.labels.tobytes() == after.labels.tobytes()


def test_another_seed_gives_another_site(site: SimulatedSite) -> None:
    assert not np.array_equal(site.terrain, simulate_site(2).terrain)


@pytest.mark.parametrize("seed", SEEDS)
def test_compliant_parts_keep_their_margin_inside_the_permit(seed: int) -> None:
    site = simulate_site(seed)
    inner = Polygon(plan.MAIN_PERMIT).buffer(-MARGIN_M)
    for name in ("second pit", "dump", "tailings", "ore pile", "product pile"):
        assert inner.contains(_part(site, name)), name
    assert inner.contains(Polygon(plan.PLANT))
    assert all(inner.contains(Polygon(pond)) for pond in plan.SETTLING_PONDS)
    assert all(inner.contains(LineString(road).buffer(plan.HAUL_ROAD_WIDTH_M)) for road in plan.HAUL_ROADS)


@pytest.mark.parametrize("seed", SEEDS)
def test_main_pit_oversteps_only_its_western_boundary_and_only_later(seed: int) -> None:
    site = simulate_site(seed)
    permit, pit = Polygon(plan.MAIN_PERMIT), _part(site, "main pit")
    beyond = pit.difference(permit)
    reach_m = plan.MAIN_PERMIT_WEST[0][0] - beyond.bounds[0]
    assert 250.0 <= reach_m <= 350.0
    assert 3e4 <= beyond.area <= 14e4
    assert permit.bounds[1] + MARGIN_M < pit.bounds[1]
    assert pit.bounds[3] + plan.PREPARATION_WIDTH_M + MARGIN_M < permit.bounds[3]
    assert Polygon(site.outline(plan.MAIN_PIT, site.start)).difference(permit).is_empty


@pytest.mark.parametrize("seed", SEEDS)
def test_unlicensed_pit_touches_no_permit_and_quarry_stays_inside_its_own(seed: int) -> None:
    site = simulate_site(seed)
    unlicensed, quarry = _part(site, "unlicensed pit"), _part(site, "quarry")
    rings = [Polygon(row.outline - np.array(plan.ORIGIN)) for row in permits(site)]
    assert all(unlicensed.distance(ring) > 100.0 for ring in rings)
    assert unlicensed.area >= 6e4
    assert Polygon(plan.QUARRY_PERMIT).buffer(-MARGIN_M).contains(quarry)
    assert Polygon([(0, 0), (plan.EXTENT_M, 0), (plan.EXTENT_M, plan.EXTENT_M), (0, plan.EXTENT_M)]).contains(
        unlicensed.union(quarry)
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_separate_mines_stand_far_apart(seed: int) -> None:
    site = simulate_site(seed)
    main = [_part(site, name) for name in ("main pit", "second pit", "dump", "tailings")] + [Polygon(plan.PLANT)]
    whole = main[0].union(main[1]).union(main[2]).union(main[3]).union(main[4])
    mines = (whole, _part(site, "unlicensed pit"), _part(site, "quarry"))
    assert all(first.distance(second) >= SEPARATION_M for first, second in combinations(mines, 2))


@pytest.mark.parametrize("seed", SEEDS)
def test_parts_of_the_mine_do_not_run_into_each_other(seed: int) -> None:
    site = simulate_site(seed)
    regions = works_at(site, _after(site)).regions
    names = ("main pit", "second pit", "dump", "tailings", "plant", "settling ponds")
    for first, second in combinations(names, 2):
        assert not (regions[first] & regions[second]).any(), (first, second)


def test_expected_findings_agree_with_shapely(site: SimulatedSite) -> None:
    findings = {finding.kind: finding for finding in expected_findings(site, _after(site))}
    assert set(findings) == {"beyond_boundary", "outside_any_permit", "permit_expired"}
    beyond = _part(site, "main pit").difference(Polygon(plan.MAIN_PERMIT))
    assert findings["beyond_boundary"].area_m2 == pytest.approx(beyond.area, rel=1e-9)
    assert findings["permit_expired"].area_m2 == pytest.approx(_part(site, "quarry").area, rel=1e-9)
    before = {finding.kind for finding in expected_findings(site, site.start)}
    assert before == {"outside_any_permit"}


def test_footprint_outside_permits_is_what_the_findings_say(site: SimulatedSite, after: Surface) -> None:
    x, y = site.centres()
    is_west = after.footprint & (x < plan.MAIN_PERMIT_WEST[0][0]) & (y < plan.MAIN_PERMIT[2][1])
    found = {finding.kind: finding.area_m2 for finding in expected_findings(site, _after(site))}
    cell_m2 = plan.PIXEL_M**2
    edge_cells = 2.0 * np.sqrt(np.pi * found["beyond_boundary"] / cell_m2)
    assert abs(is_west.sum() * cell_m2 - found["beyond_boundary"]) < 0.5 * edge_cells * cell_m2


def test_labels_lie_where_the_taxonomy_wants_them(after: Surface) -> None:
    for kind in MINING_CLASSES:
        assert after.label(kind.name).any(), kind.name
        if kind.inside:
            assert not (after.label(kind.name) & ~after.label(kind.inside)).any(), kind.name
    assert not (after.label("exploitation_slope") & after.label("transportation_slope")).any()
    assert not (after.label("excavation") & after.label("dumping_ground")).any()
    assert not (after.label("blank") & after.footprint).any()
    assert after.labels.shape[0] == len(LABELS)


def test_the_works_grow(site: SimulatedSite, after: Surface) -> None:
    before = surface_at(site, site.start)
    for name in ("excavation", "dumping_ground"):
        assert after.label(name).sum() > before.label(name).sum()
        assert not (before.label(name) & ~after.label(name)).any()
    deepened = (after.elevation - before.elevation)[before.label("exploitation_slope")]
    assert deepened.min() < -10.0


def test_pits_are_dug_and_the_dump_is_heaped(site: SimulatedSite, after: Surface) -> None:
    change = after.elevation - site.terrain
    assert change[after.label("excavation")].max() <= 0.0
    assert change[after.label("excavation")].min() < -80.0
    assert change.max() > 40.0


def test_land_cover_shows_mines_bare_and_the_construction_site_as_it_was(site: SimulatedSite) -> None:
    cover = land_cover(site)
    before = surface_at(site, site.start)
    assert (cover[before.label("excavation")] == 60).all()
    assert (cover[before.material == Material.RIVER] == 80).all()
    is_construction = before.material == Material.SOIL
    x, y = site.centres()
    is_construction &= (x > 1480.0) & (x < 1700.0) & (y > 860.0) & (y < 1010.0)
    assert is_construction.any()
    assert (cover[is_construction] == 30).all()
    assert set(np.unique(cover)) >= {10, 20, 30, 40, 50, 60, 80}


def test_permits_say_which_one_has_run_out(site: SimulatedSite) -> None:
    rows = {row.permit_id: row for row in permits(site)}
    assert rows["SIM-001"].valid_to > _after(site)
    assert site.start < rows["SIM-002"].valid_to < _after(site)
