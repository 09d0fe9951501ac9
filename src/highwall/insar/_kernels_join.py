"""The pieces of a split network that follows a schedule, joined by the least velocity between them."""
# mypy: ignore-errors

from typing import NamedTuple

import numpy as np

from highwall.core.jit import kernel
from highwall.insar._kernels_lanes import LANES, ONE, U


class Joints(NamedTuple):
    """Scratch of :func:`join_pixel`: the small system whose unknowns are the shifts of a pixel's pieces."""

    label: np.ndarray
    """(epoch, LANES) float64: the piece of each epoch, in the order of their first epochs."""
    g: np.ndarray
    """(epoch, LANES) float64: gᵀx is the velocity of the joined network, x the phases before."""
    slope: np.ndarray
    variance: np.ndarray
    """(LANES,) float64: velocity, and its variance for unit weight."""
    piece: np.ndarray
    """(epoch,) uint64: of one pixel, as all that follows."""
    phase: np.ndarray
    """(epoch,) float64."""
    links: np.ndarray
    """(piece, piece) float64: of each piece to earlier ones, from ``reach`` on; zero between pixels."""
    reach: np.ndarray
    """(piece,) uint64: the first piece that a piece is linked to."""
    shift: np.ndarray
    """(piece,) float64."""
    pull: np.ndarray
    """(piece,) float64: what a shift of the piece adds to the velocity."""


def joints_of(n):
    """Joints of n epochs."""
    lanes = int(LANES)
    return Joints(
        np.zeros(n * lanes), np.zeros(n * lanes), np.zeros(lanes), np.zeros(lanes), np.zeros(n, U), np.zeros(n),
        np.zeros(n * n), np.zeros(n, U), np.zeros(n), np.zeros(n),
    )  # fmt: skip


@kernel
def join_pixel(q, network, waiting):
    """Join the pieces of the pixel in lane q: shift x, give its velocity, and make g that of the joined network.

    Shifts o of the pieces make Σ (Δx/Δt)² over the intervals least, which is the minimum-norm velocity solution of
    Berardino et al. 2002, eq. 11-13, without a damping constant. With Z the pieces' indicators (piece 0 is grounded)
    and R the chain of intervals, Σ (Δx/Δt)² = xᵀRx, they are o = −(ZᵀRZ)⁻¹ ZᵀR x, and
    gᵀ(x + Zo) = (g − RZ (ZᵀRZ)⁻¹ Zᵀg)ᵀ x.
    """
    joints, n_pieces = waiting.joints, U(waiting.gaps[q]) + ONE
    _link(q, network, waiting.x, joints, n_pieces)
    _settle(joints, n_pieces)
    g, piece, shift, pull = joints.g, joints.piece, joints.shift, joints.pull
    x, velocity, before = waiting.x, 0.0, 0.0
    last = U(piece.size) - ONE
    for e in range(ONE, last + ONE):
        a, b = piece[e - ONE], piece[e]
        phase = joints.phase[e] + shift[b]
        x[e * LANES + q] = phase
        velocity += network.slope[e] * phase
        flow = network.stiffness[e - ONE] * (pull[b] - pull[a])
        g[(e - ONE) * LANES + q] = network.slope[e - ONE] + (flow - before)
        before = flow
    g[last * LANES + q] = network.slope[last] - before
    return velocity


@kernel
def _link(q, network, phases, joints, n_pieces):
    """ZᵀRZ into ``links``, −ZᵀRx into ``shift`` and Zᵀg into ``pull``."""
    piece, phase, links, reach = joints.piece, joints.phase, joints.links, joints.reach
    shift, pull, n = joints.shift, joints.pull, U(joints.piece.size)
    for i in range(n_pieces):
        reach[i] = i
        shift[i] = 0.0
        pull[i] = 0.0
    a, before, run = U(0), 0.0, 0.0
    for e in range(ONE, n):
        b, x = U(joints.label[e * LANES + q]), phases[e * LANES + q]
        piece[e], phase[e] = b, x
        if a != b:
            r = network.stiffness[e - ONE]
            flow = r * (x - before)
            shift[a] += flow
            shift[b] -= flow
            pull[a] += run
            run = 0.0
            low, high = min(a, b), max(a, b)
            links[high * n + low] += r
            reach[high] = min(reach[high], low)
        run += network.slope[e]
        a, before = b, x
    pull[a] += run


@kernel
def _settle(joints, n_pieces):
    """Solve for ``shift`` and ``pull`` in place, star to mesh as the epochs are, last piece first; clears ``links``."""
    links, reach, shift, pull, n = joints.links, joints.reach, joints.shift, joints.pull, U(joints.piece.size)
    for back in range(ONE, n_pieces):
        i = n_pieces - back
        total = 0.0
        for k in range(reach[i], i):
            total += links[i * n + k]
        resistance = 1.0 / total
        links[i * n + i] = resistance
        shift[i] *= resistance
        pull[i] *= resistance
        for k in range(reach[i], i):
            if links[i * n + k] > 0.0:
                _pass_on(joints, i, k)
    shift[0] = 0.0
    pull[0] = 0.0
    for i in range(ONE, n_pieces):
        for k in range(reach[i], i):
            t = links[i * n + k] * links[i * n + i]
            shift[i] += t * shift[k]
            pull[i] += t * pull[k]
            links[i * n + k] = 0.0
        links[i * n + i] = 0.0


@kernel
def _pass_on(joints, i, k):
    """What piece i, which goes, leaves to piece k: currents, and links to what lies before both."""
    links, n = joints.links, U(joints.piece.size)
    joints.shift[k] += links[i * n + k] * joints.shift[i]
    joints.pull[k] += links[i * n + k] * joints.pull[i]
    t = links[i * n + k] * links[i * n + i]
    for m in range(joints.reach[i], k):
        links[k * n + m] += t * links[i * n + m]
    joints.reach[k] = min(joints.reach[k], joints.reach[i])
