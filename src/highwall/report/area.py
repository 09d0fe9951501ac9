"""Mapped areas beside estimated ones, with their intervals."""

import numpy as np
import pandas as pd

from highwall.report.style import BAD, GOOD, GRID, LABEL, SMALL, canvas, head, png


def area_bars(classes: pd.DataFrame, *, coverage: float) -> bytes:
    """Draw for each class what the map says, and what is there with its interval [ha].

    Parameters
    ----------
    classes
        Rows by class: ``mapped_m2``, ``area_m2``, ``area_low_m2``, ``area_high_m2``.
    """
    figure = canvas(7.0, 1.2 + 0.55 * len(classes))
    axes = figure.subplots()
    at = np.arange(len(classes))[::-1]
    hectares = classes[["mapped_m2", "area_m2", "area_low_m2", "area_high_m2"]] / 1e4
    reach = np.abs(hectares[["area_low_m2", "area_high_m2"]].to_numpy().T - hectares["area_m2"].to_numpy())
    axes.errorbar(
        hectares["area_m2"], at, xerr=reach, fmt="o", color=GOOD, capsize=4,
        label=f"estimated from points, {100 * coverage:.0f} % interval",
    )  # fmt: skip
    axes.plot(hectares["mapped_m2"], at, "D", color=BAD, markersize=5, label="counted on the map")
    axes.set_yticks(at, [str(name).replace("_", " ") for name in classes.index], fontsize=LABEL)
    axes.set_ylim(-0.6, len(classes) - 0.4)
    axes.set_xlim(left=0.0)
    axes.set_xlabel("area [ha]", fontsize=LABEL)
    axes.tick_params(axis="x", labelsize=SMALL)
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.legend(loc="best", fontsize=SMALL, frameon=False)
    head(axes, "What the map says, and what is there")
    return png(figure)
