"""Overlapping windows over any 2-D extent, and joining what a network said of them without seams.

Windows lie on one lattice that is fixed by the whole extent. A block takes every window that touches it, so a
scene done block by block equals the scene done at once, value for value, and memory is bounded by the block.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.core.errors import InputError

Blending = Literal["cosine", "gaussian"]
"""How a window's weight falls toward its edge."""
_BELL_SPREAD: Final = 0.125
"""Standard deviation of the Gaussian weight, in sides of the window."""


class Window(NamedTuple):
    """Rows ``y0:y1`` and columns ``x0:x1``."""

    y0: int
    y1: int
    x0: int
    x1: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of the last two axes."""
        return slice(self.y0, self.y1), slice(self.x0, self.x1)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.y1 - self.y0, self.x1 - self.x0

    def grown(self, margin: int, *, within: tuple[int, int]) -> "Window":
        """Grow by ``margin`` on every side, clipped to ``within`` (rows, columns)."""
        height, width = within
        return Window(
            max(self.y0 - margin, 0),
            min(self.y1 + margin, height),
            max(self.x0 - margin, 0),
            min(self.x1 + margin, width),
        )

    def relative_to(self, other: "Window") -> "Window":
        """Express the same rows and columns with the origin of ``other``."""
        return Window(self.y0 - other.y0, self.y1 - other.y0, self.x0 - other.x0, self.x1 - other.x0)

    def touches(self, other: "Window") -> bool:
        """Tell whether the two share a cell."""
        return self.y0 < other.y1 and other.y0 < self.y1 and self.x0 < other.x1 and other.x0 < self.x1


def window_starts(length: int, *, size: int, overlap: int) -> list[int]:
    """First row of each window: steps of ``size − overlap``, the last moved back to end at the edge.

    Raises
    ------
    InputError
        The overlap is not smaller than the window.
    """
    if not 0 <= overlap < size:
        raise InputError(f"an overlap of {overlap} does not fit windows of {size}; make it smaller.")
    last = max(length - size, 0)
    return [*range(0, last, size - overlap), last]


def iter_windows(
    shape: tuple[int, int], *, size: int, overlap: int, touching: Window | None = None
) -> Iterator[Window]:
    """Every window of the lattice over ``shape``, row by row; only those that touch ``touching`` if it is given."""
    height, width = shape
    for y in window_starts(height, size=size, overlap=overlap):
        for x in window_starts(width, size=size, overlap=overlap):
            window = Window(y, min(y + size, height), x, min(x + size, width))
            if touching is None or window.touches(touching):
                yield window


def iter_blocks(shape: tuple[int, int], *, block: int) -> Iterator[Window]:
    """Blocks that tile ``shape`` without overlap, row by row; the last ones are smaller."""
    height, width = shape
    for y in range(0, height, block):
        for x in range(0, width, block):
            yield Window(y, min(y + block, height), x, min(x + block, width))


@lru_cache(maxsize=16)
def blend_weight(shape: tuple[int, int], *, overlap: int, blending: Blending = "cosine") -> NDArray[np.float32]:
    """Weight of a window's cells, never 0.

    ``cosine`` is 1 inside and falls as a squared sine over the overlap: two windows that overlap by exactly ``overlap``
    weigh 1 together, for sin² + cos² = 1. ``gaussian`` falls all the way from the middle, with a spread of an eighth of
    the side (Isensee et al. 2021, nnU-Net).
    """
    if blending == "gaussian":
        rows, columns = (_bell(length) for length in shape)
    else:
        rows, columns = (_ramp(length, overlap=min(overlap, length // 2)) for length in shape)
    weight = (rows[:, None] * columns[None, :]).astype(np.float32)
    weight.flags.writeable = False  # shared by all who ask
    return weight


class Blender:
    """Weighted mean of overlapping windows over one extent."""

    def __init__(self, extent: Window, *, n_layers: int, overlap: int, blending: Blending = "cosine") -> None:
        self.extent = extent
        self.overlap, self.blending = overlap, blending
        self._sum = np.zeros((n_layers, *extent.shape), dtype=np.float32)
        self._weight = np.zeros(extent.shape, dtype=np.float32)

    def add(self, window: Window, values: NDArray[np.float32]) -> None:
        """Add what was found in a window, (layer, y, x); the part outside the extent is left out."""
        inside = Window(
            max(window.y0, self.extent.y0),
            min(window.y1, self.extent.y1),
            max(window.x0, self.extent.x0),
            min(window.x1, self.extent.x1),
        )
        source = inside.relative_to(window).slices
        target = inside.relative_to(self.extent).slices
        weight = blend_weight(window.shape, overlap=self.overlap, blending=self.blending)[source]
        self._sum[:, *target] += weight * values[:, *source]
        self._weight[target] += weight

    def result(self) -> NDArray[np.float32]:
        """Blended layers: (layer, y, x), NaN where no window lay."""
        with np.errstate(invalid="ignore"):
            return self._sum / self._weight


def _bell(length: int) -> NDArray[np.float64]:
    """Gaussian about the middle."""
    from_middle = (np.arange(length) + 0.5) / length - 0.5
    return np.asarray(np.exp(-0.5 * (from_middle / _BELL_SPREAD) ** 2))


def _ramp(length: int, *, overlap: int) -> NDArray[np.float64]:
    """Squared sine up over ``overlap`` cells, 1 between, and down again."""
    weight = np.ones(length)
    if overlap > 0:
        rise = np.sin(0.5 * np.pi * (np.arange(overlap) + 0.5) / overlap) ** 2
        weight[:overlap] *= rise
        weight[length - overlap :] *= rise[::-1]
    return weight
