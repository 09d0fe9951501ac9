"""Plots: displacement series of moving patches, the network of pairs."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from numpy.typing import NDArray

from highwall.report.style import GRID, INK, MUTED, canvas, png


class Series(NamedTuple):
    """Displacement of one point."""

    title: str
    dates: Sequence[dt.date]
    displacement: NDArray[Any]
    """(epoch,) [m]."""
    velocity: float
    """[m year⁻¹]."""
    velocity_std: float
    """[m year⁻¹]."""


class Baselines(NamedTuple):
    """Network of pairs over time and perpendicular baseline."""

    dates: Sequence[dt.date]
    bperp: NDArray[Any] | None
    """(epoch,) [m], relative to the first epoch; None when unknown."""
    pairs: NDArray[Any]
    """(pair, 2) indices of epochs."""


def series_plot(series: Sequence[Series]) -> bytes:
    """Plot the displacement of some points [mm], with the straight line of their velocity."""
    columns = min(2, len(series))
    rows = -(-len(series) // columns)
    figure = canvas(4.1 * columns, 2.5 * rows)
    panels = figure.subplots(rows, columns, squeeze=False)
    for axes, one in zip(panels.ravel(), series, strict=False):
        _series(axes, one)
    for axes in panels.ravel()[len(series) :]:
        axes.set_visible(False)
    return png(figure)


def baseline_plot(network: Baselines) -> bytes:
    """Plot epochs and pairs over time, by perpendicular baseline where it is known, else by index."""
    height = network.bperp if network.bperp is not None else np.arange(len(network.dates), dtype=float)
    figure = canvas(7.2, 2.9)
    axes = figure.subplots()
    days = _numbers(network.dates)
    for first, second in network.pairs:
        axes.plot(
            [days[first], days[second]], [height[first], height[second]], color="#7a8ca3", lw=0.6,
            alpha=0.7, zorder=1,
        )  # fmt: skip
    axes.scatter(days, height, s=22, color="#198038", edgecolor="white", linewidth=0.6, zorder=2)
    axes.set_ylabel(
        "perpendicular baseline [m]" if network.bperp is not None else "epoch (baseline unknown)", fontsize=8
    )
    axes.set_title(f"{len(network.dates)} epochs, {len(network.pairs)} pairs", fontsize=9, color=INK, loc="left")
    _date_axis(axes)
    return png(figure)


def _series(axes: Axes, one: Series) -> None:
    millimetres = 1e3 * np.asarray(one.displacement)
    years = np.array([(date - one.dates[0]).days for date in one.dates]) / 365.25
    slope = 1e3 * one.velocity
    line = slope * years + np.nanmean(millimetres - slope * years)
    axes.axhline(0.0, color=GRID, lw=1.0, zorder=0)
    axes.plot(_numbers(one.dates), line, color="#ff832b", lw=1.2, zorder=1)
    axes.plot(_numbers(one.dates), millimetres, "o", color="#0f62fe", ms=3.2, zorder=2)
    title = f"{one.title}: {slope:+.0f} ± {1e3 * one.velocity_std:.0f} mm/year"
    axes.set_title(title, fontsize=9, color=INK, loc="left")
    axes.set_ylabel("vertical [mm]", fontsize=8)
    _date_axis(axes)


def _numbers(dates: Sequence[dt.date]) -> NDArray[np.float64]:
    return np.asarray(date2num(list(dates)), dtype=np.float64)  # type: ignore[no-untyped-call]


def _date_axis(axes: Axes) -> None:
    axes.xaxis_date()
    locator: Any = AutoDateLocator(minticks=3, maxticks=7)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.tick_params(labelsize=7, colors=MUTED)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.grid(visible=True, color=GRID, lw=0.5)
