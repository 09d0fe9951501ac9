"""The axis of dates that every plot over time has."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from numpy.typing import NDArray

from highwall.report.style import GRID, MUTED, SMALL


def day_numbers(dates: Sequence[dt.date]) -> NDArray[np.float64]:
    """Dates as matplotlib counts them: (epoch,) [day]."""
    return np.asarray(date2num(list(dates)), dtype=np.float64)  # type: ignore[no-untyped-call]


def date_axis(axes: Axes) -> None:
    """Label the x axis with dates and draw a light grid."""
    axes.xaxis_date()
    locator: Any = AutoDateLocator(minticks=3, maxticks=7)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.xaxis.get_offset_text().set_fontsize(SMALL)
    axes.tick_params(labelsize=SMALL, colors=MUTED)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.grid(visible=True, color=GRID, lw=0.5)
    axes.set_axisbelow(True)
