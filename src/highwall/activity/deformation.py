"""How the ground moves at each patch.

After the 2024 paper, section 4.2: motion within 500 m belongs to the patch; beyond ±5 mm/year it is uplift or
subsidence; lost coherence is a class of its own, for it marks active pits. Here a pixel moves when its rate exceeds the
bound with a stated probability, given its standard error; a patch takes the sign that more of its pixels have. A pixel
near two patches counts for both.
"""

import math
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from rasterio.features import geometry_mask
from scipy.special import ndtr

from highwall.activity.options import ActivityOptions
from highwall.core.grid import GeoBox, grid_of

UPLIFT, SUBSIDENCE, DECORRELATED = "uplift", "subsidence", "decorrelated"
STILL, NOT_MEASURED = "none", "not_measured"
MOTION_CLASSES: Final = (UPLIFT, SUBSIDENCE, DECORRELATED, STILL, NOT_MEASURED)


def classify_motion(
    patches: gpd.GeoDataFrame, motion: xr.Dataset | None, *, options: ActivityOptions
) -> gpd.GeoDataFrame:
    """Add motion to a table of patches.

    Parameters
    ----------
    patches
        In a projected CRS in metres.
    motion : velocity_vertical, velocity_vertical_std (y, x) [m year⁻¹]; decorrelated (y, x) bool; optional
        On any grid; without it every patch is ``not_measured``.

    Returns
    -------
    GeoDataFrame
        With ``motion_class``, ``share_up``, ``share_down``, ``share_decorrelated``, ``n_motion_pixels``,
        ``fastest_velocity`` [m year⁻¹], ``fastest_x`` and ``fastest_y`` [in the CRS of the motion].
    """
    if motion is None:
        rows = [_still(NOT_MEASURED) for _ in range(len(patches))]
    else:
        grid = grid_of(motion, name="motion")
        moving = moving_pixels(motion, options)
        placed = patches.to_crs(str(grid.crs))
        near = patches.buffer(options.radius_m).to_crs(str(grid.crs))
        rows = [
            _motion_of(motion, moving, own=_pixels(polygon, grid), near=_pixels(area, grid), options=options)
            for polygon, area in zip(placed.geometry, near, strict=True)
        ]
    table = pd.DataFrame(rows, columns=list(_still(NOT_MEASURED)), index=patches.index)
    return patches.assign(**{str(name): table[name] for name in table})


def exceedance(velocity: NDArray[Any], std: NDArray[Any], *, bound: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """P(v > bound) and P(v < −bound) of normal rates; NaN where a rate is missing."""
    safe = np.maximum(std, np.finfo(np.float32).tiny)
    return ndtr((velocity - bound) / safe), ndtr((-bound - velocity) / safe)


def moving_pixels(motion: xr.Dataset, options: ActivityOptions) -> NDArray[np.int8]:
    """Sign of significant motion: (y, x), 1 up, −1 down, 0 none or unknown."""
    up, down = exceedance(
        motion["velocity_vertical"].values, motion["velocity_vertical_std"].values, bound=options.motion_m_per_year
    )
    usable = ~motion["decorrelated"].values
    signs = (up > options.probability).astype(np.int8) - (down > options.probability).astype(np.int8)
    return np.where(usable, signs, 0).astype(np.int8)


def _pixels(area: Any, grid: GeoBox) -> NDArray[np.bool_]:
    """Pixels whose centre lies in ``area``, or that it touches where it is too thin to hold a centre."""
    if area.is_empty:
        return np.zeros(grid.shape, bool)
    inside = geometry_mask([area], out_shape=grid.shape, transform=grid.transform, invert=True)
    if not inside.any():
        inside = geometry_mask([area], out_shape=grid.shape, transform=grid.transform, invert=True, all_touched=True)
    return np.asarray(inside)


def _motion_of(
    motion: xr.Dataset,
    moving: NDArray[np.int8],
    *,
    own: NDArray[np.bool_],
    near: NDArray[np.bool_],
    options: ActivityOptions,
) -> dict[str, Any]:
    velocity, decorrelated = motion["velocity_vertical"].values, motion["decorrelated"].values
    measured = near & ~np.isnan(velocity) & ~decorrelated
    lost = float(decorrelated[own].mean()) if own.any() else 0.0
    if not measured.any() and lost == 0.0:
        return _still(NOT_MEASURED)
    n_measured = max(int(measured.sum()), 1)
    n_up, n_down = int((moving[measured] > 0).sum()), int((moving[measured] < 0).sum())
    row = _still(STILL) | {
        "share_up": n_up / n_measured, "share_down": n_down / n_measured, "share_decorrelated": lost,
        "n_motion_pixels": int(measured.sum()),
    }  # fmt: skip
    if lost >= options.decorrelated_share:
        row["motion_class"] = DECORRELATED
    elif not measured.any():
        row["motion_class"] = NOT_MEASURED
    elif max(n_up, n_down) >= options.min_pixels:
        row["motion_class"] = UPLIFT if n_up > n_down else SUBSIDENCE
    return row | _fastest(motion, measured & (moving != 0))


def _fastest(motion: xr.Dataset, candidates: NDArray[np.bool_]) -> dict[str, float]:
    if not candidates.any():
        return {}
    speed = np.where(candidates, np.abs(motion["velocity_vertical"].values), -1.0)
    row, col = np.unravel_index(int(speed.argmax()), speed.shape)
    return {
        "fastest_velocity": float(motion["velocity_vertical"].values[row, col]),
        "fastest_x": float(motion["x"].values[col]),
        "fastest_y": float(motion["y"].values[row]),
    }


def _still(motion_class: str) -> dict[str, Any]:
    return {
        "motion_class": motion_class, "share_up": 0.0, "share_down": 0.0, "share_decorrelated": 0.0,
        "n_motion_pixels": 0, "fastest_velocity": math.nan, "fastest_x": math.nan, "fastest_y": math.nan,
    }  # fmt: skip
