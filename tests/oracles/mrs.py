"""Multiresolution segmentation by brute force: regions are sets of pixels, everything is computed anew."""

import math

import numpy as np

Pixels = frozenset[tuple[int, int]]

MASK = (1 << 64) - 1


def segment(
    image: np.ndarray, *, scale: float, shape: float, compactness: float, weights: list[float], valid: np.ndarray
) -> np.ndarray:
    """Labels (y, x) of an integer image (band, y, x): 1…n by first pixels, 0 where not valid."""
    regions = [frozenset([(int(y), int(x))]) for y, x in np.argwhere(valid)]
    width = valid.shape[1]

    def cost(one: Pixels, other: Pixels) -> float:
        own = [heterogeneity(part, image, shape, compactness, weights) for part in (one, other)]
        return heterogeneity(one | other, image, shape, compactness, weights) - (own[0] + own[1])

    def best(region: Pixels) -> Pixels | None:
        near = [other for other in regions if other is not region and touch(region, other)]
        return min(near, key=lambda other: (cost(region, other), tie(region, other, width)), default=None)

    while True:
        chosen = {region: best(region) for region in regions}
        pairs = [
            (one, other)
            for one, other in chosen.items()
            if other is not None and chosen[other] is one and min(one) < min(other) and cost(one, other) < scale**2
        ]
        if not pairs:
            return _labels(regions, valid.shape)
        for one, other in pairs:
            regions.remove(one)
            regions.remove(other)
            regions.append(one | other)


def heterogeneity(region: Pixels, image: np.ndarray, shape: float, compactness: float, weights: list[float]) -> float:
    n = float(len(region))
    colour = 0.0
    for weight, band in zip(weights, image, strict=True):
        values = [int(band[pixel]) for pixel in region]
        colour += weight * math.sqrt(len(values) * sum(v * v for v in values) - sum(values) ** 2)
    rows, cols = zip(*region, strict=True)
    box = 2.0 * (max(rows) - min(rows) + 1 + max(cols) - min(cols) + 1)
    border = float(perimeter(region))
    form = compactness * (math.sqrt(n) * border) + (1.0 - compactness) * (n * border / box)
    return (1.0 - shape) * colour + shape * form


def perimeter(region: Pixels) -> int:
    return sum((y + dy, x + dx) not in region for y, x in region for dy, dx in ((0, 1), (1, 0), (0, -1), (-1, 0)))


def touch(one: Pixels, other: Pixels) -> bool:
    return any((y + dy, x + dx) in other for y, x in one for dy, dx in ((0, 1), (1, 0), (0, -1), (-1, 0)))


def tie(one: Pixels, other: Pixels, width: int) -> int:
    """Order among equal costs: the exclusive or of both regions' scrambled first pixels."""
    first, second = (scrambled(y * width + x) for y, x in (min(one), min(other)))
    return first ^ second


def scrambled(number: int) -> int:
    """SplitMix64's output for one state."""
    x = (number + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def _labels(regions: list[Pixels], shape: tuple[int, ...]) -> np.ndarray:
    labels = np.zeros(shape, np.int32)
    for label, region in enumerate(sorted(regions, key=min), start=1):
        for pixel in region:
            labels[pixel] = label
    return labels
