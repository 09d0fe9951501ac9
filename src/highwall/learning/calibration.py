"""Does a probability mean what it says, and one number that makes it do so.

Of all samples to which a calibrated network gives 0.7, seven in ten are cases.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.core.errors import InputError

_COLDEST, _HOTTEST = 0.05, 20.0
"""Temperatures between which the fit looks [1]; a network at either end says nothing that cooling could mend."""
_SMALLEST = 1e-12
"""Probabilities below this count as this, so that their logarithm is finite."""
_N_HALVINGS = 60
"""Halvings of the interval of log T: more than a double can tell apart."""


class Reliability(NamedTuple):
    """Samples in bins of equal width of their probability."""

    mean_probability: NDArray[np.float64]
    """(bin,) NaN where a bin is empty."""
    share_of_cases: NDArray[np.float64]
    """(bin,) NaN where a bin is empty."""
    n: NDArray[np.int64]
    """(bin,) samples."""

    @property
    def error(self) -> float:
        """Expected calibration error, Σ_b (n_b / n) |share of cases − mean probability|; NaN without samples.

        Source: Guo et al. 2017, eq. 3.
        """
        if not self.n.sum():
            return float("nan")
        return float(np.nansum(self.n * np.abs(self.share_of_cases - self.mean_probability)) / self.n.sum())


def reliability(truth: NDArray[np.bool_], probability: NDArray[np.floating], *, n_bins: int = 15) -> Reliability:
    """Sort samples into bins by their probability, 0…1; 1 itself falls in the last."""
    p = probability.ravel().astype(np.float64)
    number = np.minimum((p * n_bins).astype(np.int64), n_bins - 1)
    n = np.bincount(number, minlength=n_bins)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(number, weights=p, minlength=n_bins) / n
        share = np.bincount(number, weights=truth.ravel().astype(np.float64), minlength=n_bins) / n
    return Reliability(mean, share, n)


def at_temperature(probability: NDArray[np.floating], *, temperature: float) -> NDArray[np.float64]:
    """Probabilities of a network whose logits are divided by ``temperature``: p_k^{1/T} / Σ_j p_j^{1/T}.

    Parameters
    ----------
    probability : (N, class)

    Raises
    ------
    InputError
        The temperature is not above 0.
    """
    if temperature <= 0:
        raise InputError(f"a temperature of {temperature:g} is not above 0; above 1 it makes a network less sure.")
    logits = np.log(np.maximum(probability.astype(np.float64), _SMALLEST)) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    scaled: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return scaled


def fit_temperature(truth: NDArray[np.integer], probability: NDArray[np.floating]) -> float:
    """Temperature at which the probabilities of known samples are likeliest; the order of classes stays.

    The negative log-likelihood is convex in 1/T, so its slope has one zero, which halving finds.

    Parameters
    ----------
    truth : (N,)
        Number of each sample's class.
    probability : (N, class)
        What a network that did not learn from these samples said, at temperature 1.

    Returns
    -------
    float
        Between 0.05 and 20 [1]; above 1 the network was too sure.

    Raises
    ------
    InputError
        There is no sample, or the shapes do not fit.

    Source: Guo et al. 2017, section 4.2.
    """
    if probability.ndim != 2 or truth.shape != probability.shape[:1] or not truth.size:
        raise InputError(
            f"truth has shape {truth.shape}, probability {probability.shape}; give (N,) and (N, class), N at least 1."
        )
    logits = np.log(np.maximum(probability.astype(np.float64), _SMALLEST))
    of_truth = logits[np.arange(truth.size), truth]

    def slope(log_temperature: float) -> float:
        """Of the negative log-likelihood over 1/T: E_p[logit] − logit of the truth, summed."""
        scaled = at_temperature(probability, temperature=float(np.exp(log_temperature)))
        return float(np.sum(scaled * logits) - of_truth.sum())

    low, high = np.log(_COLDEST), np.log(_HOTTEST)
    for _ in range(_N_HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if slope(middle) > 0 else (low, middle)
    return float(np.exp(0.5 * (low + high)))
