"""Ground that moves where it may not: beyond a boundary, or after a permit has run out, whatever the scene shows.

The 2024 paper's Figure 10b: at Pingtanghugou quarry the series of one point shows work beyond the authorised boundary
all through the years, while the optical outline says little. Here that is said of clusters of pixels, with a
probability.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr
from numpy.typing import NDArray

from highwall.activity.boundary import Beyond, apart
from highwall.activity.breaches import Breach, most_shared, share
from highwall.activity.clusters import Cluster, clusters, series_of
from highwall.activity.deformation import moving_pixels
from highwall.activity.options import ActivityOptions
from highwall.activity.permits import by_validity
from highwall.core.constants import DAYS_PER_YEAR
from highwall.core.grid import GeoBox, grid_of

MOTION_BEYOND, MOTION_AFTER_EXPIRY = "motion_beyond_boundary", "motion_after_expiry"
FEWEST_EPOCHS: Final = 6
"""Epochs after an expiry from which a rate since then is told."""
_TOUCHING: Final = 0.05
"""Share of moving ground that may lie on permitted land [1]."""


def motion_beyond(
    motion: xr.Dataset, permits: gpd.GeoDataFrame, *, on: dt.date, options: ActivityOptions
) -> list[Breach]:
    """Find moving ground within the radius of a permit and outside all that hold.

    Parameters
    ----------
    motion : velocity_vertical, velocity_vertical_std (y, x) [m year⁻¹]; decorrelated (y, x) bool;
        displacement_vertical (epoch, y, x) [m], optional
        In the CRS of the permits, in metres.
    permits
        Of ``permit_table``.
    on
        Date of the last epoch, or of the scene.
    """
    grid = grid_of(motion, name="motion")
    held = by_validity(permits, on)
    allowed = shapely.union_all([*held.valid.geometry.values, *held.undated.geometry.values])
    found = []
    for cluster in clusters(motion, moving_pixels(motion, options), min_pixels=options.min_pixels):
        ground = ground_of(cluster, grid)
        if share(ground, allowed) > _TOUCHING:
            continue
        breach = _breach(cluster, ground, motion, held.valid, held.lapsed, allowed=allowed, on=on, options=options)
        found += [] if breach is None else [breach]
    return found


def ground_of(cluster: Cluster, grid: GeoBox) -> Any:
    """Outline of a cluster's pixels in the CRS of the grid."""
    corners = np.stack([cluster.cols, cluster.rows], axis=1).astype(np.float64)
    there = [grid.transform * (col, row) for col, row in corners]
    opposite = [grid.transform * (col + 1.0, row + 1.0) for col, row in corners]
    return shapely.union_all([shapely.box(*a, *b) for a, b in zip(there, opposite, strict=True)]).buffer(0)


def _breach(
    cluster: Cluster,
    ground: Any,
    motion: xr.Dataset,
    valid: gpd.GeoDataFrame,
    lapsed: gpd.GeoDataFrame,
    *,
    allowed: Any,
    on: dt.date,
    options: ActivityOptions,
) -> Breach | None:
    """Name moving ground by the lapsed permit that holds it, or by the nearest one that holds, if that is near."""
    moves = cluster.probability_beyond(options.motion_m_per_year)
    is_apart = apart(ground, allowed, std_m=options.position_std_m, share=_TOUCHING)
    if moves * is_apart < options.certainty:
        return None
    former = most_shared(ground, lapsed)
    if former is not None and share(ground, former.geometry) > 0.5:
        return _after_expiry(cluster, ground, motion, former, probability=is_apart, options=options)
    near = valid[valid.distance(ground) <= options.radius_m]
    if near.empty:
        return None
    permit = near.loc[near.distance(ground).idxmin()]
    depth = float(shapely.distance(shapely.points(shapely.get_coordinates(ground)), permit.geometry).max())
    past = Beyond(float(ground.area), float(ground.area), moves * is_apart, depth)
    return Breach(MOTION_BEYOND, ground, permit, past, _rate(cluster.velocity, cluster.std))


def _after_expiry(
    cluster: Cluster,
    ground: Any,
    motion: xr.Dataset,
    permit: "pd.Series[Any]",
    *,
    probability: float,
    options: ActivityOptions,
) -> Breach | None:
    """Judge the motion since a permit ran out, by the epochs from then on."""
    if "displacement_vertical" not in motion:
        return None
    days = [day.date() for day in pd.DatetimeIndex(motion["epoch"].values)]
    series = series_of(cluster, motion["displacement_vertical"])
    since = rate_since(days, series, since=permit["valid_to"].date())
    if since is None:
        return None
    velocity, std = since
    moves = cluster._replace(velocity=velocity, std=std).probability_beyond(options.motion_m_per_year)
    if moves * probability < options.certainty:
        return None
    past = Beyond(float(ground.area), float(ground.area), moves * probability, 0.0)
    return Breach(MOTION_AFTER_EXPIRY, ground, permit, past, _rate(velocity, std))


def rate_since(
    days: Sequence[dt.date], displacement: NDArray[np.float64], *, since: dt.date
) -> tuple[float, float] | None:
    """Rate of a series after a date and its standard error [m year⁻¹]; None with fewer than six epochs."""
    chosen = np.array([day > since for day in days]) & np.isfinite(displacement)
    if int(chosen.sum()) < FEWEST_EPOCHS:
        return None
    years = np.array([(day - since).days / DAYS_PER_YEAR for day in days])[chosen]
    columns = np.stack([np.ones_like(years), years], axis=1)
    found, *_ = np.linalg.lstsq(columns, displacement[chosen], rcond=None)
    rest = displacement[chosen] - columns @ found
    variance = float(rest @ rest) / (years.size - 2)
    return float(found[1]), float(np.sqrt(variance / np.sum((years - years.mean()) ** 2)))


def _rate(velocity: float, std: float) -> str:
    way = "rises" if velocity > 0 else "sinks"
    return (
        f"It {way} at {abs(velocity) * 1e3:.0f} ± {1.96 * std * 1e3:.0f} mm/year (95 %), not validated on the ground."
    )
