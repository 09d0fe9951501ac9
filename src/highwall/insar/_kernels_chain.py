"""The pieces of a split, banded network joined by the least velocity between them, all lanes at once.

The minimum-norm velocity of Berardino et al. 2002, eq. 11-13, is what remains when a chain of links 1/Δt² between
consecutive epochs, beside those of the pairs, becomes infinitely weak. With ε its strength, N + εR the conductances,
the shifts o that join the phases x found before and the pulls p of the pieces upon the velocity are both solved by

    (N + εR) o = −εRx,    (N + εR) p = εg,    ε → 0,

constant over each piece. Epochs go latest first, as in the elimination before, whose links c they keep; the links e of
the chain are carried to first order. Epoch j leaves to the epochs it is linked to, f its current:

* tied (Σc > 0):   t = c / Σc;  the links tₐ e_b to these, for a and b; the currents t f;
* untied (Σc = 0): t = e / Σe;  the links tₐ e_b; the currents t f. It alone holds what its piece had.

First-order links within a piece are not exact, nor need they be: the phases at their ends are the same. Back, earliest
first, o = Σ t o, with f / Σe for an untied epoch. The velocity gᵀ(x + o) is (g − Rp)ᵀx, whose eliminated g − Rp is what
came to epoch j of g, less Σ e (pⱼ − p): of (Σ)² / Σc the sum is its variance.
"""
# mypy: ignore-errors

from typing import NamedTuple

import numpy as np

from highwall.core.jit import kernel
from highwall.insar._kernels_lanes import LANES, ONE, U, clear

VALUES = 7
"""Values of an epoch's record beyond its shares t and its links e: 1/Σc or 0, 0 or 1/Σe, currents f of −Rx and of g, o,
p, flow. (Measured, 64 lanes, 91 epochs, B = 5: 49 µs; in parts of 32 lanes 43, of 16 lanes 47, of 8 lanes 91.)"""


class Chain(NamedTuple):
    """Scratch of :func:`join_chain`."""

    rows: np.ndarray
    """(pad + epoch + pad, record, LANES) float64: the records; those of the pad stay zero."""
    slope: np.ndarray
    variance: np.ndarray
    """(LANES,) float64: velocity, and its variance for unit weight."""


def chain_of(n, band):
    """Room for n epochs; none for a network without band."""
    lanes = int(LANES)
    return Chain(np.zeros((n + 2 * band) * (2 * band + VALUES) * lanes * (band > 0)), np.zeros(lanes), np.zeros(lanes))


@kernel
def join_chain(band, network, links, x, chain):
    """Shift x, and give velocity and variance, of the lanes whose elimination left ``links`` (B an epoch, float32)."""
    clear(chain.slope)
    clear(chain.variance)
    for j in range(network.slope.size - 1, 0, -1):
        _eliminate_epoch(band, U(j), network.slope[j], network.stiffness[j - 1], links, x, chain.rows)
    for j in range(1, network.slope.size):
        _substitute_epoch(band, U(j), network.slope[j], x, chain)


@kernel
def _eliminate_epoch(band, j, slope, stiffness, links, x, rows):
    """Shares t, links e (halved where untied: tₐ e_b is then half the link), 1/Σc, 1/Σe, currents; flow to j − 1."""
    B = U(len(band))
    E, V, record = B * LANES, U(2) * B * LANES, (U(2) * B + U(VALUES)) * LANES
    r, s, here = (j + B) * record, j * B * LANES, (j + B) * LANES
    for q in range(LANES):
        flow = stiffness * (x[here + q] - x[here - LANES + q])
        f, g, tie, chained = rows[r + record + V + U(6) * LANES + q] - flow, slope, 0.0, 0.0
        for d in range(B):
            e = stiffness if d == 0 else 0.0
            for m in range(B):
                if m + ONE + d < B:
                    later = r + (m + ONE) * record + q
                    one, two = m * LANES, (m + ONE + d) * LANES
                    e += rows[later + one] * rows[later + E + two] + rows[later + two] * rows[later + E + one]
            rows[r + E + d * LANES + q] = e
            chained += e
            tie += np.float64(links[s + d * LANES + q])
        for m in range(B):
            later = r + (m + ONE) * record + q
            t = rows[later + m * LANES]
            f += t * rows[later + V + U(2) * LANES]
            g += t * rows[later + V + U(3) * LANES]
        tied = tie > 0.0
        share = 1.0 / (tie if tied else chained)
        for d in range(B):
            c, e = np.float64(links[s + d * LANES + q]), rows[r + E + d * LANES + q]
            rows[r + d * LANES + q] = share * (c if tied else e)
            rows[r + E + d * LANES + q] = e if tied else 0.5 * e
        rows[r + V + q] = share if tied else 0.0
        rows[r + V + LANES + q] = 0.0 if tied else share
        rows[r + V + U(2) * LANES + q] = f
        rows[r + V + U(3) * LANES + q] = g
        rows[r + V + U(6) * LANES + q] = flow


@kernel
def _substitute_epoch(band, j, slope, x, chain):
    """Shift o and pull p of the epoch; velocity and variance summed up."""
    rows, B = chain.rows, U(len(band))
    E, V, record = B * LANES, U(2) * B * LANES, (U(2) * B + U(VALUES)) * LANES
    shifts, pulls = V + U(4) * LANES, V + U(5) * LANES
    r, here = (j + B) * record, (j + B) * LANES
    for q in range(LANES):
        lift, g = rows[r + V + LANES + q], rows[r + V + U(3) * LANES + q]
        shift, pull = lift * rows[r + V + U(2) * LANES + q], lift * g
        for d in range(B):
            t, earlier = rows[r + d * LANES + q], r - (d + ONE) * record + q
            shift += t * rows[earlier + shifts]
            pull += t * rows[earlier + pulls]
        for d in range(B):
            g -= rows[r + E + d * LANES + q] * (pull - rows[r - (d + ONE) * record + q + pulls])
        rows[r + shifts + q] = shift
        rows[r + pulls + q] = pull
        phase = x[here + q] + shift
        x[here + q] = phase
        chain.slope[q] += slope * phase
        chain.variance[q] += g * g * rows[r + V + q]
