"""Where everything stands on the simulated site: positions in local metres, chosen so that each truth is unmistakable.

The mine's own parts keep 100 m and more from the edges of their permit; what breaks a permit breaks it by 250 m and
more; separate mines are 400 m and more apart. ``tests/core/test_truth.py`` holds the plan to it.
"""

from typing import Final

import numpy as np

from highwall.core.truth.outlines import Blob, Outline, rectangle

CELLS: Final = 528
"""Rows and columns: divisible by 2, 4 and 6, so that 20, 40 and 60 m grids fit, and by the chip's 48."""
PIXEL_M: Final = 10.0
EXTENT_M: Final = CELLS * PIXEL_M
CRS: Final = "EPSG:32723"
ORIGIN: Final = (604_800.0, 7_776_000.0)
"""Lower left corner, UTM zone 23 south [m]: hills of Minas Gerais, Brazil."""

MAIN_PIT: Final = Blob(
    "main pit", (1980.0, 2900.0), 400.0, growth_m=15.0,
    lobe_m=60.0, lobe_growth_m=285.0, lobe_heading=np.pi,
)  # fmt: skip
SECOND_PIT: Final = Blob("second pit", (3500.0, 2480.0), 165.0, growth_m=15.0)
UNLICENSED_PIT: Final = Blob("unlicensed pit", (4640.0, 2150.0), 190.0, growth_m=80.0)
QUARRY: Final = Blob("quarry", (700.0, 4450.0), 230.0, growth_m=15.0)
PITS: Final = (MAIN_PIT, SECOND_PIT, UNLICENSED_PIT, QUARRY)
PIT_DEPTH_M: Final = {"main pit": (95.0, 30.0), "second pit": (45.0, 15.0), "unlicensed pit": (25.0, 15.0),
                      "quarry": (40.0, 10.0)}  # fmt: skip
"""Depth at the start and depth gained a year of work [m]."""

DUMP: Final = Blob("dump", (3030.0, 3250.0), 330.0, growth_m=45.0)
DUMP_HEIGHT_M: Final = (55.0, 15.0)
TAILINGS: Final = Blob("tailings", (3050.0, 1850.0), 370.0, growth_m=10.0)
DAM_HEADING: Final = -0.6
"""rad, direction of the dam seen from the middle of the tailings facility: south-east, down the valley."""
DAM_HALF_ANGLE: Final = 1.2
DAM_WIDTH_M: Final = 70.0
STOCKPILES: Final = (Blob("ore pile", (2560.0, 2700.0), 62.0), Blob("product pile", (2730.0, 2640.0), 48.0))
PLANT: Final = rectangle(2450.0, 2300.0, 2830.0, 2780.0)
SETTLING_PONDS: Final = (rectangle(2510.0, 2220.0, 2580.0, 2265.0), rectangle(2600.0, 2215.0, 2665.0, 2262.0))
PREPARATION_WIDTH_M: Final = 60.0
PREPARATION_HEADING: Final = 1.1
PREPARATION_HALF_ANGLE: Final = 0.75
"""The strip ahead of the northern front lies within this angle of its heading, seen from the main pit's centre."""
HAUL_ROADS: Final = (
    ((2350.0, 2800.0), (2480.0, 2640.0), (2600.0, 2500.0)),
    ((2380.0, 2950.0), (2600.0, 2960.0), (2900.0, 3130.0)),
    ((2640.0, 2680.0), (2780.0, 2720.0), (2900.0, 3050.0)),
    ((2700.0, 2400.0), (2840.0, 2300.0), (2920.0, 2140.0)),
    ((2720.0, 2500.0), (3050.0, 2530.0), (3360.0, 2480.0)),
)
HAUL_ROAD_WIDTH_M: Final = 30.0

RIVER: Final = tuple((e, 430.0 + 150.0 * np.sin(e / 520.0) + 60.0 * np.sin(e / 190.0 + 1.0))
                     for e in np.arange(-100.0, EXTENT_M + 200.0, 100.0))  # fmt: skip
RIVER_WIDTH_M: Final = 70.0
BANK_WIDTH_M: Final = 45.0
RIDGE: Final = ((1500.0, 4790.0), (2300.0, 4680.0), (3200.0, 4740.0), (4100.0, 4620.0), (5400.0, 4700.0))
RIDGE_HEIGHT_M: Final = 300.0
WIND_PADS: Final = tuple((2050.0 + 330.0 * k, 4714.0 + (26.0 if k % 2 else -20.0)) for k in range(7))
WIND_PAD_M: Final = 45.0
TOWN: Final = Blob("town", (820.0, 1220.0), 330.0)
CONSTRUCTION: Final = rectangle(1480.0, 860.0, 1700.0, 1010.0)
OLD_FACE: Final = Blob("old face", (4600.0, 3560.0), 130.0)
FIELDS: Final = (rectangle(60.0, 1980.0, 1000.0, 3800.0), rectangle(4130.0, 780.0, 5240.0, 1560.0))
PUBLIC_ROADS: Final = (
    ((1000.0, 1200.0), (1600.0, 1120.0), (2100.0, 1500.0), (2360.0, 2100.0), (2520.0, 2340.0)),
    ((1000.0, 1200.0), (1150.0, 1700.0), (1080.0, 2600.0), (1060.0, 3700.0), (820.0, 4320.0)),
    ((1600.0, 1120.0), (2500.0, 1020.0), (4080.0, 900.0), (5300.0, 660.0)),
    ((4080.0, 900.0), (4090.0, 1600.0), (4560.0, 2060.0)),
    ((1060.0, 3700.0), (1500.0, 4560.0), *WIND_PADS),
)
PUBLIC_ROAD_WIDTH_M: Final = 12.0

MAIN_PERMIT: Final[Outline] = np.array(
    [(1500.0, 1250.0), (4050.0, 1250.0), (4050.0, 3950.0), (1500.0, 3950.0)], dtype=np.float64
)
MAIN_PERMIT_WEST: Final = ((1500.0, 1250.0), (1500.0, 3950.0))
"""The permit's western edge from south to north; what lies on its left is beyond the permit."""
QUARRY_PERMIT: Final[Outline] = rectangle(290.0, 4040.0, 1110.0, 4860.0)
IDLE_PERMIT: Final[Outline] = rectangle(4200.0, 2900.0, 4420.0, 3300.0)
