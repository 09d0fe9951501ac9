"""What miners do to the ground: benched pits and dumps, a tailings facility behind its dam, levelled yards."""

import datetime as dt
from dataclasses import dataclass, field

import numpy as np
from scipy.ndimage import gaussian_filter

from highwall.core.truth import plan
from highwall.core.truth.fields import Cells, Field, depth_inside, distance_to_line, fractal, smooth_step, stream
from highwall.core.truth.outlines import angle_between, inside
from highwall.core.truth.site import SimulatedSite

BENCH_HEIGHT_M = 15.0
_RISER_PART = 0.5
"""Part of a bench's breadth that its riser takes; the berm takes the rest."""
_PIT_SLOPE = np.tan(np.deg2rad(27.0))
_DUMP_SLOPE = np.tan(np.deg2rad(21.0))
_RAMP_WIDTH_M = 16.0
_DAM_FREEBOARD_M = 8.0
_POND_PART = 0.3
"""Part of the tailings surface that is water; the rest is a beach of slurry."""


@dataclass
class Works:
    """Regions of the works at a date, as cells, and the elevation that they leave."""

    elevation: Field
    regions: dict[str, Cells] = field(default_factory=dict)


def works_at(site: SimulatedSite, date: dt.date) -> Works:
    """Regions of the works, and elevation with them (y, x) [m]."""
    works = Works(elevation=site.terrain.copy())
    for name in ("slope", "ramp", "riser"):
        works.regions[name] = np.zeros(site.shape, bool)
    _dig_pits(works, site, date)
    _heap_dump(works, site, date)
    _fill_tailings(works, site, date)
    _level_yards(works, site, date)
    _lay_haul_roads(works, site)
    works.regions["preparation"] = _preparation(works, site)
    return works


def benched(elevation: Field) -> tuple[Field, Cells]:
    """Elevation cut into benches [m], and the cells on their risers."""
    step, fraction = np.divmod(elevation / BENCH_HEIGHT_M, 1.0)
    return BENCH_HEIGHT_M * (step + smooth_step(fraction, low=0.0, high=_RISER_PART)), fraction < _RISER_PART


def _dig_pits(works: Works, site: SimulatedSite, date: dt.date) -> None:
    x, y = site.centres()
    ground = gaussian_filter(site.terrain, 8.0)
    uneven = 1.0 + 0.10 * fractal(site.shape, stream(site.seed, "faces"), exponent=4.0, longest_px=30.0)
    for pit in plan.PITS:
        cells = inside(site.outline(pit, date), x, y)
        depth_m = _grown(plan.PIT_DEPTH_M[pit.name], site, date)
        from_rim = depth_inside(cells, pixel_m=plan.PIXEL_M) * uneven
        depth = np.minimum(from_rim * _PIT_SLOPE, depth_m)
        is_slope = cells & (depth < depth_m)
        cut, is_riser = benched(ground - depth)
        works.elevation[cells] = np.minimum(np.where(is_slope, cut, ground - depth_m), site.terrain)[cells]
        around = np.arctan2(y - pit.centre[1], x - pit.centre[0]) % (2.0 * np.pi)
        turn = np.abs(from_rim - depth_m / _PIT_SLOPE * around / (2.0 * np.pi)) < _RAMP_WIDTH_M
        works.regions[pit.name] = cells
        works.regions["ramp"] |= is_slope & turn
        works.regions["slope"] |= is_slope & ~turn
        works.regions["riser"] |= is_slope & ~turn & is_riser


def _heap_dump(works: Works, site: SimulatedSite, date: dt.date) -> None:
    cells = inside(site.outline(plan.DUMP, date), *site.centres())
    height_m = _grown(plan.DUMP_HEIGHT_M, site, date)
    height = np.minimum(depth_inside(cells, pixel_m=plan.PIXEL_M) * _DUMP_SLOPE, height_m)
    heaped, is_riser = benched(gaussian_filter(site.terrain, 8.0) + height)
    is_side = cells & (height < height_m)
    works.elevation[cells] = np.where(is_side, heaped, gaussian_filter(heaped, 3.0))[cells]
    works.regions["dump"] = cells
    works.regions["riser"] |= is_side & is_riser


def _fill_tailings(works: Works, site: SimulatedSite, date: dt.date) -> None:
    x, y = site.centres()
    cells = inside(site.outline(plan.TAILINGS, date), x, y)
    bearing = np.arctan2(y - plan.TAILINGS.centre[1], x - plan.TAILINGS.centre[0])
    from_edge = depth_inside(cells, pixel_m=plan.PIXEL_M)
    faces_dam = np.abs(angle_between(bearing, plan.DAM_HEADING)) < plan.DAM_HALF_ANGLE
    dam = cells & faces_dam & (from_edge < plan.DAM_WIDTH_M)
    surface = cells & ~dam & (from_edge > plan.PIXEL_M)
    level_m = float(np.quantile(site.terrain[surface], 0.6))
    crest = level_m + _DAM_FREEBOARD_M - 0.35 * np.maximum(plan.DAM_WIDTH_M / 2.0 - from_edge, 0.0)
    works.elevation[cells] = level_m
    works.elevation[dam] = crest[dam]
    downstream = (x - plan.TAILINGS.centre[0]) * np.cos(plan.DAM_HEADING) + (y - plan.TAILINGS.centre[1]) * np.sin(
        plan.DAM_HEADING
    )
    ragged = downstream + 30.0 * fractal(site.shape, stream(site.seed, "beach"), exponent=3.0, longest_px=30.0)
    works.regions |= {"tailings": cells, "dam": dam, "tailings surface": surface}
    works.regions["tailings water"] = surface & (ragged < float(np.quantile(ragged[surface], _POND_PART)))


def _level_yards(works: Works, site: SimulatedSite, date: dt.date) -> None:
    x, y = site.centres()
    works.regions["plant"] = inside(plan.PLANT, x, y)
    works.elevation[works.regions["plant"]] = float(site.terrain[works.regions["plant"]].mean())
    works.regions["stockpiles"] = np.zeros(site.shape, bool)
    for pile in plan.STOCKPILES:
        cells = inside(site.outline(pile, date), x, y)
        works.elevation[cells] += 0.45 * depth_inside(cells, pixel_m=plan.PIXEL_M)[cells]
        works.regions["stockpiles"] |= cells
    works.regions["settling ponds"] = np.zeros(site.shape, bool)
    for pond in plan.SETTLING_PONDS:
        works.regions["settling ponds"] |= inside(pond, x, y)


def _lay_haul_roads(works: Works, site: SimulatedSite) -> None:
    x, y = site.centres()
    taken = ("main pit", "second pit", "dump", "tailings", "plant", "stockpiles", "settling ponds")
    is_free = ~np.logical_or.reduce([works.regions[name] for name in taken])
    nearest = np.min([distance_to_line(road, x, y) for road in plan.HAUL_ROADS], axis=0)
    works.regions["haul roads"] = is_free & (nearest < plan.HAUL_ROAD_WIDTH_M / 2.0)


def _preparation(works: Works, site: SimulatedSite) -> Cells:
    """Strip ahead of the main pit's northern front."""
    x, y = site.centres()
    bearing = np.arctan2(y - plan.MAIN_PIT.centre[1], x - plan.MAIN_PIT.centre[0])
    is_ahead = np.abs(angle_between(bearing, plan.PREPARATION_HEADING)) < plan.PREPARATION_HALF_ANGLE
    to_pit = depth_inside(~works.regions["main pit"], pixel_m=plan.PIXEL_M)
    return np.asarray(is_ahead & (to_pit > 0.0) & (to_pit < plan.PREPARATION_WIDTH_M) & ~works.regions["haul roads"])


def _grown(start_and_growth: tuple[float, float], site: SimulatedSite, date: dt.date) -> float:
    start, growth = start_and_growth
    return start + growth * site.years_of_work(date)
