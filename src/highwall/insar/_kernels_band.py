"""Elimination of a banded network: pairs of at most the last of ``BANDS`` epochs' distance.

``band`` is a tuple whose length is the half-bandwidth B. Its length is part of its type, hence a constant for
the compiler: the loops over d and m unroll, the links of an epoch stay in registers, and one loop over the lanes does
all that elimination does to an epoch. (Measured, B = 5, against one loop a term: 4 times faster.)

Slot d of epoch j, number j·B + d, holds the pair of epochs j − 1 − d and j. The record of an epoch in ``rows`` holds
its B links c to earlier epochs, 1/Σc, b and g. ``B`` empty epochs follow the last one, so that no row is special.
"""
# mypy: ignore-errors

import numpy as np

from highwall.core.jit import kernel
from highwall.insar._kernels_lanes import LANES, ONE, U, clear

BANDS = (5, 8)
"""Half-bandwidths that are compiled; a narrower network takes the next wider one. Beyond 8 the compiler no longer keeps
a row in registers: measured, 62,500 pixels of 91 epochs take 12 ms at 3, 18 at 5, 31 at 8, 59 at 9, 72 at 10."""

RECORD = 3
"""Values of an epoch's record beyond its links: 1/Σc, b, g."""


@kernel
def eliminate_band(band, network, block, rows):
    """Links, currents and g of every epoch, latest first; gaps of the network; variance of the velocity."""
    clear(block.variance)
    clear(block.gaps)
    for j in range(network.slope.size - 1, 0, -1):
        _eliminate_epoch(band, U(j), network.slope[j], block.y, block.w, rows, block.variance, block.gaps)


@kernel
def _eliminate_epoch(band, j, slope, y, w, rows, variance, gaps):
    """c(d) = w(d) + Σₘ t(m) c(m, m + d), with m the epochs after j, t their c / Σc; b and g in the same way."""
    B = U(len(band))
    record, slots = (B + U(RECORD)) * LANES, B * LANES
    r, s = j * record, j * slots
    for q in range(LANES):
        total, b, g = 0.0, 0.0, slope
        for d in range(B):
            here = s + d * LANES + q
            c = np.float64(w[here])
            b += np.float64(w[here] * y[here])
            for m in range(B):
                if m + ONE + d < B:
                    later = r + (m + ONE) * record + q
                    c += rows[later + m * LANES] * rows[later + B * LANES] * rows[later + (m + ONE + d) * LANES]
            rows[r + d * LANES + q] = c
            total += c
        for m in range(B):
            later = r + (m + ONE) * record + q
            t = rows[later + m * LANES] * rows[later + B * LANES]
            pair = s + (m + ONE) * slots + m * LANES + q
            b += t * rows[later + (B + U(1)) * LANES] - np.float64(w[pair] * y[pair])
            g += t * rows[later + (B + U(2)) * LANES]
        tied = total > 0.0
        resistance = 1.0 / total if tied else 0.0
        rows[r + B * LANES + q] = resistance
        rows[r + (B + U(1)) * LANES + q] = b
        rows[r + (B + U(2)) * LANES + q] = g
        variance[q] += g * g * resistance
        gaps[q] += 0.0 if tied else 1.0


@kernel
def substitute_band(band, network, block, rows):
    """xⱼ = (bⱼ + Σ c x) / Σc, earliest first, and the velocity gᵀx."""
    clear(block.slope)
    for j in range(1, network.slope.size):
        _substitute_epoch(band, U(j), network.slope[j], rows, block.x, block.slope)


@kernel
def _substitute_epoch(band, j, slope, rows, x, velocity):
    B = U(len(band))
    r, here = j * (B + U(RECORD)) * LANES, (j + B) * LANES
    for q in range(LANES):
        current = rows[r + (B + U(1)) * LANES + q]
        for d in range(B):
            current += rows[r + d * LANES + q] * x[here - (d + ONE) * LANES + q]
        phase = current * rows[r + B * LANES + q]
        x[here + q] = phase
        velocity[q] += slope * phase
