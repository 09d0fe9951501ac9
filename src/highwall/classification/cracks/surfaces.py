"""Simulated bare surfaces, as of rock, soil or concrete, with what is often taken for a crack: joints, stains, pores.

Nothing here was photographed. A surface is brightness in levels of 255, built from layers that are added or multiplied.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float64]
Shape = tuple[int, int]


def smooth_noise(random: np.random.Generator, shape: Shape, *, scale: tuple[float, float]) -> Floats:
    """Noise of zero mean and about unit variance whose grains measure ``scale`` (rows, columns) [px]."""
    coarse_shape = [int(np.ceil(extent / grain)) + 4 for extent, grain in zip(shape, scale, strict=True)]
    coarse = random.normal(size=coarse_shape)
    axes = [np.arange(n) / grain + 1.0 + random.random() for n, grain in zip(shape, scale, strict=True)]
    grid = np.meshgrid(*axes, indexing="ij")
    found: Floats = 1.4 * ndimage.map_coordinates(coarse, grid, order=3, mode="nearest")
    return found


def bare_surface(random: np.random.Generator, shape: Shape) -> Floats:
    """Colour, grain, relief, streaks, stains and pores of a bare surface: (3, y, x), 0…255."""
    grey = random.uniform(90.0, 225.0) + _grain(random, shape) + _relief(random, shape) + _streaks(random, shape)
    grey = grey * _stains(random, shape)
    tint = random.normal(0.0, 2.0, (3, 1, 1)) + np.array([6.0, 1.0, -8.0])[:, None, None] * random.normal(0.5, 0.8)
    patchy = random.normal(0.0, 1.0, (3, 1, 1)) * smooth_noise(random, shape, scale=(40.0, 40.0))
    return (grey + tint + patchy) * _pores(random, shape) * _shadow(random, shape)


def joints(random: np.random.Generator, shape: Shape) -> tuple[Floats, Floats]:
    """Straight joints between planks or slabs: how much light they leave, and how much of each pixel they cover."""
    light, cover = np.ones(shape), np.zeros(shape)
    angle = random.choice([0.0, np.pi / 2, random.uniform(0.0, np.pi)], p=[0.6, 0.2, 0.2])
    for _ in range(int(random.choice([0, 1, 2, 3], p=[0.25, 0.35, 0.25, 0.15]))):
        across, along = _axes(random, shape, angle=angle + random.normal(0.0, 0.01))
        wobble = random.uniform(0.0, 1.0) * smooth_noise(random, (1, 4 * max(shape)), scale=(1.0, 30.0))[0]
        strength = 0.5 + 0.5 * smooth_noise(random, (1, 4 * max(shape)), scale=(1.0, random.uniform(8.0, 90.0)))[0]
        place = np.clip(along + 2 * max(shape), 0, 4 * max(shape) - 1).astype(np.intp)
        half = np.exp(random.uniform(np.log(0.4), np.log(4.0)))
        found = np.clip(half + 0.5 - np.abs(across + wobble[place]), 0.0, 1.0)
        cover = np.maximum(cover, found)
        light *= 1.0 - random.uniform(0.1, 0.85) * found * np.clip(strength[place], 0.0, 1.0)
        light *= 1.0 + random.normal(0.0, 0.03) * (across > 0)  # neighbouring planks differ
        light += random.uniform(0.0, 0.12) * np.exp(-0.5 * ((across - half - 1.5) / 1.0) ** 2)  # a bright edge
    return light, cover


def _grain(random: np.random.Generator, shape: Shape) -> Floats:
    """Noise at all scales; its spectrum falls at a random rate."""
    fall, amplitude = random.uniform(0.0, 0.8), random.uniform(1.0, 6.0)
    scales = (96.0, 48.0, 24.0, 12.0, 6.0, 3.0, 1.5)
    layers = [amplitude * (s / 12.0) ** fall * smooth_noise(random, shape, scale=(s, s)) for s in scales]
    grain: Floats = np.sum(layers, axis=0) / 2.0
    return grain


def _relief(random: np.random.Generator, shape: Shape) -> Floats:
    """Bumps lit from one side."""
    scale = np.exp(random.uniform(np.log(2.0), np.log(24.0)))
    slope = np.gradient(smooth_noise(random, shape, scale=(scale, scale)))
    sun = random.uniform(0.0, 2.0 * np.pi)
    relief: Floats = random.exponential(5.0) * np.sqrt(scale) * (np.cos(sun) * slope[0] + np.sin(sun) * slope[1])
    return relief


def _streaks(random: np.random.Generator, shape: Shape) -> Floats:
    """Runs of water or the marks of a tool."""
    length, width = random.uniform(60.0, 300.0), random.uniform(2.0, 20.0)
    scale = (length, width) if random.random() < 0.8 else (width, length)
    return random.exponential(4.0) * smooth_noise(random, shape, scale=scale)


def _stains(random: np.random.Generator, shape: Shape) -> Floats:
    """Blotches with soft or sharp edges, darker or brighter: the share of light that they leave."""
    light = np.ones(shape)
    for _ in range(int(random.integers(0, 4))):
        grain = np.exp(random.uniform(np.log(4.0), np.log(60.0)))
        stretch = np.exp(random.uniform(0.0, 1.5))
        field = smooth_noise(random, shape, scale=(grain * stretch, grain))
        share = 1.0 / (1.0 + np.exp(-random.uniform(3.0, 25.0) * (field - random.uniform(0.8, 2.2))))
        light *= 1.0 - random.uniform(-0.12, 0.35) * share
    return light


def _pores(random: np.random.Generator, shape: Shape) -> Floats:
    """Dark holes: the share of light that they leave."""
    light = np.ones(shape)
    y, x = np.mgrid[: shape[0], : shape[1]]
    for _ in range(int(random.poisson(shape[0] * shape[1] * random.exponential(1.5e-4)))):
        radius = np.exp(random.uniform(np.log(0.8), np.log(6.0)))
        row, column = random.integers(0, shape[0]), random.integers(0, shape[1])
        reach = int(3 * radius) + 2
        rows = slice(max(row - reach, 0), row + reach)
        columns = slice(max(column - reach, 0), column + reach)
        turn, stretch = random.uniform(0.0, np.pi), random.uniform(1.0, 2.5)
        dy, dx = y[rows, columns] - row, x[rows, columns] - column
        far = np.hypot(dx * np.cos(turn) + dy * np.sin(turn), stretch * (dy * np.cos(turn) - dx * np.sin(turn)))
        light[rows, columns] *= 1.0 - random.uniform(0.15, 0.8) * np.clip(radius + 0.5 - far, 0.0, 1.0)
    return light


def _shadow(random: np.random.Generator, shape: Shape) -> Floats:
    """Light that falls off over the picture, now and then with the edge of a shadow."""
    across, along = _axes(random, shape, angle=random.uniform(0.0, np.pi))
    light = 1.0 + random.normal(0.0, 0.08) * across / max(shape)
    if random.random() < 0.2:
        edge = across + random.uniform(0.0, 10.0) * np.sin(along / random.uniform(10.0, 80.0))
        light *= 1.0 - random.uniform(0.1, 0.45) / (1.0 + np.exp(-edge / random.uniform(0.7, 12.0)))
    return light


def _axes(random: np.random.Generator, shape: Shape, *, angle: float) -> tuple[Floats, Floats]:
    """Distance across and along a line of that angle from the vertical, through a random point."""
    y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
    dy, dx = y - random.uniform(0.0, shape[0]), x - random.uniform(0.0, shape[1])
    return dx * np.cos(angle) - dy * np.sin(angle), dy * np.cos(angle) + dx * np.sin(angle)
