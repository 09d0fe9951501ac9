"""SBAS of one pixel as the paper writes it: velocities of the intervals by the pseudoinverse, in float64."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class PixelSolution(NamedTuple):
    phase: NDArray[np.float64]
    """(epoch,) [rad], 0 at the first."""
    velocity: float
    """[rad year⁻¹]"""
    velocity_std: float
    """[rad year⁻¹], scaled by the variance of unit weight; NaN without redundancy."""
    temporal_coherence: float
    residual_rms: float
    n_pairs: int
    rank: int


def sbas(
    y: NDArray[np.float64], w: NDArray[np.float64], pairs: NDArray[np.int64], years: NDArray[np.float64]
) -> PixelSolution:
    """Solve √W B v = √W y, B the spans of pairs over intervals, for the v of least norm (Berardino, eq. 10-13)."""
    there = np.isfinite(y) & (w > 0.0)
    y, w, pairs = y[there], w[there], pairs[there]
    spans = np.diff(years)
    B = np.zeros((len(y), len(spans)))
    for k, (i, j) in enumerate(pairs):
        B[k, min(i, j) : max(i, j)] = np.sign(j - i) * spans[min(i, j) : max(i, j)]
    root = np.sqrt(w)
    # the rank is that of B, which is unweighted: weights must not decide what counts as connected
    rank = int(np.linalg.matrix_rank(B))
    pseudoinverse = _pinv(root[:, None] * B, rank) * root
    to_phase = np.vstack([np.zeros(len(spans)), np.tril(np.ones((len(spans), len(spans)))) * spans])
    phase = to_phase @ pseudoinverse @ y
    centred = years - years.mean()
    estimator = centred / (centred @ centred) @ to_phase @ pseudoinverse
    e = y - (phase[pairs[:, 1]] - phase[pairs[:, 0]])
    dof = len(y) - rank
    unit_variance = float(w @ e**2) / dof if dof else np.nan
    return PixelSolution(
        phase,
        float(estimator @ y),
        float(np.sqrt(unit_variance * (estimator**2 / w).sum())),
        float(np.abs(np.exp(1j * e).mean())),
        float(np.sqrt((e**2).mean())),
        len(y),
        rank,
    )


def _pinv(A: NDArray[np.float64], rank: int) -> NDArray[np.float64]:
    u, s, vt = np.linalg.svd(A, full_matrices=False)
    return (vt[:rank].T / s[:rank]) @ u[:, :rank].T


def coherence_weights(coherence: NDArray[np.float64], looks: float) -> NDArray[np.float64]:
    """1 / variance of the phase at the Cramér-Rao bound, at most π²/3; 0 where coherence is missing."""
    c = np.minimum(coherence, 0.99)
    return np.where(np.isfinite(coherence), np.maximum(2 * looks * c**2 / (1 - c**2), 3 / np.pi**2), 0.0)


def multilook_phase(rng: np.random.Generator, coherence: NDArray[np.float64], looks: int) -> NDArray[np.float64]:
    """Phase noise [rad] of the mean of ``looks`` products of two circular Gaussian signals of this coherence."""
    size = (looks, 2, *coherence.shape)
    one, other = (part[:, 0] + 1j * part[:, 1] for part in (rng.normal(size=size), rng.normal(size=size)))
    second = coherence * one + np.sqrt(1.0 - coherence**2) * other
    return np.asarray(np.angle((second * one.conj()).mean(axis=0)))
