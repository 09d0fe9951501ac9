"""Since when does the ground move faster: one change of rate in a series, if there is one.

A series of displacement is held against two models, one straight line and two that meet at an epoch. The break is where
the residual falls most; F = (RSS₁ − RSS₂) / (RSS₂ / (n − 4)) tells how much. Because the epoch is searched for, F is
not Fisher's; and because radar's noise at one epoch lingers in the next, errors are not independent. So the chance of
such an F without any break is told from series made up with the same trend, noise and memory (AR(1)), whose best breaks
are sought alike.
"""

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.core.constants import DAYS_PER_YEAR
from highwall.core.errors import InputError

FEWEST_EPOCHS: Final = 10
"""Epochs from which a break is sought."""
MARGIN: Final = 3
"""Epochs that must lie on either side of a break."""
_PARAMETERS: Final = 4
"""Level, two rates and the epoch of the break."""

Floats = NDArray[np.float64]


class Acceleration(NamedTuple):
    """The likeliest change of rate of a series."""

    date: dt.date
    """Epoch at which the two lines meet."""
    before: float
    """Rate until then [m year⁻¹]."""
    after: float
    """Rate from then on [m year⁻¹]."""
    p_value: float
    """Chance of a break as clear as this in a series without one [1]."""


def acceleration(
    days: Sequence[dt.date], displacement: NDArray[np.floating], *, n_trials: int = 999, seed: int = 0
) -> Acceleration | None:
    """Find the likeliest change of rate.

    Parameters
    ----------
    days
        Date of each epoch, in order.
    displacement : (epoch,) [m]
        NaN where unknown; such epochs are left out.
    n_trials
        Made-up series without a break, from which the chance is told.

    Returns
    -------
    Acceleration or None
        None where fewer than ten epochs are known, or the series is a straight line to the last digit.

    Raises
    ------
    InputError
        Dates and displacement differ in number, or dates do not rise.

    Source: Andrews 1993 (tests for a break at an unknown date); Davison & Hinkley 1997, section 4.4 (bootstrap tests).
    """
    if len(days) != displacement.size:
        raise InputError(f"{len(days)} dates do not fit {displacement.size} displacements; give one for each.")
    if any(later <= earlier for earlier, later in pairwise(days)):
        raise InputError("the dates do not rise; sort the series by date and take each date once.")
    known = np.isfinite(displacement)
    if int(known.sum()) < FEWEST_EPOCHS:
        return None
    at = [day for day, is_known in zip(days, known, strict=True) if is_known]
    years = np.array([(day - at[0]).days / DAYS_PER_YEAR for day in at])
    search = _Search.of(years)
    series = displacement[known].astype(np.float64)
    best, strength = search.best(series[None])
    if np.isnan(strength[0]):
        return None
    break_at = int(best[0])
    _, before, change = search.fit(series, break_at)
    trials = _without_break(series, search, n_trials=n_trials, seed=seed)
    exceeding = int((search.best(trials)[1] >= strength[0]).sum())
    return Acceleration(at[break_at], before, before + change, (exceeding + 1) / (n_trials + 1))


class _Search(NamedTuple):
    """The two models, and for each break the directions that only the second can follow."""

    line: Floats
    """(epoch, 2) orthonormal basis of straight lines."""
    hinges: Floats
    """(break, epoch) unit vector of each hinge, made orthogonal to straight lines."""
    breaks: NDArray[np.intp]
    """(break,) number of the epoch."""
    years: Floats

    @classmethod
    def of(cls, years: Floats) -> "_Search":
        line, _ = np.linalg.qr(np.stack([np.ones_like(years), years], axis=1))
        breaks = np.arange(MARGIN, years.size - MARGIN)
        hinges = np.maximum(years[None] - years[breaks, None], 0.0)
        hinges = hinges - hinges @ line @ line.T
        return cls(line, hinges / np.linalg.norm(hinges, axis=1, keepdims=True), breaks, years)

    def residual(self, series: Floats) -> Floats:
        """What a straight line leaves of each series (series, epoch)."""
        rest: Floats = series - series @ self.line @ self.line.T
        return rest

    def best(self, series: Floats) -> tuple[NDArray[np.intp], Floats]:
        """Epoch of the likeliest break of each series (series, epoch), and its F; NaN of what is straight."""
        rest = self.residual(series)
        explained = (rest @ self.hinges.T) ** 2
        chosen = explained.argmax(axis=1)
        gain = explained[np.arange(len(series)), chosen]
        total = np.sum(rest**2, axis=1)
        left = np.maximum(total - gain, 0.0)
        exact = total <= 1e-24 * np.sum(series**2, axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            strength = np.where(exact, np.nan, gain / (left / (series.shape[1] - _PARAMETERS)))
        return self.breaks[chosen], strength

    def fit(self, series: Floats, break_at: int) -> tuple[float, float, float]:
        """Level, rate before a break and change of rate there, by least squares."""
        columns = [np.ones_like(self.years), self.years, np.maximum(self.years - self.years[break_at], 0.0)]
        level, rate, change = np.linalg.lstsq(np.stack(columns, axis=1), series, rcond=None)[0]
        return float(level), float(rate), float(change)


def _without_break(series: Floats, search: _Search, *, n_trials: int, seed: int) -> Floats:
    """Noise of series without a break (trial, epoch), with the spread and the memory that the residual has."""
    rest = search.residual(series[None])[0]
    memory = float(np.clip(rest[:-1] @ rest[1:] / max(float(rest @ rest), np.finfo(np.float64).tiny), 0.0, 0.9))
    random = np.random.default_rng(seed)
    noise = random.normal(size=(n_trials, series.size))
    for epoch in range(1, series.size):
        noise[:, epoch] = memory * noise[:, epoch - 1] + np.sqrt(1.0 - memory**2) * noise[:, epoch]
    return noise
