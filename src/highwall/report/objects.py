"""Objects and patches over the image: boundaries along pixel edges, thin enough to see what they part."""

import math
from typing import Any, Final

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from highwall.core.grid import Window, grid_of
from highwall.report.frame import Frame, finish, frame_of, shrunk
from highwall.report.style import INK, canvas, head, legend_below, png

BOUNDARY_COLOUR: Final = "#ffe14d"
BEFORE_COLOUR, AFTER_COLOUR = "#ff5ec4", "#ffe14d"
GAINED_COLOUR, LOST_COLOUR = "#3ddbd9", "#ff2d6f"
_MOST_OBJECTS = 1500
"""Objects that a picture of this size shows apart."""
_THIN, _FIRM = 0.55, 1.1
"""Line widths [pt] of objects and of patches; each lies on a wider dark line that parts it from bright ground."""
_CASING = 0.9
_GAMMA = 1.0 / 1.3
"""Power by which pictures are brightened, as those of scenes are."""
_PANEL, _TALLEST = 6.2, 12.0
"""inch, width of a panel, and height up to which it has that width."""
_STRIP = 0.15
"""Short over long side below which an image is a strip, whose short side has no room for labels."""


def shown_window(shape: tuple[int, ...], n_objects: int) -> Window:
    """Choose the part of an image, around its middle, whose objects can still be told apart on paper."""
    share = min(1.0, math.sqrt(_MOST_OBJECTS / max(n_objects, 1)))
    sides = (max(1, round(length * share)) for length in shape)
    rows, cols = (
        slice((length - side) // 2, (length - side) // 2 + side) for length, side in zip(shape, sides, strict=True)
    )
    return Window(rows, cols)


def boundary_map(picture: NDArray[np.uint8], labels: xr.DataArray, *, title: str = "") -> bytes:
    """Draw the boundaries of objects over an image.

    Parameters
    ----------
    picture : (y, x, 3) uint8
    labels : (y, x) int
        Of the same shape, on a grid with a CRS; 0 is none.
    """
    frame = frame_of(labels)
    width, height = frame.size
    figure = canvas(width, height + (0.3 if title else 0.0))
    axes = figure.subplots()
    _backdrop(axes, picture, frame)
    draw_boundaries(axes, labels.values, labels, colour=BOUNDARY_COLOUR, width=_THIN)
    if title:
        head(axes, title)
    _finish(axes, frame)
    return png(figure)


def refinement_map(
    picture: NDArray[np.uint8], before: xr.DataArray, after: xr.DataArray, *, titles: tuple[str, str]
) -> bytes:
    """Draw outlines before and after refinement side by side over an image, and what was gained and lost.

    Parameters
    ----------
    picture : (y, x, 3) uint8
    before, after : (y, x) int or bool
        Patches, of the same shape, on a grid with a CRS; 0 is none.
    titles
        Of the left and of the right map.
    """
    frame = frame_of(after)
    width = min(_PANEL - 0.9, _TALLEST / frame.ratio)
    figure = canvas(2 * max(width + 0.9, _PANEL / 2), max(width * frame.ratio, 0.6) + 1.1)
    left, right = figure.subplots(1, 2)
    was, now = before.values.astype(np.int32), after.values.astype(np.int32)
    for axes, title in zip((left, right), titles, strict=True):
        _backdrop(axes, picture, frame)
        head(axes, title)
    draw_boundaries(left, was, after, colour=BEFORE_COLOUR, width=_FIRM)
    _tint(right, (now > 0) & (was == 0), frame, GAINED_COLOUR)
    _tint(right, (now == 0) & (was > 0), frame, LOST_COLOUR)
    draw_boundaries(right, now, after, colour=AFTER_COLOUR, width=_FIRM)
    for axes in (left, right):
        _finish(axes, frame)
    legend_below(left, [Line2D([], [], color=BEFORE_COLOUR, lw=2, label="before")])
    legend_below(right, _refinement_handles())
    return png(figure)


def draw_boundaries(axes: Axes, labels: NDArray[Any], place: xr.DataArray, *, colour: str, width: float) -> None:
    """Draw into axes the pixel edges at which labels differ, the image's own edge left out.

    Parameters
    ----------
    place
        Any layer on the grid of the labels.
    """
    corners = boundary_lines(labels)
    transform = grid_of(place).transform
    col, row = corners[..., 0], corners[..., 1]
    x, y = (
        transform.a * col + transform.b * row + transform.c,
        transform.d * col + transform.e * row + transform.f,
    )
    lines = np.stack([x, y], axis=-1)
    for tone, wide in ((to_rgba(INK, 0.55), width + _CASING), (to_rgba(colour), width)):
        axes.add_collection(LineCollection(list(lines), colors=[tone], linewidths=wide, capstyle="projecting"))


def boundary_lines(labels: NDArray[Any]) -> NDArray[np.int64]:
    """Straight runs of pixel edges between different labels: (line, end, column and row of the corner)."""
    upright = _runs((labels[:, 1:] != labels[:, :-1]).T)
    level = _runs(labels[1:] != labels[:-1])
    return np.concatenate([upright, level[..., ::-1]])


def _runs(differs: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Runs of True along each row: (run, end, row + 1 and column of the end)."""
    steps = np.diff(np.pad(differs, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    line, start = np.nonzero(steps == 1)
    _, stop = np.nonzero(steps == -1)
    return np.stack([np.stack([line + 1, start], axis=-1), np.stack([line + 1, stop], axis=-1)], axis=1)


def _backdrop(axes: Axes, picture: NDArray[np.uint8], frame: Frame) -> None:
    brightened = 255.0 * (shrunk(picture) / 255.0) ** _GAMMA
    axes.imshow(brightened.astype(np.uint8), extent=frame.extent, interpolation="nearest", origin="upper")


def _finish(axes: Axes, frame: Frame) -> None:
    finish(axes, frame)
    if frame.ratio < _STRIP:
        axes.set_yticks([])
        axes.set_ylabel("")
    if frame.ratio > 1 / _STRIP:
        axes.set_xticks([])
        axes.set_xlabel("")


def _tint(axes: Axes, where: NDArray[np.bool_], frame: Frame, colour: str) -> None:
    layer = np.zeros((*where.shape, 4))
    layer[where] = to_rgba(colour, 0.4)
    axes.imshow(shrunk(layer), extent=frame.extent, interpolation="nearest", origin="upper")


def _refinement_handles() -> list[object]:
    return [
        Line2D([], [], color=AFTER_COLOUR, lw=2, label="after"),
        Patch(facecolor=GAINED_COLOUR, alpha=0.6, label="gained"),
        Patch(facecolor=LOST_COLOUR, alpha=0.6, label="lost"),
    ]
