"""Chance that does not depend on the order in which it is asked for."""

import zlib
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def chance(seed: int, name: str, block: int = 0) -> np.random.Generator:
    """Random numbers of one thing in one block of time: always the same ones."""
    return np.random.default_rng([seed, zlib.crc32(name.encode()), block])


class Wander(NamedTuple):
    """A slow, smooth wandering about 0: sines of random periods and phases."""

    rate: Floats
    """(k,) [rad s⁻¹]."""
    phase: Floats
    """(k,) [rad]."""
    size: float
    """Standard deviation over long times."""

    def at(self, seconds: Floats) -> Floats:
        """Value at each time: (n,)."""
        waves = np.sin(np.multiply.outer(seconds, self.rate) + self.phase)
        return np.asarray(waves.sum(axis=-1) * self.size * np.sqrt(2.0 / len(self.rate)))


def wander(random: np.random.Generator, *, period_s: tuple[float, float], size: float, n_waves: int = 5) -> Wander:
    """Draw a wandering with periods between two bounds [s]."""
    periods = np.exp(random.uniform(np.log(period_s[0]), np.log(period_s[1]), n_waves))
    return Wander(2.0 * np.pi / periods, random.uniform(0.0, 2.0 * np.pi, n_waves), size)
