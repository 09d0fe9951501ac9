"""How the ground moves at each patch.

After the 2024 paper, section 4.2: motion within 500 m belongs to the patch; beyond ±5 mm/year it is uplift or
subsidence; lost coherence is a class of its own, for it marks active pits. The paper counts bare rates; it does not say
what a patch is called that has both signs around it, or how many pixels make it move. Here:

* a pixel moves when its rate exceeds the bound with a stated probability, given its standard error;
* moving pixels that touch form clusters, and a patch takes the sign of the *strongest* cluster in reach, by volume
  rate; both signs keep their probability, that of the likeliest cluster of each;
* a pixel near two patches counts for both: the radius says "in reach of", not "caused by". Of the strongest cluster it
  is said whether it lies on or nearest to this patch, or to which other one.

``paper_class`` beside it follows the paper's rule: the sign that more pixels have beyond ±5 mm/year, without
probability.
"""

import math
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr
from affine import Affine
from numpy.typing import NDArray
from rasterio.features import geometry_mask
from scipy.special import ndtr

from highwall.activity.clusters import Cluster, clusters
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
        On any grid; without it every patch is ``not_measured``. A rate without a standard error is no measurement.

    Returns
    -------
    GeoDataFrame
        With the columns :data:`COLUMNS`: ``motion_class``, ``paper_class``; ``p_up``, ``p_down`` (probability that
        ground in reach rises, sinks faster than the bound); ``share_up``, ``share_down``, ``share_still`` (of measured
        pixels in reach), ``share_decorrelated`` (of the patch's own), ``n_motion_pixels``; ``fastest_velocity``
        [m year⁻¹], ``fastest_x``, ``fastest_y`` [in the CRS of the motion]; of the strongest cluster
        ``cluster_velocity``, ``cluster_std`` [m year⁻¹], ``cluster_m2``, and ``cluster_patch``, the patch that it lies
        nearest to.
    """
    if motion is None or patches.empty:
        rows = [_still(NOT_MEASURED) for _ in range(len(patches))]
    else:
        rows = _Reach.of(patches, motion, options=options).rows()
    table = pd.DataFrame(rows, columns=list(COLUMNS), index=patches.index)
    return patches.assign(**{str(name): table[name] for name in table})


def strongest_clusters(
    patches: gpd.GeoDataFrame, motion: xr.Dataset, *, options: ActivityOptions
) -> dict[str, Cluster]:
    """Strongest cluster in reach of each patch that has one, by ``patch_id``."""
    reach = _Reach.of(patches, motion, options=options)
    found = {str(name): reach.strongest(near) for name, near in zip(patches["patch_id"], reach.near, strict=True)}
    return {name: cluster for name, cluster in found.items() if cluster is not None}


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


class _Cut(NamedTuple):
    """Pixels of an area: a window of the grid, and which of its pixels they are."""

    rows: slice
    cols: slice
    inside: NDArray[np.bool_]

    @classmethod
    def of(cls, area: Any, grid: GeoBox) -> "_Cut":
        """Pixels whose centre lies in ``area``, or that it touches where it is too thin to hold a centre."""
        if area.is_empty:
            return cls(slice(0, 0), slice(0, 0), np.zeros((0, 0), bool))
        corners = shapely.get_coordinates(shapely.box(*area.bounds))
        cols, rows = ~grid.transform * (corners[:, 0], corners[:, 1])
        y0, y1 = np.clip([math.floor(rows.min()), math.ceil(rows.max()) + 1], 0, grid.shape[0]).tolist()
        x0, x1 = np.clip([math.floor(cols.min()), math.ceil(cols.max()) + 1], 0, grid.shape[1]).tolist()
        if y0 >= y1 or x0 >= x1:
            return cls(slice(0, 0), slice(0, 0), np.zeros((0, 0), bool))
        placed = {"out_shape": (y1 - y0, x1 - x0), "transform": grid.transform * Affine.translation(x0, y0)}
        inside = geometry_mask([area], invert=True, **placed)
        if not inside.any():
            inside = geometry_mask([area], invert=True, all_touched=True, **placed)
        return cls(slice(y0, y1), slice(x0, x1), np.asarray(inside))

    def __call__(self, array: NDArray[Any]) -> NDArray[Any]:
        """Values (pixel,) of an array (y, x) in the area."""
        return array[self.rows, self.cols][self.inside]

    def meets(self, cluster: Cluster) -> bool:
        """Tell whether a pixel of a cluster lies in the area."""
        rows, cols = cluster.rows - self.rows.start, cluster.cols - self.cols.start
        held = (rows >= 0) & (cols >= 0) & (rows < self.inside.shape[0]) & (cols < self.inside.shape[1])
        return bool(self.inside[rows[held], cols[held]].any())


class _Reach(NamedTuple):
    """Motion and patches on one grid."""

    motion: xr.Dataset
    moving: NDArray[np.int8]
    groups: list[Cluster]
    """Strongest first."""
    names: list[str]
    own: list[_Cut]
    """Pixels of each patch."""
    near: list[_Cut]
    """Pixels in reach of each patch."""
    ground: gpd.GeoSeries
    """Polygon of each patch, in metres."""
    options: ActivityOptions

    @classmethod
    def of(cls, patches: gpd.GeoDataFrame, motion: xr.Dataset, *, options: ActivityOptions) -> "_Reach":
        grid = grid_of(motion, name="motion")
        moving = moving_pixels(motion, options)
        own = patches.geometry.to_crs(str(grid.crs))
        near = patches.buffer(options.radius_m).to_crs(str(grid.crs))
        return cls(
            motion, moving, clusters(motion, moving, min_pixels=options.min_pixels),
            patches["patch_id"].astype(str).tolist(), [_Cut.of(polygon, grid) for polygon in own],
            [_Cut.of(area, grid) for area in near], patches.geometry, options,
        )  # fmt: skip

    def rows(self) -> list[dict[str, Any]]:
        """Motion of each patch."""
        return [self._row(own, near) for own, near in zip(self.own, self.near, strict=True)]

    def strongest(self, near: _Cut) -> Cluster | None:
        """Strongest cluster in reach."""
        return next((group for group in self.groups if near.meets(group)), None)

    def _row(self, own: _Cut, near: _Cut) -> dict[str, Any]:
        velocity, decorrelated = self.motion["velocity_vertical"].values, self.motion["decorrelated"].values
        rates, errors = near(velocity), near(self.motion["velocity_vertical_std"].values)
        measured = np.isfinite(rates) & np.isfinite(errors) & ~near(decorrelated)
        lost = float(own(decorrelated).mean()) if own.inside.any() else 0.0
        if not measured.any() and lost == 0.0:
            return _still(NOT_MEASURED)
        reached = [group for group in self.groups if near.meets(group)]
        row = _still(STILL) | _shares(near(self.moving)[measured]) | {"share_decorrelated": lost}
        row |= self._probabilities(reached)
        bound = self.options.motion_m_per_year
        if lost >= self.options.decorrelated_share:
            row["motion_class"] = row["paper_class"] = DECORRELATED
        elif not measured.any():
            row["motion_class"] = row["paper_class"] = NOT_MEASURED
        else:
            row["paper_class"] = _paper_class(rates[measured], bound=bound)
            row["motion_class"] = _sign(reached[0]) if reached else STILL
        row |= self._fastest(near, measured & (near(self.moving) != 0))
        return row | (self._cluster(reached[0]) if reached else {})

    def _probabilities(self, reached: list[Cluster]) -> dict[str, float]:
        bound = self.options.motion_m_per_year
        likeliest = {"p_up": 0.0, "p_down": 0.0}
        for group in reached:
            name = "p_up" if group.velocity > 0 else "p_down"
            likeliest[name] = max(likeliest[name], group.probability_beyond(bound))
        return likeliest

    def _fastest(self, near: _Cut, candidates: NDArray[np.bool_]) -> dict[str, float]:
        """Fastest of the candidate pixels in reach, and where it lies."""
        if not candidates.any():
            return {}
        rates = near(self.motion["velocity_vertical"].values)
        number = int(np.where(candidates, np.abs(rates), -1.0).argmax())
        row, col = (int(places[number]) for places in np.nonzero(near.inside))
        return {
            "fastest_velocity": float(rates[number]),
            "fastest_x": float(self.motion["x"].values[near.cols.start + col]),
            "fastest_y": float(self.motion["y"].values[near.rows.start + row]),
        }

    def _cluster(self, cluster: Cluster) -> dict[str, Any]:
        """Describe a cluster, and name the patch that its strongest part lies on or nearest to."""
        places = gpd.points_from_xy(self.motion["x"].values[cluster.cols], self.motion["y"].values[cluster.rows])
        spots = gpd.GeoSeries(places, crs=str(grid_of(self.motion, name="motion").crs)).to_crs(self.ground.crs)
        distance = [float(spots.distance(polygon).mean()) for polygon in self.ground]
        return {
            "cluster_velocity": cluster.velocity, "cluster_std": cluster.std, "cluster_m2": cluster.area_m2,
            "cluster_patch": self.names[int(np.argmin(distance))],
        }  # fmt: skip


def _shares(moving: NDArray[np.int8]) -> dict[str, Any]:
    """Shares of the measured pixels that rise, sink and do neither."""
    count = moving.size
    up, down = (float((moving == sign).sum()) / max(count, 1) for sign in (1, -1))
    still = 1.0 - up - down if count else 0.0
    return {"share_up": up, "share_down": down, "share_still": still, "n_motion_pixels": count}


def _sign(cluster: Cluster) -> str:
    return UPLIFT if cluster.velocity > 0 else SUBSIDENCE


def _paper_class(velocity: NDArray[Any], *, bound: float) -> str:
    """Sign that more pixels have beyond the bound, whatever their error: the paper's rule."""
    n_up, n_down = int((velocity > bound).sum()), int((velocity < -bound).sum())
    if not n_up and not n_down:
        return STILL
    return UPLIFT if n_up > n_down else SUBSIDENCE


def _still(motion_class: str) -> dict[str, Any]:
    return {
        "motion_class": motion_class, "paper_class": motion_class, "p_up": 0.0, "p_down": 0.0, "share_up": 0.0,
        "share_down": 0.0, "share_still": 0.0, "share_decorrelated": 0.0, "n_motion_pixels": 0,
        "fastest_velocity": math.nan, "fastest_x": math.nan, "fastest_y": math.nan, "cluster_velocity": math.nan,
        "cluster_std": math.nan, "cluster_m2": 0.0, "cluster_patch": None,
    }  # fmt: skip


COLUMNS: Final = tuple(_still(STILL))
"""Columns that a table of patches gains."""
