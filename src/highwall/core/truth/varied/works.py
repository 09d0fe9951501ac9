"""What miners do on a varied site: pits, summits, wandering strips, dumps, tailings, yards and roads."""

from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter

from highwall.core.taxonomy import BLANK
from highwall.core.truth.fields import Cells, Field, depth_inside, distance_to_line, fractal, stream
from highwall.core.truth.surface import Material
from highwall.core.truth.varied.canvas import Canvas
from highwall.core.truth.varied.country import number_parcels, scattered
from highwall.core.truth.varied.layout import Dump, Pit, Strip, Tailings
from highwall.core.truth.varied.shapes import turned
from highwall.core.truth.varied.site import PIXEL_M, VariedSite
from highwall.core.truth.works import benched

_PREPARED_M = (20.0, 90.0)
"""Bounds of the width that is stripped ahead of a working [m]."""
_RAMP_WIDTH_M = 17.0
_DUMP_SLOPE = 0.38
_SPOIL_RIDGE_M = 75.0
"""Distance between the ridges of an inner dump [m]."""
_HAUL_ROAD_WIDTH_M = 26.0
_PLANTED_AFTER_YEARS = 2.0
"""Years from the end of work until the ground is counted as reclaimed."""
_PLANT_BLOCK_M = 55.0


def paint_works(canvas: Canvas, site: VariedSite, year: float) -> None:
    """Paint every part of the mine as it is at a year; later parts take ground from earlier ones."""
    layout = site.layout
    for dump in layout.dumps:
        _heap(canvas, site, dump=dump, year=year)
    for pit in layout.pits:
        _dig(canvas, site, pit=pit, year=year)
    for strip in layout.strips:
        _strip(canvas, site, strip=strip, year=year)
    for tailings in layout.tailings:
        _impound(canvas, site, tailings=tailings, year=year)
    if _is_working(site, year):
        _lay_roads(canvas, site)
        _build(canvas, site, year)


def _is_working(site: VariedSite, year: float) -> bool:
    """Tell whether anything is dug by now, so that a plant is needed."""
    layout = site.layout
    lives = [pit.oval.life for pit in layout.pits] + [strip.life for strip in layout.strips]
    return any(life.worked(year) >= 0.0 for life in lives)


def _dig(canvas: Canvas, site: VariedSite, *, pit: Pit, year: float) -> None:
    cells = pit.oval.cells(*site.bent, year=year, seed=site.seed)
    if not cells.any():
        return
    if pit.oval.life.idle(year) > _PLANTED_AFTER_YEARS:
        _reclaim_pit(canvas, cells, depth_m=pit.depth_m)
        return
    if pit.oval.life.idle(year) == 0.0:
        _prepare_around(canvas, site, pit=pit, cells=cells)
    worked = max(pit.oval.life.worked(year), 0.0)
    ground = gaussian_filter(site.terrain, 6.0)
    depth_m = pit.depth_m + pit.deepening_m * worked
    uneven = 1.0 + 0.12 * fractal(site.shape, stream(site.seed, "faces"), exponent=4.0, longest_px=30.0)
    from_rim = depth_inside(cells, pixel_m=PIXEL_M) * uneven
    floor = np.full(site.shape, np.quantile(ground[cells], 0.35)) if pit.is_summit else ground - depth_m
    fall = ground - from_rim * pit.wall_slope
    is_slope = cells & (fall > floor)
    cut, is_riser = benched(fall)
    canvas.elevation[cells] = np.minimum(np.where(is_slope, cut, floor), site.terrain)[cells]
    canvas.cover(cells, Material.ROCK, "excavation")
    _wall(canvas, site, pit=pit, wall=_Wall(is_slope, is_riser, from_rim))
    _furnish(canvas, site, pit=pit, floor_cells=cells & ~is_slope)


class _Wall(NamedTuple):
    """The benched wall of a pit."""

    is_slope: Cells
    is_riser: Cells
    from_rim: Field
    """Distance of every cell to the rim [m]."""


def _wall(canvas: Canvas, site: VariedSite, *, pit: Pit, wall: _Wall) -> None:
    """Overburden above, benches, and a ramp that turns once on its way down; faces of thin walls are not told apart."""
    x, y = site.centres()
    u, v = pit.oval.frame.of(x, y)
    around = np.arctan2(v, u) % (2.0 * np.pi)
    breadth_m = float(wall.from_rim[wall.is_slope].max(initial=0.0))
    canvas.material[wall.is_slope & (wall.from_rim < 0.25 * breadth_m)] = Material.OVERBURDEN
    if breadth_m < 4.0 * PIXEL_M:
        return
    is_ramp = wall.is_slope & (np.abs(wall.from_rim - breadth_m * around / (2.0 * np.pi)) < _RAMP_WIDTH_M)
    canvas.is_riser |= wall.is_slope & wall.is_riser & ~is_ramp
    canvas.material[is_ramp] = Material.DIRT_ROAD
    canvas.mark(is_ramp, "transportation_slope")
    canvas.mark(wall.is_slope & ~is_ramp, "exploitation_slope")


def _furnish(canvas: Canvas, site: VariedSite, *, pit: Pit, floor_cells: Cells) -> None:
    """A sump, and the heap of ore that waits on the floor of some pits."""
    rng = stream(site.seed, "furnish", pit.oval.name)
    hollow = fractal(site.shape, stream(site.seed, "hollow"), exponent=3.2, longest_px=30.0)
    if floor_cells.sum() < 40:
        return
    if rng.random() < 0.4:
        canvas.material[floor_cells & (hollow < np.quantile(hollow[floor_cells], 0.07))] = Material.POND
    if rng.random() < 0.4:
        heap = floor_cells & (hollow > np.quantile(hollow[floor_cells], rng.uniform(0.86, 0.95)))
        canvas.material[heap] = Material.ORE
        canvas.mark(heap, "stockpile")


def _prepare_around(canvas: Canvas, site: VariedSite, *, pit: Pit, cells: Cells) -> None:
    """Strip soil on one side of a pit, ahead of its growth."""
    rng = stream(site.seed, "prepare", pit.oval.name)
    heading, half_angle, width_m = rng.uniform(-np.pi, np.pi), rng.uniform(0.3, 1.2), rng.uniform(*_PREPARED_M)
    if rng.random() < 0.45:
        return
    u, v = pit.oval.frame.of(*site.centres())
    from_pit = depth_inside(~cells, pixel_m=PIXEL_M)
    ragged = width_m * (1.0 + 0.3 * fractal(site.shape, stream(site.seed, "felling"), exponent=2.0, longest_px=20.0))
    ahead = (np.abs(turned(np.arctan2(v, u), heading)) < half_angle) & (from_pit > 0.0) & (from_pit < ragged)
    canvas.cover(ahead, Material.SOIL, "preparatory_work_area")


def _reclaim_pit(canvas: Canvas, cells: Cells, *, depth_m: float) -> None:
    """An abandoned pit: a lake where it was deep, green sides; drawn as blank."""
    from_rim = depth_inside(cells, pixel_m=PIXEL_M)
    canvas.elevation[cells] -= np.minimum(from_rim[cells] * 0.3, depth_m)
    canvas.cover(cells, Material.OLD_FACE, BLANK)
    canvas.material[cells & (from_rim > 50.0)] = Material.RIVER


def _strip(canvas: Canvas, site: VariedSite, *, strip: Strip, year: float) -> None:
    """An opencast mine: stripped land, front with its benches, floor, inner dump with ridges, planted land behind."""
    x, y = site.bent
    u, v = strip.frame.of(x, y)
    front = strip.advance_m * max(strip.life.worked(year), 0.0)
    inside = (np.abs(v) < strip.breadth_m / 2.0) & (u < front) & (u > front - strip.void_m - _filled_m(strip, front))
    ahead = (np.abs(v) < strip.breadth_m / 2.0) & (u >= front) & (u < front + 0.12 * strip.void_m + _PREPARED_M[0])
    if strip.life.idle(year) == 0.0:
        canvas.cover(ahead, Material.SOIL, "preparatory_work_area")
    filled = inside & (u < front - strip.void_m)
    planted = filled & (u < front - strip.void_m - strip.bare_m)
    void = inside & ~filled
    canvas.cover(inside, Material.ROCK, "excavation")
    _shape_void(canvas, site, strip=strip, void=_Void(void, u, v, front))
    ridges = 3.5 * np.sin(2.0 * np.pi * u / _SPOIL_RIDGE_M)
    canvas.elevation[filled] = (site.terrain - 0.25 * strip.depth_m + ridges)[filled]
    canvas.material[filled] = Material.WASTE
    canvas.mark(filled, "dumping_ground")
    canvas.cover(planted, Material.SAVANNA, BLANK)
    numbers = number_parcels(site, length_m=180.0, breadth_m=120.0, heading=strip.frame.heading)
    canvas.material[planted & (scattered(numbers, of=3) == 0)] = Material.GRASS
    canvas.material[planted & (scattered(numbers, of=3) == 1)] = Material.OLD_FACE


def _filled_m(strip: Strip, front: float) -> float:
    """Length that has been filled behind the void [m]."""
    return max(strip.behind_m + front - strip.void_m, 0.0)


class _Void(NamedTuple):
    """The open part of a strip mine."""

    cells: Cells
    u: Field
    v: Field
    """Along the advance, and across it [m]."""
    front: float
    """Where along it the front stands [m]."""


def _shape_void(canvas: Canvas, site: VariedSite, *, strip: Strip, void: _Void) -> None:
    """Benches down from the front, a haulage slope along one side, coal and water on the floor."""
    from_front = void.front - void.u
    wall_m = 0.4 * strip.void_m
    fall = site.terrain - strip.depth_m * np.clip(from_front / wall_m, 0.0, 1.0)
    is_front = void.cells & (from_front < wall_m)
    is_haulage = void.cells & (strip.breadth_m / 2.0 - void.v < 0.09 * strip.breadth_m)
    step_m = max(strip.depth_m / 5.0, 4.0)
    level = np.floor(fall / step_m)
    canvas.elevation[void.cells] = np.minimum(np.where(is_front, step_m * level, fall), site.terrain)[void.cells]
    canvas.material[is_front & (from_front < 0.6 * wall_m)] = Material.OVERBURDEN
    canvas.is_riser |= is_front & (fall / step_m - level < 0.35)
    seam = void.cells & (from_front > 0.85 * wall_m) & (from_front < 1.35 * wall_m)
    canvas.material[seam] = Material.ORE
    canvas.material[is_haulage] = Material.DIRT_ROAD
    canvas.mark(is_front & ~is_haulage, "exploitation_slope")
    canvas.mark(is_haulage, "transportation_slope")


def _heap(canvas: Canvas, site: VariedSite, *, dump: Dump, year: float) -> None:
    """A benched dump, or waste that fills a valley up to a level; its planted side is blank."""
    cells = dump.oval.cells(*site.bent, year=year, seed=site.seed)
    if not cells.any():
        return
    ground = gaussian_filter(site.terrain, 6.0)
    height_m = dump.height_m * (1.0 + 0.05 * max(dump.oval.life.worked(year), 0.0))
    height = np.minimum(depth_inside(cells, pixel_m=PIXEL_M) * _DUMP_SLOPE, height_m)
    heaped, is_riser = benched(ground + height)
    if dump.is_fill:
        heaped = np.maximum(np.minimum(heaped, np.quantile(ground[cells], 0.8)), ground)
        cells = cells & (heaped > ground + 0.5)
    canvas.elevation[cells] = np.where(height < height_m, heaped, gaussian_filter(heaped, 3.0))[cells]
    canvas.cover(cells, Material.WASTE, "dumping_ground")
    canvas.is_riser |= cells & (height < height_m) & is_riser
    u, v = dump.oval.frame.of(*site.bent)
    planted = cells & (np.abs(turned(np.arctan2(v, u), dump.planted_heading)) < dump.planted_half_angle)
    if dump.oval.life.idle(year) > _PLANTED_AFTER_YEARS:
        planted = cells
    canvas.cover(planted, Material.OLD_FACE, BLANK)


def _impound(canvas: Canvas, site: VariedSite, *, tailings: Tailings, year: float) -> None:
    """A tailings facility: slurry and water behind its dam, the whole a dumping ground."""
    cells = tailings.oval.cells(*site.bent, year=year, seed=site.seed)
    if not cells.any():
        return
    u, v = tailings.oval.frame.of(*site.centres())
    from_edge = depth_inside(cells, pixel_m=PIXEL_M)
    faces_dam = np.abs(turned(np.arctan2(v, u), tailings.dam_heading)) <= tailings.dam_half_angle
    dam = cells & faces_dam & (from_edge < tailings.dam_width_m)
    surface = cells & ~dam & (from_edge > PIXEL_M)
    canvas.cover(cells, Material.WASTE, "dumping_ground")
    canvas.elevation[cells] = float(np.quantile(site.terrain[cells], 0.55))
    canvas.elevation[dam] += 8.0 - 0.3 * np.maximum(tailings.dam_width_m / 2.0 - from_edge[dam], 0.0)
    canvas.material[dam] = Material.DAM
    canvas.mark(dam, "dam")
    canvas.material[surface] = Material.SLURRY
    canvas.mark(surface, "tailing_storage_facility")
    if not surface.any():
        return
    toward = u * np.cos(tailings.dam_heading) + v * np.sin(tailings.dam_heading)
    ragged = 35.0 * fractal(site.shape, stream(site.seed, "beach"), exponent=3.0, longest_px=30.0) - toward
    canvas.material[surface & (ragged > np.quantile(ragged[surface], 1.0 - tailings.water_part))] = Material.POND


def _lay_roads(canvas: Canvas, site: VariedSite) -> None:
    """Haul roads over whatever ground is not worked."""
    is_free = ~canvas.is_labelled("excavation", "dumping_ground", BLANK)
    for road in site.layout.roads:
        near = distance_to_line(road, *site.bent) < _HAUL_ROAD_WIDTH_M / 2.0
        canvas.cover(near & is_free, Material.DIRT_ROAD, "infrastructure")


def _build(canvas: Canvas, site: VariedSite, year: float) -> None:
    """Plant with yards and roofs, settling ponds, stockpiles."""
    x, y = site.centres()
    for plant in site.layout.plants:
        cells = plant.cells(x, y, year=year)
        numbers = number_parcels(
            site, length_m=_PLANT_BLOCK_M, breadth_m=0.7 * _PLANT_BLOCK_M, heading=plant.frame.heading
        )
        state = scattered(numbers, of=5)
        canvas.elevation[cells] = float(site.terrain[cells].mean()) if cells.any() else 0.0
        canvas.cover(cells, Material.PAVED, "infrastructure")
        canvas.material[cells & (state == 0)] = Material.ROOF
        canvas.material[cells & (state >= 3)] = Material.DIRT_ROAD
        canvas.parcel[cells] = numbers[cells]
    for pond in site.layout.ponds:
        canvas.cover(pond.cells(x, y, year=year), Material.POND, "settling_pond")
    for pile in site.layout.stockpiles:
        cells = pile.cells(*site.bent, year=year, seed=site.seed)
        canvas.elevation[cells] += 0.45 * depth_inside(cells, pixel_m=PIXEL_M)[cells]
        canvas.cover(cells, Material.ORE, "stockpile")
