"""What covers the ground at a date: materials for instruments, labels for scores, land cover for context."""

import datetime as dt
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from highwall.core.taxonomy import BLANK, MINING_CLASSES
from highwall.core.truth import plan
from highwall.core.truth.fields import Cells, Field, distance_to_line, fractal, stream
from highwall.core.truth.outlines import inside
from highwall.core.truth.site import SimulatedSite
from highwall.core.truth.works import Works, works_at

LABELS = (*(land_cover.name for land_cover in MINING_CLASSES), BLANK)
"""Layers of a label cube, in the order of the taxonomy's codes; blank comes last."""
BLANK_LAYER = len(LABELS) - 1

_BLOCK_M = 55.0
_ROOF_ABOVE, _TREES_BELOW = 0.35, -0.5
"""Bounds of a standard normal field: about a third of the town's blocks is roof, a third trees."""
_FIELD_M = (210.0, 170.0)
_PLANT_GRID_M = 45.0


class Material(IntEnum):
    """What a cell is made of, as far as an instrument can tell."""

    FOREST = 1
    SAVANNA = 2
    GRASS = 3
    DRY_GRASS = 4
    CROP = 5
    BARE_FIELD = 6
    RIVER = 7
    SANDBANK = 8
    ROOF = 9
    PAVED = 10
    DIRT_ROAD = 11
    SOIL = 12
    ROCK = 13
    WASTE = 14
    SLURRY = 15
    POND = 16
    ORE = 17
    DAM = 18
    OLD_FACE = 19
    OVERBURDEN = 20
    SAND = 21
    OUTCROP = 22
    SOLAR = 23
    BURNT = 24
    WETLAND = 25


WORLD_COVER_OF = {
    Material.FOREST: 10, Material.SAVANNA: 20, Material.GRASS: 30, Material.DRY_GRASS: 30, Material.CROP: 40,
    Material.BARE_FIELD: 40, Material.RIVER: 80, Material.SANDBANK: 60, Material.ROOF: 50, Material.PAVED: 50,
    Material.DIRT_ROAD: 30, Material.SOIL: 60, Material.ROCK: 60, Material.WASTE: 60, Material.SLURRY: 60,
    Material.POND: 80, Material.ORE: 60, Material.DAM: 60, Material.OLD_FACE: 20, Material.OVERBURDEN: 60,
    Material.SAND: 60, Material.OUTCROP: 60, Material.SOLAR: 50, Material.BURNT: 30, Material.WETLAND: 90,
}  # fmt: skip
"""Code of ESA WorldCover that a map of that product would most likely give each material."""


@dataclass(frozen=True)
class Surface:
    """The ground at a date."""

    date: dt.date
    elevation: Field
    """(y, x) [m]."""
    material: NDArray[np.uint8]
    """(y, x) codes of Material."""
    parcel: NDArray[np.int32]
    """(y, x) number of the field, block or roof that a cell belongs to; 0 is none."""
    is_riser: Cells
    """(y, x) steep faces of benches."""
    labels: Cells
    """(class, y, x) mining land cover in the order of LABELS; classes overlap as their definitions do."""

    @property
    def footprint(self) -> Cells:
        """Cells of any mining class; blank is not mine."""
        return np.asarray(self.labels[:BLANK_LAYER].any(axis=0))

    def label(self, name: str) -> Cells:
        """Cells of one mining class, or of blank."""
        return np.asarray(self.labels[LABELS.index(name)])


def surface_at(site: SimulatedSite, date: dt.date) -> Surface:
    """Ground of the site at a date; before the start it is as at the start, a year later the works stand still."""
    works = works_at(site, date)
    parcel = _parcels(site)
    material = _vegetation(site)
    _farm(material, parcel)
    _settle(material, site, parcel)
    material[inside(site.outline(plan.OLD_FACE, date), *site.centres())] = Material.OLD_FACE
    _mine(material, works, parcel)
    return Surface(
        date=date, elevation=works.elevation, material=material, parcel=parcel, is_riser=works.regions["riser"],
        labels=_labels(works, site, date),
    )  # fmt: skip


def land_cover(site: SimulatedSite) -> NDArray[np.uint8]:
    """ESA WorldCover codes (y, x) as a map made at the site's start would show them.

    The construction site still carries its former cover, grassland: such maps are older than the news.
    """
    surface = surface_at(site, site.start)
    table = np.zeros(max(Material) + 1, np.uint8)
    for material, code in WORLD_COVER_OF.items():
        table[material] = code
    codes = table[surface.material]
    x, y = site.centres()
    codes[inside(site.outline(plan.TOWN, site.start), x, y)] = WORLD_COVER_OF[Material.ROOF]
    codes[inside(plan.CONSTRUCTION, x, y)] = WORLD_COVER_OF[Material.GRASS]
    return codes


def _vegetation(site: SimulatedSite) -> NDArray[np.uint8]:
    """Forest on slopes and along water, savanna and grass elsewhere."""
    x, y = site.centres()
    rise_y, rise_x = np.gradient(gaussian_filter(site.terrain, 2.0), plan.PIXEL_M)
    wood = fractal(site.shape, stream(site.seed, "wood"), exponent=2.6, longest_px=120.0)
    wood += 3.5 * np.hypot(rise_x, rise_y) + 1.2 * np.exp(-((distance_to_line(plan.RIVER, x, y) / 160.0) ** 2))
    dryness = fractal(site.shape, stream(site.seed, "dryness"), exponent=2.8, longest_px=90.0)
    material = np.where(dryness > 0.55, Material.DRY_GRASS, Material.GRASS).astype(np.uint8)
    material[wood > 0.35] = Material.SAVANNA
    material[wood > 0.75] = Material.FOREST
    return material


def _parcels(site: SimulatedSite) -> NDArray[np.int32]:
    """Numbers of fields, town blocks and plant yards."""
    x, y = site.centres()
    bend = 14.0 * fractal(site.shape, stream(site.seed, "hedges"), exponent=3.5, longest_px=150.0)
    parcel = np.zeros(site.shape, np.int32)
    for outline in plan.FIELDS:
        cells = inside(outline, x + bend, y + bend)
        parcel[cells] = _grid_number(x + bend + 0.25 * y, y - 0.2 * x + bend, _FIELD_M)[cells]
    town = inside(site.outline(plan.TOWN, site.start), x, y)
    parcel[town] = _grid_number(x + 0.3 * y, y - 0.3 * x, (_BLOCK_M, _BLOCK_M))[town]
    plant = inside(plan.PLANT, x, y)
    parcel[plant] = _grid_number(x, y, (_PLANT_GRID_M * 1.6, _PLANT_GRID_M))[plant]
    return parcel


def _grid_number(u: Field, v: Field, size_m: tuple[float, float]) -> NDArray[np.int32]:
    return np.asarray(1_000_000 + 1000 * np.floor(v / size_m[1]) + np.floor(u / size_m[0]), dtype=np.int32)


def _farm(material: NDArray[np.uint8], parcel: NDArray[np.int32]) -> None:
    is_field = parcel > 0
    state = _hash(parcel) % 10
    material[is_field & (state < 5)] = Material.CROP
    material[is_field & (state >= 5) & (state < 7)] = Material.DRY_GRASS
    material[is_field & (state >= 7)] = Material.BARE_FIELD


def _settle(material: NDArray[np.uint8], site: SimulatedSite, parcel: NDArray[np.int32]) -> None:
    """River, banks, town, public roads, wind farm, construction site."""
    x, y = site.centres()
    from_river = distance_to_line(plan.RIVER, x, y)
    sand = fractal(site.shape, stream(site.seed, "sand"), exponent=2.5, longest_px=35.0)
    is_bank = (from_river < plan.RIVER_WIDTH_M / 2.0 + plan.BANK_WIDTH_M) & (sand > 0.7)
    roads = np.min([distance_to_line(road, x, y) for road in plan.PUBLIC_ROADS], axis=0)
    material[roads < plan.PUBLIC_ROAD_WIDTH_M / 2.0] = Material.DIRT_ROAD
    material[is_bank] = Material.SANDBANK
    material[from_river < plan.RIVER_WIDTH_M / 2.0] = Material.RIVER
    _build(material, inside(site.outline(plan.TOWN, site.start), x, y), site, parcel)
    for east, north in plan.WIND_PADS:
        material[np.maximum(np.abs(x - east), np.abs(y - north)) < plan.WIND_PAD_M / 2.0] = Material.DIRT_ROAD
    material[inside(plan.CONSTRUCTION, x, y)] = Material.SOIL
    material[inside(plan.CONSTRUCTION, x, y) & (sand > 0.9)] = Material.PAVED


def _build(material: NDArray[np.uint8], town: Cells, site: SimulatedSite, parcel: NDArray[np.int32]) -> None:
    """Roofs, gardens and streets of the town."""
    grain = fractal(site.shape, stream(site.seed, "houses"), exponent=0.6)
    streets = town & (parcel != np.roll(parcel, 1, axis=0)) | town & (parcel != np.roll(parcel, 1, axis=1))
    material[town] = np.where(grain > _ROOF_ABOVE, Material.ROOF, Material.GRASS)[town]
    material[town & (grain < _TREES_BELOW)] = Material.FOREST
    material[streets] = Material.PAVED


def _mine(material: NDArray[np.uint8], works: Works, parcel: NDArray[np.int32]) -> None:
    region = works.regions
    layers = (
        (region["preparation"], Material.SOIL),
        (region["haul roads"], Material.DIRT_ROAD),
        (np.logical_or.reduce([region[pit.name] for pit in plan.PITS]), Material.ROCK),
        (region["dump"], Material.WASTE),
        (region["tailings"], Material.DAM),
        (region["tailings surface"], Material.SLURRY),
        (region["tailings water"], Material.POND),
        (region["plant"], Material.PAVED),
        (region["plant"] & (_hash(parcel) % 3 == 0), Material.ROOF),
        (region["plant"] & (_hash(parcel) % 3 == 1), Material.DIRT_ROAD),
        (region["stockpiles"], Material.ORE),
        (region["settling ponds"], Material.POND),
    )
    for cells, kind in layers:
        material[cells] = kind


def _labels(works: Works, site: SimulatedSite, date: dt.date) -> Cells:
    region = works.regions
    layers = {
        "excavation": np.logical_or.reduce([region[pit.name] for pit in plan.PITS]),
        "dumping_ground": region["dump"] | region["tailings"],
        "stockpile": region["stockpiles"],
        "settling_pond": region["settling ponds"],
        "infrastructure": region["plant"] | region["haul roads"],
        "preparatory_work_area": region["preparation"],
        "exploitation_slope": region["slope"],
        "transportation_slope": region["ramp"],
        "dam": region["dam"],
        "tailing_storage_facility": region["tailings surface"],
        BLANK: inside(site.outline(plan.OLD_FACE, date), *site.centres()),
    }
    return np.stack([layers[name] for name in LABELS])


def _hash(number: NDArray[np.int32]) -> NDArray[np.int64]:
    """Scatter parcel numbers (Knuth's multiplicative hash), so that neighbours differ."""
    scattered = (number.astype(np.uint64) * np.uint64(2_654_435_761)) & np.uint64(0xFFFFFFFF)
    return np.asarray(scattered >> np.uint64(16), dtype=np.int64)
