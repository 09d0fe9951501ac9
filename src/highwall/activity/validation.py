"""InSAR against levelling or GNSS: is the radar's motion what instruments on the ground measured?

Both are brought to one quantity before they are compared: ground motion is projected to the line of sight, both series
are taken to the same reference place and the same first date, and the radar's is read at the ground's dates by straight
lines between epochs. Without instruments the report says that motion is unvalidated.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.core.constants import DAYS_PER_YEAR
from highwall.core.errors import InputError

FEWEST_DATES: Final = 3
"""Common dates from which a difference of rates is told."""

Floats = NDArray[np.float64]


class Comparison(NamedTuple):
    """Radar and ground at one station, along the line of sight."""

    dates: tuple[dt.date, ...]
    """Dates of the ground's measurements within the radar's years."""
    ground: Floats
    """(date,) ground motion along the line of sight since the first common date [m], positive toward the satellite."""
    radar: Floats
    """(date,) the radar's, likewise [m]."""
    rms: float
    """Root mean square of the differences, each series freed of its mean [m]."""
    bias: float
    """Rate of the radar less that of the ground [m year⁻¹]; NaN with fewer than three dates."""


def line_of_sight(enu: NDArray[np.floating], unit: Sequence[float]) -> Floats:
    """Project motion (…, 3) east, north, up [m] on the unit vector from the ground to the satellite [m].

    Raises
    ------
    InputError
        The vector is not of length 1, or the motion has not three components.
    """
    direction = np.asarray(unit, dtype=np.float64)
    if enu.shape[-1:] != (3,) or direction.shape != (3,) or abs(np.linalg.norm(direction) - 1.0) > 1e-3:
        raise InputError(
            f"motion of shape {enu.shape} and direction {tuple(unit)} do not fit; give east, north, up, and a unit "
            "vector to the satellite."
        )
    projected: Floats = enu.astype(np.float64) @ direction
    return projected


def compare(
    ground_dates: Sequence[dt.date],
    ground: NDArray[np.floating],
    radar_dates: Sequence[dt.date],
    radar: NDArray[np.floating],
) -> Comparison:
    """Compare two series along the line of sight.

    Parameters
    ----------
    ground, radar : (date,) [m]
        Each against its own reference, which should be the same place (subtract the reference station's series, and
        take the radar's reference there); NaN where unknown.

    Raises
    ------
    InputError
        Dates and values differ in number, do not rise, or the two share no span of time.
    """
    _check(ground_dates, ground, "ground")
    _check(radar_dates, radar, "radar")
    years, known = _years(radar_dates), np.isfinite(radar)
    when = _years(ground_dates)
    if known.sum() < 2:
        raise InputError("the radar has fewer than two known epochs at the station; take a nearer pixel.")
    first, last = years[known][0], years[known][-1]
    shared = np.isfinite(ground) & (when >= first) & (when <= last)
    if not shared.any():
        raise InputError(
            f"the ground was measured {ground_dates[0]} to {ground_dates[-1]}, the radar {radar_dates[0]} to "
            f"{radar_dates[-1]}: no date is common."
        )
    there = np.interp(when[shared], years[known], radar[known].astype(np.float64))
    here = ground[shared].astype(np.float64)
    here, there = here - here[0], there - there[0]
    difference = there - here
    dates = tuple(day for day, is_shared in zip(ground_dates, shared, strict=True) if is_shared)
    rate = float(np.polyfit(when[shared], difference, 1)[0]) if len(dates) >= FEWEST_DATES else float("nan")
    return Comparison(dates, here, there, float(np.std(difference)), rate)


def _years(days: Sequence[dt.date]) -> Floats:
    return np.array([day.toordinal() / DAYS_PER_YEAR for day in days])


def _check(days: Sequence[dt.date], values: NDArray[np.floating], name: str) -> None:
    if len(days) != len(values) or not len(days):
        raise InputError(f"the {name} has {len(days)} dates and {len(values)} values; give one value a date.")
    if np.any(np.diff(_years(days)) <= 0):
        raise InputError(f"the {name}'s dates do not rise; sort them and take each once.")
