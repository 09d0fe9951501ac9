"""How the parameters of a segmentation were chosen: local variance over scale, and the search against references."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from highwall.report.style import (
    BAD,
    GOOD,
    GRID,
    INK,
    LABEL,
    MASTER,
    MUTED,
    PAPER,
    SMALL,
    canvas,
    head,
    legend_below,
    png,
)

_MARKERS = {"decrease": "v", "peak": "^"}
_MEANINGS = {"decrease": "local variance does not grow after it", "peak": "rate of change stands out"}
_HEAT_MAP = "viridis_r"
_HEADROOM = 2.0
"""Height of the axis of the rate of change, in heights of the highest candidate."""
_DARK = 0.45
"""Part of the colour scale from which its colours are so dark that figures on them are white."""


def scale_plot(curve: pd.DataFrame, candidates: pd.DataFrame, *, chosen: float | None = None) -> bytes:
    """Draw local variance and its rate of change over the scales of a ladder, candidates marked and labelled.

    Parameters
    ----------
    curve
        By ``scale``: ``local_variance`` [the image's unit], ``rate_of_change`` [%].
    candidates
        By ``scale``: ``kind``, *decrease* or *peak*, and ``rate_of_change`` [%].
    chosen
        The scale that was taken.
    """
    figure = canvas(7.8, 5.6)
    upper, lower = figure.subplots(2, 1, sharex=True)
    upper.plot(curve.index, curve["local_variance"], "-", color=GOOD, lw=1.6)
    upper.set_ylabel("local variance [0–255]", fontsize=LABEL, color=MUTED)
    head(upper, "" if chosen is None else f"scale {chosen:g} taken")
    lower.axhline(0.0, color=MUTED, lw=0.8)
    lower.plot(curve.index, curve["rate_of_change"], "-", color=INK, lw=1.2)
    lower.set_ylabel("its rate of change [%]", fontsize=LABEL, color=MUTED)
    lower.set_xlabel("scale", fontsize=LABEL, color=MUTED)
    _mark(lower, candidates)
    lower.set_ylim(*_span(curve, candidates))
    for axes in (upper, lower):
        _tidy(axes, chosen)
    legend_below(lower, _handles(candidates, chosen))
    return png(figure)


def search_plot(table: pd.DataFrame, *, shape: float, compactness: float) -> bytes:
    """Draw the area difference over shape and compactness as a heat map, the best cell marked.

    Parameters
    ----------
    table
        A row a trial: ``shape``, ``compactness``, ``area_difference`` [1].
    shape, compactness
        The best.
    """
    grid = table.pivot(index="shape", columns="compactness", values="area_difference")
    figure = canvas(7.4, 6.0)
    axes = figure.subplots()
    picture = axes.imshow(grid.values, cmap=_HEAT_MAP, origin="lower", aspect="auto")
    _write_cells(axes, picture, grid)
    row, col = grid.index.to_list().index(shape), grid.columns.to_numpy(dtype=float).tolist().index(compactness)
    for colour, width in ((INK, 5.0), (BAD, 2.6)):
        axes.add_patch(Rectangle((col - 0.5, row - 0.5), 1, 1, fill=False, ec=colour, lw=width, clip_on=False))
    axes.set_xticks(range(grid.shape[1]), [f"{value:g}" for value in grid.columns])
    axes.set_yticks(range(grid.shape[0]), [f"{value:g}" for value in grid.index])
    axes.set_xlabel("compactness", fontsize=LABEL, color=MUTED)
    axes.set_ylabel("shape", fontsize=LABEL, color=MUTED)
    axes.tick_params(labelsize=SMALL, colors=MUTED, length=0)
    taken = f"shape {shape:g}, compactness {compactness:g}"
    low, high = float(grid.values.min()), float(grid.values.max())
    if low < high:
        head(axes, f"least area difference {low:.3f} at {taken}")
        bar = figure.colorbar(picture, ax=axes, shrink=0.8, aspect=22)
        bar.set_label("mean area difference of merged objects [1]", color=INK, fontsize=LABEL)
        bar.ax.tick_params(labelsize=SMALL)
    else:
        head(axes, f"area difference {low:.3f} wherever it was tried; {taken} taken")
    return png(figure)


def _write_cells(axes: Axes, picture: AxesImage, grid: pd.DataFrame) -> None:
    """Write each cell's value on it, white where its colour is dark."""
    values = grid.to_numpy(dtype=float)
    tones = np.where(np.asarray(picture.norm(values)) > _DARK, "white", INK)
    for (row, col), value in np.ndenumerate(values):
        axes.text(
            col, row, f"{value:.3f}", ha="center", va="center", fontsize=SMALL, color=str(tones[row, col])
        )  # fmt: skip


def _mark(axes: Axes, candidates: pd.DataFrame) -> None:
    kinds, rates = candidates["kind"].tolist(), candidates["rate_of_change"].tolist()
    for scale, kind, rate in zip(candidates.index.tolist(), kinds, rates, strict=True):
        axes.plot(scale, rate, _MARKERS[kind], color=BAD, ms=6, zorder=3)
        up = kind == "peak"
        axes.annotate(
            f"{scale:g}", (scale, rate), (0, 5 if up else -6), textcoords="offset points",
            ha="center", va="bottom" if up else "top", fontsize=SMALL, color=INK, zorder=4,
            path_effects=[withStroke(linewidth=2.4, foreground=PAPER)],
        )  # fmt: skip


def _span(curve: pd.DataFrame, candidates: pd.DataFrame) -> tuple[float, float]:
    """Limits [%] in which the candidates stand apart: the steep beginning of the curve may leave them."""
    rate = curve["rate_of_change"].dropna()
    if rate.empty:  # nothing varies: one value everywhere, or no pixel
        return -1.0, 1.0
    if candidates.empty:
        return float(rate.min()) - 1.0, float(rate.max()) + 1.0
    top = max(_HEADROOM * float(candidates["rate_of_change"].max()), 1.0)
    return min(float(rate.min()), 0.0) - 0.2 * top, top


def _tidy(axes: Axes, chosen: float | None) -> None:
    axes.grid(color=GRID, lw=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=SMALL, colors=MUTED)
    if chosen is not None:
        axes.axvline(chosen, color=MASTER, lw=2.4, zorder=1)


def _handles(candidates: pd.DataFrame, chosen: float | None) -> list[object]:
    present = [kind for kind in _MARKERS if (candidates["kind"] == kind).any()]
    handles: list[Any] = [
        Line2D([], [], marker=_MARKERS[kind], ls="", color=BAD, ms=6, label=f"candidate: {_MEANINGS[kind]}")
        for kind in present
    ]
    if chosen is not None:
        handles.append(Line2D([], [], color=MASTER, lw=2.4, label="scale taken"))
    return handles
