"""Ground that moves where it may not: beyond a boundary, or after a permit has run out, whatever the scene shows.

The 2024 paper's Figure 10b: at Pingtanghugou quarry the series of one point shows work beyond the authorised boundary
all through the years, while the optical outline says little. Here that is said of clusters of pixels, with a
probability. Of moving ground that runs across a boundary, the pixels past it are judged by themselves.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation
from scipy.special import stdtr, stdtrit

from highwall.activity.boundary import Beyond, beyond
from highwall.activity.breaches import Breach, last_lapsed
from highwall.activity.clusters import Cluster, clusters, series_of
from highwall.activity.deformation import moving_pixels
from highwall.activity.options import ActivityOptions
from highwall.activity.permits import by_validity
from highwall.activity.series_errors import errors_of
from highwall.core.constants import DAYS_PER_YEAR
from highwall.core.grid import GeoBox, grid_of

MOTION_BEYOND, MOTION_AFTER_EXPIRY = "motion_beyond_boundary", "motion_after_expiry"
FEWEST_EPOCHS: Final = 6
"""Epochs after an expiry from which a rate since then is told."""
MARGIN: Final = 1.25
"""By how much the error that a series' known errors make of a rate is widened [1]: sizes and memory are estimated, and
memory beyond a quarter of the series is not. With 1.0, still ground that walks passes 0.95 in up to 7 % of simulated
series of a case, with 1.25 in at most 1.5 %."""
LONGEST_SHARE: Final = 1 / 3
"""Share of a series' epochs up to which the whole tells of the errors in a part of it."""
_TWO_SIDED: Final = 0.975
"""Quantile of which a 95 % interval is made."""
_ACROSS: Final = "Ground beside it moves alike on permitted land, so that works there may be the cause."


class RateSince(NamedTuple):
    """Rate of a series after a date."""

    velocity: float
    """Vertical [m year⁻¹], positive up."""
    std: float
    """Standard error of it [m year⁻¹]."""
    freedom: int
    """Epochs beyond the two terms of the line."""

    def probability_beyond(self, bound: float) -> float:
        """P(v > bound) of ground that rises, P(v < −bound) of ground that sinks, after Student's t."""
        return float(stdtr(self.freedom, (abs(self.velocity) - bound) / max(self.std, np.finfo(np.float64).tiny)))

    def describe(self) -> str:
        """One sentence for the finding."""
        return _rate(self.velocity, float(stdtrit(self.freedom, _TWO_SIDED)) * self.std)


def motion_beyond(
    motion: xr.Dataset, permits: gpd.GeoDataFrame, *, on: dt.date, options: ActivityOptions
) -> list[Breach]:
    """Find moving ground within the radius of a permit and outside all that hold.

    Parameters
    ----------
    motion : velocity_vertical, velocity_vertical_std (y, x) [m year⁻¹]; decorrelated (y, x) bool;
        displacement_vertical (epoch, y, x) [m], optional; the layers of ``series_errors.ERROR_LAYERS``, optional
        On any grid.
    permits
        Of ``permit_table``, in a CRS in metres; so are the breaches.
    on
        Date of the last epoch, or of the scene.
    """
    held = by_validity(permits, on)
    allowed = shapely.union_all([*held.valid.geometry.values, *held.undated.geometry.values])
    moving = moving_pixels(motion, options)
    past = _past(moving, motion, allowed, crs=permits.crs)
    found = []
    for cluster in clusters(motion, past, min_pixels=options.min_pixels):
        ground = ground_of(cluster, grid_of(motion, name="motion"), crs=permits.crs)
        breach = _breach(cluster, ground, motion, held.valid, held.lapsed, allowed=allowed, options=options)
        if breach is not None:
            goes_on = _goes_on(cluster, moving, past)
            found.append(breach._replace(note=f"{breach.note} {_ACROSS}") if goes_on else breach)
    return found


def ground_of(cluster: Cluster, grid: GeoBox, *, crs: Any) -> Any:
    """Outline of a cluster's pixels in a CRS."""
    corners = np.stack([cluster.cols, cluster.rows], axis=1).astype(np.float64)
    there = [grid.transform * (col, row) for col, row in corners]
    opposite = [grid.transform * (col + 1.0, row + 1.0) for col, row in corners]
    whole = shapely.union_all([shapely.box(*a, *b) for a, b in zip(there, opposite, strict=True)]).buffer(0)
    return gpd.GeoSeries([whole], crs=str(grid.crs)).to_crs(crs).iloc[0]


def _past(moving: NDArray[np.int8], motion: xr.Dataset, allowed: Any, *, crs: Any) -> NDArray[np.int8]:
    """Moving pixels whose centre lies off the allowed land."""
    rows, cols = np.nonzero(moving)
    places = gpd.points_from_xy(motion["x"].values[cols], motion["y"].values[rows])
    centres = gpd.GeoSeries(places, crs=str(grid_of(motion, name="motion").crs)).to_crs(crs)
    shapely.prepare(allowed)
    is_in = shapely.intersects(allowed, centres.values)
    found = moving.copy()
    found[rows[is_in], cols[is_in]] = 0
    return found


def _goes_on(cluster: Cluster, moving: NDArray[np.int8], past: NDArray[np.int8]) -> bool:
    """Tell whether ground next to a cluster moves alike on allowed land."""
    own = np.zeros(moving.shape, bool)
    own[cluster.rows, cluster.cols] = True
    beside = binary_dilation(own, structure=np.ones((3, 3), bool))
    return bool((beside & (past == 0) & (moving == np.sign(cluster.velocity))).any())


def _breach(
    cluster: Cluster,
    ground: Any,
    motion: xr.Dataset,
    valid: gpd.GeoDataFrame,
    lapsed: gpd.GeoDataFrame,
    *,
    allowed: Any,
    options: ActivityOptions,
) -> Breach | None:
    """Name moving ground by the lapsed permit that holds it, or by the nearest one that holds, if that is near."""
    moves = cluster.probability_beyond(options.motion_m_per_year)
    smallest_m2 = min(cluster.area_m2 * options.min_pixels / cluster.rows.size, ground.area)
    past = beyond(
        ground, allowed, std_m=options.position_std_m, smallest_m2=smallest_m2, certainty=options.certainty
    )  # fmt: skip
    if moves * past.probability < options.certainty:
        return None
    former = last_lapsed(ground, lapsed)
    if former is not None:
        return _after_expiry(cluster, ground, motion, former, past=past, options=options)
    near = valid[valid.distance(ground) <= options.radius_m]
    if near.empty:
        return None
    permit = near.loc[near.distance(ground).idxmin()]
    past = past._replace(probability=moves * past.probability)
    return Breach(MOTION_BEYOND, ground, permit, past, _rate(cluster.velocity, 1.96 * cluster.std))


def _after_expiry(
    cluster: Cluster,
    ground: Any,
    motion: xr.Dataset,
    permit: "pd.Series[Any]",
    *,
    past: Beyond,
    options: ActivityOptions,
) -> Breach | None:
    """Judge the motion since a permit ran out, by the epochs from then on."""
    if "displacement_vertical" not in motion:
        return None
    days = [day.date() for day in pd.DatetimeIndex(motion["epoch"].values)]
    series = series_of(cluster, motion["displacement_vertical"])
    errors = errors_of(cluster, motion)
    rate = rate_since(days, series, since=permit["valid_to"].date(), whole_std=cluster.std, errors=errors)
    if rate is None:
        return None
    moves = rate.probability_beyond(options.motion_m_per_year)
    if moves * past.probability < options.certainty:
        return None
    past = past._replace(probability=moves * past.probability, depth_m=0.0)
    return Breach(MOTION_AFTER_EXPIRY, ground, permit, past, rate.describe())


def rate_since(
    days: Sequence[dt.date],
    displacement: NDArray[np.float64],
    *,
    since: dt.date,
    whole_std: float,
    errors: NDArray[np.float64] | None = None,
) -> RateSince | None:
    """Rate of a series after a date.

    The scatter about the line tells its error as if dates were independent. Errors that last from date to date follow
    the line and do not show, the less so the fewer the epochs. The error of the whole series' rate knows of them: the
    error since is never less than that, scaled to the shorter span as independent dates would be, by the root of the
    ratio of Σ(t − t̄)². Errors that last shrink slower as a span grows, so that this overstates them, in simulation 4
    to 13 times with six epochs after 80. Where it is known how the series' errors hang together in time, and the span
    is at most a third of the epochs, ``MARGIN`` times what they make of the rate is enough.

    Parameters
    ----------
    displacement : (epoch,) [m]
        NaN where unknown; such epochs are left out.
    whole_std
        Standard error of the rate of the whole series [m year⁻¹].
    errors : (epoch, epoch) [m²]
        Covariance of the series' errors (:func:`~highwall.activity.series_errors.errors_of`); None where unknown.

    Returns
    -------
    RateSince or None
        None with fewer than six epochs after the date.
    """
    known = np.isfinite(displacement)
    chosen = np.array([day > since for day in days]) & known
    freedom = int(chosen.sum()) - 2
    if freedom + 2 < FEWEST_EPOCHS:
        return None
    years = np.array([(day - since).days / DAYS_PER_YEAR for day in days])
    columns = np.stack([np.ones_like(years), years], axis=1)[chosen]
    inverse = np.linalg.pinv(columns)
    found = inverse @ displacement[chosen]
    rest = displacement[chosen] - columns @ found
    spread, whole = _spread(years[chosen]), _spread(years[known])
    lasting = whole_std * whole / spread
    if errors is not None and chosen.sum() <= LONGEST_SHARE * known.sum():
        made = inverse[1] @ errors[np.ix_(chosen, chosen)] @ inverse[1]
        lasting = min(lasting, MARGIN * float(np.sqrt(made)))
    return RateSince(float(found[1]), max(float(np.sqrt(rest @ rest / freedom)) / spread, lasting), freedom)


def _spread(years: NDArray[np.float64]) -> float:
    """Root of the sum of squares about the mean [year]."""
    return float(np.linalg.norm(years - years.mean()))


def _rate(velocity: float, margin: float) -> str:
    way = "rises" if velocity > 0 else "sinks"
    return f"It {way} at {abs(velocity) * 1e3:.0f} ± {margin * 1e3:.0f} mm/year (95 %), not validated on the ground."
