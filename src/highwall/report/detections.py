"""What was detected: objects over the scene, beside the map that they were cut from."""

from typing import Any

import geopandas as gpd
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from highwall.report.frame import finish, frame_of
from highwall.report.maps import outline
from highwall.report.style import LABEL, MUTED, NO_DATA_COLOUR, PATCH_COLOURS, SMALL, canvas, head, legend_below, png

PROBABILITY_MAP = "magma"
OTHER_COLOUR = "#ff5ec4"
"""Outlines of classes that have no colour of their own."""
_PANEL = 6.2
"""inch, width of a panel."""
_OUTLINE = 1.3
"""pt, width of an outline."""


def detection_map(
    picture: NDArray[np.uint8], probability: xr.DataArray, *, objects: gpd.GeoDataFrame, titles: tuple[str, str]
) -> bytes:
    """Draw objects over an image, and the probability that they were cut from.

    Parameters
    ----------
    picture : (y, x, 3) uint8
    probability : (y, x) [1]
        On a grid with a CRS, of the picture's extent. NaN is missing.
    objects
        Polygons with ``mine_class``.
    titles
        Of the left and of the right map.
    """
    frame = frame_of(probability)
    figure = canvas(2 * _PANEL, max(_PANEL - 1.6, 1.0) * frame.ratio + 1.2)
    left, right = figure.subplots(1, 2)
    left.imshow(picture, extent=frame.extent, interpolation="bilinear")
    _outlines(left, objects.to_crs(str(probability.odc.crs)))
    shown = heat(right, probability, frame.extent)
    for axes, title in zip((left, right), titles, strict=True):
        head(axes, title)
        finish(axes, frame)
    legend_below(left, _handles(objects))
    bar = figure.colorbar(shown, ax=right, shrink=0.7, pad=0.02)
    bar.ax.tick_params(labelsize=SMALL, colors=MUTED)
    bar.set_label("probability", fontsize=LABEL, color=MUTED)
    return png(figure)


def heat(axes: Axes, probability: xr.DataArray, extent: tuple[float, float, float, float]) -> ScalarMappable:
    """Draw a probability, 0 to 1, and grey where nothing is known."""
    axes.set_facecolor(NO_DATA_COLOUR)
    values = np.ma.masked_invalid(probability.values)
    return axes.imshow(values, extent=extent, cmap=PROBABILITY_MAP, norm=Normalize(0.0, 1.0), interpolation="nearest")


def colour_of(mine_class: str) -> str:
    """Colour of a class's outlines."""
    return PATCH_COLOURS.get(mine_class, OTHER_COLOUR)


def _outlines(axes: Axes, objects: gpd.GeoDataFrame) -> None:
    for name in objects["mine_class"].unique():
        outline(axes, objects[objects["mine_class"] == name], edge=colour_of(name), width=_OUTLINE)


def _handles(objects: gpd.GeoDataFrame) -> list[Any]:
    return [
        Line2D([], [], color=colour_of(name), lw=2, label=name.replace("_", " "))
        for name in sorted(objects["mine_class"].unique())
    ]
