"""Least squares of every pixel's series on one design: float64 inside, NaN left out, the same bits in any block.

A matrix product of a library may add in another order when a block has another width. Here a pixel's sums run over the
epochs one by one, whatever its neighbours, so that results do not depend on how the scene was cut.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.core.errors import InputError

Matrix = NDArray[np.float64]

TILE = 8192
"""px whose series are worked on at once: 91 epochs of them fit the level-2 cache."""

RANK_TOLERANCE = 1e-7
"""Share of the greatest singular value, columns scaled to unit length, below which columns depend on one another."""


class Group(NamedTuple):
    """Pixels that have a value at the same epochs."""

    present: NDArray[np.bool_]
    """(epoch,)"""
    pixels: NDArray[np.int64]
    """Their numbers."""
    series: NDArray[Any]
    """(present epoch, pixel)"""


def groups_of(series: NDArray[Any]) -> Iterator[Group]:
    """Cut series (epoch, pixel) into groups of pixels that miss the same epochs; pixels without any are left out."""
    for start in range(0, series.shape[1], TILE):
        tile = series[:, start : start + TILE]
        present = np.isfinite(tile)
        if present.all():
            yield Group(present[:, 0], np.arange(start, start + tile.shape[1]), tile)
            continue
        patterns, number = np.unique(np.packbits(present, axis=0), axis=1, return_inverse=True)
        order = np.argsort(number.ravel(), kind="stable")
        for members in np.split(order, np.cumsum(np.bincount(number.ravel(), minlength=patterns.shape[1]))[:-1]):
            there = present[:, members[0]]
            if there.any():
                yield Group(there, members + start, tile[np.ix_(there, members)])


def full_rank(design: Matrix) -> bool:
    """Tell whether the columns of a design (epoch, term) can be told apart."""
    if len(design) < design.shape[1]:
        return False
    length = np.linalg.norm(design, axis=0)
    if not length.all():
        return False
    values = np.linalg.svd(design / length, compute_uv=False)
    return bool(values[-1] > RANK_TOLERANCE * values[0])


def require_full_rank(design: Matrix, *, terms: tuple[str, ...]) -> None:
    """Refuse a design (epoch, term) whose terms these epochs cannot tell apart.

    Raises
    ------
    InputError
        There are fewer epochs than terms, or some terms depend on one another.
    """
    if not full_rank(design):
        raise InputError(f"{len(design)} epochs cannot tell {', '.join(terms)} apart; leave a term out or add epochs.")


def combine(weights: NDArray[np.floating[Any]], series: NDArray[Any]) -> Matrix:
    """Product of weights (term, epoch) and series (epoch, pixel): (term, pixel), epoch after epoch."""
    total = np.zeros((len(weights), series.shape[1]))
    for column, values in zip(weights.T, series.astype(np.float64), strict=True):
        for row, weight in zip(total, column, strict=True):
            row += weight * values
    return total


def sum_of_squares(series: NDArray[Any], design: Matrix, coefficients: Matrix) -> Matrix:
    """Sum of squared residuals of each pixel (pixel,) about its model."""
    total = np.zeros(series.shape[1])
    for values, terms in zip(series, design, strict=True):
        residual = values.astype(np.float64)
        for term, coefficient in zip(terms, coefficients, strict=True):
            residual -= term * coefficient
        total += residual * residual
    return total


def residuals(series: NDArray[Any], design: Matrix) -> Matrix:
    """Residuals (epoch, pixel) of series (epoch, pixel) about their model; a missing value stays NaN."""
    rest = np.full(series.shape, np.nan)
    for group in groups_of(series):
        part = design[group.present]
        if full_rank(part):
            model = combine(part, combine(np.linalg.pinv(part), group.series))
            rest[np.ix_(group.present, group.pixels)] = group.series - model
    return rest
