"""What a piece of mining land can be called, and what each name means.

The ten classes and their definitions follow MineCam (Jabłońska et al. 2024, Table 1), in our words. Polygons may
overlap where the definitions do: a tailings surface lies in its dumping ground, slopes lie in their excavation.
"""

from typing import Final, NamedTuple


class LandCover(NamedTuple):
    """One mining land-cover class."""

    code: int
    """Value in label rasters; 0 is background."""
    name: str
    subset: int
    """Training subset of MineCam: 1 (excavation, preparatory work), 2 (dumping), 3 (the other seven); 0 is none."""
    inside: str | None
    """Class that must contain it, if any."""
    definition: str


MINING_CLASSES: Final[tuple[LandCover, ...]] = (
    LandCover(
        1, "excavation", 1, None,
        "Space created by digging; may hold an inner dump or plant. Flooded or vegetated old parts are reclaimed.",
    ),
    LandCover(
        2, "dumping_ground", 2, None,
        "Where waste or overburden is put, solid or slurry, inside or outside the pit; a whole tailings facility too.",
    ),
    LandCover(3, "stockpile", 3, None, "Stored useful mineral, inside or outside the pit."),
    LandCover(4, "settling_pond", 3, None, "Small pond in which process water drops its solids."),
    LandCover(5, "infrastructure", 3, None, "Plants, workshops, yards and what belongs to them."),
    LandCover(
        6, "preparatory_work_area", 1, None,
        "Strip ahead of the digging front where trees or topsoil have been taken off.",
    ),
    LandCover(7, "exploitation_slope", 3, "excavation", "Slope along which mining advances, in ore or overburden."),
    LandCover(8, "transportation_slope", 3, "excavation", "Slope made for haulage."),
    LandCover(9, "dam", 3, None, "Embankment of a pond or tailings facility."),
    LandCover(
        10, "tailing_storage_facility", 3, "dumping_ground",
        "The water or slurry surface of a tailings facility; its whole is dumping ground.",
    ),
)  # fmt: skip
"""MineCam's ten classes; subset 4, the total transformed area, is their union."""

CLASS_NAMES: Final[tuple[str, ...]] = tuple(each.name for each in MINING_CLASSES)
"""Their names, in the order of their codes."""

MINING_AREA: Final = "mining_area"
"""Total transformed area: the union of the ten classes, the one class of subset 4."""

SUBSETS: Final[dict[int, tuple[str, ...]]] = {
    **{number: tuple(each.name for each in MINING_CLASSES if each.subset == number) for number in (1, 2, 3)},
    4: (MINING_AREA,),
}
"""Classes of each training subset of MineCam, in the order of their codes; within one they exclude each other."""

MINE_TYPES: Final[tuple[LandCover, ...]] = (
    LandCover(13, "coal_gangue_dump", 5, None, "Heap of the waste rock of a coal mine."),
    LandCover(14, "iron_open_pit", 5, None, "Open pit in iron ore, with the ground stripped around it."),
    LandCover(15, "clay_open_pit", 5, None, "Open pit in clay, likewise."),
    LandCover(16, "sandstone_open_pit", 5, None, "Open pit in sandstone, likewise."),
)
"""Whole mines told apart by kind on imagery of about a metre (DL and SBAS-InSAR for mining activities, 2024, 2.2.1)."""

MINERAL_OF_TYPE: Final[dict[str, str]] = {
    "coal_gangue_dump": "coal", "iron_open_pit": "iron", "clay_open_pit": "clay", "sandstone_open_pit": "sandstone",
}  # fmt: skip
"""What each type of mine yields, as permits name it."""

CLASS_SETS: Final[dict[int, tuple[str, ...]]] = SUBSETS | {5: tuple(each.name for each in MINE_TYPES)}
"""Every set of classes that a network can have a head for: MineCam's subsets, and 5, the types of mines."""

PRECEDENCE: Final[tuple[str, ...]] = (
    "settling_pond", "stockpile", "dam", "transportation_slope", "exploitation_slope", "infrastructure",
    "tailing_storage_facility", "preparatory_work_area", "dumping_ground", "excavation",
)  # fmt: skip
"""Which class keeps ground that two of one subset claim: the first. What is smaller or built comes first."""

BLANK: Final = "blank"
"""Mine land that is reclaimed, flooded or revegetated: drawn, and not mine; distinct from unlabelled background."""

NONE, ARTISANAL_MINE, INDUSTRIAL_MINE = "none", "artisanal_mine", "industrial_mine"
CHIP_CLASSES: Final[tuple[str, ...]] = (NONE, ARTISANAL_MINE, INDUSTRIAL_MINE)
"""Classes of the chip network, in the order of its outputs. The binary *mine* is the sum of all but the first."""

WORLD_COVER: Final[dict[int, str]] = {
    10: "tree_cover", 20: "shrubland", 30: "grassland", 40: "cropland", 50: "built_up", 60: "bare_sparse_vegetation",
    70: "snow_and_ice", 80: "permanent_water", 90: "herbaceous_wetland", 95: "mangroves", 100: "moss_and_lichen",
}  # fmt: skip
"""Codes of ESA WorldCover 2021 v200 (product user manual, table 2)."""

DYNAMIC_WORLD: Final[dict[int, str]] = {
    0: "permanent_water", 1: "tree_cover", 2: "grassland", 3: "herbaceous_wetland", 4: "cropland", 5: "shrubland",
    6: "built_up", 7: "bare_sparse_vegetation", 8: "snow_and_ice",
}  # fmt: skip
"""Codes of Google's Dynamic World v1, band *label*, under the nearest of WorldCover's names."""

IO_LULC: Final[dict[int, str]] = {
    1: "permanent_water", 2: "tree_cover", 4: "herbaceous_wetland", 5: "cropland", 7: "built_up",
    8: "bare_sparse_vegetation", 9: "snow_and_ice", 10: "clouds", 11: "rangeland",
}  # fmt: skip
"""Codes of the annual land cover of Impact Observatory and Esri (nine classes), likewise."""

COPERNICUS: Final[dict[int, str]] = {
    20: "shrubland", 30: "grassland", 40: "cropland", 50: "built_up", 60: "bare_sparse_vegetation",
    70: "snow_and_ice", 80: "permanent_water", 90: "herbaceous_wetland", 100: "moss_and_lichen",
    **dict.fromkeys((*range(111, 117), *range(121, 127)), "tree_cover"), 200: "permanent_water",
}  # fmt: skip
"""Codes of the Copernicus Global Land Service at 100 m (CGLS-LC100, collection 3), likewise."""

LAND_COVER_MAPS: Final[dict[str, dict[int, str]]] = {
    "worldcover": WORLD_COVER, "dynamic_world": DYNAMIC_WORLD, "io_lulc": IO_LULC, "copernicus": COPERNICUS,
}  # fmt: skip
"""Land-cover maps whose codes are known, by the name under which they are asked for."""
