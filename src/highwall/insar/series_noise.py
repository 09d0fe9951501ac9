"""How the errors of a series hang together in time, and what they make of a slope.

Two sources. The noise of the pairs adds up along the network, which a line follows: the inversion knows its size for
every pixel (formal error) and the network its shape. What all pairs of an epoch agree on (air over the pixel and over
the reference, motion that the model lacks) shows in the scatter about the model: what the pairs' noise does not
explain of it, pixel by pixel. Part of it may last from date to date; how long, and how large a part, is the scene's,
estimated from the residuals of many pixels together, for one series is too short to tell.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.optimize import nnls

from highwall.core.constants import DAYS_PER_YEAR
from highwall.core.products import LAYERS
from highwall.insar.motion_model import motion_model
from highwall.insar.network import Network
from highwall.insar.options import VelocityOptions
from highwall.insar.regression import Matrix, residuals

MIN_PIXELS, MIN_FREEDOM = 30, 5
"""Whole series, and epochs beyond the model's terms, without which the scene says nothing of lasting errors."""
ROUNDING = 1e-12
"""Share of a series' sum of squares up to which its scatter is that of float32; the reference has none at all."""
N_MEMORIES = 12
"""Lengths of memory that are tried, evenly spaced in logarithm from half a revisit to a quarter of the series."""


@dataclass(frozen=True)
class SeriesNoise:
    """How the errors of a scene's series hang together in time; the same for every pixel but for their size."""

    network: Matrix
    """(epoch, epoch): covariance that the pairs' noise gives a series, so that the slope of a line has variance 1."""
    memory: Matrix
    """(epoch, epoch): correlation of what the pairs agree on."""
    memory_days: float
    """Time in which the lasting part of it falls to 1/e [day]."""
    lasting_share: float
    """Share of its variance that lasts; the rest is independent from date to date."""

    def layers(self, design: Matrix) -> xr.Dataset:
        """``network_errors`` and ``date_errors`` (epoch, other_epoch) [year²] of a model's series.

        With ``velocity_std`` σ and ``network_share`` p of :func:`~highwall.insar.velocity.fit_motion` they give back
        the covariance of a pixel's errors: σ² (p · network_errors + (1 − p) · date_errors) [m²].

        Parameters
        ----------
        design : (epoch, term)
            Of the model that was fitted, at all epochs.
        """
        slope = np.linalg.pinv(design)[1]
        found = {"network_errors": self.network, "date_errors": self.memory}
        return xr.Dataset(
            {
                name: (LAYERS[name].dims, matrix / (slope @ matrix @ slope), LAYERS[name].attrs())
                for name, matrix in found.items()
            }
        )

    def describe(self) -> str:
        """One line for reports."""
        if self.lasting_share == 0.0:
            return "errors of dates taken as independent, beside the noise that adds up along the network"
        return (
            f"{self.lasting_share:.0%} of the error variance on which pairs agree lasts from date to date, "
            f"falling to 1/e in {self.memory_days:.0f} days; the network's noise adds up beside it"
        )


def fit_noise(sample: xr.Dataset, network: Network, *, options: VelocityOptions | None = None) -> SeriesNoise:
    """Estimate from some pixels how the errors of the whole scene hang together in time.

    Parameters
    ----------
    sample : displacement (epoch, y, x) [m], velocity_std, n_components (y, x), in memory
        Of :func:`~highwall.insar.inversion.invert`, some hundred pixels or more from all over the scene. Those with a
        whole network and all epochs are used.
    network
        That was inverted.
    options
        The terms that will be fitted to the series.

    Raises
    ------
    InputError
        The epochs cannot tell the terms apart.
    """
    shape = network_covariance(network)
    design = motion_model(network.epochs, options or VelocityOptions()).design
    rest, formal = _residuals_of(sample, design)
    if rest.shape[1] < MIN_PIXELS or len(design) - design.shape[1] < MIN_FREEDOM:
        return SeriesNoise(shape, np.eye(len(design)), 0.0, 0.0)
    keep = projector(design)
    excess = _pooled(rest, formal, keep @ shape @ keep)
    return _with_memory(shape, excess, keep, days=network.years * DAYS_PER_YEAR)


def network_covariance(network: Network) -> Matrix:
    """Covariance that pairs of equal, independent noise give a series (epoch, epoch), the slope's variance being 1."""
    incidence = np.zeros((network.n_pairs, network.n_epochs))
    rows = np.arange(network.n_pairs)
    incidence[rows, network.pairs[:, 0]], incidence[rows, network.pairs[:, 1]] = -1.0, 1.0
    covariance = np.zeros((network.n_epochs, network.n_epochs))
    covariance[1:, 1:] = np.linalg.pinv(incidence[:, 1:].T @ incidence[:, 1:], hermitian=True)
    centred = network.years - network.years.mean()
    slope = centred / (centred @ centred)
    return np.asarray(covariance / (slope @ covariance @ slope))


def projector(design: Matrix) -> Matrix:
    """Matrix (epoch, epoch) that leaves of a series its residual about a design (epoch, term)."""
    return np.asarray(np.eye(len(design)) - design @ np.linalg.pinv(design))


class SlopeVariance(NamedTuple):
    """Variance of a velocity, and what part of it the network's noise makes."""

    total: Matrix
    """(pixel,) [m² year⁻²]"""
    of_network: Matrix
    """(pixel,) [m² year⁻²]; NaN where the dates are taken as independent."""


def slope_variance(
    scatter: Matrix,
    formal: Matrix,
    *,
    design: Matrix,
    slope: Matrix,
    noise: SeriesNoise | None,
    present: NDArray[np.bool_],
) -> SlopeVariance:
    """Variance of a model's velocity [m² year⁻²] of each pixel (pixel,).

    σ² = f² gᵀKg + s² gᵀRg with s² = max(0, Σr² − f² tr MK) / tr MR: f the formal error, K the network's covariance, R
    the correlation of what the pairs agree on, M the projector on residuals r, g the velocity's row of the inverse.

    Parameters
    ----------
    scatter : (pixel,) [m²]
        Sum of squared residuals.
    formal : (pixel,) [m² year⁻²]
        Variance of a line's slope from the pairs' noise; NaN unknown, which counts as none.
    design, slope
        The model at the epochs that these pixels have, and the velocity's row of its pseudo-inverse.
    present : (epoch,)
        Which of the scene's epochs these are.
    """
    freedom = len(design) - design.shape[1]
    if noise is None:
        unknown = np.full_like(scatter, np.nan)
        return SlopeVariance(scatter / freedom * (slope @ slope) if freedom else unknown, unknown)
    network, memory = (matrix[np.ix_(present, present)] for matrix in (noise.network, noise.memory))
    follows = slope @ network @ slope
    if not freedom:
        return SlopeVariance(formal * follows, formal * follows)
    keep, known = projector(design), np.nan_to_num(formal)
    beyond = np.maximum(scatter - known * np.sum(keep * network), 0.0) / np.sum(keep * memory)
    of_network = np.asarray(known * follows)
    return SlopeVariance(np.asarray(of_network + beyond * (slope @ memory @ slope)), of_network)


def _residuals_of(sample: xr.Dataset, design: Matrix) -> tuple[Matrix, Matrix]:
    """Residuals (epoch, pixel) and formal variances (pixel,) of pixels with all epochs, a whole network and scatter."""
    series = sample["displacement"].values.astype(np.float64)
    formal = np.nan_to_num(sample["velocity_std"].values.astype(np.float64))
    whole = np.isfinite(series).all(axis=0) & (sample["n_components"].values == 1)
    rest = residuals(series[:, whole], design)
    scatters = np.sum(rest**2, axis=0) > ROUNDING * np.sum(series[:, whole] ** 2, axis=0)
    return rest[:, scatters], formal[whole][scatters] ** 2


def _pooled(rest: Matrix, formal: Matrix, network: Matrix) -> Matrix:
    """Mean covariance of residuals (epoch, epoch) less the network's part, every pixel scaled to unit scatter."""
    scatter = np.sum(rest**2, axis=0)
    scaled = rest / np.sqrt(scatter)
    return np.asarray(scaled @ scaled.T / rest.shape[1] - np.mean(formal / scatter) * network)


def _with_memory(shape: Matrix, excess: Matrix, keep: Matrix, *, days: Matrix) -> SeriesNoise:
    """Find the memory whose residuals would look most like ``excess``: M((1 − p)I + p exp(−|Δt|/τ))M."""
    lag = np.abs(days[:, None] - days)
    best = (np.inf, 0.0, 0.0)
    for tau in np.geomspace(0.5 * np.median(np.diff(days)), 0.25 * days[-1], N_MEMORIES):
        parts = [keep, keep @ np.exp(-lag / tau) @ keep]
        (independent, lasting), misfit = nnls(np.stack([part.ravel() for part in parts], axis=1), excess.ravel())
        if lasting > 0.0 and misfit < best[0]:
            best = (float(misfit), float(tau), float(lasting / (independent + lasting)))
    _, tau, share = best
    memory = np.eye(len(days)) if share == 0.0 else (1.0 - share) * np.eye(len(days)) + share * np.exp(-lag / tau)
    return SeriesNoise(shape, memory, tau, share)
