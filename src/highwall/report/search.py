"""A search for good options as pictures: what each trial reached, and which choices mattered."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from highwall.report.style import BAD, GOOD, GRID, INK, LABEL, MUTED, SMALL, canvas, head, legend_below, png


class Trial(NamedTuple):
    """One trial that came to any score."""

    number: int
    score: float
    """Of the whole trial, or at the pass at which it was stopped [1]."""
    is_complete: bool


def history_chart(trials: Sequence[Trial], *, title: str) -> bytes:
    """Draw the score of every trial in its order, and the best so far."""
    figure = canvas(7.2, 3.4)
    axes = figure.subplots()
    handles: list[object] = []
    for is_complete, colour, marker, word in ((True, GOOD, "o", "completed"), (False, MUTED, "x", "stopped early")):
        chosen = [trial for trial in trials if trial.is_complete == is_complete]
        numbers, scores = [trial.number for trial in chosen], [trial.score for trial in chosen]
        handles.append(
            axes.scatter(numbers, scores, s=14, c=colour, marker=marker, linewidths=0.8, label=f"{word}: {len(chosen)}")
        )
    completed = [trial for trial in trials if trial.is_complete]
    best = np.maximum.accumulate([trial.score for trial in completed]) if completed else np.empty(0)
    handles += axes.step(
        [trial.number for trial in completed], best, where="post", color=BAD, lw=1.4, label="best so far"
    )
    axes.set_xlabel("trial", fontsize=LABEL, color=INK)
    axes.set_ylabel("mean IoU on validation data", fontsize=LABEL, color=INK)
    axes.tick_params(labelsize=SMALL)
    axes.grid(color=GRID, lw=0.5)
    axes.set_axisbelow(True)
    head(axes, title)
    legend_below(axes, handles)
    return png(figure)


def importance_chart(importance: Mapping[str, float], *, title: str) -> bytes:
    """Draw how much of the spread of scores each choice explains."""
    figure = canvas(5.4, 0.9 + 0.3 * max(len(importance), 1))
    axes = figure.subplots()
    names, shares = list(importance)[::-1], list(importance.values())[::-1]
    bars = axes.barh([name.replace("_", " ") for name in names], shares, color=GOOD, height=0.62)
    axes.bar_label(bars, fmt="%.2f", fontsize=SMALL, padding=2)
    axes.set_xlim(0.0, 1.15 * max([*shares, 0.1]))
    axes.set_xlabel("share of the spread of scores that it explains (fANOVA)", fontsize=LABEL, color=INK)
    axes.tick_params(labelsize=SMALL)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    head(axes, title)
    return png(figure)
