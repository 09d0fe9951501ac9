"""Shapes of varied sites: ovals and boxes of any direction, which open, grow and close with the years."""

from dataclasses import dataclass

import numpy as np

from highwall.core.truth.fields import Cells, Field, stream

Point = tuple[float, float]
"""Local east and north [m]."""

ALWAYS, NEVER = -1.0e3, 1.0e3
"""Years before and after any scene."""
_WAVES = np.arange(2, 9)
_WOBBLE = 0.13
"""Standard deviation of an oval's radius, as a part of it."""


@dataclass(frozen=True)
class Life:
    """When a part of a site is worked, in years since the start of 2016."""

    opened: float = ALWAYS
    closed: float = NEVER

    def worked(self, year: float) -> float:
        """Years of work up to ``year`` since the first scenes, or since it was opened; negative before it opens."""
        return min(year, self.closed) - max(self.opened, 0.0) if year >= self.opened else -1.0

    def idle(self, year: float) -> float:
        """Years since it was closed; 0 while it is worked."""
        return max(year - self.closed, 0.0)


@dataclass(frozen=True)
class Frame:
    """Coordinates of a part of the site: ``u`` along its heading, ``v`` to the left of it [m]."""

    centre: Point
    heading: float = 0.0
    """Counter-clockwise from east [rad]."""

    def of(self, x: Field, y: Field) -> tuple[Field, Field]:
        """Turn local coordinates into ``u`` and ``v``."""
        east, north = x - self.centre[0], y - self.centre[1]
        cos, sin = np.cos(self.heading), np.sin(self.heading)
        return east * cos + north * sin, north * cos - east * sin


@dataclass(frozen=True)
class Oval:
    """A wobbling oval."""

    name: str
    frame: Frame
    radius_m: float
    """Geometric mean of its half axes at the first scenes, or when it opens [m]."""
    growth_m: float = 0.0
    """Radius gained a year of work [m]."""
    aspect: float = 1.0
    """Length over breadth."""
    life: Life = Life()

    def cells(self, x: Field, y: Field, *, year: float, seed: int) -> Cells:
        """Cells inside it at a year; none before it opens."""
        worked = self.life.worked(year)
        u, v = self.frame.of(x, y)
        if worked < 0.0:
            return np.zeros(u.shape, bool)
        radius = self.radius_m + self.growth_m * worked
        along, across = u / np.sqrt(self.aspect), v * np.sqrt(self.aspect)
        edge = 1.0 + _wobble(np.arctan2(across, along), stream(seed, "oval", self.name))
        return np.asarray(np.hypot(along, across) < radius * edge)


@dataclass(frozen=True)
class Box:
    """A rectangle."""

    name: str
    frame: Frame
    length_m: float
    breadth_m: float
    life: Life = Life()

    def cells(self, x: Field, y: Field, *, year: float) -> Cells:
        """Cells inside it at a year; none before it opens."""
        u, v = self.frame.of(x, y)
        is_there = self.life.worked(year) >= 0.0
        return np.asarray((np.abs(u) < self.length_m / 2.0) & (np.abs(v) < self.breadth_m / 2.0) & is_there)


def turned(angle: Field, heading: float) -> Field:
    """Angles relative to a heading, in −π … π [rad]."""
    return np.asarray((angle - heading + np.pi) % (2.0 * np.pi) - np.pi)


def _wobble(angle: Field, rng: np.random.Generator) -> Field:
    """Relative change of the radius by direction: a few waves of random phase, bounded by twice their spread."""
    amplitude = rng.uniform(0.4, 1.0, len(_WAVES)) / _WAVES
    phase = rng.uniform(0.0, 2.0 * np.pi, len(_WAVES))
    turns = np.linspace(-np.pi, np.pi, 361)
    waves = (amplitude * np.cos(np.outer(turns, _WAVES) + phase)).sum(axis=1)
    bounded = np.clip(_WOBBLE * waves / waves.std(), -2.0 * _WOBBLE, 2.0 * _WOBBLE)
    return np.asarray(np.interp(angle, turns, bounded))
