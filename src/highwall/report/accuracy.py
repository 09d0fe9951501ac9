"""Found mines beside known ones: what was identified, missed and invented, on a map and by size."""

from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from highwall.patches.accuracy import ObjectAccuracy
from highwall.report.frame import Frame, finish, frame_of, shrunk
from highwall.report.maps import outline
from highwall.report.style import GOOD, GRID, INK, LABEL, MUTED, SMALL, canvas, head, legend_below, png

MISSED, INVENTED = "#d55e00", "#cc79a7"
"""Of Okabe and Ito, beside the blue of what is right."""
_GROUND, _MAPPED = "#eef1f4", "#c3ccd6"
_KINDS: Final = (
    (True, True, "mine, mapped", GOOD, "o"),
    (True, False, "mine, not mapped", MISSED, "X"),
    (False, True, "no mine, mapped", INVENTED, "s"),
    (False, False, "no mine, not mapped", MUTED, "."),
)
_WIDTH = 6.2
"""inch, of the map."""


def object_map(
    is_mine: xr.DataArray, references: gpd.GeoDataFrame, found: gpd.GeoDataFrame, accuracy: ObjectAccuracy
) -> bytes:
    """Draw references and found patches, and how many were missed or invented by size.

    Parameters
    ----------
    is_mine : (y, x) bool
        On a grid with a CRS.
    references, found
        In that CRS, in the order of the tables.
    accuracy
        Which of them were identified, and which are commissions.
    """
    frame = frame_of(is_mine)
    figure = canvas(_WIDTH + 3.4, max(_WIDTH * frame.ratio, 2.8) + 1.0)
    left, right = figure.subplots(1, 2, width_ratios=[_WIDTH, 3.0])
    _ground(left, is_mine, frame)
    is_identified = accuracy.references["is_identified"].to_numpy(dtype=bool)
    is_invented = accuracy.found["is_commission"].to_numpy(dtype=bool)
    outline(left, found[is_invented], edge=INVENTED, width=1.2, fill=INVENTED, alpha=0.35)
    outline(left, references[is_identified], edge=GOOD, width=1.4)
    outline(left, references[~is_identified], edge=MISSED, width=1.6)
    head(left, f"{is_identified.sum()} of {is_identified.size} references identified; "
               f"{is_invented.sum()} of {is_invented.size} found are no reference")  # fmt: skip
    legend_below(left, _handles(is_identified, is_invented), columns=4)
    _sizes(right, accuracy.references, accuracy.found)
    finish(left, frame)
    return png(figure)


def point_map(is_mine: xr.DataArray, points: gpd.GeoDataFrame) -> bytes:
    """Draw points by what they are and what the map says there: ``is_mine`` and ``is_mapped``."""
    frame = frame_of(is_mine)
    figure = canvas(_WIDTH + 0.6, max(_WIDTH * frame.ratio, 2.8) + 1.0)
    axes = figure.subplots()
    _ground(axes, is_mine, frame)
    handles: list[object] = []
    for truth, said, name, colour, marker in reversed(_KINDS):
        chosen = points[(points["is_mine"] == truth) & (points["is_mapped"] == said)]
        axes.scatter(chosen.geometry.x, chosen.geometry.y, s=14, c=colour, marker=marker, linewidths=0)
        label = f"{name}: {len(chosen)}"
        handles.append(Line2D([], [], color=colour, marker=marker, ls="", label=label))
    head(axes, f"{len(points)} points whose truth is told, over the map")
    legend_below(axes, handles, columns=2)
    finish(axes, frame)
    return png(figure)


def _ground(axes: Axes, is_mine: xr.DataArray, frame: Frame) -> None:
    colours = np.array([_rgb(_GROUND), _rgb(_MAPPED)])
    layer = colours[shrunk(is_mine.values).astype(int)]
    axes.imshow(layer, extent=frame.extent, interpolation="nearest", origin="upper")


def _rgb(colour: str) -> list[float]:
    return [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]


def _handles(is_identified: NDArray[np.bool_], is_invented: NDArray[np.bool_]) -> list[object]:
    """Legend of what there is to see."""
    entries = (
        (True, Patch(facecolor=_MAPPED, label="found")),
        (is_identified.any(), Line2D([], [], color=GOOD, lw=2, label="identified")),
        (not is_identified.all(), Line2D([], [], color=MISSED, lw=2, label="missed")),
        (is_invented.any(), Patch(facecolor=INVENTED, alpha=0.5, label="found, no reference")),
    )
    return [handle for is_there, handle in entries if is_there]


def _sizes(axes: Axes, references: pd.DataFrame, found: pd.DataFrame) -> None:
    """Sizes of all patches from large to small, those missed or invented apart."""
    rows = (
        (references["area_m2"][references["is_identified"]], GOOD, "identified"),
        (references["area_m2"][~references["is_identified"]], MISSED, "missed"),
        (found["area_m2"][found["is_commission"]], INVENTED, "found, no reference"),
    )
    for place, (areas, colour, _) in enumerate(rows):
        spread = place + np.linspace(-0.22, 0.22, max(len(areas), 1))[: len(areas)]
        axes.scatter(spread, areas / 1e4, s=16, c=colour, linewidths=0, alpha=0.8)
    axes.set_xticks(range(len(rows)), [f"{name}\n({len(areas)})" for areas, _, name in rows])
    axes.set_xlim(-0.6, len(rows) - 0.4)
    if any(len(areas) for areas, _, _ in rows):
        axes.set_yscale("log")
    axes.set_ylabel("area [ha]", fontsize=LABEL, color=MUTED)
    axes.tick_params(labelsize=SMALL, colors=MUTED)
    axes.grid(axis="y", color=GRID, lw=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(INK)
    head(axes, "by size")
