"""Polygons as rings of corners: the outlines of pits, dumps and permits."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from highwall.core.truth.fields import Cells, Field, stream

Outline = NDArray[np.float64]
"""(n, 2) x and y of the corners, not closed [m]."""

_CORNERS = 240
_LOBE_WIDTH = 0.35
"""rad, standard deviation of a lobe seen from the centre."""
_WAVES = np.arange(2, 8)
_WOBBLE = 0.11
"""Standard deviation of an outline's radius, as a part of it; bounded by twice that."""


@dataclass(frozen=True)
class Blob:
    """A region that can be seen whole from its centre and that grows with the years of work."""

    name: str
    centre: tuple[float, float]
    """Local east and north [m]."""
    radius_m: float
    growth_m: float = 0.0
    """Radius gained a year of work [m]."""
    lobe_m: float = 0.0
    """Length of a lobe beyond the radius at the start [m]."""
    lobe_growth_m: float = 0.0
    """Length that the lobe gains a year of work [m]."""
    lobe_heading: float = 0.0
    """Direction of the lobe, counter-clockwise from east [rad]."""


def outline_of(blob: Blob, *, years: float, seed: int) -> Outline:
    """Outline of a blob: a wobbling circle with a lobe; the lobe itself does not wobble, so that its reach is exact."""
    angle = np.linspace(0.0, 2.0 * np.pi, _CORNERS, endpoint=False)
    nearness = np.exp(-0.5 * (angle_between(angle, blob.lobe_heading) / _LOBE_WIDTH) ** 2)
    has_lobe = float(blob.lobe_growth_m > 0.0)
    wobble = _wobble(angle, stream(seed, "outline", blob.name)) * (1.0 - has_lobe * nearness)
    radius = (blob.radius_m + blob.growth_m * years) * (1.0 + wobble)
    radius += nearness * (blob.lobe_m + blob.lobe_growth_m * years)
    return np.stack([blob.centre[0] + radius * np.cos(angle), blob.centre[1] + radius * np.sin(angle)], axis=1)


def rectangle(west: float, south: float, east: float, north: float) -> Outline:
    """Outline of an upright rectangle."""
    return np.array([(west, south), (east, south), (east, north), (west, north)], dtype=np.float64)


def inside(outline: Outline, x: Field, y: Field) -> Cells:
    """Cells whose centres lie inside an outline (even-odd rule)."""
    is_inside = np.zeros(np.broadcast(x, y).shape, bool)
    for (x0, y0), (x1, y1) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        if y0 == y1:
            continue
        is_crossed = (y0 > y) != (y1 > y)
        is_inside ^= is_crossed & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    return is_inside


def beyond_line(outline: Outline, start: tuple[float, float], end: tuple[float, float]) -> Outline:
    """Part of an outline on the left of the line from ``start`` to ``end`` (Sutherland and Hodgman 1974)."""
    (x0, y0), (x1, y1) = start, end
    side = (x1 - x0) * (outline[:, 1] - y0) - (y1 - y0) * (outline[:, 0] - x0)
    corners = []
    for here, there, s, t in zip(outline, np.roll(outline, -1, axis=0), side, np.roll(side, -1), strict=True):
        if s >= 0.0:
            corners.append(here)
        if s * t < 0.0:
            corners.append(here + (there - here) * (s / (s - t)))
    return np.array(corners, dtype=np.float64).reshape(-1, 2)


def area_of(outline: Outline) -> float:
    """Area inside an outline (shoelace formula) [m²]."""
    x, y = (outline - outline.mean(axis=0)).T if len(outline) else np.zeros((2, 1))
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2.0)


def angle_between(angle: Field, heading: float) -> Field:
    """Angles relative to a heading, in −π … π [rad]."""
    return np.asarray((angle - heading + np.pi) % (2.0 * np.pi) - np.pi)


def _wobble(angle: Field, rng: np.random.Generator) -> Field:
    amplitude = rng.uniform(0.5, 1.0, len(_WAVES)) / _WAVES
    phase = rng.uniform(0.0, 2.0 * np.pi, len(_WAVES))
    waves = (amplitude * np.cos(np.outer(angle, _WAVES) + phase)).sum(axis=1)
    return np.asarray(np.clip(_WOBBLE * waves / waves.std(), -2.0 * _WOBBLE, 2.0 * _WOBBLE))
