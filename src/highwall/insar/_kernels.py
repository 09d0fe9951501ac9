"""The inversion of a pixel's network of interferograms, one fused pass over the phases.

Written for a pixel, run on ``LANES`` neighbouring pixels at once, so that each inner loop is one vector instruction.
Per pixel, with unknown phases x₁ … xₙ₋₁ of the epochs (x₀ = 0), pairs k = (i, j) of phase y and weight w:

* ``_load``      reads y and w of every pair;
* ``_assemble``  builds N x = b, N = Σ w (eⱼ−eᵢ)(eⱼ−eᵢ)ᵀ, b = Σ w y (eⱼ−eᵢ): a graph Laplacian grounded at epoch 0;
* ``_factor``    N = L D Lᵀ inside its envelope: a short temporal baseline makes it O(n·band²). A pivot that vanishes
  closes a piece of the network that no pair ties to epoch 0; its inverse is set to zero, which solves that piece
  relative to its last epoch;
* ``_label``     split networks only: which piece each epoch lies in;
* ``_bridge``    split networks only: shifts the pieces so that Σ (Δx/Δt)² over the intervals is least, which is the
  minimum-norm velocity solution of Berardino et al. 2002, eq. 11-13, without a damping constant;
* ``_velocity``  v = gᵀx, the regression line's slope, and gᵀ N⁻¹ g, its variance for unit weight;
* ``_residuals`` e = y − (xⱼ − xᵢ): Σ w e², Σ e² and |Σ exp(ie)|.

Every lane does the same operations in the same order whatever its neighbours, so results do not depend on chunks.
"""

import math
from typing import NamedTuple

import numpy as np

from highwall.core.jit import kernel

LANES = 128
"""Pixels solved together: a multiple of every vector width, small enough for the level-2 cache. Measured on one core
with 1 MiB of it, 62,500 pixels of 334 pairs: 32 lanes 0.20 s, 64 lanes 0.123 s, 128 lanes 0.116 s."""

MAPS = ("velocity", "velocity_std", "temporal_coherence", "residual_rms", "n_valid_pairs", "n_components")
"""Rows that follow the epochs' displacements in the output of :func:`solve`."""

COHERENCE_FLOOR, COHERENCE_CEILING = np.float32(0.01), np.float32(0.99)
"""Coherence outside is clamped: an estimate from few looks is never exactly 0 or 1, a weight never 0 or infinite."""

VANISHED = 1e-12
"""A pivot below this share of its row's weight is rounding error, which stays near 1e-14. Clamped coherence spans
weights of 5e5 : 1: a chain of 90 weakest links before a cluster of the strongest leaves a true pivot of 2e-9."""

_FINITE = np.float32(3e38)
_TURN = np.float32(0.15915494309189535)  # 1 / 2π
_TWO_PI_HIGH, _TWO_PI_LOW = np.float32(6.28125), np.float32(1.9353071795864769e-3)  # their sum is 2π (Cody & Waite)
_ONE, _TWO, _ZERO = np.float32(1.0), np.float32(2.0), np.float32(0.0)


class Plan(NamedTuple):
    """What the kernel must know of the network; the same for every pixel."""

    index: np.ndarray
    """(pair,) int64: row of each pair in the stack, in the kernel's own order."""
    lower: np.ndarray
    """(pair,) int64: earlier epoch."""
    upper: np.ndarray
    """(pair,) int64: later epoch."""
    sign: np.ndarray
    """(pair,) float32: −1 where the stack's pair runs backwards in time."""
    reach: np.ndarray
    """(epoch,) int64: how many rows back row j of the factor reaches."""
    start: np.ndarray
    """(epoch,) int64: where row j lies in the envelope; entry d of it couples epoch j with epoch j − d."""
    slope: np.ndarray
    """(epoch,) float64 [year⁻¹]: g, so that gᵀx is the slope of the regression line."""
    stiffness: np.ndarray
    """(epoch − 1,) float64 [year⁻²]: 1/Δt² of each interval."""


class Noise(NamedTuple):
    """How far a phase is believed."""

    weigh: bool
    """Weight by coherence; otherwise every phase weighs 1."""
    looks: np.float32
    min_coherence: np.float32
    min_pairs: int


class Joints(NamedTuple):
    """Scratch of :func:`_bridge`: the small system whose unknowns are the shifts of a pixel's pieces."""

    links: np.ndarray
    """(epoch, epoch) float64: lower triangle, each row from ``first`` on."""
    first: np.ndarray
    piece: np.ndarray
    """(epoch,) int64: number of the piece of each epoch."""
    shift: np.ndarray
    pull: np.ndarray


def plan_of(pairs: np.ndarray, years: np.ndarray) -> Plan:
    """Plan of a network: pairs (pair, 2) int of epoch numbers, years (epoch,) float64."""
    lower, upper = pairs.min(axis=1), pairs.max(axis=1)
    order = np.lexsort((np.arange(len(pairs)), lower, upper))
    reach = np.zeros(len(years), np.int64)
    inner = lower > 0
    np.maximum.at(reach, upper[inner], (upper - lower)[inner])
    start = np.concatenate([[0], np.cumsum(reach + 1)[:-1]]).astype(np.int64)
    centred = years - years.mean()
    sign = np.where(pairs[:, 0] < pairs[:, 1], 1, -1).astype(np.float32)
    return Plan(
        order, lower[order].astype(np.int64), upper[order].astype(np.int64), sign[order], reach, start,
        centred / (centred @ centred), 1.0 / np.diff(years) ** 2,
    )  # fmt: skip


@kernel
def solve(unw, coh, reference, plan, noise, metres_per_radian, out):
    """Invert every pixel.

    unw (pair, pixel) float32 [rad]; coh the same or (0, 0); reference (pair,) float32 [rad], NaN drops the pair;
    out (epoch + len(MAPS), pixel) float32: displacement [m], then the rows of MAPS in metres and years.
    """
    n_pairs, n_pixels = unw.shape
    n = plan.slope.size
    y, w = np.empty((n_pairs, LANES), np.float32), np.empty((n_pairs, LANES), np.float32)
    band, total = np.empty((plan.start[-1] + plan.reach[-1] + 1, LANES)), np.empty(LANES)
    x, g = np.empty((n, LANES)), np.empty((n, LANES))
    phase = np.empty((n, LANES), np.float32)
    sums = np.empty((4, LANES), np.float32)
    slope, variance = np.empty(LANES), np.empty(LANES)
    count, pieces = np.empty(LANES, np.float32), np.empty(LANES, np.float32)
    label = np.empty((n, LANES))
    joints = Joints(np.empty((n, n)), np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n), np.empty(n))
    for first in range(0, n_pixels, LANES):
        width = min(LANES, n_pixels - first)
        _load(unw, coh, reference, plan, noise, first, width, y, w, count)
        _assemble(y, w, plan, band, x)
        _factor(plan, band, total, pieces)
        _forward(plan, band, x)
        _scale(plan, band, x)
        _backward(plan, band, x)
        for j in range(n):
            g[j] = plan.slope[j]
        if pieces.max() > _ONE:
            _label(plan, band, label)
            for q in range(width):
                if pieces[q] > _ONE and count[q] > _ZERO:
                    _bridge(q, plan, label, joints, x, g)
        _velocity(plan, band, x, g, slope, variance)
        _residuals(y, w, plan, x, phase, sums)
        _write(first, width, noise, metres_per_radian, phase, slope, variance, sums, count, pieces, out)


@kernel
def _load(unw, coh, reference, plan, noise, first, width, y, w, count):
    """Phases less the reference, and weights w = 1/σ² = 2 looks γ²/(1 − γ²); a missing phase has y = w = 0."""
    count[:] = _ZERO
    for k in range(plan.index.size):
        row, sign = plan.index[k], plan.sign[k]
        shift, yk, wk = reference[row], y[k], w[k]
        u = unw[row, first : first + width]
        for q in range(width):
            yk[q] = u[q]
        for q in range(width, LANES):
            yk[q] = np.nan
        if coh.shape[0] > 0:
            c = coh[row, first : first + width]
            for q in range(width):
                wk[q] = c[q]
            _weights(wk, noise)
        else:
            wk[:] = _ONE
        for q in range(LANES):
            v = sign * (yk[q] - shift)
            valid = abs(v) < _FINITE and wk[q] > _ZERO
            yk[q] = v if valid else _ZERO
            wk[q] = wk[q] if valid else _ZERO
            count[q] += _ONE if valid else _ZERO


@kernel
def _weights(wk, noise):
    """Turn coherence into weights in place; 0 where it is missing or too low (Rodriguez & Martin 1992, eq. 24)."""
    for q in range(LANES):
        c = wk[q]
        believed = c >= noise.min_coherence
        c = c if c > COHERENCE_FLOOR else COHERENCE_FLOOR
        c = c if c < COHERENCE_CEILING else COHERENCE_CEILING
        weight = _TWO * noise.looks * c * c / (_ONE - c * c) if noise.weigh else _ONE
        wk[q] = weight if believed else _ZERO


@kernel
def _assemble(y, w, plan, band, x):
    """Normal matrix into ``band``, right-hand side into ``x``."""
    band[:] = 0.0
    x[:] = 0.0
    for k in range(plan.lower.size):
        i, j = plan.lower[k], plan.upper[k]
        ii, jj = plan.start[i], plan.start[j]
        ij = jj + j - i
        if i == 0:
            for q in range(LANES):
                a = np.float64(w[k, q])
                band[jj, q] += a
                x[j, q] += a * np.float64(y[k, q])
        else:
            for q in range(LANES):
                a = np.float64(w[k, q])
                band[jj, q] += a
                band[ii, q] += a
                band[ij, q] -= a
            for q in range(LANES):
                ay = np.float64(w[k, q]) * np.float64(y[k, q])
                x[j, q] += ay
                x[i, q] -= ay


@kernel
def _factor(plan, band, total, pieces):
    """N = L D Lᵀ in place: L off the diagonal, D⁻¹ on it, 0 for a vanished pivot; counts the network's pieces."""
    pieces[:] = _ONE
    for j in range(1, plan.reach.size):
        jj, reach = plan.start[j], plan.reach[j]
        total[:] = band[jj]
        for d in range(reach - 1, 0, -1):  # the furthest entry has nothing to its left
            ii = plan.start[j - d]
            for e in range(d + 1, min(reach, d + plan.reach[j - d]) + 1):
                for q in range(LANES):
                    band[jj + d, q] -= band[jj + e, q] * band[ii + e - d, q]
        for d in range(1, reach + 1):
            ii = plan.start[j - d]
            for q in range(LANES):
                scaled = band[jj + d, q] * band[ii, q]
                band[jj, q] -= band[jj + d, q] * scaled
                band[jj + d, q] = scaled
        for q in range(LANES):
            stands = band[jj, q] > VANISHED * total[q]
            band[jj, q] = 1.0 / band[jj, q] if stands else 0.0
            pieces[q] += _ZERO if stands else _ONE


@kernel
def _forward(plan, band, b):
    """Solve L z = b in place."""
    for j in range(1, plan.reach.size):
        for d in range(1, plan.reach[j] + 1):
            jd = plan.start[j] + d
            for q in range(LANES):
                b[j, q] -= band[jd, q] * b[j - d, q]


@kernel
def _scale(plan, band, z):
    """Solve D u = z in place; 0 where the pivot vanished."""
    for j in range(1, plan.reach.size):
        jj = plan.start[j]
        for q in range(LANES):
            z[j, q] *= band[jj, q]


@kernel
def _backward(plan, band, u):
    """Solve Lᵀ x = u in place."""
    for j in range(plan.reach.size - 1, 0, -1):
        for d in range(1, plan.reach[j] + 1):
            jd = plan.start[j] + d
            for q in range(LANES):
                u[j - d, q] -= band[jd, q] * u[j, q]


@kernel
def _label(plan, band, label):
    """Number the pieces of each pixel's network; epochs tied to epoch 0 get 0.

    Lᵀ x = eⱼ, j a vanished pivot, has the indicator of j's piece as its solution, so that one substitution of the
    numbers at all vanished pivots labels every epoch.
    """
    number = np.zeros(LANES)
    label[0] = 0.0
    for j in range(1, plan.reach.size):
        jj = plan.start[j]
        for q in range(LANES):
            vanished = 1.0 if band[jj, q] == 0.0 else 0.0
            number[q] += vanished
            label[j, q] = vanished * number[q]
    _backward(plan, band, label)


@kernel
def _bridge(lane, plan, label, joints, x, g):
    """Join the pieces of a split network by the minimum-norm velocity: shift x, and carry g over to the data.

    With Z the pieces' indicators (piece 0 is grounded) and R the chain of intervals, Σ (Δx/Δt)² = xᵀRx, the shifts are
    o = −(ZᵀRZ)⁻¹ ZᵀR x, and gᵀ(x + Zo) = (g − RZ (ZᵀRZ)⁻¹ Zᵀg)ᵀ x.
    """
    piece, shift, pull = joints.piece, joints.shift, joints.pull
    n = piece.size
    for e in range(n):
        piece[e] = np.int64(label[e, lane] + 0.5)
    n_pieces = piece.max() + 1
    _link(lane, plan, joints, n_pieces, x)
    _solve_small(joints, n_pieces)
    for e in range(n - 1):
        a, b = piece[e], piece[e + 1]
        x[e + 1, lane] += shift[b]
        if a != b:
            flow = plan.stiffness[e] * (pull[b] - pull[a])
            g[e, lane] += flow
            g[e + 1, lane] -= flow


@kernel
def _link(lane, plan, joints, n_pieces, x):
    """ZᵀRZ into ``links``, −ZᵀRx into ``shift`` and Zᵀg into ``pull``."""
    links, first, piece, shift, pull = joints
    for i in range(n_pieces):
        first[i] = i
        shift[i] = pull[i] = 0.0
    for e in range(piece.size - 1):
        low, high = min(piece[e], piece[e + 1]), max(piece[e], piece[e + 1])
        first[high] = min(first[high], max(low, 1))
    for i in range(n_pieces):
        links[i, 0] = 0.0
        links[i, first[i] : i + 1] = 0.0
    for e in range(piece.size - 1):
        a, b, r = piece[e], piece[e + 1], plan.stiffness[e]
        pull[b] += plan.slope[e + 1]
        if a != b:
            flow = r * (x[e + 1, lane] - x[e, lane])
            shift[a] += flow
            shift[b] -= flow
            links[a, a] += r
            links[b, b] += r
            links[max(a, b), min(a, b)] -= r


@kernel
def _solve_small(joints, n):
    """Solve for ``shift`` and ``pull`` in place by L D Lᵀ within the envelope; row and column 0 are grounded."""
    A, first, _, b, c = joints
    b[0] = c[0] = 0.0
    for i in range(1, n):
        for j in range(first[i] + 1, i):
            for k in range(max(first[i], first[j]), j):
                A[i, j] -= A[i, k] * A[j, k]
        for j in range(first[i], i):
            scaled = A[i, j] * A[j, j]
            A[i, i] -= A[i, j] * scaled
            A[i, j] = scaled
            b[i] -= scaled * b[j]
            c[i] -= scaled * c[j]
        A[i, i] = 1.0 / A[i, i]
    for i in range(n - 1, 0, -1):
        b[i] *= A[i, i]
        c[i] *= A[i, i]
    for i in range(n - 1, 0, -1):
        for j in range(first[i], i):
            b[j] -= A[i, j] * b[i]
            c[j] -= A[i, j] * c[i]


@kernel
def _velocity(plan, band, x, g, slope, variance):
    """Slope gᵀx [rad year⁻¹] and its variance gᵀN⁻¹g = |D^(−½) L⁻¹ g|² for unit weight; overwrites g."""
    slope[:] = 0.0
    variance[:] = 0.0
    _forward(plan, band, g)
    for j in range(1, plan.slope.size):
        gj, jj = plan.slope[j], plan.start[j]
        for q in range(LANES):
            slope[q] += gj * x[j, q]
            variance[q] += g[j, q] * g[j, q] * band[jj, q]


@kernel
def _residuals(y, w, plan, x, phase, sums):
    """Rows of ``sums``: Σ w e², Σ e², Σ cos e, Σ sin e over the pairs that a pixel has; x also as float32 phase."""
    phase[:] = x
    sums[:] = _ZERO
    for k in range(plan.lower.size):
        i, j = plan.lower[k], plan.upper[k]
        for q in range(LANES):
            there = _ONE if w[k, q] > _ZERO else _ZERO
            e = there * (y[k, q] - (phase[j, q] - phase[i, q]))
            c, s = _cos_sin(e)
            sums[0, q] += w[k, q] * e * e
            sums[1, q] += e * e
            sums[2, q] += there * c
            sums[3, q] += s


@kernel
def _cos_sin(angle):
    """Cosine and sine in float32, error below 2e-6: series of the quarter angle, doubled twice; vectorises."""
    turns = np.float32(np.rint(angle * _TURN))
    r = ((angle - turns * _TWO_PI_HIGH) - turns * _TWO_PI_LOW) * np.float32(0.25)
    r2 = r * r
    s = r * (_ONE + r2 * (np.float32(-1 / 6) + r2 * (np.float32(1 / 120) + r2 * np.float32(-1 / 5040))))
    c = np.float32(-1 / 2) + r2 * (np.float32(1 / 24) + r2 * (np.float32(-1 / 720) + r2 * np.float32(1 / 40320)))
    c = _ONE + r2 * c
    s2, c2 = _TWO * s * c, _ONE - _TWO * s * s
    return _ONE - _TWO * s2 * s2, _TWO * s2 * c2


@kernel
def _write(first, width, noise, metres_per_radian, phase, slope, variance, sums, count, pieces, out):
    """Scale to metres and put the block into ``out``; a pixel of too few pairs keeps only its counts."""
    n = phase.shape[0]
    for j in range(n):
        for q in range(width):
            metres = metres_per_radian * phase[j, q] if j > 0 else _ZERO  # not −0 at the first epoch
            out[j, first + q] = metres if count[q] >= noise.min_pairs else np.nan
    for q in range(width):
        pixel, m = first + q, count[q]
        dof = m - (n - pieces[q])
        unit = sums[0, q] / dof if dof > 0 else (1.0 if noise.weigh else np.nan)
        believed = m >= noise.min_pairs
        out[n, pixel] = metres_per_radian * slope[q] if believed else np.nan
        out[n + 1, pixel] = abs(metres_per_radian) * math.sqrt(variance[q] * unit) if believed else np.nan
        out[n + 2, pixel] = math.hypot(sums[2, q], sums[3, q]) / m if believed else np.nan
        out[n + 3, pixel] = math.sqrt(sums[1, q] / m) if believed else np.nan
        out[n + 4, pixel] = m
        out[n + 5, pixel] = pieces[q] if m > _ZERO else _ZERO
