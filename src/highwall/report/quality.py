"""Readings with the flags of quality control beside them, and what neighbours would have expected."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from highwall.core.errors import InputError
from highwall.report.style import BAD, GOOD, LABEL, MASTER, MUTED, SMALL, canvas, head, png
from highwall.report.time_axis import date_axis, day_numbers

SUSPECT, FAIL = 3, 4
"""Flags that are marked (QARTOD)."""
_FAULT = "#e7298a"


class Judged(NamedTuple):
    """One series and what was said about it."""

    title: str
    label: str
    """Of the axis of values, with its unit."""
    dates: Sequence[dt.datetime]
    values: NDArray[Any]
    """(time,), as people read them."""
    flags: NDArray[Any]
    """(time,)"""
    windows: Sequence[tuple[dt.datetime, dt.datetime]] = ()
    """When something was wrong, as others have labelled it."""
    estimate: NDArray[Any] | None = None
    """(time,), what neighbours lead to expect; NaN where they say nothing."""


def quality_plot(series: Sequence[Judged]) -> bytes:
    """Plot series under one another, suspect and failed readings marked, labelled faults shaded.

    Raises
    ------
    InputError
        No series is given.
    """
    if not series:
        raise InputError("no series to plot; give at least one.")
    figure = canvas(7.6, 2.1 * len(series) + 0.35)
    panels = figure.subplots(len(series), 1, squeeze=False)[:, 0]
    for axes, one in zip(panels, series, strict=True):
        _draw(axes, one)
    figure.legend(handles=_handles(series), loc="outside lower center", ncols=5, fontsize=SMALL, frameon=False)
    return png(figure)


def _draw(axes: Axes, one: Judged) -> None:
    days = day_numbers(one.dates)
    for window in one.windows:
        first, last = day_numbers(window)
        axes.axvspan(first, last, color=_FAULT, alpha=0.13, lw=0)
    axes.plot(days, one.values, color=GOOD, lw=0.7, zorder=2)
    if one.estimate is not None:
        axes.plot(days, one.estimate, color=MUTED, lw=0.9, ls=(0, (4, 2)), zorder=3)
    for flag, colour, marker in ((SUSPECT, MASTER, "o"), (FAIL, BAD, "X")):
        marked = np.asarray(one.flags) == flag
        axes.plot(
            days[marked], np.asarray(one.values)[marked], marker, color=colour, mec="#1d2733", mew=0.4, ms=4.2, zorder=4
        )
    head(axes, one.title)
    axes.set_ylabel(one.label, fontsize=LABEL, color=MUTED)
    axes.margins(x=0.01)
    date_axis(axes)


def _handles(series: Sequence[Judged]) -> list[Any]:
    handles: list[Any] = [
        Line2D([], [], color=GOOD, lw=0.9, label="reading"),
        Line2D([], [], marker="o", ls="", ms=4, color=MASTER, mec="#1d2733", mew=0.4, label="suspect"),
    ]
    if any((np.asarray(one.flags) == FAIL).any() for one in series):
        handles.append(Line2D([], [], marker="X", ls="", ms=4, color=BAD, mec="#1d2733", mew=0.4, label="failed"))
    if any(one.windows for one in series):
        handles.append(Patch(color=_FAULT, alpha=0.2, lw=0, label="fault, as others labelled it"))
    if any(one.estimate is not None for one in series):
        handles.append(Line2D([], [], color=MUTED, lw=0.9, ls=(0, (4, 2)), label="estimate of its neighbours"))
    return handles
