"""How the ground moves through time, and where it changes too much to be measured."""

import datetime as dt
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from highwall.core.constants import DAYS_PER_YEAR
from highwall.core.truth import plan
from highwall.core.truth.fields import Cells, Field
from highwall.core.truth.outlines import inside
from highwall.core.truth.site import SimulatedSite
from highwall.core.truth.works import works_at

SUBSIDENCE_CENTRE = (2180.0, 2330.0)
"""Local middle of the sinking ground south-east of the main pit's rim [m]."""
SUBSIDENCE_RADIUS_M = 170.0
SUBSIDENCE_RATE = -0.040
"""m year⁻¹ at the middle, before the ground begins to accelerate."""
ACCELERATION = -0.120
"""m year⁻² at the middle, from ACCELERATION_AFTER_DAYS after the start."""
ACCELERATION_AFTER_DAYS = 190
DUMP_RATE = 0.012
DAM_RATE = -0.008
_DAM_SPREAD_PX = 2.0
_DUMP_SPREAD_PX = 4.0


def motion_at(site: SimulatedSite, dates: Sequence[dt.date]) -> NDArray[np.float32]:
    """Vertical displacement since the first of ``dates`` (epoch, y, x) [m], positive up."""
    days = np.array([(date - site.start).days for date in dates], dtype=np.float64)
    years = days / DAYS_PER_YEAR
    later = np.maximum(days - ACCELERATION_AFTER_DAYS, 0.0) / DAYS_PER_YEAR
    steady, bowl = vertical_velocity(site), _bowl(site)
    quickening = 0.5 * ACCELERATION * later**2
    return np.stack(
        [steady * (t - years[0]) + bowl * (q - quickening[0]) for t, q in zip(years, quickening, strict=True)]
    ).astype(np.float32)


def vertical_velocity(site: SimulatedSite) -> Field:
    """Steady vertical velocity (y, x) before any acceleration [m year⁻¹], positive up."""
    works = works_at(site, site.start)
    dump = gaussian_filter(works.regions["dump"].astype(np.float64), _DUMP_SPREAD_PX)
    dam = gaussian_filter(works.regions["dam"].astype(np.float64), _DAM_SPREAD_PX)
    return np.asarray(SUBSIDENCE_RATE * _bowl(site) + DUMP_RATE * dump + DAM_RATE * dam)


def decorrelated_at(site: SimulatedSite, date: dt.date) -> Cells:
    """Cells (y, x) that the works change between any two passes: their radar phase is lost."""
    x, y = site.centres()
    is_worked = np.zeros(site.shape, bool)
    for pit in plan.PITS:
        is_worked |= inside(site.outline(pit, date), x, y)
    return is_worked


def _bowl(site: SimulatedSite) -> Field:
    """Shape of the subsidence, 1 at its middle; zero beyond three radii."""
    x, y = site.centres()
    distance = np.hypot(x - SUBSIDENCE_CENTRE[0], y - SUBSIDENCE_CENTRE[1]) / SUBSIDENCE_RADIUS_M
    return np.where(distance < 3.0, np.exp(-(distance**2)), 0.0)
