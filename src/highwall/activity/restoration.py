"""From active to restored, and back: the state of a patch's ground over the years.

Each scene gives one reading of a patch: what of it is open ground, how green it is against undisturbed land nearby, and
whether it moves or is being worked. States follow one another

    active → idle → levelled → revegetating → restored

and any of them falls back to *active* when the ground is opened again (a *relapse*). A state is only changed by
readings that are clear, and taken back only by ``n_confirming`` of them in a row: one hazy scene moves nothing. Green
that cannot be compared, since the land around is hidden, all mine, or hardly green itself, says nothing of recovery.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from highwall.activity.options import ActivityOptions
from highwall.core.constants import DAYS_PER_YEAR

ACTIVE, IDLE, LEVELLED = "active", "idle", "levelled"
REVEGETATING, RESTORED = "revegetating", "restored"
STATES: Final = (ACTIVE, IDLE, LEVELLED, REVEGETATING, RESTORED)
LEAST_NDVI_AROUND: Final = 0.2
"""Mean NDVI of the surroundings below which, as in deserts and under snow, bare ground may look as green as they."""


class Reading(NamedTuple):
    """What one scene, with the radar of its years, says of a patch."""

    date: dt.date
    open_share: float
    """Share of the patch that is bare [1]."""
    ndvi: float
    """Mean NDVI of the patch."""
    ndvi_around: float
    """Mean NDVI of undisturbed land nearby, on the same date: it carries the season and the dry years."""
    is_worked: bool
    """New ground, moved ground or dumping since the reading before."""
    is_levelled: bool
    """Moved within the outline without growing."""
    clear_share: float
    """Share of the patch that is not hidden [1]."""

    @property
    def recovery(self) -> float:
        """NDVI against that of the surroundings [1]; 1 is as green as they are, NaN where they tell nothing."""
        return self.ndvi / self.ndvi_around if self.ndvi_around >= LEAST_NDVI_AROUND else float("nan")


class Step(NamedTuple):
    """A change of state."""

    date: dt.date
    state: str
    is_relapse: bool
    """Back to active from beyond idle."""


class History(NamedTuple):
    """States of a patch over time."""

    steps: tuple[Step, ...]
    """The first is the state at the first clear reading that counts."""
    recovery: float
    """NDVI against the surroundings at the last reading that counts [1]; NaN without one, or where it is unknown."""
    years_to_recovery: float
    """Until ``recovery`` reaches ``restored_recovery`` at the rate of the readings since the last work [year]; 0 where
    it has, NaN where there is no such rate, infinity where it does not grow."""

    @property
    def state(self) -> str | None:
        """State at the last clear reading."""
        return self.steps[-1].state if self.steps else None

    @property
    def n_relapses(self) -> int:
        """Times that restored or resting ground was opened again."""
        return sum(step.is_relapse for step in self.steps)


def history(readings: Sequence[Reading], *, options: ActivityOptions) -> History:
    """Follow a patch through its readings, in any order."""
    clear = sorted(
        (each for each in readings if each.clear_share >= options.min_clear_share and _counts(each, options)),
        key=lambda each: each.date,
    )
    if not clear:
        return History((), float("nan"), float("nan"))
    steps = [Step(clear[0].date, _told(clear[0], None, options), False)]
    wanted, since, times = steps[0].state, clear[0].date, 0
    for reading in clear[1:]:
        told = _told(reading, steps[-1].state, options)
        if told == steps[-1].state:
            wanted, times = told, 0
            continue
        since, times = (since, times + 1) if told == wanted else (reading.date, 1)
        wanted = told
        if told == ACTIVE or times >= options.n_confirming:
            steps.append(Step(since, told, _is_relapse(steps[-1].state, told)))
            times = 0
    return History(tuple(steps), clear[-1].recovery, _years_left(clear, steps, options))


def _counts(reading: Reading, options: ActivityOptions) -> bool:
    """Tell whether a reading speaks for a state: by work, by bare ground, or by green that can be compared."""
    return reading.is_worked or reading.open_share > options.revegetating_open_share or np.isfinite(reading.recovery)


def _told(reading: Reading, state: str | None, options: ActivityOptions) -> str:
    """State that one reading speaks for, given the state before."""
    if reading.is_worked and not reading.is_levelled:
        return ACTIVE
    if reading.recovery >= options.restored_recovery and reading.open_share <= options.restored_open_share:
        return RESTORED
    if reading.recovery >= options.green_recovery and reading.open_share <= options.revegetating_open_share:
        return REVEGETATING
    if reading.is_levelled:
        return LEVELLED
    if state is None:
        return ACTIVE if reading.is_worked else IDLE
    return LEVELLED if state in {LEVELLED, REVEGETATING, RESTORED} else IDLE


def _is_relapse(before: str, after: str) -> bool:
    return after == ACTIVE and before in {LEVELLED, REVEGETATING, RESTORED}


def _years_left(clear: Sequence[Reading], steps: Sequence[Step], options: ActivityOptions) -> float:
    """Extrapolate the recovery since the ground was last active along a straight line."""
    if steps[-1].state == RESTORED:
        return 0.0
    worked = max((each.date for each in clear if each.is_worked), default=dt.date.min)
    known = [each for each in clear if each.date > worked and np.isfinite(each.recovery)]
    if steps[-1].state == ACTIVE or len(known) < options.n_confirming + 1:
        return float("nan")
    years = np.array([(each.date - known[0].date).days / DAYS_PER_YEAR for each in known])
    rate, level = np.polyfit(years, [each.recovery for each in known], 1)
    if rate <= 0.0:
        return float("inf")
    return float(max((options.restored_recovery - level) / rate - years[-1], 0.0))
