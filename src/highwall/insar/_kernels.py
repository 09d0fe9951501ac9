"""The inversion of a pixel's network of interferograms, one fused pass over the phases.

Written for a pixel, run on ``LANES`` neighbouring pixels at once, so that each inner loop is a few vector instructions.
Per pixel, with unknown phases x₁ … xₙ₋₁ of the epochs (x₀ = 0), pairs k = (i, j) of phase y and weight w:

* ``_load``       reads y and w of every pair into slots;
* ``eliminate``   (``_kernels_band`` or ``_kernels_sparse``) Σ w (xⱼ − xᵢ − y)² is least where currents balance in a
  network of conductances w, a graph Laplacian grounded at epoch 0. Epochs are eliminated one by one, latest first:
  the links c of epoch j to those that remain become t = c / Σc, and each two of these gain the link t·c (star to
  mesh). Nothing is ever subtracted, so that every link is exact to rounding, and Σc is 0 exactly where no pair ties
  epoch j to an earlier one: there begins a piece of the network, which is solved relative to this epoch. The same
  sweep carries the currents b = Σ ±w y and g, so that gᵀN⁻¹g = Σ g² / Σc is the variance of the velocity gᵀx;
* ``substitute``  xⱼ = (bⱼ + Σ c x) / Σc, earliest first;
* ``_residuals``  e = y − (xⱼ − xᵢ): Σ w e², Σ e² and |Σ exp(ie)|;
* ``join``        (``_kernels_split``) split networks only: shifts the pieces by the least velocity between them,
  all lanes at once where the network is banded (``_kernels_chain``), else pixel by pixel (``_kernels_join``).

Every lane does the same operations in the same order whatever its neighbours, so results do not depend on chunks.
Indices are unsigned (``U``): numba asks of every signed one whether it counts from the end, which hides from LLVM that
neighbouring lanes lie side by side (measured: 6 times slower).
"""

import math
from typing import NamedTuple

import numpy as np

from highwall.core.jit import kernel
from highwall.insar._kernels_band import eliminate_band, substitute_band
from highwall.insar._kernels_lanes import AHEAD, LANES, LINE, U, clear, prefetch
from highwall.insar._kernels_sparse import eliminate_sparse, substitute_sparse
from highwall.insar._kernels_split import find_split, gather_split, join_waiting, waiting_of

MAPS = ("velocity", "velocity_std", "temporal_coherence", "residual_rms", "n_valid_pairs", "n_components")
"""Rows that follow the epochs' displacements in the output of :func:`solve`."""

COHERENCE_CEILING = np.float32(0.99)
"""Coherence above is clamped: an estimate from few looks is never exactly 1, a weight never infinite."""

LEAST_WEIGHT = np.float32(3.0 / math.pi**2)
"""Of a phase that is uniform on the circle [rad⁻²]. The Cramér-Rao bound knows no circle: at a coherence of 0.05 and 20
looks it asks for a variance of 10 rad², where multilooked phase has 2.5 and the cap 3.3 (numerical experiment)."""

SMALLEST_MISFIT = np.float32(1e-3)
"""Misfit [rad] below which the L1 norm is taken as quadratic: 4 µm of motion, 1 / 6000 of a blunder of 2π."""

HALF_PI = math.pi / 2.0

_FINITE = np.float32(3e38)
_TURN = np.float32(0.15915494309189535)  # 1 / 2π
_ONE, _TWO, _ZERO = np.float32(1.0), np.float32(2.0), np.float32(0.0)
_SIN = tuple(np.float32(c) for c in (3.14158203, -5.16714312, 2.54190224, -0.55464489))
_COS = tuple(np.float32(c) for c in (0.99999995, -4.93479285, 4.0584118, -1.33187984, 0.21969678))
"""sin πt = t P(t²) and cos πt = Q(t²) on |t| ≤ ½, errors at most 6e-7 and 5e-8 (least maximum, by Lawson's method)."""


class Noise(NamedTuple):
    """How far a phase is believed."""

    weigh: bool
    """Weight by coherence; otherwise every phase weighs 1."""
    looks: np.float32
    min_coherence: np.float32
    min_pairs: int
    reweighings: int
    """Rounds of reweighing toward the L1 norm; 0 is least squares."""


class Block(NamedTuple):
    """Scratch of one group of lanes. Slots and epochs follow one another, ``LANES`` values each."""

    y: np.ndarray
    w: np.ndarray
    w0: np.ndarray
    """(slot) float32: phases, weights, and weights before reweighing."""
    x: np.ndarray
    """(pad + epoch) float64."""
    phase: np.ndarray
    """(epoch) float32: x rounded; 1/Σc while a schedule eliminates."""
    links: np.ndarray
    """(link) float32: of a schedule only."""
    sums: np.ndarray
    """(4) float32."""
    slope: np.ndarray
    variance: np.ndarray
    variance0: np.ndarray
    """() float64: velocity and its variance for unit weight, now and before reweighing."""
    unit: np.ndarray
    """() float64: variance of an observation of unit weight."""
    gaps: np.ndarray
    count: np.ndarray
    misfit: np.ndarray
    """() float32: Σ √w |e|, of the L1 norm only."""


def scratch_of(network):
    """Block, rows and waiting pixels for one call of :func:`solve`; numpy makes them, so that the compiler need not."""
    n, lanes = network.slope.size, int(LANES)

    def zeros(count, dtype=np.float64):
        return np.zeros(count * lanes, dtype)

    block = Block(
        zeros(network.n_slots, np.float32), zeros(network.n_slots, np.float32), zeros(network.n_slots, np.float32),
        zeros(n + network.pad), zeros(n, np.float32), zeros(network.n_links, np.float32), zeros(4, np.float32),
        zeros(1), zeros(1), zeros(1), zeros(1), zeros(1),
        zeros(1, np.float32), zeros(1, np.float32),
    )  # fmt: skip
    return block, zeros(network.n_rows), waiting_of(network)


@kernel
def solve(unw, coh, reference, network, band, sparse, noise, metres_per_radian, scratch, out):
    """Invert every pixel.

    unw (pair, pixel) float32 [rad], at least ``LANES`` pixels; coh the same or (0, 0); reference (pair,) float32 [rad],
    NaN drops the pair; out (epoch + len(MAPS), pixel) float32: displacement [m], then the rows of MAPS in metres and
    years. ``band`` is as long as the half-bandwidth of a banded network, whose ``sparse`` is None. The last group of
    lanes begins early rather than end late: the pixels that it shares with the group before are written twice, with the
    same bits.
    """
    n_pixels = unw.shape[1]
    block, rows, waiting = scratch
    for start in range(0, n_pixels, LANES):
        first = min(start, n_pixels - LANES)
        _load(unw, coh, reference, network, noise, first, block)
        _invert(network, band, sparse, noise, rows, block)
        _residuals(network, block)
        _write(first, network, noise, metres_per_radian, block, out)
        found = find_split(noise, block, waiting)
        if waiting.number[0] + found > LANES:
            join_waiting(network, band, sparse, metres_per_radian, waiting, out)
        gather_split(first, band, sparse, rows, block, found, waiting)
    join_waiting(network, band, sparse, metres_per_radian, waiting, out)


@kernel
def _load(unw, coh, reference, network, noise, first, block):
    """Phases less the reference, and their weights; a missing phase has y = w = 0."""
    y, w, count = block.y, block.w, block.count
    clear(count)
    has_coherence = coh.shape[0] > 0
    for k in range(network.row.size):
        ahead = network.row[min(k + AHEAD, network.row.size - 1)]
        _fetch(unw, ahead, first)
        row, sign, shift = network.row[k], network.sign[k], reference[network.row[k]]
        s = U(network.slot[k]) * LANES
        if has_coherence:
            _fetch(coh, ahead, first)
            c = coh[row, first : first + LANES]
            for q in range(LANES):
                w[s + q] = _weight(c[q], noise)
        else:
            for q in range(LANES):
                w[s + q] = _ONE
        u = unw[row, first : first + LANES]
        for q in range(LANES):
            v = sign * (u[q] - shift)
            valid = abs(v) < _FINITE and w[s + q] > _ZERO
            y[s + q] = v if valid else _ZERO
            w[s + q] = w[s + q] if valid else _ZERO
            count[q] += _ONE if valid else _ZERO


@kernel
def _fetch(array, row, first):
    """Fetch a group's values of a row."""
    for column in range(first, first + LANES, LINE):
        prefetch(array, row, column)


@kernel
def _weight(coherence, noise):
    """W = 1/σ², σ² = (1 − γ²) / (2 looks γ²) but at most π²/3 (Rodriguez & Martin 1992, eq. 24).

    0 where coherence is missing or too low.
    """
    c = min(coherence, COHERENCE_CEILING)
    weight = max(_TWO * noise.looks * c * c / (_ONE - c * c), LEAST_WEIGHT) if noise.weigh else _ONE
    return weight if coherence >= noise.min_coherence else _ZERO


@kernel
def _invert(network, band, sparse, noise, rows, block):
    """Phases of the epochs, velocity and its variance for unit weight, number of pieces.

    L1: Σ √w |e| is made least by iteratively reweighted least squares; the variance stays that of the first solution,
    which is of least squares, and ``_unit_variance`` scales it.
    """
    for reweighing in range(noise.reweighings + 1):
        if reweighing > 0:
            _reweigh(network, block)
        if sparse is None:
            eliminate_band(band, network, block, rows)
            substitute_band(band, network, block, rows)
        else:
            eliminate_sparse(network, sparse, block, rows)
            substitute_sparse(network, sparse, block, rows)
        if reweighing == 0 and noise.reweighings > 0:
            _copy(block.variance, block.variance0)
            _copy(block.w, block.w0)
    if noise.reweighings > 0:
        _reweigh(network, block)
        _copy(block.variance0, block.variance)


@kernel
def _copy(source, target):
    for q in range(U(source.size)):
        target[q] = source[q]


@kernel
def _reweigh(network, block):
    """Weights √w / |e| of the pairs, and Σ √w |e|."""
    y, w, w0, phase, misfit = block.y, block.w, block.w0, block.phase, block.misfit
    _round(network, block)
    clear(misfit)
    for k in range(network.ends.shape[0]):
        s, i, j = _lanes_of(network, k)
        for q in range(LANES):
            size, root = abs(y[s + q] - (phase[j + q] - phase[i + q])), np.sqrt(w0[s + q])
            misfit[q] += root * size
            w[s + q] = root / max(size, SMALLEST_MISFIT)


@kernel
def _residuals(network, block):
    """Sums over the pairs that a pixel has: Σ w e², Σ e², Σ cos e, Σ sin e.

    Two pairs at once: the sums are read and written half as often.
    """
    y, w, phase, sums = block.y, block.w, block.phase, block.sums
    _round(network, block)
    clear(sums)
    for k in range(0, network.ends.shape[0], 2):
        s1, i1, j1 = _lanes_of(network, k)
        s2, i2, j2 = _lanes_of(network, k + 1)
        for q in range(LANES):
            w1, w2 = w[s1 + q], w[s2 + q]
            there1, there2 = (_ONE if w1 > _ZERO else _ZERO), (_ONE if w2 > _ZERO else _ZERO)
            e1 = there1 * (y[s1 + q] - (phase[j1 + q] - phase[i1 + q]))
            e2 = there2 * (y[s2 + q] - (phase[j2 + q] - phase[i2 + q]))
            cos1, sin1 = _cos_sin(e1)
            cos2, sin2 = _cos_sin(e2)
            sums[q] += w1 * e1 * e1 + w2 * e2 * e2
            sums[LANES + q] += e1 * e1 + e2 * e2
            sums[U(2) * LANES + q] += there1 * cos1 + there2 * cos2
            sums[U(3) * LANES + q] += sin1 + sin2


@kernel
def _lanes_of(network, k):
    """Where the values of a pair's slot, of its earlier and of its later epoch begin."""
    return U(network.ends[k, 0]) * LANES, U(network.ends[k, 1]) * LANES, U(network.ends[k, 2]) * LANES


@kernel
def _round(network, block):
    """Phases of the epochs as float32."""
    x, phase = block.x, block.phase
    pad = U(network.pad) * LANES
    for e in range(U(phase.size)):
        phase[e] = np.float32(x[pad + e])


@kernel
def _cos_sin(angle):
    """Cosine and sine in float32, error below 2e-6: those of half the angle, doubled; vectorises."""
    t = angle * _TURN
    t -= np.float32(np.rint(t))
    z = t * t
    s = t * (_SIN[0] + z * (_SIN[1] + z * (_SIN[2] + z * _SIN[3])))
    c = _COS[0] + z * (_COS[1] + z * (_COS[2] + z * (_COS[3] + z * _COS[4])))
    return _TWO * c * c - _ONE, _TWO * s * c


@kernel
def _write(first, network, noise, metres_per_radian, block, out):
    """Scale to metres and put the group into ``out``; a pixel of too few pairs keeps only its counts."""
    n = network.slope.size
    scale, floor = np.float32(metres_per_radian), np.float32(noise.min_pairs)
    phase, count = block.phase, block.count
    for j in range(n):
        row = out[j, first : first + LANES]
        p = U(j) * LANES
        for q in range(LANES):
            metres = scale * phase[p + q] if j > 0 else _ZERO  # not −0 at the first epoch
            row[q] = metres if count[q] >= floor else np.float32(np.nan)
    for q in range(LANES):
        _write_maps(q, first + q, n, noise, metres_per_radian, block, out)


@kernel
def _write_maps(q, pixel, n, noise, metres_per_radian, block, out):
    """Rows of MAPS of one pixel."""
    m, pieces, sums = block.count[q], block.gaps[q] + 1.0, block.sums
    unit = _unit_variance(sums[q], block.misfit[q], m - (n - pieces), noise)
    block.unit[q] = unit
    believed = m >= noise.min_pairs
    out[n, pixel] = metres_per_radian * block.slope[q] if believed else np.nan
    out[n + 1, pixel] = abs(metres_per_radian) * math.sqrt(block.variance[q] * unit) if believed else np.nan
    out[n + 2, pixel] = math.hypot(sums[U(2) * LANES + q], sums[U(3) * LANES + q]) / m if believed else np.nan
    out[n + 3, pixel] = math.sqrt(sums[LANES + q] / m) if believed else np.nan
    out[n + 4, pixel] = m
    out[n + 5, pixel] = pieces if m > _ZERO else _ZERO


@kernel
def _unit_variance(squares, misfit, redundancy, noise):
    """Variance of an observation of unit weight; that of coherence where there is no redundancy.

    L2: Σ w e² / redundancy. L1: 1 / (2 f)², f the density of √w e at its median; for noise that is Gaussian but for its
    blunders this is (π/2)² of the square of Σ √w |e| / redundancy (Koenker & Bassett 1978, theorem 4.2).
    """
    if redundancy <= 0:
        return 1.0 if noise.weigh else np.nan
    return (HALF_PI * misfit / redundancy) ** 2 if noise.reweighings > 0 else squares / redundancy
