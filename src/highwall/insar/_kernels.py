"""The inversion of a pixel's network of interferograms, one fused pass over the phases.

Written for a pixel, run on ``LANES`` neighbouring pixels at once, so that each inner loop is one vector instruction.
Per pixel, with unknown phases x₁ … xₙ₋₁ of the epochs (x₀ = 0), pairs k = (i, j) of phase y and weight w:

* ``_load``      reads y and w of every pair;
* ``_assemble``  builds N x = b, N = Σ w (eⱼ−eᵢ)(eⱼ−eᵢ)ᵀ, b = Σ w y (eⱼ−eᵢ): a graph Laplacian grounded at epoch 0;
* ``_factor``    N = L D Lᵀ inside its envelope: a short temporal baseline makes it O(n·band²). A pivot that vanishes
  closes a piece of the network that no pair ties to epoch 0; its inverse is set to zero, which solves that piece
  relative to its last epoch;
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
"""Pixels solved together: a multiple of every vector width, small enough for the level-2 cache. Measured on 62,500 pixels
of 334 pairs, one core with 1 MiB of it: 32 lanes 0.20 s, 64 lanes 0.123 s, 128 lanes 0.116 s."""

MAPS = ("velocity", "velocity_std", "temporal_coherence", "residual_rms", "n_valid_pairs", "n_components")
"""Rows that follow the epochs' displacements in the output of :func:`solve`."""

COHERENCE_FLOOR, COHERENCE_CEILING = np.float32(0.01), np.float32(0.99)
"""Coherence outside is clamped: an estimate from few looks is never exactly 0 or 1, a weight never 0 or infinite."""

VANISHED = 1e-10
"""A pivot below this share of its row's weight is rounding error. Clamped coherence keeps true pivots above 1e-9."""

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
    links = np.empty((n, n))
    for first in range(0, n_pixels, LANES):
        width = min(LANES, n_pixels - first)
        _load(unw, coh, reference, plan, noise, first, width, y, w, count)
        _assemble(y, w, plan, band, x)
        _factor(plan, band, total, pieces)
        _forward(plan, band, x)
        _backward(plan, band, x)
        for j in range(n):
            g[j] = plan.slope[j]
        for q in range(width):
            if pieces[q] > _ONE and count[q] > _ZERO:
                _bridge(q, w, plan, links, x, g)
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
        yk, wk = y[k], w[k]
        bj, Njj = x[j], band[plan.start[j]]
        if i == 0:
            for q in range(LANES):
                a = np.float64(wk[q])
                Njj[q] += a
                bj[q] += a * np.float64(yk[q])
        else:
            bi, Nii, Nij = x[i], band[plan.start[i]], band[plan.start[j] + j - i]
            for q in range(LANES):
                a = np.float64(wk[q])
                Njj[q] += a
                Nii[q] += a
                Nij[q] -= a
            for q in range(LANES):
                ay = np.float64(wk[q]) * np.float64(yk[q])
                bj[q] += ay
                bi[q] -= ay


@kernel
def _factor(plan, band, total, pieces):
    """N = L D Lᵀ in place: L off the diagonal, D⁻¹ on it, 0 for a vanished pivot; counts the network's pieces."""
    pieces[:] = _ONE
    for j in range(1, plan.reach.size):
        row, reach = plan.start[j], plan.reach[j]
        Djj = band[row]
        total[:] = Djj
        for d in range(reach - 1, 0, -1):  # the furthest entry has nothing to its left
            i, Lji = j - d, band[row + d]
            for e in range(d + 1, min(reach, d + plan.reach[i]) + 1):
                LDjm, Lim = band[row + e], band[plan.start[i] + e - d]
                for q in range(LANES):
                    Lji[q] -= LDjm[q] * Lim[q]
        for d in range(1, reach + 1):
            inverse, Lji = band[plan.start[j - d]], band[row + d]
            for q in range(LANES):
                scaled = Lji[q] * inverse[q]
                Djj[q] -= Lji[q] * scaled
                Lji[q] = scaled
        for q in range(LANES):
            stands = Djj[q] > VANISHED * total[q]
            Djj[q] = 1.0 / Djj[q] if stands else 0.0
            pieces[q] += _ZERO if stands else _ONE


@kernel
def _forward(plan, band, b):
    """Solve L z = b in place."""
    for j in range(1, plan.reach.size):
        bj, row = b[j], plan.start[j]
        for d in range(1, plan.reach[j] + 1):
            L, z = band[row + d], b[j - d]
            for q in range(LANES):
                bj[q] -= L[q] * z[q]


@kernel
def _backward(plan, band, z):
    """Solve D Lᵀ x = z in place."""
    n = plan.reach.size
    for j in range(1, n):
        zj, inverse = z[j], band[plan.start[j]]
        for q in range(LANES):
            zj[q] *= inverse[q]
    for j in range(n - 1, 0, -1):
        xj, row = z[j], plan.start[j]
        for d in range(1, plan.reach[j] + 1):
            L, zi = band[row + d], z[j - d]
            for q in range(LANES):
                zi[q] -= L[q] * xj[q]


@kernel
def _bridge(lane, w, plan, links, x, g):
    """Join the pieces of a split network by the minimum-norm velocity: shift x, and carry g over to the data.

    With Z the pieces' indicators (the first is grounded) and R the chain of intervals, Σ (Δx/Δt)² = xᵀRx, the shifts
    are o = −(ZᵀRZ)⁻¹ ZᵀR x and gᵀ(x + Zo) = (g − RZ (ZᵀRZ)⁻¹ Zᵀg)ᵀ x.
    """
    n = plan.slope.size
    piece = np.empty(n, np.int64)
    n_pieces = _pieces(lane, w, plan, piece)
    shift, pull = np.zeros(n_pieces), np.zeros(n_pieces)
    links[:n_pieces, :n_pieces] = 0.0
    pull[piece[0]] += g[0, lane]
    for e in range(n - 1):
        a, b, r = piece[e], piece[e + 1], plan.stiffness[e]
        pull[b] += g[e + 1, lane]
        if a != b:
            flow = r * (x[e + 1, lane] - x[e, lane])
            shift[a] += flow
            shift[b] -= flow
            links[a, a] += r
            links[b, b] += r
            links[max(a, b), min(a, b)] -= r
    _solve_small(links, n_pieces, shift, pull)
    for e in range(n - 1):
        x[e + 1, lane] += shift[piece[e + 1]]
        flow = plan.stiffness[e] * (pull[piece[e + 1]] - pull[piece[e]])
        g[e, lane] += flow
        g[e + 1, lane] -= flow


@kernel
def _pieces(lane, w, plan, piece):
    """Number the pieces of one pixel's network in order of their first epoch; epoch 0 lies in piece 0."""
    for e in range(piece.size):
        piece[e] = e
    for k in range(plan.lower.size):
        if w[k, lane] > _ZERO:
            a, b = plan.lower[k], plan.upper[k]
            a, b = _root(piece, a), _root(piece, b)
            piece[max(a, b)] = min(a, b)
    n_pieces = 0
    for e in range(piece.size):
        if piece[e] == e:
            piece[e] = n_pieces
            n_pieces += 1
        else:
            piece[e] = piece[piece[e]]
    return n_pieces


@kernel
def _root(piece, e):
    """First epoch of the piece of ``e``, shortening the path on the way."""
    while piece[e] != e:
        piece[e] = piece[piece[e]]
        e = piece[e]
    return e


@kernel
def _solve_small(A, n, b, c):
    """Solve A u = b and A u = c in place, A (n, n) lower, symmetric, row and column 0 grounded, by its envelope."""
    b[0] = c[0] = 0.0
    first = np.empty(n, np.int64)
    for i in range(1, n):
        first[i] = 1
        while A[i, first[i]] == 0.0:
            first[i] += 1
        for j in range(first[i], i):
            for k in range(max(first[i], first[j]), j):
                A[i, j] -= A[i, k] * A[j, k]
        for j in range(first[i], i):
            scaled = A[i, j] / A[j, j]
            A[i, i] -= A[i, j] * scaled
            A[i, j] = scaled
            b[i] -= scaled * b[j]
            c[i] -= scaled * c[j]
    for i in range(1, n):
        b[i] /= A[i, i]
        c[i] /= A[i, i]
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
        gj, xj, zj, inverse = plan.slope[j], x[j], g[j], band[plan.start[j]]
        for q in range(LANES):
            slope[q] += gj * xj[q]
            variance[q] += zj[q] * zj[q] * inverse[q]


@kernel
def _residuals(y, w, plan, x, phase, sums):
    """Rows of ``sums``: Σ w e², Σ e², Σ cos e, Σ sin e over the pairs that a pixel has; x also as float32 phase."""
    phase[:] = x
    sums[:] = _ZERO
    weighted, plain, real, imaginary = sums[0], sums[1], sums[2], sums[3]
    for k in range(plan.lower.size):
        yk, wk, xi, xj = y[k], w[k], phase[plan.lower[k]], phase[plan.upper[k]]
        for q in range(LANES):
            there = _ONE if wk[q] > _ZERO else _ZERO
            e = there * (yk[q] - (xj[q] - xi[q]))
            c, s = _cos_sin(e)
            weighted[q] += wk[q] * e * e
            plain[q] += e * e
            real[q] += there * c
            imaginary[q] += s


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
