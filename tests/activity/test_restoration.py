import datetime as dt

import numpy as np
import pytest

from highwall.activity.options import ActivityOptions
from highwall.activity.restoration import Reading, history

OPTIONS = ActivityOptions()


def reading(year: float, *, recovery: float = 0.2, open_share: float = 0.8, worked: bool = False,
            levelled: bool = False, clear: float = 1.0) -> Reading:  # fmt: skip
    day = dt.date(2015, 6, 1) + dt.timedelta(days=round(365.25 * year))
    return Reading(day, open_share, 0.7 * recovery, 0.7, worked, levelled, clear)


WORK = [reading(year, worked=True) for year in (0, 1)]
REST = [reading(year) for year in (2, 3)]
LEVEL = [reading(year, worked=True, levelled=True) for year in (4, 5)]
GREEN = [reading(year, recovery=0.5 + 0.1 * (year - 6), open_share=0.3) for year in (6, 7, 8)]
DONE = [reading(year, recovery=0.95, open_share=0.02) for year in (9, 10)]


def states(readings) -> list[str]:
    return [step.state for step in history(readings, options=OPTIONS).steps]


def test_a_mine_goes_from_active_to_restored():
    whole = WORK + REST + LEVEL + GREEN + DONE
    assert states(whole) == ["active", "idle", "levelled", "revegetating", "restored"]
    assert states(whole[::-1]) == states(whole)
    found = history(whole, options=OPTIONS)
    assert (found.state, found.n_relapses, found.years_to_recovery) == ("restored", 0, 0.0)


def test_a_state_dates_from_the_first_of_the_readings_that_confirm_it():
    found = history(WORK + REST, options=OPTIONS)
    assert found.steps[1].date == REST[0].date


def test_one_green_reading_moves_nothing_and_one_of_work_opens_the_ground():
    assert states([*WORK, *REST, reading(4, recovery=0.9, open_share=0.0)]) == ["active", "idle"]
    relapse = history([*WORK, *REST, *LEVEL, *GREEN, reading(9, worked=True)], options=OPTIONS)
    assert (relapse.state, relapse.n_relapses) == ("active", 1)
    assert relapse.steps[-1].is_relapse


def test_clouded_readings_say_nothing():
    hidden = [reading(year, recovery=0.95, open_share=0.0, clear=0.3) for year in (4, 5)]
    assert states([*WORK, *REST, *hidden]) == ["active", "idle"]
    none = history(hidden, options=OPTIONS)
    assert (none.state, none.steps) == (None, ())


def test_years_to_recovery_follow_the_rate_since_the_last_work():
    found = history(WORK + [reading(y, recovery=0.1 * y) for y in (2, 3, 4, 5)], options=OPTIONS)
    assert found.recovery == pytest.approx(0.5)
    assert found.years_to_recovery == pytest.approx((0.85 - 0.5) / 0.1, rel=0.02)


def test_ground_that_does_not_recover_never_will():
    found = history(WORK + [reading(y, recovery=0.3 - 0.01 * y) for y in (2, 3, 4, 5)], options=OPTIONS)
    assert found.years_to_recovery == float("inf")


def test_an_active_mine_has_no_date_of_recovery():
    found = history([*WORK, reading(2, worked=True)], options=OPTIONS)
    assert found.years_to_recovery != found.years_to_recovery  # NaN


def test_bare_ground_in_bare_land_does_not_grow_green():
    """A pit in a desert is bare, and nearly as green as the land around it."""
    bare = [WORK[0], *(reading(y)._replace(ndvi=0.06, ndvi_around=0.10, open_share=1.0) for y in (2, 3, 4))]
    found = history(bare, options=OPTIONS)
    assert found.state == "idle"
    assert np.isnan(found.recovery)


def test_mostly_bare_ground_is_not_revegetating_however_green_the_rest():
    assert states([*WORK, *(reading(y, recovery=0.7, open_share=0.6) for y in (2, 3))]) == ["active", "idle"]
    assert states([*WORK, *(reading(y, recovery=0.7, open_share=0.5) for y in (2, 3))]) == ["active", "revegetating"]


@pytest.mark.parametrize("around", [np.nan, 0.15])
def test_green_that_cannot_be_compared_changes_nothing(around: float):
    lonely = [reading(y, recovery=0.9, open_share=0.0)._replace(ndvi_around=around) for y in (11, 12, 13)]
    found = history([*WORK, *DONE, *lonely], options=OPTIONS)
    assert (found.state, found.steps[-1].date) == ("restored", DONE[0].date)
    assert found.recovery == pytest.approx(0.95)
    assert history(lonely, options=OPTIONS).state is None
    assert history([*lonely, reading(14, worked=True)], options=OPTIONS).state == "active"
