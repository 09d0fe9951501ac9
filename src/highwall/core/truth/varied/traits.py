"""What kind of place a varied site is: its mine, rock, climate and position, drawn from a seed."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

import numpy as np

from highwall.core.site import MineType
from highwall.core.truth.fields import stream

Choice = TypeVar("Choice")


class RawMaterial(StrEnum):
    """What a mine digs (MineCam, Jabłońska et al. 2024, section 2.2)."""

    COAL_AND_LIGNITE = "CL"
    METALLIC_ORES = "MO"
    ROCK_RAW_MATERIALS = "RR"


class Geology(StrEnum):
    """Rock that a mine lays bare: it decides colours."""

    COAL = "coal"
    LIGNITE = "lignite"
    IRON = "iron"
    COPPER = "copper"
    GOLD = "gold"
    BAUXITE = "bauxite"
    LIMESTONE = "limestone"
    GRANITE = "granite"
    GRAVEL = "gravel"
    CLAY = "clay"


class Climate(StrEnum):
    """What grows around a mine, and when."""

    TROPICAL = "tropical"
    TEMPERATE = "temperate"
    ARID = "arid"
    BOREAL = "boreal"


RAW_MATERIAL_OF: Final[dict[Geology, RawMaterial]] = {
    Geology.COAL: RawMaterial.COAL_AND_LIGNITE, Geology.LIGNITE: RawMaterial.COAL_AND_LIGNITE,
    Geology.IRON: RawMaterial.METALLIC_ORES, Geology.COPPER: RawMaterial.METALLIC_ORES,
    Geology.GOLD: RawMaterial.METALLIC_ORES, Geology.BAUXITE: RawMaterial.METALLIC_ORES,
    Geology.LIMESTONE: RawMaterial.ROCK_RAW_MATERIALS, Geology.GRANITE: RawMaterial.ROCK_RAW_MATERIALS,
    Geology.GRAVEL: RawMaterial.ROCK_RAW_MATERIALS, Geology.CLAY: RawMaterial.ROCK_RAW_MATERIALS,
}  # fmt: skip

RAW_MATERIAL_SHARES: Final = {
    RawMaterial.ROCK_RAW_MATERIALS: 588.0, RawMaterial.METALLIC_ORES: 308.0, RawMaterial.COAL_AND_LIGNITE: 167.0,
}  # fmt: skip
"""Weights by which raw materials are drawn: training images of MineCam's Table 2, Model 1."""

_OC, _OP, _MT = MineType.OPENCAST, MineType.OPEN_PIT, MineType.MOUNTAIN_TOP
_TYPE_WEIGHTS: Final[dict[RawMaterial, dict[MineType, float]]] = {
    RawMaterial.COAL_AND_LIGNITE: {_OC: 6.0, _MT: 2.5, _OP: 1.5},
    RawMaterial.METALLIC_ORES: {_OP: 8.0, _MT: 1.5, _OC: 0.5},
    RawMaterial.ROCK_RAW_MATERIALS: {_OP: 7.0, _MT: 2.0, _OC: 1.0},
}
"""How a raw material tends to be mined, so that the types' totals come near those of MineCam's Table 2."""
_LATITUDES_DEG: Final = {
    Climate.TROPICAL: (2.0, 20.0), Climate.TEMPERATE: (36.0, 54.0), Climate.ARID: (20.0, 36.0),
    Climate.BOREAL: (55.0, 66.0),
}  # fmt: skip
_REACH_M: Final = {
    RawMaterial.COAL_AND_LIGNITE: (620.0, 1500.0), RawMaterial.METALLIC_ORES: (480.0, 1400.0),
    RawMaterial.ROCK_RAW_MATERIALS: (220.0, 620.0),
}  # fmt: skip
_LARGEST_PART = 0.36
"""Reach of a mine over the side of its scene, at most: its neighbours must fit beside it."""


@dataclass(frozen=True)
class Traits:
    """What is decided before anything is placed."""

    seed: int
    side_px: int
    """Rows and columns of the site's grid."""
    has_mine: bool
    """False for a place with nothing but look-alikes of mines."""
    geology: Geology
    mine_type: MineType
    climate: Climate
    reach_m: float
    """Radius of the main working about the end of the series [m]."""
    relief_m: float
    """Standard deviation of the hills [m]."""
    longitude_deg: float
    latitude_deg: float

    @property
    def raw_material(self) -> RawMaterial:
        """What the mine digs."""
        return RAW_MATERIAL_OF[self.geology]

    @property
    def name(self) -> str:
        """Name of the site, for files."""
        return f"simulated-{self.seed:05d}"


def draw_traits(
    seed: int, *, side_px: int, without_mine: float, raw_material: RawMaterial | None = None,
    mine_type: MineType | None = None, climate: Climate | None = None,
) -> Traits:  # fmt: skip
    """Draw what kind of place a site is; what is given is not drawn.

    Parameters
    ----------
    side_px
        Rows and columns of 10 m; a multiple of 6, so that native pixels of 60 m fit.
    without_mine
        Probability that the place has no mine [1].
    """
    rng = stream(seed, "traits")
    raw_material = raw_material or _drawn(RAW_MATERIAL_SHARES, rng)
    geology = _drawn({rock: 1.0 for rock, kind in RAW_MATERIAL_OF.items() if kind is raw_material}, rng)
    mine_type = mine_type or _drawn(_TYPE_WEIGHTS[raw_material], rng)
    climate = climate or _drawn({each: 2.0 if each is Climate.TEMPERATE else 1.0 for each in Climate}, rng)
    largest = _LARGEST_PART * side_px * 10.0
    low, high = (min(bound, largest) for bound in _REACH_M[raw_material])
    is_southern = climate is not Climate.BOREAL and rng.random() < 0.4
    return Traits(
        seed=seed, side_px=side_px, has_mine=bool(rng.random() >= without_mine), geology=geology, mine_type=mine_type,
        climate=climate, reach_m=float(rng.uniform(low, high)), relief_m=float(rng.uniform(4.0, 32.0)),
        longitude_deg=float(rng.uniform(-175.0, 175.0)),
        latitude_deg=float(rng.uniform(*_LATITUDES_DEG[climate]) * (-1.0 if is_southern else 1.0)),
    )  # fmt: skip


def _drawn(weights: Mapping[Choice, float], rng: np.random.Generator) -> Choice:
    """Draw one of the keys by its weight."""
    keys, total = list(weights), sum(weights.values())
    return keys[int(rng.choice(len(keys), p=[weight / total for weight in weights.values()]))]
