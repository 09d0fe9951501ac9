"""Maps: patches over the scene, the moving ground, a close look at one finding."""

from typing import Any

import geopandas as gpd
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path as Outline
from numpy.typing import NDArray
from odc.geo.geom import box

from highwall.core.grid import GeoBox, grid_of
from highwall.report.style import (
    DECORRELATED_COLOUR,
    DRAWN_COLOUR,
    FINDING_COLOUR,
    INK,
    MOTION_MAP,
    MUTED,
    PATCH_COLOURS,
    PERMIT_COLOUR,
    canvas,
    png,
)

_MAX_SIDE = 1400
"""px, longest side of a background picture."""


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
    figure = canvas(*_size(grid))
    axes = figure.subplots()
    _backdrop(axes, scene, grid)
    for name, colour in PATCH_COLOURS.items():
        _outline(axes, patches[patches["mine_class"] == name], edge=colour, width=1.8)
    if permits is not None:
        _outline(axes, permits.to_crs(str(grid.crs)), edge=PERMIT_COLOUR, width=1.4, style=(0, (5, 3)))
    if drawn is not None:
        _outline(axes, drawn.to_crs(str(grid.crs)), edge=DRAWN_COLOUR, width=1.4, style=(0, (2, 1.5)))
    if findings is not None:
        ground = findings.to_crs(str(grid.crs))
        _outline(axes, ground, edge=FINDING_COLOUR, width=1.6, fill=FINDING_COLOUR, alpha=0.28)
    _name_patches(axes, patches)
    _legend(axes, patches, findings=findings, permits=permits, drawn=drawn)
    _finish(axes, grid)
    return png(figure)


def motion_map(motion: xr.Dataset, *, patches: gpd.GeoDataFrame | None = None, vertical: bool = True) -> bytes:
    """Draw velocity in mm/year, decorrelated ground in grey, patches outlined.

    Parameters
    ----------
    motion : velocity or velocity_vertical (y, x) [m year⁻¹], decorrelated (y, x) bool
    """
    grid = grid_of(motion)
    name = "velocity_vertical" if vertical and "velocity_vertical" in motion else "velocity"
    millimetres = 1e3 * motion[name].values
    decorrelated = motion["decorrelated"].values
    shown = np.where(decorrelated, np.nan, millimetres)
    limit = max(5.0, float(np.nanpercentile(np.abs(shown), 99))) if np.isfinite(shown).any() else 5.0
    figure = canvas(_size(grid)[0] + 0.9, _size(grid)[1])
    axes = figure.subplots()
    axes.set_facecolor("#eef1f4")
    picture = axes.imshow(
        shown, cmap=MOTION_MAP, vmin=-limit, vmax=limit, extent=_extent(grid), interpolation="nearest"
    )
    axes.imshow(
        np.where(decorrelated, 1.0, np.nan), cmap=ListedColormap([DECORRELATED_COLOUR]), extent=_extent(grid),
        interpolation="nearest", vmin=0, vmax=1,
    )  # fmt: skip
    if patches is not None and not patches.empty:
        _outline(axes, patches.to_crs(str(grid.crs)), edge=INK, width=1.0)
    label = "vertical velocity, if all motion is vertical" if name == "velocity_vertical" else "line-of-sight velocity"
    bar = figure.colorbar(picture, ax=axes, shrink=0.85, extend="both")
    bar.set_label(f"{label} [mm/year]", color=INK)
    if decorrelated.any():
        handle = Patch(facecolor=DECORRELATED_COLOUR, label="decorrelated")
        axes.legend(handles=[handle], loc="lower right", fontsize=8, framealpha=0.9)
    _finish(axes, grid)
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
        _outline(axes, permits.to_crs(str(grid.crs)), edge=PERMIT_COLOUR, width=1.4, style=(0, (5, 3)))
    _outline(axes, ground, edge=FINDING_COLOUR, width=2.0)
    axes.set_xlim(centre_x - half, centre_x + half)
    axes.set_ylim(centre_y - half, centre_y + half)
    _scale_bar(axes)
    axes.set_xticks([])
    axes.set_yticks([])
    return png(figure)


def _size(grid: GeoBox) -> tuple[float, float]:
    """Figure size [inch] with the proportions of a grid, a little room for labels."""
    ratio = grid.shape.y / grid.shape.x
    width = 7.2 if ratio <= 1.1 else 7.2 / ratio
    return max(width, 3.6) + 0.6, max(width * ratio, 2.4) + 0.5


def _extent(grid: GeoBox) -> tuple[float, float, float, float]:
    box = grid.boundingbox
    return box.left, box.right, box.bottom, box.top


def _shrunk(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    step = max(1, -(-max(picture.shape[:2]) // _MAX_SIDE))
    return picture[::step, ::step]


def _backdrop(axes: Axes, scene: NDArray[np.uint8], grid: GeoBox) -> None:
    axes.imshow(_shrunk(scene), extent=_extent(grid), interpolation="bilinear")


def _outline(
    axes: Axes,
    frame: gpd.GeoDataFrame,
    *,
    edge: str,
    width: float,
    style: Any = "-",
    fill: str | None = None,
    alpha: float = 1.0,
) -> None:
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


def _finish(axes: Axes, grid: GeoBox) -> None:
    axes.set_xlim(*_extent(grid)[:2])
    axes.set_ylim(*_extent(grid)[2:])
    projected = bool(grid.crs and grid.crs.projected)
    if projected:
        _scale_bar(axes)
    else:
        axes.set_aspect(1.0 / max(np.cos(np.radians(np.mean(axes.get_ylim()))), 0.1))
    axes.annotate(
        "N", xy=(0.965, 0.985), xytext=(0.965, 0.90), xycoords="axes fraction", ha="center", va="center", fontsize=9,
        color="white", arrowprops={"arrowstyle": "-|>", "color": "white", "lw": 1.4},
        bbox={"boxstyle": "round,pad=0.2", "facecolor": INK, "edgecolor": "none", "alpha": 0.6},
    )  # fmt: skip
    axes.tick_params(labelsize=7, colors=MUTED)
    axes.ticklabel_format(useOffset=False, style="plain")
    code = f"EPSG:{grid.crs.epsg}" if grid.crs and grid.crs.epsg else "own CRS"
    axes.set_xlabel(f"{'easting [m]' if projected else 'longitude [°]'}, {code}", fontsize=8, color=MUTED)
    axes.set_ylabel("northing [m]" if projected else "latitude [°]", fontsize=8, color=MUTED)


def _scale_bar(axes: Axes) -> None:
    left, right = axes.get_xlim()
    bottom, top = axes.get_ylim()
    target = (right - left) / 4
    magnitude = 10 ** np.floor(np.log10(target))
    length = magnitude * max(step for step in (1, 2, 5) if step * magnitude <= target)
    x, y = left + 0.04 * (right - left), bottom + 0.05 * (top - bottom)
    for colour, width in (("black", 5.0), ("white", 2.6)):
        axes.plot([x, x + length], [y, y], color=colour, lw=width, solid_capstyle="butt")
    text = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    axes.text(
        x, y + 0.018 * (top - bottom), text, fontsize=8, color="white",
        bbox={"boxstyle": "round,pad=0.15", "facecolor": INK, "edgecolor": "none", "alpha": 0.7},
    )  # fmt: skip
