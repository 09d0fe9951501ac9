import datetime as dt

import numpy as np
import pytest

from highwall.core.constants import DAYS_PER_YEAR
from highwall.core.truth import SimulatedSite, decorrelated_at, motion_at, simulate_site, surface_at, vertical_velocity
from highwall.core.truth.motion import ACCELERATION_AFTER_DAYS, SUBSIDENCE_CENTRE, SUBSIDENCE_RATE


@pytest.fixture(scope="module")
def site() -> SimulatedSite:
    return simulate_site(1)


def _middle(site: SimulatedSite) -> tuple[int, int]:
    x, y = site.centres()
    return int(np.argmin(np.abs(y - SUBSIDENCE_CENTRE[1]))), int(np.argmin(np.abs(x - SUBSIDENCE_CENTRE[0])))


def test_motion_begins_at_zero_whenever_it_begins(site: SimulatedSite) -> None:
    dates = [site.start + dt.timedelta(days=days) for days in (100, 300)]
    motion = motion_at(site, dates)
    assert not motion[0].any()
    assert np.abs(motion[1]).max() > 0.005


def test_the_ground_sinks_steadily_and_then_faster(site: SimulatedSite) -> None:
    days = (0, 90, ACCELERATION_AFTER_DAYS, 280, 370)
    motion = motion_at(site, [site.start + dt.timedelta(days=number) for number in days])
    row, col = _middle(site)
    rate = np.diff(motion[:, row, col]) / (np.diff(days) / DAYS_PER_YEAR)
    assert rate[:2] == pytest.approx(SUBSIDENCE_RATE, rel=0.02)
    assert rate[3] < rate[2] < 1.2 * SUBSIDENCE_RATE


def test_dump_rises_dam_settles_and_the_rest_is_still(site: SimulatedSite) -> None:
    velocity = vertical_velocity(site)
    surface = surface_at(site, site.start)
    assert velocity.max() == pytest.approx(0.012, rel=0.02)
    assert velocity[surface.label("dam")].mean() < -0.003
    assert (velocity == 0.0).mean() > 0.7


def test_the_sinking_ground_is_not_worked(site: SimulatedSite) -> None:
    assert not decorrelated_at(site, site.start + dt.timedelta(days=370))[_middle(site)]


def test_worked_ground_is_the_excavation(site: SimulatedSite) -> None:
    date = site.start + dt.timedelta(days=200)
    assert np.array_equal(decorrelated_at(site, date), surface_at(site, date).label("excavation"))
