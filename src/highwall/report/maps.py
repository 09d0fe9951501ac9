"""Maps over the scene: patches, permits and findings; a close look at one finding."""

from typing import Any

import geopandas as gpd
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path as Outline
from numpy.typing import NDArray
from odc.geo.geom import box

from highwall.core.grid import GeoBox
from highwall.report.frame import finish, frame_of_grid, scale_bar, shrunk
from highwall.report.style import (
    DRAWN_COLOUR,
    FINDING_COLOUR,
    INK,
    PATCH_COLOURS,
    PERMIT_COLOUR,
    canvas,
    png,
)


def patch_map(
    scene: NDArray[np.uint8],
    grid: GeoBox,
    *,
    patches: gpd.GeoDataFrame,
    findings: gpd.GeoDataFrame | None = None,
    permits: gpd.GeoDataFrame | None = None,
    drawn: gpd.GeoDataFrame | None = None,
) -> bytes:
    """Draw patches, permits and findings over the true-colour scene.

    Parameters
    ----------
    scene : (y, x, 3) uint8
    grid
        Of the scene, projected in metres.
    drawn
        Mine ground as people drew it, to compare with.
    """
    patches = patches.to_crs(str(grid.crs))
    figure = canvas(*frame_of_grid(grid).size)
    axes = figure.subplots()
    _backdrop(axes, scene, grid)
    for name, colour in PATCH_COLOURS.items():
        outline(axes, patches[patches["mine_class"] == name], edge=colour, width=1.8)
    if permits is not None:
        outline(axes, permits.to_crs(str(grid.crs)), edge=PERMIT_COLOUR, width=1.4, style=(0, (5, 3)))
    if drawn is not None:
        outline(axes, drawn.to_crs(str(grid.crs)), edge=DRAWN_COLOUR, width=1.4, style=(0, (2, 1.5)))
    if findings is not None:
        ground = findings.to_crs(str(grid.crs))
        outline(axes, ground, edge=FINDING_COLOUR, width=1.6, fill=FINDING_COLOUR, alpha=0.28)
    _name_patches(axes, patches)
    _legend(axes, patches, findings=findings, permits=permits, drawn=drawn)
    finish(axes, frame_of_grid(grid))
    return png(figure)


def finding_chip(scene: NDArray[np.uint8], grid: GeoBox, finding: Any, permits: gpd.GeoDataFrame | None) -> bytes:
    """Draw the ground of one finding, in the CRS of the scene, with some of its surroundings."""
    left, bottom, right, top = finding.bounds
    half = max(right - left, top - bottom) / 2 + max(right - left, top - bottom, 400.0) * 0.6
    centre_x, centre_y = (left + right) / 2, (bottom + top) / 2
    figure = canvas(3.4, 3.4)
    axes = figure.subplots()
    window = box(centre_x - half, centre_y - half, centre_x + half, centre_y + half, str(grid.crs))
    near: Any = grid.overlap_roi(GeoBox.from_geopolygon(window, resolution=grid.resolution))
    if scene[near].size:
        _backdrop(axes, scene[near], grid[near])
    ground = gpd.GeoDataFrame(geometry=[finding], crs=str(grid.crs))
    if permits is not None:
        outline(axes, permits.to_crs(str(grid.crs)), edge=PERMIT_COLOUR, width=1.4, style=(0, (5, 3)))
    outline(axes, ground, edge=FINDING_COLOUR, width=2.0)
    axes.set_xlim(centre_x - half, centre_x + half)
    axes.set_ylim(centre_y - half, centre_y + half)
    scale_bar(axes)
    axes.set_xticks([])
    axes.set_yticks([])
    return png(figure)


def _backdrop(axes: Axes, scene: NDArray[np.uint8], grid: GeoBox) -> None:
    axes.imshow(shrunk(scene), extent=frame_of_grid(grid).extent, interpolation="bilinear")


def outline(
    axes: Axes,
    frame: gpd.GeoDataFrame,
    *,
    edge: str,
    width: float,
    style: Any = "-",
    fill: str | None = None,
    alpha: float = 1.0,
) -> None:
    """Draw the outlines of polygons, holes too, in the CRS of the axes; fill them where a colour is given."""
    for geometry in frame.geometry.explode(ignore_index=True):
        if geometry.geom_type != "Polygon":
            continue
        rings = [np.asarray(ring.coords)[:, :2] for ring in (geometry.exterior, *geometry.interiors)]
        path = Outline.make_compound_path(*(Outline(ring, closed=True) for ring in rings))
        if fill:
            axes.add_patch(PathPatch(path, facecolor=fill, edgecolor="none", alpha=alpha))
        axes.add_patch(PathPatch(path, facecolor="none", edgecolor=edge, linewidth=width, linestyle=style))


def _name_patches(axes: Axes, patches: gpd.GeoDataFrame, most: int = 12) -> None:
    for patch in patches.head(most).itertuples():
        point = patch.geometry.representative_point()
        box = {"boxstyle": "round,pad=0.15", "facecolor": INK, "edgecolor": "none", "alpha": 0.7}
        axes.text(point.x, point.y, patch.patch_id, color="white", fontsize=7, ha="center", va="center", bbox=box)


def _legend(
    axes: Axes,
    patches: gpd.GeoDataFrame,
    *,
    findings: gpd.GeoDataFrame | None,
    permits: gpd.GeoDataFrame | None,
    drawn: gpd.GeoDataFrame | None,
) -> None:
    present = [name for name in PATCH_COLOURS if (patches["mine_class"] == name).any()]
    handles: list[Any] = [
        Line2D([], [], color=PATCH_COLOURS[name], lw=2, label=name.replace("_", " ")) for name in present
    ]
    if permits is not None:
        handles.append(Line2D([], [], color=PERMIT_COLOUR, lw=1.5, ls="--", label="permit"))
    if drawn is not None:
        handles.append(Line2D([], [], color=DRAWN_COLOUR, lw=1.5, ls=(0, (2, 1.5)), label="drawn by eye"))
    if findings is not None and not findings.empty:
        handles.append(Patch(facecolor=FINDING_COLOUR, alpha=0.6, label="finding"))
    if handles:
        legend = axes.legend(handles=handles, loc="lower right", fontsize=8, facecolor=INK, framealpha=0.75)
        for text in legend.get_texts():
            text.set_color("white")
