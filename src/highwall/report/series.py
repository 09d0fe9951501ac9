"""Displacement of chosen points over time, with the motion fitted to it and how well that is known."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from highwall.core.constants import DAYS_PER_YEAR
from highwall.core.errors import InputError
from highwall.report.style import BAD, GOOD, GRID, LABEL, MUTED, SMALL, canvas, head, png, signed
from highwall.report.time_axis import date_axis, day_numbers

_BAND = 2.0
"""Half width of an error band [standard errors]."""
_MARKERS = (("o", GOOD), ("D", "#cc79a7"), ("^", "#009e73"), ("v", "#8a6d00"))
"""Mark of each piece of a split network, taken in turn."""


class Series(NamedTuple):
    """Displacement of one point."""

    title: str
    dates: Sequence[dt.date]
    displacement: NDArray[Any]
    """(epoch,) [m]. NaN is missing."""
    velocity: float
    """[m year⁻¹]."""
    velocity_std: float
    """[m year⁻¹]."""
    displacement_std: NDArray[Any] | None = None
    """(epoch,) [m], standard error; without it the band is that of the fitted motion."""
    model: NDArray[Any] | None = None
    """(epoch,) [m], fitted motion; without it the straight line of the velocity."""
    uncorrected: NDArray[Any] | None = None
    """(epoch,) [m], displacement before corrections."""
    pieces: NDArray[Any] | None = None
    """(epoch,) number of the piece of the pair network; differs where the network is split."""
    direction: str = "vertical"
    """What the axis measures: ``vertical``, or ``toward satellite``."""

    @property
    def years(self) -> NDArray[np.float64]:
        """Time since the first epoch: (epoch,) [Julian year]."""
        return np.array([(date - self.dates[0]).days for date in self.dates]) / DAYS_PER_YEAR

    @property
    def fitted(self) -> NDArray[np.float64]:
        """Fitted motion: (epoch,) [m], the model or the line of the velocity through the mean; NaN without any."""
        if self.model is not None:
            return np.asarray(self.model, dtype=np.float64)
        rest = np.asarray(self.displacement, dtype=np.float64) - self.velocity * self.years
        known = rest[np.isfinite(rest)]
        return self.velocity * self.years + (known.mean() if known.size else np.nan)

    @property
    def fitted_std(self) -> NDArray[np.float64]:
        """Standard error of a fitted line: (epoch,) [m], least at the mean date.

        It follows from that of the velocity where the dates' errors are alike and independent.
        """
        seen = self.years[np.isfinite(np.asarray(self.displacement, dtype=np.float64))]
        if not seen.size:
            return np.full(len(self.dates), np.nan)
        return np.asarray(self.velocity_std * np.sqrt(seen.var() + (self.years - seen.mean()) ** 2))


def series_plot(series: Sequence[Series]) -> bytes:
    """Plot the displacement of some points [mm] with the fitted motion and a band of ±2 standard errors.

    The band belongs to the displacements where their standard errors are given, else to the fitted line.

    Raises
    ------
    InputError
        No series is given.
    """
    if not series:
        raise InputError("no series to plot; give at least one point.")
    columns = min(2, len(series))
    rows = -(-len(series) // columns)
    figure = canvas(4.1 * columns, 2.5 * rows + 0.35)
    panels = figure.subplots(rows, columns, squeeze=False)
    for axes, one in zip(panels.ravel(), series, strict=False):
        draw_series(axes, one)
    for axes in panels.ravel()[len(series) :]:
        axes.set_visible(False)
    figure.legend(
        handles=series_handles(series), loc="outside lower center", ncols=2 * columns, fontsize=SMALL, frameon=False
    )
    return png(figure)


def draw_series(axes: Axes, one: Series) -> None:
    """Draw one point of :func:`series_plot` into axes, without the legend."""
    days = day_numbers(one.dates)
    axes.axhline(0.0, color=GRID, lw=1.0, zorder=0)
    centre, error, colour = _band(one)
    low, high = 1e3 * (centre - _BAND * error), 1e3 * (centre + _BAND * error)
    axes.fill_between(days, low, high, color=colour, alpha=0.22, lw=0, zorder=1)
    axes.plot(days, 1e3 * one.fitted, color=BAD, lw=1.3, zorder=2)
    if one.uncorrected is not None:
        axes.plot(days, 1e3 * np.asarray(one.uncorrected), "o", mfc="none", mec=MUTED, mew=0.8, ms=3.4, zorder=3)
    _points(axes, one, days)
    head(axes, _title(one))
    axes.set_ylabel(f"{one.direction} [mm]", fontsize=LABEL, color=MUTED)
    date_axis(axes)


def series_handles(series: Sequence[Series]) -> list[Any]:
    """Legend of what some panels hold."""
    dots = Line2D([], [], marker="o", ls="", ms=4, color=GOOD, label="displacement")
    handles: list[Any] = [dots, Line2D([], [], color=BAD, lw=1.3, label="fit, ± 1 standard error (s.e.)")]
    if any(one.displacement_std is not None for one in series):
        handles.append(Patch(color=GOOD, alpha=0.22, lw=0, label="±2 s.e."))
    if any(one.displacement_std is None for one in series):
        handles.append(Patch(color=BAD, alpha=0.22, lw=0, label="±2 s.e. of the fit"))
    if any(one.uncorrected is not None for one in series):
        before = Line2D([], [], marker="o", ls="", ms=4, mfc="none", mec=MUTED, label="before corrections")
        handles.append(before)
    if any(_is_split(one) for one in series):
        marker, colour = _MARKERS[1]
        handles.append(Line2D([], [], marker=marker, ls="", ms=4, color=colour, label="other piece of the network"))
    return handles


def _band(one: Series) -> tuple[NDArray[np.float64], NDArray[np.float64], str]:
    """Centre and standard error of the band [m], and its colour."""
    if one.displacement_std is None:
        return one.fitted, one.fitted_std, BAD
    return np.asarray(one.displacement, dtype=np.float64), np.asarray(one.displacement_std, dtype=np.float64), GOOD


def _is_split(one: Series) -> bool:
    return one.pieces is not None and len(np.unique(one.pieces)) > 1


def _points(axes: Axes, one: Series, days: NDArray[np.float64]) -> None:
    """Mark each piece of the network in its own way, and the dates between which it is split."""
    pieces = np.zeros(len(days), int) if one.pieces is None else np.asarray(one.pieces)
    millimetres = 1e3 * np.asarray(one.displacement, dtype=np.float64)
    for order, piece in enumerate(dict.fromkeys(pieces.tolist())):
        marker, colour = _MARKERS[order % len(_MARKERS)]
        mine = pieces == piece
        axes.plot(days[mine], millimetres[mine], marker, color=colour, ms=3.6, zorder=4)
    for last in np.flatnonzero(np.diff(pieces)):
        axes.axvline((days[last] + days[last + 1]) / 2, color=MUTED, lw=0.9, ls=(0, (2, 2)), zorder=0)


def _title(one: Series) -> str:
    if not np.isfinite(one.velocity):
        return f"{one.title}: no velocity"
    error = f" ± {1e3 * one.velocity_std:.1f}" if np.isfinite(one.velocity_std) else ""
    return f"{one.title}: {signed(f'{1e3 * one.velocity:+.1f}')}{error} mm/year"
