"""Simulated photographs of cracked surfaces, with the truth of every pixel and of every crack's length and width.

**Simulated**: no such surface exists. A crack wanders about a main direction, forks, narrows toward its tips and
darkens what it crosses; joints, stains, pores and shadows beside it do not count as cracks.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from highwall.classification.cracks.photograph import CrackPhotograph
from highwall.classification.cracks.surfaces import Floats, Shape, bare_surface, joints, smooth_noise

_STEP_PX = 0.5
"""px between the points of a drawn crack."""
_COVERED = 0.5
"""Share of a pixel from which it counts as crack, or as planking."""


class Stroke(NamedTuple):
    """A crack's branch as it is drawn."""

    points: Floats
    """(n, 2) row, column."""
    width: Floats
    """(n,) [px]."""


@dataclass(frozen=True)
class SimulatedPhotograph:
    """A simulated photograph and the cracks that were drawn in it."""

    photograph: CrackPhotograph
    strokes: tuple[Stroke, ...]

    @property
    def length_px(self) -> float:
        """Length of what was drawn inside the picture [px]."""
        return sum(float(_steps_inside(stroke, self.photograph.is_crack.shape).sum()) for stroke in self.strokes)


def simulated_photograph(seed: int, *, side: int = 256, crack_share: float = 0.7) -> SimulatedPhotograph:
    """Draw one photograph; the same seed gives the same.

    Parameters
    ----------
    side
        Of the square picture [px].
    crack_share
        Share of pictures with cracks [1].
    """
    random = np.random.default_rng(seed)
    shape = (side, side)
    surface = bare_surface(random, shape)
    light, planking = joints(random, shape)
    n_cracks = int(random.integers(1, 4)) if random.random() < crack_share else 0
    strokes = [stroke for _ in range(n_cracks) for stroke in draw_crack(random, shape)]
    cover, darkness = np.zeros(shape), np.zeros(shape)
    for stroke in strokes:
        found = coverage(stroke, shape)
        cover = np.maximum(cover, found)
        darkness = np.maximum(darkness, found * _depth(random, shape))
    seen = _camera(random, surface * light * (1.0 - darkness))
    name = f"simulated-{seed}"
    is_crack = (cover >= _COVERED) | _middle(strokes, shape)
    photograph = CrackPhotograph(name, name, seen, is_crack, (planking >= _COVERED) & ~is_crack)
    return SimulatedPhotograph(photograph, tuple(strokes))


def draw_crack(random: np.random.Generator, shape: Shape) -> list[Stroke]:
    """Draw a crack with its branches."""
    start = np.array([random.uniform(0, shape[0]), random.uniform(0, shape[1])])
    direction = random.uniform(0.0, 2.0 * np.pi)
    length, width = random.uniform(0.2, 1.3) * max(shape), np.exp(random.uniform(np.log(0.9), np.log(4.0)))
    stem = wander(random, start, direction=direction, length=length, width=width)
    strokes = [stem]
    for _ in range(int(random.choice([0, 1, 2, 3], p=[0.5, 0.25, 0.15, 0.1]))):
        at = int(random.integers(0, len(stem.points)))
        turned = direction + random.choice([-1.0, 1.0]) * random.uniform(0.4, 1.2)
        part = random.uniform(0.15, 0.5)
        narrower = max(0.7 * float(stem.width[at]), 0.8)
        strokes.append(wander(random, stem.points[at], direction=turned, length=part * length, width=narrower))
    return strokes


def wander(random: np.random.Generator, start: Floats, *, direction: float, length: float, width: float) -> Stroke:
    """Walk about a direction: the heading strays and is pulled back, and the width varies and tapers to the tips."""
    n = max(int(length / _STEP_PX), 8)
    stray, pull = random.uniform(0.05, 0.25), random.uniform(0.01, 0.06)
    heading, headings = 0.0, np.empty(n)
    for i, kick in enumerate(random.normal(0.0, stray, n)):
        heading += kick - pull * heading
        headings[i] = direction + heading
    steps = _STEP_PX * np.stack([np.sin(headings), np.cos(headings)], axis=1)
    jagged = random.uniform(0.0, 0.7) * smooth_noise(random, (n, 2), scale=(random.uniform(4.0, 16.0), 0.5))
    points = start + np.cumsum(steps, axis=0) + jagged - jagged[0]
    taper = np.minimum(1.0, np.minimum(np.arange(n) + 1, n - np.arange(n)) / (0.15 * n))
    varied = width * np.exp(0.25 * smooth_noise(random, (n, 1), scale=(20.0, 1.0))[:, 0])
    return Stroke(points, np.maximum(varied * np.sqrt(taper), 0.7))


def coverage(stroke: Stroke, shape: Shape) -> Floats:
    """Share of each pixel that a stroke covers, from the distance of its centre: (y, x), 0…1."""
    reach = int(np.ceil(stroke.width.max() / 2.0)) + 1
    offsets = np.mgrid[-reach : reach + 1, -reach : reach + 1].reshape(2, -1).T
    pixels = np.floor(stroke.points).astype(np.intp)[:, None, :] + offsets  # (n, m, 2)
    far = np.hypot(*np.moveaxis(pixels + 0.5 - stroke.points[:, None, :], -1, 0))
    share = np.clip(stroke.width[:, None] / 2.0 + 0.5 - far, 0.0, 1.0)
    inside = ((pixels >= 0) & (pixels < np.array(shape))).all(axis=-1)
    found = np.zeros(shape)
    np.maximum.at(found, tuple(pixels[inside].T), share[inside])
    return found


def _middle(strokes: list[Stroke], shape: Shape) -> NDArray[np.bool_]:
    """Pixels that hold a point of a stroke: a crack narrower than a pixel is still one pixel wide."""
    found = np.zeros(shape, dtype=bool)
    for stroke in strokes:
        pixels = np.floor(stroke.points).astype(np.intp)
        inside = ((pixels >= 0) & (pixels < np.array(shape))).all(axis=1)
        found[tuple(pixels[inside].T)] = True
    return found


def _depth(random: np.random.Generator, shape: Shape) -> Floats:
    """Share of the light that a crack takes, varying along it."""
    depth = random.uniform(0.15, 0.8) * (1.0 + 0.3 * smooth_noise(random, shape, scale=(12.0, 12.0)))
    return np.clip(depth, 0.0, 0.95)


def _camera(random: np.random.Generator, light: Floats) -> NDArray[np.uint8]:
    """Blur, sensor noise, and rounding to levels."""
    blur = random.uniform(0.3, 1.1)
    seen = ndimage.gaussian_filter(light, (0.0, blur, blur))
    seen = seen + random.uniform(0.5, 4.0) * random.normal(size=light.shape)
    levels: NDArray[np.uint8] = np.clip(np.rint(seen), 0, 255).astype(np.uint8)
    return levels


def _steps_inside(stroke: Stroke, shape: tuple[int, ...]) -> Floats:
    middle = (stroke.points[1:] + stroke.points[:-1]) / 2.0
    inside = ((middle >= 0) & (middle < np.array(shape))).all(axis=1)
    steps: Floats = np.hypot(*np.diff(stroke.points, axis=0).T)[inside]
    return steps
