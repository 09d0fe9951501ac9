"""Many simulated sites: other plans, sizes, rocks, climates and look-alikes from every seed, year by year from 2016.

The single site of ``core.truth`` is a plan that people drew, with permits and motion; these sites are drawn by chance,
for training and for scores: mines of three raw materials and three types, and places without a mine, all among ground
that looks like one (:class:`Likeness`). Works open, grow, close and are reclaimed with the years. What a satellite sees
of them is simulated in ``imagery.simulate_varied``.

Reading order: traits, shapes, placing, look_alikes, layout, site, canvas, country, works, ground.
"""

from highwall.core.truth.varied.ground import VariedGround, ground_at, world_cover
from highwall.core.truth.varied.look_alikes import PART_OF_MINE_IT_RESEMBLES, Likeness
from highwall.core.truth.varied.site import SERIES_START, VariedSite, simulate_varied_site
from highwall.core.truth.varied.traits import Climate, Geology, RawMaterial, Traits

__all__ = [
    "PART_OF_MINE_IT_RESEMBLES",
    "SERIES_START",
    "Climate",
    "Geology",
    "Likeness",
    "RawMaterial",
    "Traits",
    "VariedGround",
    "VariedSite",
    "ground_at",
    "simulate_varied_site",
    "world_cover",
]
