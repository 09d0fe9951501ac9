"""Pixel accuracy from sampled points, where mines are a small part of the land.

With mines on 1.5 % of the area, a map without any mine is 98.5 % right: overall accuracy alone misleads. User's and
producer's accuracy, F1 and kappa of the class *mine* say more. They depend on how common mines are among the points: a
sample drawn in the proportions of the land (the paper's) gives them at once; one that takes more of the rare class must
be weighted back by the size of its strata.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.core.errors import InputError
from highwall.learning.metrics import Confusion


class Points(NamedTuple):
    """Pixels drawn at random, without repetition within a stratum."""

    rows: NDArray[np.int64]
    cols: NDArray[np.int64]
    stratum: NDArray[np.int64]
    """Value of the stratum that each was drawn from."""
    weight: NDArray[np.float64]
    """Pixels of its stratum that each stands for [pixel]."""


class PixelAccuracy(NamedTuple):
    """Scores of the class *mine*, all in 0…1; kappa from −1."""

    users: float
    """Share of what was mapped as mine that is mine: 1 − commission error."""
    producers: float
    """Share of the mine land that was mapped: 1 − omission error."""
    overall: float
    f1: float
    kappa: float

    @classmethod
    def of(cls, counts: Confusion) -> "PixelAccuracy":
        """Score a confusion matrix of counts or areas."""
        return cls(counts.precision, counts.recall, counts.overall_accuracy, counts.f1, counts.kappa)


def sample_points(strata: NDArray[np.integer], *, n_points: dict[int, int], seed: int = 0) -> Points:
    """Draw pixels at random from each stratum.

    Parameters
    ----------
    strata : (y, x) int
        Class of each pixel, of the reference or of the map; values that ``n_points`` does not name are not drawn.
    n_points
        Number of points of each stratum.

    Raises
    ------
    InputError
        A stratum has fewer pixels than points are asked of it.
    """
    random = np.random.default_rng(seed)
    flat = strata.ravel()
    drawn, values, weights = [], [], []
    for value, count in n_points.items():
        members = np.flatnonzero(flat == value)
        if members.size < count:
            raise InputError(f"stratum {value} has {members.size} pixels, {count} points were asked; ask for fewer.")
        drawn.append(np.sort(random.choice(members, count, replace=False)))
        values.append(np.full(count, value, np.int64))
        weights.append(np.full(count, members.size / max(count, 1)))
    pixels = np.concatenate(drawn) if drawn else np.zeros(0, np.int64)
    rows, cols = np.divmod(pixels, strata.shape[1])
    empty = [np.zeros(0)]
    return Points(rows, cols, np.concatenate(values or empty).astype(np.int64), np.concatenate(weights or empty))


def proportional(strata: NDArray[np.integer], *, n_total: int) -> dict[int, int]:
    """Share out points among the strata by their size, at least one each: the paper's imbalanced design."""
    values, sizes = np.unique(strata, return_counts=True)
    shares = np.maximum(1, np.round(n_total * sizes / sizes.sum())).astype(int)
    return dict(zip(values.tolist(), shares.tolist(), strict=True))


def pixel_accuracy(
    truth: NDArray[np.bool_], mapped: NDArray[np.bool_], *, weight: NDArray[Any] | None = None
) -> PixelAccuracy:
    """Score a map at sampled points.

    Parameters
    ----------
    truth, mapped : (point,) bool
        Whether each is mine, in truth and on the map.
    weight : (point,), optional
        Pixels that each stands for, as :func:`sample_points` gives them; without it every point counts one, which is
        right for a sample in the proportions of the land.

    Raises
    ------
    InputError
        The shapes differ.
    """
    if weight is None:
        return PixelAccuracy.of(Confusion.of(truth, mapped))
    if not truth.shape == mapped.shape == weight.shape:
        raise InputError(f"truth {truth.shape}, mapped {mapped.shape} and weight {weight.shape} must be one shape.")
    return PixelAccuracy.of(
        Confusion(
            float(weight[truth & mapped].sum()),
            float(weight[~truth & mapped].sum()),
            float(weight[truth & ~mapped].sum()),
            float(weight[~truth & ~mapped].sum()),
        )
    )
