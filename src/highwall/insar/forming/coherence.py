"""What an estimate of coherence from few looks may be believed: its bias, and the bias taken out.

Sample coherence is drawn towards one: with L independent looks of ground that has none it still averages √(π/4L).
Fringes within the window draw it the other way, which nothing here undoes.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from highwall.core.errors import InputError

_NODES = 96
"""Coherences at which the expectation is tabulated; linear between them it is off by less than 2e-4."""
_HIGHEST_NODE = 0.96
"""Above, the bias (1 − γ²)² / 4Lγ is below 1e-3 for two looks and falls to 0 at 1: the table runs straight there."""
_TAIL = 12.0
"""Standard deviations of the series' index that are summed on each side of its mean."""


def expected_coherence(coherence: ArrayLike, *, looks: float) -> NDArray[np.float64]:
    """Mean of the sample coherence where the true one is known: float64 [1].

    E[d] = Γ(L) Γ(3/2) / Γ(L + 1/2) · ₃F₂(3/2, L, L; L + 1/2, 1; γ²) · (1 − γ²)ᴸ

    Parameters
    ----------
    coherence
        True coherence γ, 0 to 1.
    looks
        Independent looks L, more than 1: a single look always gives 1.

    Raises
    ------
    InputError
        There is one look, or fewer.

    Source: Touzi et al. 1999.
    """
    true, sample = _table(_checked(looks))
    return np.interp(np.asarray(coherence, np.float64), true, sample)


def unbiased_coherence(sample: ArrayLike, *, looks: float) -> NDArray[np.float64]:
    """True coherence whose expected estimate is ``sample``: float64 [1]; 0 where an estimate is below that of none.

    Parameters
    ----------
    sample
        Estimated coherence, 0 to 1; NaN stays NaN.
    looks
        Independent looks behind the estimate, more than 1.

    Raises
    ------
    InputError
        There is one look, or fewer.
    """
    true, expected = _table(_checked(looks))
    return np.interp(np.asarray(sample, np.float64), expected, true)


def _checked(looks: float) -> float:
    if not looks > 1.0:
        raise InputError(f"{looks:g} looks give a coherence of 1 whatever the ground; average more samples.")
    return float(looks)


@lru_cache(maxsize=16)
def _table(looks: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """True coherences and the means of their estimates, both rising."""
    nodes = np.linspace(0.0, _HIGHEST_NODE, _NODES)
    means = [_expectation(float(node), looks) for node in nodes]
    return np.append(nodes, 1.0), np.append(means, 1.0)


def _expectation(coherence: float, looks: float) -> Any:
    """Sum the series of ₃F₂ term by term.

    Its k-th term is the weight of k in a negative binomial distribution with L and γ², times the mean of √Beta(k + 1,
    L − 1), so that only the k about the distribution's middle count.
    """
    square = coherence**2
    mean, spread = looks * square / (1.0 - square), np.sqrt(looks * square) / (1.0 - square)
    k = np.arange(max(0.0, np.floor(mean - _TAIL * spread)), np.ceil(mean + _TAIL * spread) + _TAIL**2)
    log_weight = gammaln(looks + k) - gammaln(looks) - gammaln(k + 1.0) + looks * np.log1p(-square)
    with np.errstate(divide="ignore"):
        log_weight = log_weight + np.where(k > 0, k * np.log(square), 0.0) if square else np.where(k > 0, -np.inf, 0.0)
    log_mean = gammaln(k + 1.5) + gammaln(k + looks) - gammaln(k + 1.0) - gammaln(k + looks + 0.5)
    return np.exp(log_weight + log_mean).sum()
