"""Simulated scene over a mine: how its ground moves, the air above it, the coherence of its pairs. Block by block.

After the network of a published mine survey (2024): 91 dates, 334 pairs, coherence that decays with time, a phase of
low coherence missing. Any block of the scene can be made alone, so that a stack larger than memory can be written.
"""

from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter

from highwall.core.constants import DAYS_PER_YEAR, SENTINEL1_WAVELENGTH

N_DATES, N_PAIRS, REVISIT_DAYS, LOOKS = 91, 334, 12, 20
MAX_BASELINE_M, MIN_COHERENCE = 111.0, 0.22
"""The survey's longest perpendicular baseline; coherence below which a phase is missing."""
LEAST_ESTIMATE = 0.1
"""Coherence that an estimate is never below: from 20 looks it is biased upward. Above it all solvers weigh alike, since
Highwall's least weight, that of a phase which is uniform on the circle, begins to tell at 0.09."""
AIR_STEP = 4
"""px, side of the squares in which the delay of the air is even."""

DAYS = np.arange(N_DATES) * REVISIT_DAYS
DATES = (np.datetime64("2020-01-04") + DAYS.astype("timedelta64[D]")).astype("datetime64[ns]")
YEARS = DAYS / DAYS_PER_YEAR
WHOLE = slice(None)


class Scene(NamedTuple):
    """Maps of a square scene, from which each block follows."""

    velocity: np.ndarray
    """(y, x) [m year⁻¹], of the steady motion."""
    seasonal: np.ndarray
    """(y, x) [m], amplitude of the motion of each year."""
    coherence: np.ndarray
    """(y, x), of a pair without time between."""
    air: np.ndarray
    """(epoch, y / AIR_STEP, x / AIR_STEP) [m], delay of each date."""


class Block(NamedTuple):
    """Pairs of a block (pair, y, x) float32."""

    unw: np.ndarray
    coh: np.ndarray


def scene(side: int) -> Scene:
    """Make a scene of ``side`` × ``side`` pixels: subsidence bowls, a seasonal part, turbulent air."""
    rng = np.random.default_rng(7)
    velocity = bowls(rng, side) + 3e-4 * smooth(rng, side, 0.08 * side)
    seasonal = 3e-3 * gaussian_filter(rng.random((side, side)), 5)
    coherence = np.clip(0.55 + 0.28 * smooth(rng, side, 0.012 * side), 0.08, 0.95)
    coarse = -(-side // AIR_STEP)
    air = np.stack([4e-2 * gaussian_filter(rng.normal(size=(coarse, coarse)), 8) for _ in YEARS])
    maps = (velocity, seasonal, coherence, air)
    return Scene(*(array.astype(np.float32) for array in maps))


def bowls(rng: np.random.Generator, side: int) -> np.ndarray:
    """Twelve bowls that sink by 5 to 60 mm a year [m year⁻¹]."""
    y, x = np.mgrid[:side, :side] / side
    velocity = np.zeros((side, side))
    for _ in range(12):
        cy, cx, width = rng.random(), rng.random(), rng.uniform(0.01, 0.05)
        velocity -= 1e-3 * rng.uniform(5, 60) * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * width**2))
    return velocity


def smooth(rng: np.random.Generator, side: int, sigma: float) -> np.ndarray:
    """Random field of unit variance, smooth over ``sigma`` pixels."""
    field = gaussian_filter(rng.normal(size=(side, side)), sigma)
    return field / field.std()


def short_pairs() -> np.ndarray:
    """Pairs of at most five revisits and ``MAX_BASELINE_M``; the chain first, then the shortest baselines."""
    bperp = np.random.default_rng(7).normal(0, 50, N_DATES)
    near = [(i, j) for i in range(N_DATES) for j in range(i + 1, min(i + 6, N_DATES))]
    fit = [(i, j) for i, j in near if j == i + 1 or abs(bperp[i] - bperp[j]) <= MAX_BASELINE_M]
    fit.sort(key=lambda pair: (pair[1] - pair[0] > 1, abs(bperp[pair[0]] - bperp[pair[1]])))
    return np.array(sorted(fit[:N_PAIRS]))


def with_annual_pairs(pairs: np.ndarray) -> np.ndarray:
    """Add a pair of one year to every third date, as surveys do against the bias of short pairs."""
    year = round(DAYS_PER_YEAR / REVISIT_DAYS)
    annual = [(i, i + year) for i in range(0, N_DATES - year, 3)]
    return np.array(sorted([*map(tuple, pairs.tolist()), *annual]))


def displacement(of: Scene, rows: slice = WHOLE, cols: slice = WHOLE) -> np.ndarray:
    """Motion and delay of a block since the first date (epoch, y, x) [m], toward the satellite."""
    side = len(of.velocity)
    air_rows, air_cols = (np.arange(side)[part] // AIR_STEP for part in (rows, cols))
    series = of.air[:, air_rows[:, None], air_cols]
    time = YEARS.astype(np.float32)[:, None, None]
    series += of.velocity[rows, cols] * time + of.seasonal[rows, cols] * np.sin(2 * np.pi * time)
    return series - series[0]


def interferograms(rng: np.random.Generator, series: np.ndarray, coherence: np.ndarray, *, pairs: np.ndarray) -> Block:
    """Phases [rad] with the noise of their coherence, and the coherences; a phase is missing where that is low."""
    shape = coherence.shape
    unw = np.empty((len(pairs), *shape), np.float32)
    coh = np.empty_like(unw)
    for k, (i, j) in enumerate(pairs):
        c = np.clip(coherence * np.exp(-1.2 * (YEARS[j] - YEARS[i])) * rng.uniform(0.85, 1.0), 0.02, 0.98)
        sigma = np.minimum(np.sqrt((1 - c**2) / (2 * LOOKS * c**2)), 1.8)
        moved = series[j] - series[i]
        unw[k] = -4 * np.pi / SENTINEL1_WAVELENGTH * moved + sigma * rng.standard_normal(shape, np.float32)
        coh[k] = np.clip(c + 0.03 * rng.standard_normal(shape, np.float32), LEAST_ESTIMATE, 0.99)
    return Block(unw, coh)


def missing_where_incoherent(block: Block) -> Block:
    """Take away the phases below ``MIN_COHERENCE``."""
    return block._replace(unw=np.where(block.coh < MIN_COHERENCE, np.float32(np.nan), block.unw))
