"""Maps of the ground's motion and of how far to trust it: velocity, coherence, triplets that do not close."""

from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import ListedColormap
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from numpy.typing import NDArray

from highwall.core.errors import InputError
from highwall.report.frame import Frame, finish, frame_of, shrunk
from highwall.report.maps import outline
from highwall.report.style import (
    CLOSURE_MAP,
    COHERENCE_MAP,
    DECORRELATED_COLOUR,
    HATCH_COLOUR,
    INK,
    LABEL,
    MOTION_MAP,
    NO_DATA_COLOUR,
    SMALL,
    canvas,
    head,
    legend_below,
    png,
    signed,
)

Place = tuple[float, float]
"""x and y in the coordinates of the map."""

_TYPICAL_PERCENT = 99.0
"""Percentile of a layer's size at which its colours end; what lies beyond is written beside the scale."""
_LEAST_SCALE_MM = 5.0
"""mm year⁻¹: motion below this is noise in most stacks and shall not be drawn in full colour."""
_LEAST_SCALE_OPEN = 1.0
"""%, the same for the share of open triplets."""
_ARROW = 0.05
"""Length of the arrow of a colour bar, as a share of the bar."""
_BAR_WIDTH = 1.3
"""inch, room for the colour bar."""


class _Meaning(NamedTuple):
    """Words for a kind of velocity."""

    quantity: str
    negative: str
    positive: str


_TOWARD = ("away from\nthe satellite", "toward\nthe satellite")
_VELOCITIES = {
    "velocity": _Meaning("line-of-sight velocity", *_TOWARD),
    "velocity_uncorrected": _Meaning("line-of-sight velocity before corrections", *_TOWARD),
    "velocity_vertical": _Meaning("vertical velocity, if all motion is vertical", "down", "up"),
    "velocity_up": _Meaning("vertical velocity from two orbits", "down", "up"),
    "velocity_east": _Meaning("eastward velocity from two orbits", "west", "east"),
}
_COHERENCES = {
    "mean_coherence": "mean coherence of a pixel's pairs [1]",
    "temporal_coherence": "temporal coherence of the inversion [1]",
}


def velocity_map(
    velocity: xr.DataArray,
    *,
    velocity_std: xr.DataArray | None = None,
    decorrelated: xr.DataArray | None = None,
    reference: Place | None = None,
    patches: gpd.GeoDataFrame | None = None,
) -> bytes:
    """Draw a velocity in mm/year about zero, decorrelated ground hatched in grey, patches outlined.

    Colours end at the 99th percentile of speed; the true extremes are written at the ends of the scale.

    Parameters
    ----------
    velocity : (y, x) [m year⁻¹]
        Its name, a row of the table of products, says along which direction. NaN is missing.
    velocity_std : (y, x) [m year⁻¹]
        Standard error; its median goes into the title.
    decorrelated : (y, x) bool
    reference
        Place that is taken to be still, in the coordinates of the map.

    Raises
    ------
    InputError
        The name is not that of a velocity.
    """
    width, height = frame_of(velocity).size
    figure = canvas(width + _BAR_WIDTH, height + 0.4)
    draw_velocity(
        figure.subplots(), velocity, velocity_std=velocity_std, decorrelated=decorrelated, reference=reference,
        patches=patches,
    )  # fmt: skip
    return png(figure)


def coherence_map(coherence: xr.DataArray, *, reference: Place | None = None) -> bytes:
    """Draw coherence from 0 to 1.

    Parameters
    ----------
    coherence : (y, x) [1]
        Named ``mean_coherence`` or ``temporal_coherence``. NaN is missing.

    Raises
    ------
    InputError
        The name is another.
    """
    width, height = frame_of(coherence).size
    figure = canvas(width + _BAR_WIDTH, height + 0.4)
    draw_coherence(figure.subplots(), coherence, reference=reference)
    return png(figure)


def closure_map(share_open: xr.DataArray) -> bytes:
    """Draw the share of a pixel's triplets of pairs whose phases do not close.

    Parameters
    ----------
    share_open : (y, x) [1]
        NaN is missing.
    """
    frame, percent = frame_of(share_open), 100.0 * share_open.values
    width, height = frame.size
    figure = canvas(width + _BAR_WIDTH, height + 0.4)
    axes = figure.subplots()
    limit = max(_LEAST_SCALE_OPEN, _typical(percent[percent > 0.0]))
    picture = _layer(axes, frame, percent, colours=CLOSURE_MAP, limits=(0.0, limit))
    bar = _colour_bar(axes, picture, percent, label="triplets off by a multiple of 2π [%]")
    _extremes(bar, percent, form="{:.3g}")
    known = percent[np.isfinite(percent)]
    text = f"{(known > 0).mean():.2%} of pixels have a triplet that is open" if known.size else "nothing measured"
    head(axes, text)
    _legend(axes, percent, decorrelated=None, reference=None)
    finish(axes, frame)
    return png(figure)


def draw_velocity(
    axes: Axes,
    velocity: xr.DataArray,
    *,
    velocity_std: xr.DataArray | None = None,
    decorrelated: xr.DataArray | None = None,
    reference: Place | None = None,
    patches: gpd.GeoDataFrame | None = None,
) -> None:
    """Draw :func:`velocity_map` into axes."""
    meaning = _VELOCITIES.get(str(velocity.name))
    if meaning is None:
        raise InputError(f"{velocity.name!r} is no velocity; name the layer one of {', '.join(_VELOCITIES)}.")
    frame = frame_of(velocity)
    lost = np.zeros(velocity.shape, bool) if decorrelated is None else decorrelated.values.astype(bool)
    millimetres = np.where(lost, np.nan, 1e3 * velocity.values)
    limit = max(_LEAST_SCALE_MM, _typical(millimetres))
    picture = _layer(axes, frame, millimetres, colours=MOTION_MAP, limits=(-limit, limit), decorrelated=lost)
    bar = _colour_bar(axes, picture, millimetres, label=f"{meaning.quantity} [mm/year]")
    _extremes(bar, millimetres, form="{:+.0f}", ends=(meaning.negative, meaning.positive))
    if patches is not None and not patches.empty and velocity.odc.crs is not None:
        outline(axes, patches.to_crs(str(velocity.odc.crs)), edge=INK, width=1.0)
    _mark(axes, reference)
    head(axes, _velocity_title(millimetres, velocity_std, decorrelated))
    _legend(axes, millimetres, decorrelated=lost, reference=reference)
    finish(axes, frame)


def draw_coherence(axes: Axes, coherence: xr.DataArray, *, reference: Place | None = None) -> None:
    """Draw :func:`coherence_map` into axes."""
    label = _COHERENCES.get(str(coherence.name))
    if label is None:
        raise InputError(f"{coherence.name!r} is no coherence; name the layer one of {', '.join(_COHERENCES)}.")
    frame, values = frame_of(coherence), coherence.values
    picture = _layer(axes, frame, values, colours=COHERENCE_MAP, limits=(0.0, 1.0))
    bar = _colour_bar(axes, picture, values, label=label)
    _extremes(bar, values, form="{:.2f}")
    _mark(axes, reference)
    head(axes, f"median {np.nanmedian(values):.2f}" if np.isfinite(values).any() else "nothing measured")
    _legend(axes, values, decorrelated=None, reference=reference)
    finish(axes, frame)


def _typical(values: NDArray[Any]) -> float:
    """Size that all but the largest values stay below; 0 where nothing is known."""
    known = np.abs(values[np.isfinite(values)])
    return float(np.percentile(known, _TYPICAL_PERCENT)) if known.size else 0.0


def _layer(
    axes: Axes,
    frame: Frame,
    values: NDArray[Any],
    *,
    colours: str,
    limits: tuple[float, float],
    decorrelated: NDArray[np.bool_] | None = None,
) -> ScalarMappable:
    """Draw values; missing ones are a flat grey, decorrelated ones leave the hatched ground in sight."""
    axes.add_patch(
        Rectangle(
            (0, 0), 1, 1, transform=axes.transAxes, facecolor=DECORRELATED_COLOUR, edgecolor=HATCH_COLOUR,
            hatch="/////", linewidth=0.0, zorder=0,
        )
    )  # fmt: skip
    missing = np.isnan(values) if decorrelated is None else np.isnan(values) & ~decorrelated
    common: dict[str, Any] = {"extent": frame.extent, "interpolation": "nearest", "origin": "upper"}
    picture = axes.imshow(shrunk(values), cmap=colours, vmin=limits[0], vmax=limits[1], zorder=1, **common)
    axes.imshow(shrunk(np.where(missing, 1.0, np.nan)), cmap=ListedColormap([NO_DATA_COLOUR]), zorder=1, **common)
    return picture


def _colour_bar(axes: Axes, picture: ScalarMappable, values: NDArray[Any], *, label: str) -> Colorbar:
    """Colour bar with an arrow at each end that some values pass."""
    known = values[np.isfinite(values)]
    low, high = picture.get_clim()
    below, above = bool((known < low).any()), bool((known > high).any())
    extend = {(True, True): "both", (True, False): "min", (False, True): "max"}.get((below, above), "neither")
    bar = axes.figure.colorbar(picture, ax=axes, shrink=0.8, aspect=22, extend=extend, extendfrac=_ARROW)
    bar.set_label(label, color=INK, fontsize=LABEL)
    bar.ax.tick_params(labelsize=SMALL)
    return bar


def _extremes(bar: Colorbar, values: NDArray[Any], *, form: str, ends: tuple[str, str] = ("", "")) -> None:
    """Write the least and the greatest value, and what they mean, under and over the bar."""
    known = values[np.isfinite(values)]
    least, most = (f"min {form.format(known.min())}", f"max {form.format(known.max())}") if known.size else ("", "")
    _beside(bar, "\n".join(filter(None, (ends[1], most))), above=True)
    _beside(bar, signed("\n".join(filter(None, (least, ends[0])))), above=False)


def _beside(bar: Colorbar, text: str, *, above: bool) -> None:
    """Write over or under a colour bar, clear of its arrow."""
    arrow = _ARROW if bar.extend in {"both", "max" if above else "min"} else 0.0
    bar.ax.annotate(
        text, (0.5, 1.0 + arrow if above else -arrow), (0, 4 if above else -4), xycoords="axes fraction",
        textcoords="offset points", ha="center", va="bottom" if above else "top", fontsize=SMALL, color=INK,
    )  # fmt: skip


def _velocity_title(
    millimetres: NDArray[Any], velocity_std: xr.DataArray | None, decorrelated: xr.DataArray | None
) -> str:
    known = np.isfinite(millimetres)
    text = f"{known.mean():.0%} measured"
    if decorrelated is not None:
        text += f", {decorrelated.values.mean():.0%} decorrelated"
    error = np.array([]) if velocity_std is None else 1e3 * velocity_std.values[known]
    error = error[np.isfinite(error)]
    return f"{text}\nmedian standard error {np.median(error):.1f} mm/year" if error.size else text


def _mark(axes: Axes, reference: Place | None) -> None:
    if reference is not None:
        axes.plot(*reference, "s", ms=7, mfc="white", mec="black", mew=1.6, zorder=4)
        axes.plot(*reference, ".", ms=3, color="black", zorder=4)


def _legend(
    axes: Axes, values: NDArray[Any], *, decorrelated: NDArray[np.bool_] | None, reference: Place | None
) -> None:
    """Name the classes that the colour bar does not hold."""
    lost = np.zeros(values.shape, bool) if decorrelated is None else decorrelated
    handles: list[object] = []
    if lost.any():
        handles.append(
            Patch(
                facecolor=DECORRELATED_COLOUR, edgecolor=HATCH_COLOUR, hatch="/////", linewidth=0.0,
                label="decorrelated",
            )
        )  # fmt: skip
    if (np.isnan(values) & ~lost).any():
        handles.append(Patch(facecolor=NO_DATA_COLOUR, label="no data"))
    if reference is not None:
        handles.append(Line2D([], [], marker="s", ls="", ms=6, mfc="white", mec="black", mew=1.4, label="reference"))
    if handles:
        legend_below(axes, handles)
