"""One picture of a whole inversion: velocity, coherence, network, series of chosen points."""

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import xarray as xr

from highwall.report.baselines import Baselines, draw_baselines
from highwall.report.frame import frame_of
from highwall.report.motion import Place, draw_coherence, draw_velocity
from highwall.report.series import Series, draw_series, series_handles
from highwall.report.style import INK, SMALL, canvas, png, remark

_PANEL = 6.2
"""inch, width of a panel."""
_MOST_SERIES = 3


def motion_sheet(
    result: xr.Dataset,
    *,
    network: Baselines,
    series: Sequence[Series] = (),
    reference: Place | None = None,
    patches: gpd.GeoDataFrame | None = None,
    title: str = "",
) -> bytes:
    """Draw what an inversion found on one sheet, the first three series of those given.

    Parameters
    ----------
    result
        ``velocity`` (y, x) [m year⁻¹]; if there, ``velocity_std``, ``decorrelated`` and ``mean_coherence`` or, in its
        place, ``temporal_coherence``.
    reference
        Place that is taken to be still, in the coordinates of the map.
    """
    shown = series[:_MOST_SERIES]
    heights = [_map_height(result["velocity"]), max(3.4, 0.5 + 1.75 * len(shown))]
    figure = canvas(2 * _PANEL, sum(heights) + (0.35 if title else 0.0))
    if title:
        figure.suptitle(title, fontsize=12, color=INK)
    panels: Any = figure.subfigures(2, 2, height_ratios=heights, hspace=0.04, wspace=0.03)
    (velocity, coherence), (pairs, points) = panels
    layers = {name: result.get(name) for name in ("velocity_std", "decorrelated")}
    draw_velocity(velocity.subplots(), result["velocity"], reference=reference, patches=patches, **layers)
    _coherence(coherence, result, reference)
    draw_baselines(pairs.subplots(), network)
    _series(points, shown)
    return png(figure)


def _map_height(velocity: xr.DataArray) -> float:
    """Height [inch] of the maps, between bounds that keep the sheet readable."""
    return float(np.clip((_PANEL - 1.9) * frame_of(velocity).ratio + 1.2, 3.0, 8.0))


def _coherence(panel: Any, result: xr.Dataset, reference: Place | None) -> None:
    axes = panel.subplots()
    name = next((name for name in ("mean_coherence", "temporal_coherence") if name in result), None)
    if name is None:
        remark(axes, "no coherence was given")
    else:
        draw_coherence(axes, result[name], reference=reference)


def _series(panel: Any, series: Sequence[Series]) -> None:
    if not series:
        remark(panel.subplots(), "no point was chosen")
        return
    for axes, one in zip(np.ravel(panel.subplots(len(series), 1)), series, strict=True):
        draw_series(axes, one)
    panel.legend(handles=series_handles(series), loc="outside lower center", ncols=3, fontsize=SMALL, frameon=False)
