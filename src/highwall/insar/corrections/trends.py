"""Scene-wide trends of every epoch: a long-wavelength ramp and delay that follows height, fitted together.

Height and position go together in most scenes, so that a ramp fitted alone would take part of the delay and the other
way round: both stand in one design. Moving ground must not shape the fit: each pixel has one weight for all epochs,
from how fast its residual drifts and how much it scatters beside the others. Ground that sinks differs little from its
neighbours at any one epoch, but much over all of them.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from highwall.core.constants import DAYS_PER_YEAR
from highwall.core.errors import InputError, StackError
from highwall.insar.corrections.coarse import mean_at_reference
from highwall.insar.options import CorrectionOptions
from highwall.insar.regression import Matrix, full_rank

Grid = NDArray[np.float64]
Surface = Literal["none", "plane", "quadratic"]

_BISQUARE, _HUBER = 4.685, 1.345
"""Tuning of Tukey's bisquare and of Huber's weight, 95 % efficient for normal errors (Holland & Welsch 1977)."""
_NORMAL_MAD = 1.4826
"""Standard deviation over median absolute deviation of normal errors."""
_ROUNDS, _LENIENT_ROUNDS, _SETTLED = 60, 15, 1e-4
"""Most reweightings; those with Huber's weight, which never gives a pixel up, before the bisquare; change that ends."""
PIXELS_PER_TERM = 10
"""Least number of stable pixels for each term."""


@dataclass(frozen=True)
class SceneTrends:
    """Coefficients of every epoch's trends."""

    surface: Surface
    is_stratified: bool
    is_level: bool
    """Whether the constant, too, is taken off: stable pixels as a whole become the reference."""
    origin: tuple[float, float, float]
    """Mean x, y and height of the pixels fitted."""
    scale: tuple[float, float, float]
    """Their standard deviations."""
    coefficients: Grid
    """(term, epoch) [m]: constant, surface, height."""
    anchor: dict[str, Grid]
    """Of each layer: (epoch,) [m], its mean at the reference; 0 where trends are level."""
    n_pixels: int
    """Stable pixels that were fitted."""

    def layers(self, block: xr.Dataset, _displacement: Grid) -> dict[str, Grid]:
        """``correction_ramp`` and ``correction_stratified`` (epoch, y, x) [m] of a block, as far as asked for."""
        return {name: layer - self.anchor[name][:, None, None] for name, layer in self._raw(block).items()}

    def _raw(self, block: xr.Dataset) -> dict[str, Grid]:
        """Layers before the reference's share is taken off."""
        columns = _columns(block, self.surface, self.is_stratified, origin=self.origin, scale=self.scale)
        terms = slice(0 if self.is_level else 1, len(columns) - self.is_stratified)
        layers = {}
        if self.surface != "none" or self.is_level:
            layers["correction_ramp"] = _sum(self.coefficients[terms], columns[terms])
        if self.is_stratified:
            layers["correction_stratified"] = _sum(self.coefficients[-1:], columns[-1:])
        return layers


def fit_trends(
    sample: xr.Dataset, *, options: CorrectionOptions, anchor: xr.Dataset, stable: NDArray[np.bool_]
) -> SceneTrends:
    """Fit ramp and stratified delay of every epoch on stable pixels.

    Parameters
    ----------
    sample : displacement (epoch, y, x) [m], x, y, and with stratified delay ``height`` (y, x) [m]
    anchor
        Block whose pixels with a displacement have a mean correction of zero at every epoch, unless trends are level.
    stable : (y, x)
        Pixels that may be used; those that differ from the others lose weight by themselves.

    Raises
    ------
    StackError
        Height or coordinates are missing.
    InputError
        There are too few stable pixels, or they lie so that the terms cannot be told apart.
    """
    origin, scale = _spread(sample, stable, with_height=options.stratified)
    columns = _columns(sample, options.ramp, options.stratified, origin=origin, scale=scale)
    design = np.stack([np.broadcast_to(column, stable.shape)[stable] for column in columns], axis=1)
    series = sample["displacement"].values[:, stable].T.astype(np.float64)
    whole = np.isfinite(design).all(axis=1) & np.isfinite(series).all(axis=1)
    _check(design[whole], options)
    years = _years(sample["epoch"].values)
    coefficients = _robust(design[whole], series[whole], years=years)
    if options.keep_velocity:
        coefficients = _without_slope(coefficients, years=years)
    kinds = (options.ramp, options.stratified, bool(options.level))
    trends = SceneTrends(*kinds, origin, scale, coefficients, anchor={}, n_pixels=int(whole.sum()))
    means = {name: mean_at_reference(layer, anchor, what=name) for name, layer in trends._raw(anchor).items()}
    return replace(
        trends, anchor={name: np.zeros_like(mean) if options.level else mean for name, mean in means.items()}
    )


def _spread(
    sample: xr.Dataset, stable: NDArray[np.bool_], *, with_height: bool
) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Mean and standard deviation of x, y and height of the stable pixels; a spread of 0 counts as 1."""
    fields = [np.broadcast_to(field, stable.shape)[stable] for field in _coordinates(sample, with_height=with_height)]
    if not stable.any():
        raise InputError("no stable pixel is left to fit trends on; lower min_temporal_coherence or leave less out.")
    mean = tuple(float(np.nanmean(field)) for field in fields)
    spread = tuple(float(np.nanstd(field)) or 1.0 for field in fields)
    return (mean[0], mean[1], mean[2]), (spread[0], spread[1], spread[2])


def _coordinates(block: xr.Dataset, *, with_height: bool) -> tuple[Grid, Grid, Grid]:
    """Fields x (1, x), y (y, 1) and height (y, x) of a block; height is 0 where nobody asks for it."""
    missing = [name for name in ("x", "y") if name not in block.coords]
    if missing:
        raise StackError(f"the block has no coordinate {' and '.join(missing)}; trends need to know where pixels lie.")
    if with_height:
        require_height(block)
    x, y = (block[name].values.astype(np.float64) for name in ("x", "y"))
    height = block["height"].values.astype(np.float64) if with_height else np.zeros((1, 1))
    return x[None, :], y[:, None], height


def require_height(block: xr.Dataset) -> None:
    """Make sure that a block has heights.

    Raises
    ------
    StackError
        It has none.
    """
    if "height" not in block:
        raise StackError(
            "stratified delay needs the layer 'height' (y, x) [m]; give a height model with --dem, or as insar.dem of "
            "SITE.yaml, or leave it out."
        )


def _columns(
    block: xr.Dataset,
    surface: Surface,
    is_stratified: bool,
    *,
    origin: tuple[float, float, float],
    scale: tuple[float, float, float],
) -> list[Grid]:
    """Fields of the terms, (y, x) or broadcastable: constant, surface, height."""
    fields = _coordinates(block, with_height=is_stratified)
    x, y, height = ((field - middle) / size for field, middle, size in zip(fields, origin, scale, strict=True))
    plane = [x, y] if surface != "none" else []
    bent = [x * x, x * y, y * y] if surface == "quadratic" else []
    return [np.ones((1, 1)), *plane, *bent, *([height] if is_stratified else [])]


def _sum(coefficients: Grid, columns: list[Grid]) -> Grid:
    """Sum of terms (epoch, y, x), one after the other."""
    total = np.zeros(1)
    for coefficient, column in zip(coefficients, columns, strict=True):
        total = total + coefficient[:, None, None] * column
    return total


def _check(design: Matrix, options: CorrectionOptions) -> None:
    needed = PIXELS_PER_TERM * design.shape[1]
    if len(design) < needed:
        raise InputError(
            f"{len(design)} stable pixels have all epochs; trends of {design.shape[1]} terms need {needed}. "
            "Lower min_temporal_coherence, leave less out, or take a denser sample."
        )
    if not full_rank(design):
        what = "height" if options.stratified else "position"
        raise InputError(f"the stable pixels do not differ enough in {what} to fit trends; leave a term out.")


def _years(epochs: NDArray[np.datetime64]) -> Grid:
    years = (epochs - epochs[0]) / np.timedelta64(1, "D") / DAYS_PER_YEAR
    return np.asarray(years - years.mean(), dtype=np.float64)


def _without_slope(coefficients: Grid, *, years: Grid) -> Grid:
    """Coefficients (term, epoch) less their line through time, still zero at the first epoch."""
    slope = coefficients @ years / (years @ years)
    return np.asarray(coefficients - slope[:, None] * (years - years[0]))


def _robust(design: Matrix, series: Matrix, *, years: Grid) -> Matrix:
    """Coefficients (term, epoch) of a weighted fit whose weights (pixel,) come from its own residuals."""
    weight = np.ones(len(design))
    slope = years / max(float(years @ years), np.finfo(np.float64).tiny)
    for turn in range(_ROUNDS):
        root = np.sqrt(weight)[:, None]
        coefficients = np.asarray(np.linalg.lstsq(root * design, root * series, rcond=None)[0], dtype=np.float64)
        rest = series - design @ coefficients
        updated = _weights(rest, slope, lenient=turn < _LENIENT_ROUNDS)
        if turn > _LENIENT_ROUNDS and np.abs(updated - weight).max() < _SETTLED:
            break
        weight = updated
    return coefficients


def _weights(rest: Matrix, slope: Grid, *, lenient: bool) -> Grid:
    """Weight of each pixel (pixel,) from the drift and the scatter of its residuals (pixel, epoch)."""
    drift = _standardised(rest @ slope)
    scatter = np.sqrt(np.mean(rest**2, axis=1))
    noisy = scatter / max(float(np.median(scatter)), np.finfo(np.float64).tiny)
    bisquare = np.maximum(1.0 - (drift / _BISQUARE) ** 2, 0.0) ** 2
    steady = _HUBER / np.maximum(drift, _HUBER) if lenient else bisquare
    return np.asarray(steady * _HUBER / np.maximum(noisy, _HUBER))


def _standardised(values: Grid) -> Grid:
    """Distance from the median in robust standard deviations."""
    apart = np.abs(values - np.median(values))
    return np.asarray(apart / max(_NORMAL_MAD * float(np.median(apart)), np.finfo(np.float64).tiny))
