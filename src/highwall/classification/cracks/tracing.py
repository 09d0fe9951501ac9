"""A skeleton of single pixels to the paths that it is made of."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixel = tuple[int, int]

_STRAIGHT = ((0, 1), (1, 0), (0, -1), (-1, 0))
_DIAGONAL = ((1, 1), (1, -1), (-1, -1), (-1, 1))


@dataclass(frozen=True)
class Path:
    """Pixels from a free end or a junction to the next; a ring starts and ends at the same pixel."""

    pixels: NDArray[np.intp]
    """(n, 2) row, column; neighbours in order touch."""
    starts_free: bool
    ends_free: bool

    @property
    def length(self) -> float:
        """Steps from pixel to pixel, a diagonal one √2 [px]."""
        return float(np.hypot(*np.diff(self.pixels, axis=0).T).sum())


def trace(skeleton: NDArray[np.bool_], *, spur: float) -> list[Path]:
    """Follow a skeleton.

    Parameters
    ----------
    skeleton : (y, x) bool
        One pixel wide.
    spur
        Branches shorter than this that end free at one side only are left out: thinning grows them at every bump [px].

    Returns
    -------
    list of Path
        Together they hold every pixel but those of spurs and of single dots.
    """
    links = _links(skeleton)
    paths = [*_open_paths(links)]
    seen = {pixel for path in paths for pixel in map(tuple, path.pixels.tolist())}
    paths += _rings({pixel: near for pixel, near in links.items() if pixel not in seen})
    return [path for path in paths if path.starts_free == path.ends_free or path.length >= spur]


def _links(skeleton: NDArray[np.bool_]) -> dict[Pixel, list[Pixel]]:
    """Neighbours of each pixel; a diagonal one only where no straight way leads there."""
    pixels = set(zip(*(index.tolist() for index in np.nonzero(skeleton)), strict=True))
    links: dict[Pixel, list[Pixel]] = {}
    for row, column in pixels:
        near = [(row + i, column + j) for i, j in _STRAIGHT if (row + i, column + j) in pixels]
        for i, j in _DIAGONAL:
            has_way = (row + i, column) in pixels or (row, column + j) in pixels
            if (row + i, column + j) in pixels and not has_way:
                near.append((row + i, column + j))
        links[row, column] = near
    return links


def _open_paths(links: dict[Pixel, list[Pixel]]) -> Iterator[Path]:
    """Paths between pixels that have not exactly two neighbours; each once."""
    left: set[tuple[Pixel, Pixel]] = set()
    for start in sorted(pixel for pixel, near in links.items() if len(near) not in (0, 2)):
        for step in links[start]:
            if (start, step) not in left:
                pixels = _walk(links, start, step)
                left |= {(start, step), (pixels[-1], pixels[-2])}
                yield Path(np.array(pixels), len(links[start]) == 1, len(links[pixels[-1]]) == 1)


def _rings(links: dict[Pixel, list[Pixel]]) -> Iterator[Path]:
    """Closed paths without a junction."""
    seen: set[Pixel] = set()
    for start in sorted(links):
        if start not in seen and len(links[start]) == 2:
            pixels = _walk(links, start, links[start][0])
            seen |= set(pixels)
            yield Path(np.array(pixels), starts_free=False, ends_free=False)


def _walk(links: dict[Pixel, list[Pixel]], start: Pixel, step: Pixel) -> list[Pixel]:
    """Go on until a pixel has not exactly two neighbours, or the start is met again."""
    pixels = [start, step]
    while len(links[pixels[-1]]) == 2 and pixels[-1] != start:
        one, other = links[pixels[-1]]
        pixels.append(other if one == pixels[-2] else one)
    return pixels
