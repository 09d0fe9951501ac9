"""Cracks drawn over the photograph in which they were found."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from highwall.report.style import INK, MUTED, PAPER, SMALL, canvas, head, png

CRACK_COLOUR = "#ff2d6f"
_PANEL = 6.4
"""inch, width of a panel."""
_MAX_SIDE = 2000
"""px, longest side of a photograph as drawn: more than a picture has room for."""
_MOST_NAMED = 20
"""Cracks that carry their number; the shortest of many would hide the picture."""


class DrawnCrack(NamedTuple):
    """One crack as it is drawn."""

    number: int
    lines: Sequence[NDArray[np.float64]]
    """Each (n, 2) x, y [px]."""


def crack_sheet(levels: NDArray[np.uint8], cracks: Sequence[DrawnCrack], *, title: str) -> bytes:
    """Draw a photograph, and beside it the same with its cracks.

    Parameters
    ----------
    levels : (3, y, x) uint8
    cracks
        The longest first: they keep their numbers where there are many.
    """
    height, width = levels.shape[1:]
    step = max(-(-max(height, width) // _MAX_SIDE), 1)
    picture = np.moveaxis(levels[:, ::step, ::step], 0, 2)
    figure = canvas(2 * _PANEL, _PANEL * float(np.clip(height / width, 0.3, 2.0)) + 0.5)
    for axes, name in zip(figure.subplots(1, 2), (title, f"{len(cracks)} cracks"), strict=True):
        axes.imshow(picture, extent=(0, width, height, 0), interpolation="bilinear")
        axes.tick_params(labelsize=SMALL, colors=MUTED)
        head(axes, name)
    lines = [line for crack in cracks for line in crack.lines]
    axes.add_collection(LineCollection(lines, colors=CRACK_COLOUR, linewidths=1.1))
    for crack in cracks[:_MOST_NAMED]:
        longest = max(crack.lines, key=len)
        x, y = longest[len(longest) // 2]
        axes.annotate(
            str(crack.number), (x, y), xytext=(3, 3), textcoords="offset points", fontsize=SMALL, color=INK,
            path_effects=[withStroke(linewidth=2, foreground=PAPER)], clip_on=True,
        )  # fmt: skip
    return png(figure)
