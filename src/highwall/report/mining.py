"""Land cover of a mine over the scene, a panel for each subset of classes; and two such maps side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch
from matplotlib.transforms import ScaledTranslation
from numpy.typing import NDArray

from highwall.report.frame import Frame, finish, frame_of
from highwall.report.style import INK, MINING_COLOURS, NO_DATA_COLOUR, SMALL, TITLE, canvas, head, png

_PANEL: Final = 4.6
"""inch, width of a panel."""
_TO_LEGEND: Final = 0.55
"""inch, from a map's lower edge to its legend: below the axis's numbers and name, however large the map is."""
_IN_A_ROW: Final = 3
_OPACITY: Final = 0.68
_DARKEST, _CONTRAST = 76.0, 0.65
"""Level that black of the scene has under the classes, and share of its contrast that is left."""
_STEP: Final = 100
"""What the code before is multiplied with, where two maps are joined."""
SUBSET_TITLES: Final = {
    0: "all classes", 1: "pits and preparation", 2: "dumping grounds", 3: "other parts of the mine",
    4: "total transformed area", 5: "types of mines",
}  # fmt: skip
CHANGE_COLOURS: Final = {"expansion": "#d55e00", "abandonment": "#009e73", "conversion": "#0072b2"}
"""Ground that became mine, that stopped being mine, and that changed its class."""
_KIND_NAMES: Final = dict(enumerate(CHANGE_COLOURS, start=1))


@dataclass(frozen=True)
class ClassPanel:
    """One map of classes."""

    title: str
    codes: xr.DataArray
    """(y, x): 0 is background, NaN missing."""
    names: Mapping[int, str]
    """Name of each code that is drawn; a key of ``colours``."""
    colours: Mapping[str, str] | None = None
    """By name; those of land-cover classes by default."""

    def colour_of(self, name: str) -> str:
        """Colour of a name."""
        return (self.colours or MINING_COLOURS)[name]


def mining_map(
    picture: NDArray[np.uint8],
    panels: Sequence[ClassPanel],
    *,
    hectares: Mapping[str, float],
    title: str,
    pictures: Sequence[NDArray[np.uint8] | None] = (),
) -> bytes:
    """Draw a scene, and maps of classes over it in grey.

    Parameters
    ----------
    picture : (y, x, 3) uint8
        Of the extent of the panels' grids.
    hectares
        Area of each name, for the legend [ha].
    pictures
        Of each panel, where it lies over another picture than the first.
    """
    n_columns = min(_IN_A_ROW, 1 + len(panels))
    n_rows = -(-(1 + len(panels)) // n_columns)
    frame = frame_of(panels[0].codes)
    figure = canvas(n_columns * _PANEL, n_rows * ((_PANEL - 1.0) * frame.ratio + 1.7) + 0.4)
    figure.suptitle(title, fontsize=TITLE + 2, color=INK, x=0.01, ha="left")
    places = np.atleast_1d(figure.subplots(n_rows, n_columns)).ravel()
    for axes in places[1 + len(panels) :]:
        axes.set_axis_off()
    _scene(places[0], picture, frame)
    others = [*pictures, *[None] * (len(panels) - len(pictures))]
    for axes, panel, other in zip(places[1:], panels, others, strict=False):
        _classes(axes, panel, picture if other is None else other, hectares=hectares)
    return png(figure)


def _scene(axes: Axes, picture: NDArray[np.uint8], frame: Frame) -> None:
    axes.imshow(picture, extent=frame.extent, interpolation="bilinear")
    head(axes, "scene")
    finish(axes, frame)


def _classes(axes: Axes, panel: ClassPanel, picture: NDArray[np.uint8], *, hectares: Mapping[str, float]) -> None:
    frame = frame_of(panel.codes)
    codes = panel.codes.values
    axes.imshow(_coloured(picture, codes, panel), extent=frame.extent, interpolation="nearest")
    head(axes, panel.title)
    finish(axes, frame)
    _legend(axes, panel, codes, hectares=hectares)


def _coloured(picture: NDArray[np.uint8], codes: NDArray[Any], panel: ClassPanel) -> NDArray[np.uint8]:
    """Classes in their colours over the brightness of a picture, which is lightened so that they stand out."""
    rows, cols = (
        np.arange(length) * other // length for length, other in zip(codes.shape, picture.shape[:2], strict=True)
    )
    light = (_DARKEST + _CONTRAST * picture.mean(axis=2, dtype=np.float32))[np.ix_(rows, cols)]
    shown = np.repeat(light.astype(np.uint8)[..., None], 3, axis=2)
    shown[np.isnan(codes)] = _bytes_of(NO_DATA_COLOUR)
    for code, name in panel.names.items():
        here = codes == code
        mixed = (1.0 - _OPACITY) * shown[here] + _OPACITY * _bytes_of(panel.colour_of(name))
        shown[here] = mixed.astype(np.uint8)
    return shown


def _bytes_of(colour: str) -> NDArray[np.float64]:
    """Red, green and blue of a colour, 0 to 255."""
    return 255.0 * np.array(to_rgb(colour))


def _legend(axes: Axes, panel: ClassPanel, codes: NDArray[Any], *, hectares: Mapping[str, float]) -> None:
    """Name what is there and how large it is; say so where nothing is."""
    names = [name for name in panel.names.values() if hectares.get(name, 0.0) > 0.0]
    handles = [
        Patch(facecolor=panel.colour_of(name), label=f"{name.replace('_', ' ')}, {hectares[name]:,.1f} ha")
        for name in names
    ]
    if np.isnan(codes).any():
        handles.append(Patch(facecolor=NO_DATA_COLOUR, label="no data"))
    if not names:
        handles.insert(0, Patch(facecolor="none", edgecolor="none", label="none of its classes"))
    below = axes.transAxes + ScaledTranslation(0.0, -_TO_LEGEND, axes.figure.dpi_scale_trans)
    axes.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0.0, 0.0), bbox_transform=below, ncols=2, fontsize=SMALL,
        frameon=False, borderaxespad=0.0, columnspacing=1.2, handlelength=1.4,
    )  # fmt: skip


@dataclass(frozen=True)
class ChangePanels:
    """A row of a picture of change: classes before, classes after, and what changed."""

    subset: int
    joined: xr.DataArray
    """(y, x): 100 × code before + code after, NaN where a map has no data."""
    names: Mapping[int, str]
    """Name of each code."""
    hectares: Sequence[Mapping[str, float]]
    """Of each class before, of each class after, and of each kind of change [ha]."""

    def panels(self, titles: tuple[str, str]) -> list[ClassPanel]:
        """The three maps."""
        joined = self.joined.values
        before, after = joined // _STEP, joined % _STEP
        kinds = np.select([before == after, before == 0, after == 0], [0.0, 1.0, 2.0], 3.0)
        kinds[np.isnan(joined)] = np.nan
        title = SUBSET_TITLES[self.subset]
        return [
            ClassPanel(f"{title}, {titles[0]}", self.joined.copy(data=before), self.names),
            ClassPanel(f"{title}, {titles[1]}", self.joined.copy(data=after), self.names),
            ClassPanel(
                "what changed", self.joined.copy(data=kinds), dict(enumerate(CHANGE_COLOURS, 1)), CHANGE_COLOURS
            ),
        ]


def change_map(
    rows: Sequence[ChangePanels], *, pictures: Sequence[NDArray[np.uint8] | None], titles: tuple[str, str]
) -> bytes:
    """Draw what two maps say and what changed between them, a row for each subset.

    Parameters
    ----------
    pictures
        Scenes behind the earlier and the later map, (y, x, 3) uint8; None where there is none.
    titles
        Of the earlier and of the later map, such as their dates.
    """
    frame = frame_of(rows[0].joined)
    figure = canvas(3 * _PANEL, len(rows) * ((_PANEL - 1.0) * frame.ratio + 1.9))
    places = np.atleast_2d(figure.subplots(len(rows), 3))
    blank = np.full((*rows[0].joined.shape, 3), 255, np.uint8)
    before, after = (blank if picture is None else picture for picture in pictures)
    for axes, row in zip(places, rows, strict=True):
        shown = zip(axes, row.panels(titles), (before, after, after), row.hectares, strict=True)
        for place, panel, picture, hectares in shown:
            _classes(place, panel, picture, hectares=hectares)
    return png(figure)
