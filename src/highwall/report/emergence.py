"""What came up between two dates: both scenes and the map of emergence, side by side."""

from typing import NamedTuple

import geopandas as gpd
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from highwall.report.detections import colour_of, heat
from highwall.report.frame import finish, frame_of
from highwall.report.maps import outline
from highwall.report.style import LABEL, MUTED, SMALL, canvas, head, png

_PANEL = 5.2
"""inch, width of a panel."""
_OUTLINE = 1.3
"""pt, width of an outline."""


class EmergencePictures(NamedTuple):
    """Three views of one extent."""

    before: NDArray[np.uint8]
    """(y, x, 3)."""
    after: NDArray[np.uint8]
    """(y, x, 3)."""
    emergence: xr.DataArray
    """(y, x) [1], on a grid with a CRS. NaN is missing."""


def emergence_map(pictures: EmergencePictures, *, objects: gpd.GeoDataFrame, titles: tuple[str, str, str]) -> bytes:
    """Draw both dates, what came up outlined on the later one, and the map that it was cut from.

    Parameters
    ----------
    objects
        Polygons with ``mine_class``.
    titles
        Of the three panels.
    """
    frame = frame_of(pictures.emergence)
    figure = canvas(3 * _PANEL, max(_PANEL - 1.3, 1.0) * frame.ratio + 0.9)
    panels = figure.subplots(1, 3)
    for axes, scene in zip(panels, (pictures.before, pictures.after), strict=False):
        axes.imshow(scene, extent=frame.extent, interpolation="bilinear")
    placed = objects.to_crs(str(pictures.emergence.odc.crs))
    for name in placed["mine_class"].unique():
        outline(panels[1], placed[placed["mine_class"] == name], edge=colour_of(name), width=_OUTLINE)
    shown = heat(panels[2], pictures.emergence, frame.extent)
    for axes, title in zip(panels, titles, strict=True):
        head(axes, title)
        finish(axes, frame)
    bar = figure.colorbar(shown, ax=panels[2], shrink=0.7, pad=0.02)
    bar.ax.tick_params(labelsize=SMALL, colors=MUTED)
    bar.set_label("emergence", fontsize=LABEL, color=MUTED)
    return png(figure)
