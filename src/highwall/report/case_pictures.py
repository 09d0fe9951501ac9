"""Pictures of a case: the ground of a finding at one date, to scale, north up, dated."""

from typing import Any, Final

import geopandas as gpd
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from highwall.core.grid import GeoBox
from highwall.report.frame import frame_of_grid, scale_bar
from highwall.report.maps import outline
from highwall.report.style import FINDING_COLOUR, INK, PERMIT_COLOUR, canvas, head, png

SIDE_INCH: Final = 3.6


def case_map(
    scene: NDArray[np.uint8], grid: GeoBox, *, ground: Any, permits: gpd.GeoDataFrame | None, title: str
) -> bytes:
    """Draw the ground of a finding over one scene.

    Parameters
    ----------
    scene : (y, x, 3) uint8
        The surroundings, as :func:`surroundings` cuts them.
    ground
        In the CRS of the grid.
    """
    figure = canvas(SIDE_INCH, SIDE_INCH + 0.3)
    axes = figure.subplots()
    left, right, bottom, top = frame_of_grid(grid).extent
    axes.imshow(scene, extent=(left, right, bottom, top), interpolation="nearest")
    if permits is not None:
        outline(axes, permits.to_crs(str(grid.crs)), edge=PERMIT_COLOUR, width=1.4, style=(0, (5, 3)))
    outline(axes, gpd.GeoDataFrame(geometry=[ground], crs=str(grid.crs)), edge=FINDING_COLOUR, width=1.8)
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    axes.set_xticks([])
    axes.set_yticks([])
    scale_bar(axes)
    _north(axes)
    head(axes, title)
    return png(figure)


def surroundings(ground: Any, grid: GeoBox) -> tuple[slice, slice]:
    """Rows and columns of a square around ground: its size and six tenths more on each side, 240 m at least."""
    left, bottom, right, top = ground.bounds
    half = max(right - left, top - bottom) / 2 + max(right - left, top - bottom, 400.0) * 0.6
    x, y = (left + right) / 2, (bottom + top) / 2
    (c0, r0), (c1, r1) = (~grid.transform * corner for corner in ((x - half, y + half), (x + half, y - half)))
    rows = slice(max(int(np.floor(r0)), 0), min(int(np.ceil(r1)), grid.shape[0]))
    cols = slice(max(int(np.floor(c0)), 0), min(int(np.ceil(c1)), grid.shape[1]))
    return rows, cols


def _north(axes: Axes) -> None:
    """Arrow to the top, where north is."""
    axes.annotate(
        "N", xy=(0.94, 0.96), xytext=(0.94, 0.82), xycoords="axes fraction", ha="center", va="center", color="white",
        fontsize=9, fontweight="bold", arrowprops={"arrowstyle": "-|>", "color": "white", "lw": 1.6},
        bbox={"boxstyle": "round,pad=0.15", "facecolor": INK, "edgecolor": "none", "alpha": 0.55},
    )  # fmt: skip
