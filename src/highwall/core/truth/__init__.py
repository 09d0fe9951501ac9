"""The simulated mine as it is: a place of which everything is known, for tests, examples and the demo.

A site is made once from a seed (:func:`simulate_site`); its ground at a date (:func:`surface_at`), the motion of that
ground (:func:`motion_at`), its permits and the findings that a monitor should come to (:func:`expected_findings`) are
pure functions of it. What instruments see of it is simulated in ``imagery.simulate`` and ``insar.simulate``.

Words: *local* coordinates are metres east and north of the lower left corner; an *outline* is a polygon's ring as an
(n, 2) float array of x and y, not closed. *Years of work* run from 0 at the site's start to 1 and stop there.

Reading order: fields, outlines, plan, site, terrain, works, surface, motion, permits. ``core.truth.varied`` holds many
other sites, drawn by chance.
"""

from highwall.core.truth.motion import decorrelated_at, motion_at, vertical_velocity
from highwall.core.truth.permits import ExpectedFinding, Permit, expected_findings, permits
from highwall.core.truth.site import SimulatedPlace, SimulatedSite, simulate_site
from highwall.core.truth.surface import BLANK_LAYER, LABELS, Material, Surface, land_cover, surface_at

__all__ = [
    "BLANK_LAYER",
    "LABELS",
    "ExpectedFinding",
    "Material",
    "Permit",
    "SimulatedPlace",
    "SimulatedSite",
    "Surface",
    "decorrelated_at",
    "expected_findings",
    "land_cover",
    "motion_at",
    "permits",
    "simulate_site",
    "surface_at",
    "vertical_velocity",
]
