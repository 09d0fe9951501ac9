"""Baatz & Schäpe's criterion: what a region is known by, and what it costs to merge two.

All arithmetic rounds as written, in every caller: results hang on which of two costs is less, and must not change with
the kernel that a cost was computed in.
"""
# mypy: ignore-errors

from typing import NamedTuple

import numpy as np

from highwall.core.jit import exact_kernel, inlined

U = np.uint64

AREA, PERIMETER, TOP, LEFT, BOTTOM, RIGHT = range(6)
"""Columns of ``Regions.form``; bottom and right lie one past the region."""


class Rule(NamedTuple):
    """The criterion's parameters."""

    weights: np.ndarray
    """(band,) float64"""
    shape: float
    compactness: float


class Regions(NamedTuple):
    """What is known of each region; they stand in the order of their first pixels."""

    form: np.ndarray
    """(region, 6) int32 [pixel]: area, perimeter with the image's edge, bounding box."""
    sums: np.ndarray
    """(region, 2, band) float64: sum of the values and of their squares; exact for 8- and 16-bit integers."""
    own: np.ndarray
    """(region,) float64: its heterogeneity by :func:`heterogeneity`."""
    first: np.ndarray
    """(region,) int64: its first pixel in the row order of the whole image, its name for good."""


class Edges(NamedTuple):
    """Who touches whom, each pair once, in the bucket of the region that comes first."""

    one: np.ndarray
    """(edge,) int32"""
    other: np.ndarray
    """(edge,) int32"""
    shared: np.ndarray
    """(edge,) int32 [pixel]: length of the common border."""
    cost: np.ndarray
    """(edge,) float64: rise of heterogeneity if merged; NaN is not yet priced."""


@exact_kernel
def heterogeneity(n, border, box_border, colour, shape, compactness):
    """Heterogeneity of one region, n times its colour and shape terms (Baatz & Schäpe 2000).

    ``colour`` is Σ_b w_b n σ_b, ``border`` the perimeter, ``box_border`` that of the bounding box. Merging 1 and 2 into
    m costs f = h(m) − h(1) − h(2).
    """
    compact = np.sqrt(n) * border  # n · l / √n
    smooth = n * border / box_border
    form = compactness * compact + (1.0 - compactness) * smooth
    return (1.0 - shape) * colour + shape * form


@exact_kernel
def spread(n, total, square):
    """Pixels times standard deviation of a band, n σ = √(n Σx² − (Σx)²): exact inside the root for integers."""
    return np.sqrt(max(n * square - total * total, 0.0))


@inlined
def joint(i, j, shared, form, sums, weights, shape, compactness):
    """Heterogeneity of the union of two regions."""
    n = float(form[i, AREA] + form[j, AREA])
    colour = 0.0
    for b in range(weights.size):
        total = sums[i, 0, b] + sums[j, 0, b]
        square = sums[i, 1, b] + sums[j, 1, b]
        colour += weights[b] * spread(n, total, square)
    height = max(form[i, BOTTOM], form[j, BOTTOM]) - min(form[i, TOP], form[j, TOP])
    width = max(form[i, RIGHT], form[j, RIGHT]) - min(form[i, LEFT], form[j, LEFT])
    border = form[i, PERIMETER] + form[j, PERIMETER] - 2 * shared
    return heterogeneity(n, float(border), 2.0 * (height + width), colour, shape, compactness)


@exact_kernel
def mixed(first):
    """Scramble a region's name, one to one (the finisher of SplitMix64)."""
    x = U(first) + U(0x9E3779B97F4A7C15)
    x = (x ^ (x >> U(30))) * U(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> U(27))) * U(0x94D049BB133111EB)
    return x ^ (x >> U(31))


@inlined
def goes_before(first, at, one, other):
    """Whether the edge ``at``–``one`` goes before ``at``–``other`` where both cost the same."""
    here = mixed(first[at])
    return (here ^ mixed(first[one])) < (here ^ mixed(first[other]))
