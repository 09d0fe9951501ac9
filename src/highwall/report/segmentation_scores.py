"""Pictures of segmentation scores: each class with its interval and ceiling, and matrices of what is taken for what."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from highwall.learning.calibration import Reliability
from highwall.report.style import GOOD, GRID, INK, LABEL, MASTER, MUTED, SMALL, canvas, head, png

_DARK: Final = 0.55
"""Share from which the text in a cell is white."""
_CELL: Final = 0.62
"""inch, side of a cell of a matrix."""


def class_scores_plot(rows: Mapping[str, Mapping[str, Any]], *, title: str) -> bytes:
    """Draw the IoU of each class with its interval, and beside it the IoU that two annotators reach.

    Parameters
    ----------
    rows
        By class: ``iou`` as [value, low, high], ``drawn_m2``, and ``ceiling`` with an ``iou`` of the same form or None.
    """
    names = [name for name, row in rows.items() if row["iou"][0] is not None]
    figure = canvas(6.4, 0.36 * max(len(names), 1) + 1.5)
    axes = figure.subplots()
    for place, name in enumerate(names):
        _span(axes, place + 0.14, rows[name]["iou"], colour=GOOD, marker="o")
        ceiling = rows[name].get("ceiling")
        if ceiling:
            _span(axes, place - 0.14, ceiling["iou"], colour=MASTER, marker="D")
    labels = [f"{_words(name)}  ({rows[name]['drawn_m2'] / 1e4:,.0f} ha)" for name in names]
    axes.set_yticks(range(len(names)), labels, fontsize=LABEL, color=INK)
    axes.set_ylim(max(len(names), 1) - 0.5, -0.5)
    axes.set_xlim(0.0, 1.0)
    axes.set_xlabel("IoU, with its interval over sites; in brackets the area drawn", fontsize=LABEL, color=MUTED)
    axes.grid(axis="x", color=GRID, lw=0.6)
    axes.tick_params(labelsize=LABEL, colors=MUTED)
    handles = [
        Line2D([], [], color=GOOD, marker="o", lw=1.6, label="network"),
        Line2D([], [], color=MASTER, marker="D", lw=1.6, label="two annotators, the ceiling"),
    ]
    figure.legend(handles=handles, loc="outside lower right", ncols=2, fontsize=SMALL, frameon=False)
    head(axes, title)
    return png(figure)


def confusion_plot(matrices: Mapping[str, Mapping[str, Any]]) -> bytes:
    """Draw matrices of shares side by side: rows what was drawn, columns what was said.

    Parameters
    ----------
    matrices
        By title: ``rows_drawn``, ``columns_said`` and ``shares`` of each row, None where nobody drew it.
    """
    widths = [_CELL * len(each["columns_said"]) + 2.0 for each in matrices.values()]
    tallest = max(len(_drawn_rows(each)) for each in matrices.values())
    figure = canvas(sum(widths), _CELL * tallest + 1.9)
    places = np.atleast_1d(figure.subplots(1, len(matrices), width_ratios=widths))
    for axes, (title, matrix) in zip(places, matrices.items(), strict=True):
        _draw_matrix(axes, matrix, title=title)
    return png(figure)


def class_reliability_plot(found: Mapping[str, Reliability], *, title: str) -> bytes:
    """Draw the share of cases over the probability, a line a class; under the diagonal a class is said too readily."""
    figure = canvas(5.6, 4.4)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=MUTED, lw=1, ls="--")
    for number, (name, each) in enumerate(found.items()):
        known = each.n > 0
        label = f"{_words(name)} {each.error:.3f}"
        style = ("-", "--", ":")[number // 10 % 3]
        axes.plot(each.mean_probability[known], each.share_of_cases[known], style, marker=".", lw=1.2, label=label)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel("probability", fontsize=LABEL, color=MUTED)
    axes.set_ylabel("share of pixels that is so", fontsize=LABEL, color=MUTED)
    axes.grid(color=GRID, lw=0.6)
    axes.tick_params(labelsize=SMALL, colors=MUTED)
    legend = figure.legend(loc="outside right upper", fontsize=SMALL, frameon=False, title="calibration error")
    legend.get_title().set_fontsize(SMALL)
    head(axes, title)
    return png(figure)


def _span(axes: Axes, place: float, span: Sequence[float | None], *, colour: str, marker: str) -> None:
    value, low, high = span
    if value is None:
        return
    if low is not None and high is not None:
        axes.plot([low, high], [place, place], color=colour, lw=2.2, solid_capstyle="butt", alpha=0.75)
    axes.plot([value], [place], marker=marker, color=colour, ms=5)


def _drawn_rows(matrix: Mapping[str, Any]) -> list[int]:
    """Rows of what somebody drew."""
    return [number for number, row in enumerate(matrix["shares"]) if any(share is not None for share in row)]


def _draw_matrix(axes: Axes, matrix: Mapping[str, Any], *, title: str) -> None:
    rows = _drawn_rows(matrix)
    shares = np.array([matrix["shares"][number] for number in rows], dtype=float).reshape(len(rows), -1)
    axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    axes.set_anchor("NW")
    for (row, column), share in np.ndenumerate(shares):
        colour = "white" if share > _DARK else INK
        axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", fontsize=SMALL, color=colour)
    columns = [_words(name) for name in matrix["columns_said"]]
    axes.set_xticks(range(len(columns)), columns, rotation=40, ha="right", fontsize=SMALL)
    axes.set_yticks(range(len(rows)), [_words(matrix["rows_drawn"][number]) for number in rows], fontsize=SMALL)
    axes.tick_params(colors=MUTED, length=0)
    axes.set_xlabel("said", fontsize=LABEL, color=MUTED)
    axes.set_ylabel("drawn", fontsize=LABEL, color=MUTED)
    head(axes, title)


def _words(name: str) -> str:
    return name.replace("_", " ")
