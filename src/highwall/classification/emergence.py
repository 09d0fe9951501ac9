"""What came up between two dates: ground that is a mine at the later one and was none at the earlier.

A cell's emergence is e = p₁ (1 − p₀), the probability of both if the two answers err independently. A chip's is the
power mean of its cells', so that a new pit beside an old one counts: the chip as a whole was a mine before, its new
cells were not.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

POWER: Final = 4.0
"""Exponent of the power mean from cells to chip [1]: a tenth of certain cells gives 0.56."""

FloatArray = NDArray[np.floating]


def emergence(before: FloatArray, after: FloatArray) -> NDArray[np.float32]:
    """Probability of each class that it has come up: e_k = p₁ₖ (1 − p₀), p₀ of any mine; none is what is left.

    Parameters
    ----------
    before, after : (class, …) [1]
        Probability at each date, class 0 is none. NaN is missing, at either date.

    Returns
    -------
    (class, …) float32 [1], sum over class is 1
    """
    come_up = after[1:] * before[:1]
    return np.concatenate([1.0 - come_up.sum(axis=0, keepdims=True), come_up]).astype(np.float32)


def pooled(values: FloatArray, *, power: float = POWER) -> NDArray[np.float32]:
    """Power mean over the last two axes, M_r(e) = (mean e^r)^{1/r}: (…, y, x) to (…); NaN cells are left out.

    Source: generalised-mean pooling, Radenović et al. 2018, eq. 3.
    """
    known = np.isfinite(values)
    total = np.where(known, values, 0.0).astype(np.float64) ** power
    with np.errstate(invalid="ignore"):
        mean: NDArray[np.float64] = total.sum(axis=(-2, -1)) / known.sum(axis=(-2, -1))
    return np.asarray(mean ** (1.0 / power), dtype=np.float32)


def pooled_around(values: FloatArray, *, side: int, power: float = POWER) -> NDArray[np.float32]:
    """Power mean over the ``side``×``side`` neighbourhood of each cell, of those cells that exist and are known.

    Parameters
    ----------
    values : (y, x)
        NaN is missing.

    Returns
    -------
    (y, x) float32, NaN where nothing around is known
    """
    known = np.isfinite(values)
    total = _box_sum(np.where(known, values, 0.0).astype(np.float64) ** power, side=side)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.maximum(total, 0.0) / np.rint(_box_sum(known.astype(np.float64), side=side))
    return np.asarray(mean ** (1.0 / power), dtype=np.float32)


def _box_sum(values: NDArray[np.float64], *, side: int) -> NDArray[np.float64]:
    """Sum over the box around each cell, clipped at the edges; an even side reaches one further up and left."""
    for axis in (0, 1):
        n = values.shape[axis]
        sums = np.concatenate([np.zeros_like(values.take([0], axis)), values.cumsum(axis)], axis)
        first = np.arange(n) - side // 2
        values = sums.take(np.clip(first + side, 0, n), axis) - sums.take(np.clip(first, 0, n), axis)
    return values
