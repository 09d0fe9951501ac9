"""Where a segmentation is right and wrong: one picture a scene, a panel a class, as MineCam's Figures 5 to 16."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch
from numpy.typing import NDArray

from highwall.report.accuracy import INVENTED, MISSED
from highwall.report.frame import scale_bar, shrunk
from highwall.report.style import GOOD, INK, NO_DATA_COLOUR, SMALL, canvas, head, png

BoolArray = NDArray[np.bool_]

_KINDS: Final = (
    (True, True, "drawn and said", GOOD),
    (True, False, "drawn, not said", MISSED),
    (False, True, "said, not drawn", INVENTED),
)
_OPACITY: Final = 0.62
_PANEL: Final = 3.3
"""inch, width of a panel."""
_IN_A_ROW: Final = 4


@dataclass(frozen=True)
class ErrorPanel:
    """One class in one scene."""

    title: str
    drawn: BoolArray
    """(y, x)."""
    said: BoolArray
    """(y, x)."""


def error_map(
    picture: NDArray[np.uint8], panels: Sequence[ErrorPanel], *, counted: BoolArray, pixel_m: tuple[float, float],
    title: str,
) -> bytes:  # fmt: skip
    """Draw a scene, and for each class what was found, missed and invented over it in grey.

    Parameters
    ----------
    picture : (y, x, 3) uint8
    counted : (y, x)
        True where labels and scene are known; elsewhere the panels are grey.
    pixel_m
        Ground length of a pixel along its column and its row [m]: y, x.
    """
    n_columns = min(_IN_A_ROW, 1 + len(panels))
    n_rows = -(-(1 + len(panels)) // n_columns)
    aspect = pixel_m[0] / pixel_m[1]
    height = float(np.clip(_PANEL * aspect * picture.shape[0] / picture.shape[1], 1.2, 2.5 * _PANEL)) + 0.3
    figure = canvas(n_columns * _PANEL, n_rows * height + 0.7)
    figure.suptitle(title, fontsize=11, color=INK, x=0.01, ha="left")
    places = np.atleast_1d(figure.subplots(n_rows, n_columns)).ravel()
    step = _step_of(picture)
    for axes in places:
        axes.set_axis_off()
    _show(places[0], shrunk(picture), title="scene", pixel_m=pixel_m, step=step)
    grey = _grey(shrunk(picture), shrunk(counted))
    for axes, panel in zip(places[1:], panels, strict=False):
        coloured = _coloured(grey, shrunk(panel.drawn & counted), shrunk(panel.said & counted))
        _show(axes, coloured, title=panel.title, pixel_m=pixel_m, step=step)
    handles: list[Any] = [Patch(facecolor=colour, label=name) for _, _, name, colour in _KINDS]
    handles.append(Patch(facecolor=NO_DATA_COLOUR, label="not counted"))
    figure.legend(handles=handles, loc="outside lower left", ncols=4, fontsize=SMALL + 1, frameon=False)
    return png(figure)


def _show(axes: Axes, picture: NDArray[Any], *, title: str, pixel_m: tuple[float, float], step: int) -> None:
    """Draw a picture in its proportions, with a scale bar."""
    axes.imshow(picture, interpolation="nearest", aspect=pixel_m[0] / pixel_m[1])
    head(axes, title)
    scale_bar(axes, unit_m=pixel_m[1] * step)


def _step_of(picture: NDArray[Any]) -> int:
    """Pixels that one drawn pixel stands for."""
    return max(1, round(len(picture) / len(shrunk(picture))))


def _grey(picture: NDArray[np.uint8], counted: BoolArray) -> NDArray[np.float64]:
    """Brightness of a picture, lightened so that colours stand out; one grey where nothing counts."""
    light = 0.25 + 0.7 * picture.mean(axis=2) / 255.0
    grey = np.repeat(light[..., None], 3, axis=2)
    grey[~counted] = to_rgb(NO_DATA_COLOUR)
    return grey


def _coloured(grey: NDArray[np.float64], drawn: BoolArray, said: BoolArray) -> NDArray[np.float64]:
    picture = grey.copy()
    for is_drawn, is_said, _, colour in _KINDS:
        here = (drawn == is_drawn) & (said == is_said)
        picture[here] = (1.0 - _OPACITY) * picture[here] + _OPACITY * np.array(to_rgb(colour))
    return picture
