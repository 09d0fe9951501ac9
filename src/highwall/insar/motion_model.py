"""What a series is taken to be made of: a line, a season, sudden steps at known dates."""

from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from highwall.core.constants import DAYS_PER_YEAR
from highwall.core.errors import InputError
from highwall.insar.options import VelocityOptions
from highwall.insar.regression import Matrix, require_full_rank

SEASON_YEARS = 1.0
"""Years that a series must span before a season can be told from a trend."""
_MILLENNIUM = np.datetime64("2000-01-01", "D")
_HARMONICS = {"none": 0, "annual": 1, "semi-annual": 2}


class MotionModel(NamedTuple):
    """What a series is made of."""

    terms: tuple[str, ...]
    """Name of each column: constant, velocity, then cosines and sines, then steps."""
    design: Matrix
    """(epoch, term): columns in years, or 1 where a term is switched on; coefficients in metres and m year⁻¹."""
    steps: NDArray[np.datetime64]
    """(step,) datetime64[D]"""

    @property
    def is_seasonal(self) -> bool:
        """Whether the annual cosine and sine are columns 2 and 3."""
        return "annual cosine" in self.terms

    @property
    def n_layers(self) -> int:
        """Velocity and its error, amplitude and peak of a season, the steps."""
        return 2 + 2 * self.is_seasonal + self.steps.size


def motion_model(epochs: NDArray[np.datetime64], options: VelocityOptions) -> MotionModel:
    """Columns of constant, velocity, season and steps at these epochs.

    Raises
    ------
    InputError
        There are too few epochs, they span too little for a season, or a step lies where no epoch can see it.
    """
    days = epochs.astype("datetime64[D]")
    columns = {"constant": np.ones(len(days)), "velocity": _years(days)}
    columns |= _season(days, n_harmonics=_HARMONICS[options.season])
    steps = np.array(sorted(set(options.steps)), dtype="datetime64[D]")
    for step in steps:
        columns[f"step of {step}"] = _step(days, step)
    design = np.stack(list(columns.values()), axis=1)
    require_full_rank(design, terms=tuple(columns))
    return MotionModel(tuple(columns), design, steps)


def predicted(series: xr.DataArray, *, options: VelocityOptions) -> Matrix:
    """Least-squares model of one series (epoch,) [m] at all of its epochs: (epoch,) [m].

    Raises
    ------
    InputError
        As :func:`motion_model`.
    """
    design = motion_model(series["epoch"].values, options).design
    known = np.isfinite(series.values)
    coefficients = np.linalg.lstsq(design[known], series.values[known].astype(np.float64), rcond=None)[0]
    return np.asarray(design @ coefficients)


def _years(days: NDArray[np.datetime64]) -> Matrix:
    """Years since the middle of the series, which keeps constant and slope apart."""
    years: Matrix = (days - days[0]).astype(np.float64) / DAYS_PER_YEAR
    return np.asarray(years - years.mean())


def _season(days: NDArray[np.datetime64], *, n_harmonics: int) -> dict[str, Matrix]:
    """Cosine and sine of one or two cycles a year, counted from 1 January."""
    span = float((days[-1] - days[0]).astype(np.float64)) / DAYS_PER_YEAR
    if n_harmonics and span < SEASON_YEARS:
        raise InputError(f"the series spans {span:.2f} years; a season needs at least one, so set season to 'none'.")
    angle = 2.0 * np.pi * (days - _MILLENNIUM).astype(np.float64) / DAYS_PER_YEAR
    return {
        f"{name} {wave}": function(cycles * angle)
        for cycles, name in ((1, "annual"), (2, "semi-annual"))[:n_harmonics]
        for wave, function in (("cosine", np.cos), ("sine", np.sin))
    }


def _step(days: NDArray[np.datetime64], step: np.datetime64) -> Matrix:
    """0 before a date and 1 from it on."""
    if not days[0] < step <= days[-1]:
        raise InputError(f"the step of {step} lies outside the series, {days[0]} to {days[-1]}; leave it out.")
    return (days >= step).astype(np.float64)
