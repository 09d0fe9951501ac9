"""What people and machines do all day: walk, work and pause; load, haul, dump and come back."""

import itertools
from collections.abc import Iterator
from typing import Final

import numpy as np

from highwall.twin.simulator.chance import chance
from highwall.twin.simulator.layout import HAUL_ROAD, Bearer, Layout, Place, Point
from highwall.twin.simulator.options import SimulationOptions
from highwall.twin.simulator.timeline import Activity, Leg, Timeline

WALK_SPEED: Final = 1.35
"""m s⁻¹, usual speed of a walking adult (Bohannon & Andrews 2011)."""
_WORK_S: Final = (120.0, 900.0)
_PAUSE_S: Final = (30.0, 240.0)
_LOAD_S: Final = (120.0, 200.0)
_DUMP_S: Final = (45.0, 80.0)
_HAUL_SPEED: Final = (6.0, 10.0)
"""m s⁻¹, of a truck, full and empty."""
_STAYS: Final = 0.6
"""Share of walks that end at the person's own location."""


def timeline_of(bearer: Bearer, *, layout: Layout, options: SimulationOptions) -> Timeline:
    """Draw what a person or machine does over the whole duration."""
    random = chance(options.seed, f"{bearer.asset_id}/timeline")
    if bearer.kind == "person":
        legs = _person(random, layout, bearer)
    elif bearer.asset_id.startswith("truck"):
        legs = _truck(random)
    else:
        legs = _excavator(random)
    taken, total = [], 0.0
    while total <= options.duration_s:
        taken.append(next(legs))
        total += taken[-1].seconds
    return Timeline(taken)


def _person(random: np.random.Generator, layout: Layout, bearer: Bearer) -> Iterator[Leg]:
    home = layout.place(bearer.location_id)
    here = _spot(random, home)
    yield Leg(random.uniform(5.0, 60.0), Activity.IDLE, here, here)
    while True:
        stays = random.random() < _STAYS
        there = _spot(random, home if stays else layout.places[int(random.integers(len(layout.places)))])
        speed = WALK_SPEED * random.uniform(0.85, 1.15)
        yield Leg(max(_distance(here, there) / speed, 1.0), Activity.MOVING, here, there)
        here = there
        yield Leg(random.uniform(*_WORK_S), Activity.WORKING, here, here)
        yield Leg(random.uniform(*_PAUSE_S), Activity.IDLE, here, here)


def _truck(random: np.random.Generator) -> Iterator[Leg]:
    face, dump = HAUL_ROAD[0], HAUL_ROAD[-1]
    yield Leg(random.uniform(5.0, 180.0), Activity.IDLE, face, face)
    while True:
        yield Leg(random.uniform(*_LOAD_S), Activity.WORKING, face, face)
        yield from _drive(HAUL_ROAD, speed=_HAUL_SPEED[0] * random.uniform(0.9, 1.1))
        yield Leg(random.uniform(*_DUMP_S), Activity.WORKING, dump, dump)
        yield from _drive(HAUL_ROAD[::-1], speed=_HAUL_SPEED[1] * random.uniform(0.9, 1.1))
        yield Leg(random.uniform(10.0, 120.0), Activity.IDLE, face, face)


def _drive(road: tuple[Point, ...], *, speed: float) -> Iterator[Leg]:
    for begin, end in itertools.pairwise(road):
        yield Leg(_distance(begin, end) / speed, Activity.MOVING, begin, end)


def _excavator(random: np.random.Generator) -> Iterator[Leg]:
    here = (HAUL_ROAD[0][0] - random.uniform(12.0, 40.0), HAUL_ROAD[0][1] + random.uniform(-20.0, 20.0))
    while True:
        yield Leg(random.uniform(300.0, 1200.0), Activity.WORKING, here, here)
        yield Leg(random.uniform(30.0, 300.0), Activity.IDLE, here, here)
        there = (here[0] + random.uniform(-8.0, 8.0), here[1] + random.uniform(-8.0, 8.0))
        yield Leg(max(_distance(here, there) / 0.7, 1.0), Activity.MOVING, here, there)
        here = there


def _spot(random: np.random.Generator, place: Place) -> Point:
    """Somewhere well inside a place."""
    angle, share = random.uniform(0.0, 2.0 * np.pi), 0.7 * np.sqrt(random.random())
    east = place.centre[0] + place.half_m[0] * share * np.cos(angle)
    return float(east), float(place.centre[1] + place.half_m[1] * share * np.sin(angle))


def _distance(one: Point, other: Point) -> float:
    return float(np.hypot(other[0] - one[0], other[1] - one[1]))
