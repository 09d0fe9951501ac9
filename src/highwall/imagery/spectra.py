"""Reflectance of the simulated mine's materials in Sentinel-2's bands, and what the air adds.

Vegetation, bare soil and water follow medians of real L2A pixels of the Brazilian interior; rock, waste, slurry and
ponds follow medians of real mine polygons in L1C scenes, brought to the surface with :data:`PATH` and :data:`PASSED`.
Overburden and the grounds after it, which only varied sites have, are set by hand within what such ground may show.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from highwall.core.truth import Material

BANDS: Final = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12")
NATIVE_M: Final = dict(zip(BANDS, (60, 10, 10, 10, 20, 20, 20, 10, 20, 60, 20, 20), strict=True))
"""Pixel of each band [m] (ESA, Sentinel-2 product specification)."""

SPECTRA: Final[dict[Material, tuple[float, ...]]] = {
    #                     B01   B02   B03   B04   B05   B06   B07   B08   B8A   B09   B11   B12
    Material.FOREST:     (.018, .022, .041, .023, .070, .205, .255, .280, .290, .290, .140, .058),
    Material.SAVANNA:    (.024, .030, .054, .044, .098, .195, .230, .250, .265, .265, .195, .100),
    Material.GRASS:      (.028, .036, .063, .062, .115, .190, .220, .240, .255, .255, .230, .130),
    Material.DRY_GRASS:  (.033, .043, .070, .088, .135, .180, .205, .225, .245, .245, .290, .190),
    Material.CROP:       (.028, .034, .066, .052, .110, .240, .290, .310, .325, .325, .210, .110),
    Material.BARE_FIELD: (.038, .050, .078, .132, .165, .185, .205, .225, .250, .250, .320, .260),
    Material.RIVER:      (.035, .042, .068, .052, .040, .022, .022, .018, .014, .012, .008, .005),
    Material.SANDBANK:   (.070, .090, .130, .165, .190, .205, .220, .235, .250, .250, .330, .280),
    Material.ROOF:       (.085, .105, .125, .150, .165, .180, .195, .205, .220, .220, .250, .220),
    Material.PAVED:      (.065, .080, .095, .105, .112, .120, .128, .135, .142, .142, .170, .160),
    Material.DIRT_ROAD:  (.048, .064, .098, .150, .180, .198, .215, .230, .250, .250, .330, .280),
    Material.SOIL:       (.050, .068, .110, .205, .240, .255, .275, .290, .310, .310, .390, .320),
    Material.ROCK:       (.055, .068, .092, .128, .145, .155, .163, .172, .182, .182, .240, .215),
    Material.WASTE:      (.058, .070, .096, .126, .142, .152, .162, .172, .185, .185, .260, .235),
    Material.SLURRY:     (.052, .063, .096, .148, .165, .172, .178, .182, .188, .188, .170, .130),
    Material.POND:       (.036, .046, .080, .058, .040, .020, .018, .014, .011, .010, .006, .004),
    Material.ORE:        (.040, .046, .056, .072, .082, .088, .092, .098, .105, .105, .135, .125),
    Material.DAM:        (.055, .070, .105, .155, .185, .205, .222, .240, .258, .258, .320, .260),
    Material.OLD_FACE:   (.034, .044, .066, .078, .118, .165, .188, .205, .222, .222, .250, .165),
    Material.OVERBURDEN: (.060, .078, .112, .158, .182, .198, .212, .226, .246, .246, .310, .265),
    Material.SAND:       (.095, .125, .190, .265, .295, .312, .325, .340, .360, .360, .430, .390),
    Material.OUTCROP:    (.062, .078, .105, .140, .158, .168, .176, .186, .198, .198, .250, .225),
    Material.SOLAR:      (.058, .056, .060, .064, .070, .078, .085, .092, .100, .100, .085, .075),
    Material.BURNT:      (.030, .034, .044, .054, .066, .078, .086, .095, .110, .110, .190, .180),
    Material.WETLAND:    (.026, .032, .052, .050, .090, .130, .150, .165, .170, .165, .110, .055),
}  # fmt: skip
"""Surface reflectance [1] of level ground in full sun, bands in the order of BANDS."""

RED_ROCK: Final = np.array((0.034, 0.040, 0.062, 0.125, 0.155, 0.160, 0.158, 0.165, 0.180, 0.180, 0.270, 0.225))
"""Iron-rich beds among the rock: dark in blue and green."""
PALE_ROCK: Final = np.array((0.105, 0.125, 0.170, 0.225, 0.245, 0.255, 0.265, 0.275, 0.290, 0.290, 0.350, 0.310))
"""Weathered and quartz-rich beds, fresh dust on berms."""
CLOUD: Final = np.array((0.62, 0.60, 0.59, 0.60, 0.61, 0.62, 0.63, 0.63, 0.63, 0.55, 0.44, 0.33))
SNOW: Final = np.array((0.92, 0.93, 0.92, 0.90, 0.88, 0.85, 0.83, 0.80, 0.77, 0.70, 0.12, 0.10))

PATH: Final = np.array((0.104, 0.066, 0.034, 0.018, 0.013, 0.010, 0.008, 0.006, 0.004, 0.004, 0.001, 0.0005))
"""Reflectance of clear air above the ground [1]: with PASSED, darkest real L1C forests over their L2A medians."""
PASSED: Final = np.array((0.80, 0.84, 0.88, 0.92, 0.93, 0.94, 0.95, 0.95, 0.96, 0.55, 0.97, 0.97))
"""Part of the ground's reflectance that reaches the top of clear air [1]."""
SKY_LIGHT: Final = np.array((0.30, 0.26, 0.20, 0.16, 0.14, 0.12, 0.11, 0.10, 0.09, 0.09, 0.05, 0.04))
"""Part of the light that comes from the whole sky and so reaches shadows too [1]."""


def spectrum_table() -> NDArray[np.float64]:
    """Reflectance by material code: (material, band); row 0, no material, is 0."""
    table = np.zeros((max(Material) + 1, len(BANDS)))
    for material, spectrum in SPECTRA.items():
        table[material] = spectrum
    return table
