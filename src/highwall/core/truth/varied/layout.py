"""Where everything stands on a varied site: the parts of the mine and what looks like them, drawn without overlap."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from highwall.core.site import MineType
from highwall.core.truth.fields import stream
from highwall.core.truth.varied.look_alikes import LookAlike, draw_look_alikes
from highwall.core.truth.varied.placing import Placer
from highwall.core.truth.varied.shapes import ALWAYS, NEVER, Box, Frame, Life, Oval, Point
from highwall.core.truth.varied.traits import Geology, RawMaterial, Traits

SERIES_YEARS = 7.0
"""Length of the series that the works are drawn for, from the start of 2016 [year]."""
_OPENS_LATER, _CLOSES_EARLY = 0.25, 0.15
"""Shares of workings that open, or close, while the series runs [1]."""


@dataclass(frozen=True)
class Pit:
    """A hole with benched walls; where it is a summit, everything above its level floor is taken away."""

    oval: Oval
    depth_m: float
    deepening_m: float
    """Depth gained a year of work [m]."""
    wall_slope: float
    """Fall over run of the benched wall [1]."""
    is_summit: bool = False


@dataclass(frozen=True)
class Strip:
    """An opencast void that wanders over the land and is filled again behind."""

    frame: Frame
    """``u`` points along the advance; its origin is the front at the first scenes, or where the strip opens."""
    breadth_m: float
    void_m: float
    """Open length between the front and the inner dump [m]."""
    behind_m: float
    """Length worked before the first scenes [m]."""
    advance_m: float
    """Way of the front a year [m]."""
    bare_m: float
    """Length of the inner dump that is not yet planted [m]."""
    depth_m: float
    life: Life


@dataclass(frozen=True)
class Dump:
    """A heap of waste, part of it planted."""

    oval: Oval
    height_m: float
    planted_heading: float
    """Direction of its planted side [rad]."""
    planted_half_angle: float
    """0 where nothing is planted [rad]."""
    is_fill: bool = False
    """Fills a valley up to a level, instead of standing on the ground."""


@dataclass(frozen=True)
class Tailings:
    """A tailings facility: a surface of slurry and water behind a dam."""

    oval: Oval
    dam_heading: float
    dam_half_angle: float
    """π is a ring of dams [rad]."""
    dam_width_m: float
    water_part: float
    """Part of the surface that is water [1]."""


@dataclass(frozen=True)
class Layout:
    """Everything that stands on a site beside its natural cover."""

    pits: tuple[Pit, ...] = ()
    strips: tuple[Strip, ...] = ()
    dumps: tuple[Dump, ...] = ()
    tailings: tuple[Tailings, ...] = ()
    plants: tuple[Box, ...] = ()
    stockpiles: tuple[Oval, ...] = ()
    ponds: tuple[Box, ...] = ()
    roads: tuple[tuple[Point, ...], ...] = ()
    look_alikes: tuple[LookAlike, ...] = ()


@dataclass
class _Plan:
    """Parts drawn so far."""

    pits: list[Pit] = field(default_factory=list)
    strips: list[Strip] = field(default_factory=list)
    dumps: list[Dump] = field(default_factory=list)
    tailings: list[Tailings] = field(default_factory=list)
    plants: list[Box] = field(default_factory=list)
    stockpiles: list[Oval] = field(default_factory=list)
    ponds: list[Box] = field(default_factory=list)


def draw_layout(traits: Traits) -> Layout:
    """Draw what stands on a site, so that separate parts do not overlap; what finds no room is left out."""
    rng = stream(traits.seed, "layout")
    placer = Placer(side_m=10.0 * traits.side_px, rng=rng)
    plan = _Plan()
    roads: tuple[tuple[Point, ...], ...] = ()
    if traits.has_mine:
        _draw_workings(plan, traits, placer)
        _draw_dumps(plan, traits, placer)
        _draw_tailings(plan, traits, placer)
        _draw_yards(plan, traits, placer)
        roads = _haul_roads(plan, rng)
    return Layout(
        tuple(plan.pits), tuple(plan.strips), tuple(plan.dumps), tuple(plan.tailings), tuple(plan.plants),
        tuple(plan.stockpiles), tuple(plan.ponds), roads, draw_look_alikes(traits, placer),
    )  # fmt: skip


def _draw_workings(plan: _Plan, traits: Traits, placer: Placer) -> None:
    is_patchy = traits.geology is Geology.BAUXITE
    if traits.mine_type is MineType.OPENCAST and not is_patchy:
        plan.strips.append(_strip(traits, placer))
        return
    n_pits = int(placer.rng.integers(4, 9)) if is_patchy else int(placer.rng.choice([1, 2, 3], p=[0.55, 0.3, 0.15]))
    for number in range(n_pits):
        is_main = number == 0
        share = placer.rng.uniform(0.25, 0.45) if is_patchy else 1.0 if is_main else placer.rng.uniform(0.25, 0.6)
        radius = 0.62 * share * traits.reach_m
        centre = placer.middle(radius) if is_main else placer.place(1.35 * radius, within_m=2.6 * traits.reach_m)
        if centre is not None:
            plan.pits.append(_pit(traits, placer.rng, centre=centre, radius_m=radius, number=number))


def _pit(traits: Traits, rng: np.random.Generator, *, centre: Point, radius_m: float, number: int) -> Pit:
    is_shallow = traits.geology in (Geology.BAUXITE, Geology.GRAVEL, Geology.CLAY)
    depth = rng.uniform(6.0, 18.0) if is_shallow else rng.uniform(0.12, 0.3) * radius_m
    oval = Oval(
        f"pit {number}", Frame(centre, float(rng.uniform(0.0, np.pi))), radius_m * float(rng.uniform(0.7, 0.95)),
        growth_m=float(rng.uniform(0.005, 0.05)) * radius_m, aspect=float(rng.uniform(1.0, 2.2)), life=_life(rng),
    )  # fmt: skip
    return Pit(
        oval, depth_m=float(depth), deepening_m=float(0.06 * depth), wall_slope=float(rng.uniform(0.35, 0.75)),
        is_summit=traits.mine_type is MineType.MOUNTAIN_TOP,
    )  # fmt: skip


def _strip(traits: Traits, placer: Placer) -> Strip:
    rng, reach = placer.rng, traits.reach_m
    centre = placer.middle(1.1 * reach)
    heading = float(rng.uniform(0.0, 2.0 * np.pi))
    return Strip(
        Frame(centre, heading), breadth_m=float(rng.uniform(0.9, 1.4)) * reach,
        void_m=float(rng.uniform(0.4, 0.7)) * reach, behind_m=float(rng.uniform(0.7, 1.1)) * reach,
        advance_m=float(rng.uniform(0.02, 0.09)) * reach, bare_m=float(rng.uniform(0.25, 0.7)) * reach,
        depth_m=float(rng.uniform(0.04, 0.09)) * reach, life=Life(closed=_closing(rng)),
    )  # fmt: skip


def _draw_dumps(plan: _Plan, traits: Traits, placer: Placer) -> None:
    rng = placer.rng
    most = {RawMaterial.COAL_AND_LIGNITE: 2, RawMaterial.METALLIC_ORES: 3, RawMaterial.ROCK_RAW_MATERIALS: 1}
    for number in range(int(rng.integers(0, most[traits.raw_material] + 1))):
        radius = float(rng.uniform(0.25, 0.6)) * traits.reach_m
        centre = placer.place(1.3 * radius, within_m=2.4 * traits.reach_m)
        if centre is None:
            continue
        oval = Oval(
            f"dump {number}", Frame(centre, float(rng.uniform(0.0, np.pi))), 0.9 * radius,
            growth_m=float(rng.uniform(0.0, 0.05)) * radius, aspect=float(rng.uniform(1.0, 2.4)), life=_life(rng),
        )  # fmt: skip
        planted = float(rng.uniform(0.3, 1.6)) if rng.random() < 0.45 else 0.0
        plan.dumps.append(
            Dump(
                oval, height_m=float(rng.uniform(0.06, 0.16)) * radius + 6.0,
                planted_heading=float(rng.uniform(-np.pi, np.pi)), planted_half_angle=planted,
                is_fill=traits.mine_type is MineType.MOUNTAIN_TOP,
            )
        )  # fmt: skip


def _draw_tailings(plan: _Plan, traits: Traits, placer: Placer) -> None:
    rng = placer.rng
    chance = {RawMaterial.METALLIC_ORES: 0.75, RawMaterial.COAL_AND_LIGNITE: 0.2, RawMaterial.ROCK_RAW_MATERIALS: 0.12}
    for number in range(2):
        radius = float(rng.uniform(0.25, 0.55)) * traits.reach_m
        centre = placer.place(1.3 * radius, within_m=2.8 * traits.reach_m)
        if centre is None or rng.random() >= chance[traits.raw_material]:
            continue
        is_ring = rng.random() < 0.35
        oval = Oval(
            f"tailings {number}", Frame(centre, float(rng.uniform(0.0, np.pi))), radius,
            growth_m=float(rng.uniform(0.0, 0.02)) * radius, aspect=float(rng.uniform(1.0, 1.8)), life=_life(rng),
        )  # fmt: skip
        plan.tailings.append(
            Tailings(
                oval, dam_heading=float(rng.uniform(-np.pi, np.pi)),
                dam_half_angle=np.pi if is_ring else float(rng.uniform(0.6, 1.5)),
                dam_width_m=float(rng.uniform(35.0, 80.0)), water_part=float(rng.uniform(0.1, 0.8)),
            )
        )  # fmt: skip


def _draw_yards(plan: _Plan, traits: Traits, placer: Placer) -> None:
    """Plant with its stockpiles and settling ponds beside it."""
    rng = placer.rng
    length = float(np.clip(rng.uniform(0.3, 0.7) * traits.reach_m, 90.0, 520.0))
    breadth = length * float(rng.uniform(0.4, 0.9))
    centre = placer.place(0.62 * float(np.hypot(length, breadth)), within_m=2.2 * traits.reach_m)
    if centre is None:
        return
    heading = float(rng.uniform(0.0, np.pi))
    plan.plants.append(Box("plant", Frame(centre, heading), length, breadth))
    toward = np.array([-np.sin(heading), np.cos(heading)])
    along = np.array([np.cos(heading), np.sin(heading)])
    for number in range(int(rng.integers(0, 4))):
        radius = float(np.clip(rng.uniform(0.06, 0.13) * traits.reach_m, 22.0, 90.0))
        spot = np.array(centre) + toward * (0.3 * breadth) + along * (float(rng.uniform(-0.4, 0.4)) * length)
        plan.stockpiles.append(Oval(f"pile {number}", Frame(_point(spot)), radius, aspect=float(rng.uniform(1.0, 2.5))))
    side = float(np.clip(rng.uniform(0.05, 0.1) * traits.reach_m, 30.0, 85.0))
    for number in range(int(rng.integers(0, 6))):
        spot = np.array(centre) - toward * (0.5 * breadth + 0.75 * side) + along * (1.25 * side * (number - 2))
        plan.ponds.append(Box(f"pond {number}", Frame(_point(spot), heading), 1.1 * side, side))


def _haul_roads(plan: _Plan, rng: np.random.Generator) -> tuple[tuple[Point, ...], ...]:
    """From the plant to every working, dump and tailings facility, with one bend."""
    ends = [pit.oval.frame.centre for pit in plan.pits] + [strip.frame.centre for strip in plan.strips]
    ends += [dump.oval.frame.centre for dump in plan.dumps] + [each.oval.frame.centre for each in plan.tailings]
    roads = []
    for plant in plan.plants:
        for end in ends:
            start = np.array(plant.frame.centre)
            across = np.array([start[1] - end[1], end[0] - start[0]])
            bend = (start + np.array(end)) / 2.0 + float(rng.uniform(-0.15, 0.15)) * across
            roads.append((plant.frame.centre, _point(bend), end))
    return tuple(roads)


def _life(rng: np.random.Generator) -> Life:
    opened = float(rng.uniform(0.5, 0.6 * SERIES_YEARS)) if rng.random() < _OPENS_LATER else ALWAYS
    return Life(opened, _closing(rng))


def _closing(rng: np.random.Generator) -> float:
    return float(rng.uniform(0.0, SERIES_YEARS)) if rng.random() < _CLOSES_EARLY else NEVER


def _point(values: NDArray[np.float64]) -> Point:
    return float(values[0]), float(values[1])
