"""Earthworks, waters and bare grounds that are no mines and look like parts of one."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np

from highwall.core.truth.varied.placing import Placer
from highwall.core.truth.varied.shapes import ALWAYS, NEVER, Frame, Life, Oval
from highwall.core.truth.varied.traits import Climate, Traits


class Likeness(IntEnum):
    """What a look-alike is; the codes are those of the layer ``look_alike``, 0 is none."""

    CONSTRUCTION = 1
    SOLAR_FARM = 2
    RESERVOIR = 3
    CLEAR_CUT = 4
    BURN = 5
    OUTCROP = 6
    SAND_SHEET = 7
    INDUSTRY = 8
    AIRFIELD = 9
    FISH_PONDS = 10
    TERRACES = 11
    LANDFILL = 12
    BARE_FIELDS = 13
    TOWN = 14


PART_OF_MINE_IT_RESEMBLES: Final[dict[Likeness, str]] = {
    Likeness.CONSTRUCTION: "preparatory_work_area", Likeness.SOLAR_FARM: "tailing_storage_facility",
    Likeness.RESERVOIR: "dam", Likeness.CLEAR_CUT: "preparatory_work_area", Likeness.BURN: "stockpile",
    Likeness.OUTCROP: "excavation", Likeness.SAND_SHEET: "dumping_ground", Likeness.INDUSTRY: "infrastructure",
    Likeness.AIRFIELD: "infrastructure", Likeness.FISH_PONDS: "settling_pond", Likeness.TERRACES: "exploitation_slope",
    Likeness.LANDFILL: "dumping_ground", Likeness.BARE_FIELDS: "preparatory_work_area",
    Likeness.TOWN: "infrastructure",
}  # fmt: skip
"""Class that a network that looks at colour alone would most likely give it."""

_EVERYWHERE: Final = {
    Likeness.CONSTRUCTION: 2.0, Likeness.SOLAR_FARM: 1.0, Likeness.RESERVOIR: 1.0, Likeness.INDUSTRY: 1.5,
    Likeness.AIRFIELD: 0.5, Likeness.LANDFILL: 0.7, Likeness.OUTCROP: 1.0, Likeness.TOWN: 1.5,
}  # fmt: skip
_WEIGHTS: Final[dict[Climate, dict[Likeness, float]]] = {
    Climate.TROPICAL: _EVERYWHERE | {Likeness.CLEAR_CUT: 2.0, Likeness.FISH_PONDS: 1.5, Likeness.BARE_FIELDS: 1.0},
    Climate.TEMPERATE: _EVERYWHERE | {Likeness.BARE_FIELDS: 2.5, Likeness.FISH_PONDS: 0.7, Likeness.CLEAR_CUT: 1.0},
    Climate.ARID: _EVERYWHERE | {Likeness.SAND_SHEET: 2.5, Likeness.TERRACES: 1.5, Likeness.OUTCROP: 2.5},
    Climate.BOREAL: _EVERYWHERE | {Likeness.CLEAR_CUT: 2.5, Likeness.BURN: 1.5, Likeness.BARE_FIELDS: 0.5},
}
_N_LOOK_ALIKES = (3, 8)
_RADIUS_M = (70.0, 330.0)
_NEW_SHARE = 0.4
"""Share of look-alikes that come up while the series runs [1]."""


@dataclass(frozen=True)
class LookAlike:
    """One of them: its kind, and the ground that it takes."""

    kind: Likeness
    oval: Oval


def draw_look_alikes(traits: Traits, placer: Placer) -> tuple[LookAlike, ...]:
    """Draw look-alikes that fit the climate, clear of the mine; a place without a mine has twice as many."""
    rng, weights = placer.rng, _WEIGHTS[traits.climate]
    chances = np.array(list(weights.values())) / sum(weights.values())
    factor = 1 if traits.has_mine else 2
    largest = min(_RADIUS_M[1], 100.0 + traits.side_px)
    found = []
    for number in range(factor * int(rng.integers(*_N_LOOK_ALIKES))):
        kind = list(weights)[int(rng.choice(len(weights), p=chances))]
        radius = float(rng.uniform(_RADIUS_M[0], largest))
        centre = placer.place(1.25 * radius)
        life = Life(float(rng.uniform(0.0, 6.0)) if rng.random() < _NEW_SHARE else ALWAYS, NEVER)
        if centre is not None:
            frame = Frame(centre, float(rng.uniform(0.0, np.pi)))
            aspect = 3.5 if kind is Likeness.AIRFIELD else float(rng.uniform(1.0, 2.0))
            found.append(LookAlike(kind, Oval(f"look-alike {number}", frame, radius, aspect=aspect, life=life)))
    return tuple(found)
