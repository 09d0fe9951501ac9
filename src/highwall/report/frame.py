"""The frame of a map: extent and labels of its axes, scale bar, north arrow.

A grid without a CRS, as a radar image has, is framed in pixels: no scale bar, no north.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.transforms import ScaledTranslation
from numpy.typing import NDArray
from odc.geo.geom import point

from highwall.core.grid import GeoBox, crs_name
from highwall.report.style import INK, LABEL, MUTED, SMALL, TITLE

_METRES_PER_DEGREE = 111_195.0
"""m, along a meridian of a sphere of 6371 km."""
_MAX_SIDE = 1400
"""px, longest side of an array as drawn: more than a picture has room for."""


@dataclass(frozen=True)
class Frame:
    """Where an array lies on paper."""

    extent: tuple[float, float, float, float]
    """x of the first and last column's edge, y of the last and first row's edge."""
    x_label: str
    y_label: str
    aspect: float = 1.0
    """Length on paper of a unit of y, in units of x."""
    unit_m: float | None = None
    """Length on the ground of a unit of x [m]; None when unknown."""
    north: tuple[float, float] | None = None
    """Unit vector on paper, right and up; None when unknown."""

    @property
    def ratio(self) -> float:
        """Height over width on paper."""
        left, right, bottom, top = self.extent
        return self.aspect * abs(top - bottom) / abs(right - left)

    @property
    def size(self) -> tuple[float, float]:
        """Size of a figure [inch] that holds the map alone, with room for its labels."""
        width = 7.2 if self.ratio <= 1.1 else 7.2 / self.ratio
        return max(width, 3.6) + 0.6, max(width * self.ratio, 2.4) + 0.6


def frame_of(array: xr.DataArray) -> Frame:
    """Frame of a layer: by its CRS, or in pixels where it has none."""
    grid = array.odc.geobox
    if isinstance(grid, GeoBox) and grid.crs is not None:
        return frame_of_grid(grid)
    rows, cols = array.sizes["y"], array.sizes["x"]
    return Frame((0.0, cols, rows, 0.0), "range [px]", "azimuth [px]")


def frame_of_grid(grid: GeoBox) -> Frame:
    """Frame of a grid with a CRS."""
    left, top = grid.transform * (0, 0)
    right, bottom = grid.transform * (grid.shape.x, grid.shape.y)
    extent = (float(left), float(right), float(bottom), float(top))
    if grid.crs is not None and grid.crs.projected:
        unit = "m" if grid.crs.units[0] in {"metre", "m"} else grid.crs.units[0]
        return Frame(
            extent, f"easting [{unit}], {crs_name(grid)}", f"northing [{unit}]",
            unit_m=1.0 if unit == "m" else None, north=_north(grid),
        )  # fmt: skip
    shrink = max(float(np.cos(np.radians((top + bottom) / 2))), 0.1)
    return Frame(
        extent, f"longitude [°], {crs_name(grid)}", "latitude [°]",
        aspect=1.0 / shrink, unit_m=_METRES_PER_DEGREE * shrink, north=(0.0, 1.0),
    )  # fmt: skip


def finish(axes: Axes, frame: Frame) -> None:
    """Set limits and labels, and draw scale bar and north arrow."""
    left, right, bottom, top = frame.extent
    axes.set_xlim(min(left, right), max(left, right))
    if frame.unit_m is None and frame.north is None:
        axes.set_ylim(bottom, top)
    else:
        axes.set_ylim(min(bottom, top), max(bottom, top))
    axes.set_aspect(frame.aspect)
    if frame.unit_m is not None:
        scale_bar(axes, unit_m=frame.unit_m)
    if frame.north is not None:
        _north_arrow(axes, frame.north)
    axes.locator_params(nbins=5)
    axes.ticklabel_format(useOffset=False, style="plain")
    axes.tick_params(labelsize=SMALL, colors=MUTED)
    axes.set_xlabel(frame.x_label, fontsize=LABEL, color=MUTED)
    axes.set_ylabel(frame.y_label, fontsize=LABEL, color=MUTED)


def scale_bar(axes: Axes, *, unit_m: float = 1.0) -> None:
    """Draw a bar of 1, 2 or 5 × 10ⁿ metres, about a quarter of the width.

    Parameters
    ----------
    unit_m
        Length of a unit of x [m].
    """
    left, right = axes.get_xlim()
    bottom, top = axes.get_ylim()
    target = (right - left) * unit_m / 4
    magnitude = 10 ** np.floor(np.log10(target))
    metres = magnitude * max(step for step in (1, 2, 5) if step * magnitude <= target)
    x, y = left + 0.04 * (right - left), bottom + 0.05 * (top - bottom)
    for colour, width in (("black", 5.0), ("white", 2.6)):
        axes.plot([x, x + metres / unit_m], [y, y], color=colour, lw=width, solid_capstyle="butt")
    axes.annotate(
        f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m", (x, y), (2, 7), textcoords="offset points",
        fontsize=LABEL, color="white",
        bbox={"boxstyle": "round,pad=0.15", "facecolor": INK, "edgecolor": "none", "alpha": 0.7},
    )  # fmt: skip


def shrunk(picture: NDArray[Any]) -> NDArray[Any]:
    """Every n-th row and column, n the least that makes the picture fit for drawing."""
    step = max(1, -(-max(picture.shape[:2]) // _MAX_SIDE))
    return picture[::step, ::step]


def _north(grid: GeoBox) -> tuple[float, float]:
    """Direction of true north at the middle of a projected grid."""
    lon, lat = grid.extent.centroid.to_crs("EPSG:4326").coords[0]
    (x0, y0), (x1, y1) = (point(lon, lat + step, "EPSG:4326").to_crs(str(grid.crs)).coords[0] for step in (0.0, 0.01))
    length = float(np.hypot(x1 - x0, y1 - y0))
    return (x1 - x0) / length, (y1 - y0) / length


def _north_arrow(axes: Axes, north: tuple[float, float]) -> None:
    right, up = north
    corner = ScaledTranslation((-15 + 11 * right) / 72, (-19 + 11 * up) / 72, axes.figure.dpi_scale_trans)
    axes.annotate(
        "N", xy=(1.0, 1.0), xycoords=axes.transAxes + corner, xytext=(-22 * right, -22 * up),
        textcoords="offset points", ha="center", va="center", fontsize=TITLE, color="white",
        arrowprops={
            "arrowstyle": "-|>", "color": "white", "lw": 1.4, "shrinkA": 0, "shrinkB": 0,
            "path_effects": [withStroke(linewidth=3.2, foreground=INK)],
        },
        bbox={"boxstyle": "round,pad=0.2", "facecolor": INK, "edgecolor": "none", "alpha": 0.6},
    )  # fmt: skip
