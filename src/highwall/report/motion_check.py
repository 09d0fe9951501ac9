"""Stations on the ground beside the radar, over time."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from highwall.activity.validation import Comparison
from highwall.report.style import BAD, GOOD, GRID, LABEL, MUTED, SMALL, canvas, head, png, signed
from highwall.report.time_axis import date_axis, day_numbers

_MOST: Final = 12
"""Stations that a picture shows."""


def station_panels(stations: Mapping[str, Comparison]) -> bytes:
    """Draw each station's motion along the line of sight [mm], as measured there and by radar."""
    shown = list(stations.items())[:_MOST]
    columns = min(2, len(shown))
    rows = -(-len(shown) // columns)
    figure = canvas(4.1 * columns, 2.4 * rows + 0.3)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, (name, one) in zip(panels, shown, strict=False):
        days = day_numbers(one.dates)
        axes.axhline(0.0, color=GRID, lw=1.0, zorder=0)
        axes.plot(days, 1e3 * one.radar, "-", color=GOOD, lw=1.3, label="radar")
        axes.plot(days, 1e3 * one.ground, "o", color=BAD, ms=4, label="on the ground")
        bias = "" if np.isnan(one.bias) else f", bias {signed(f'{1e3 * one.bias:+.1f}')} mm/year"
        head(axes, f"{name}: RMS {1e3 * one.rms:.1f} mm{bias}")
        axes.set_ylabel("toward satellite [mm]", fontsize=LABEL, color=MUTED)
        date_axis(axes)
    for axes in panels[len(shown) :]:
        axes.set_visible(False)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=SMALL, frameon=False)
    return png(figure)
