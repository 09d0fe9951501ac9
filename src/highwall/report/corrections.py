"""What each correction did to ground that is taken to be still."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from highwall.core.errors import InputError
from highwall.report.style import BAD, GOOD, GRID, INK, LABEL, MUTED, SMALL, canvas, head, png, signed

_BEFORE = "#a9b1bb"


class Spread(NamedTuple):
    """Scatter of still ground before and after one correction."""

    name: str
    before_m: float
    """Standard deviation of its displacement without the correction [m]."""
    after_m: float
    """The same with it [m]."""


def corrections_plot(spreads: Sequence[Spread]) -> bytes:
    """Draw the standard deviation on stable pixels before and after each correction [mm], worse ones in red.

    Raises
    ------
    InputError
        No correction is given.
    """
    if not spreads:
        raise InputError("no correction to plot; give at least one.")
    figure = canvas(5.6, 1.25 + 0.5 * len(spreads))
    axes = figure.subplots()
    for row, spread in enumerate(spreads):
        _bar(axes, row - 0.19, spread.before_m, colour=_BEFORE, note="")
        colour = BAD if spread.after_m > spread.before_m else GOOD
        _bar(axes, row + 0.19, spread.after_m, colour=colour, note=_change(spread))
    axes.set_yticks(range(len(spreads)), [spread.name.replace("_", " ") for spread in spreads], fontsize=LABEL)
    axes.invert_yaxis()
    axes.margins(x=0.2)
    axes.set_xlabel("standard deviation of their displacement [mm]", fontsize=LABEL, color=MUTED)
    axes.tick_params(axis="x", labelsize=SMALL, colors=MUTED)
    axes.grid(visible=True, axis="x", color=GRID, lw=0.5)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    head(axes, "Stable pixels before and after each correction")
    names = ((_BEFORE, "before"), (GOOD, "after"), (BAD, "after, worse"))
    drawn = {GOOD, _BEFORE} | {BAD for spread in spreads if spread.after_m > spread.before_m}
    handles = [Patch(color=colour, label=name) for colour, name in names if colour in drawn]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, fontsize=SMALL, frameon=False)
    return png(figure)


def _bar(axes: Axes, row: float, metres: float, *, colour: str, note: str) -> None:
    """One bar with its number; a value that is missing is named, not drawn."""
    known = bool(np.isfinite(metres))
    length = 1e3 * metres if known else 0.0
    axes.barh(row, length, height=0.36, color=colour)
    text = f"{length:.2f}{note}" if known else "not known"
    axes.annotate(text, (length, row), (3, 0), textcoords="offset points", va="center", fontsize=SMALL, color=INK)


def _change(spread: Spread) -> str:
    change = spread.after_m / spread.before_m - 1.0 if spread.before_m > 0.0 else np.nan
    return signed(f" ({change:+.0%})") if np.isfinite(change) else ""
