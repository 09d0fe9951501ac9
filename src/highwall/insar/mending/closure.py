"""Whether the phases of three interferograms of three dates agree: the error that needs no truth to be seen.

φ(a,b) + φ(b,c) − φ(a,c) is near zero for phases that are unwrapped alike and off by whole turns for those that are not.
Every pair also carries an arbitrary constant, which must be taken out first: by a reference, or here by the pair's
*typical phase*, which needs no place and no error-free pixel. Counts are per triplet and per pixel and add over blocks.
"""

from dataclasses import dataclass
from itertools import count, pairwise, product
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from highwall.core.products import LAYERS
from highwall.insar.mending._closure_kernels import count_open
from highwall.insar.network import Network
from highwall.insar.stack import check_stack

SAMPLE_PX = 20_000
"""Pixels from which a pair's typical phase is taken: the median of so many wavers by 0.9 % of their spread."""


class Triplets(NamedTuple):
    """Triangles of a network."""

    rows: NDArray[np.int64]
    """(triplet, 3): rows of the stack that join epochs (a, b), (b, c) and (a, c), a before b before c."""
    signs: NDArray[np.float32]
    """(triplet, 3): signs with which their phases add to zero; +, +, − for pairs that run forward in time."""

    def closing(self, phase: NDArray[np.floating]) -> NDArray[np.float64]:
        """Sum of phases (pair,) around each triangle: (triplet,)."""
        return np.asarray((self.signs * phase.astype(np.float64)[self.rows]).sum(axis=1))


@dataclass(frozen=True)
class ClosureCounts:
    """How many triplets do not close; counts of the same network add."""

    triplets: Triplets
    n_open: NDArray[np.int64]
    """(triplet,): pixels at which each triplet is off by a multiple of 2π."""
    n_checked: NDArray[np.int64]
    """(triplet,): pixels that have all three phases."""

    def __add__(self, other: "ClosureCounts") -> "ClosureCounts":
        return ClosureCounts(self.triplets, self.n_open + other.n_open, self.n_checked + other.n_checked)

    @property
    def share_open(self) -> float:
        """Share of the pixel-triplets that are open [1]; NaN when none could be checked."""
        checked = int(self.n_checked.sum())
        return int(self.n_open.sum()) / checked if checked else float("nan")

    def share_open_of_pairs(self, n_pairs: int) -> NDArray[np.float64]:
        """Share of each pair's pixel-triplets that are open: (pair,) [1]; NaN for pairs without a triplet."""
        n_open, n_checked = (
            np.bincount(self.triplets.rows.ravel(), np.repeat(count, 3), minlength=n_pairs)
            for count in (self.n_open, self.n_checked)
        )
        return np.asarray(np.divide(n_open, n_checked, out=np.full(n_pairs, np.nan), where=n_checked > 0))


class Closure(NamedTuple):
    """Triplets of interferograms that do not close."""

    counts: ClosureCounts
    share_open: xr.DataArray
    """(y, x) float32 [1]: share of each pixel's triplets that is off by a multiple of 2π; NaN without a triplet."""
    n_triplets: xr.DataArray
    """(y, x) int32: triplets of each pixel whose three phases are there."""


def closure(stack: xr.Dataset, *, offsets: NDArray[np.floating] | None = None) -> Closure:
    """Count the triplets whose phases do not close: φ(a,b) + φ(b,c) − φ(a,c) off by a multiple of 2π.

    Parameters
    ----------
    stack
        In memory, or Dask: its chunks are then read one at a time. Blocks may be counted apart and added.
    offsets : (pair,) [rad]
        Constant of each pair, as :func:`typical_phase` or a reference gives it; zero for a referenced stack. A pair
        whose constant is NaN is not checked.

    Raises
    ------
    StackError
        The stack is empty or lacks dates or wavelength.

    Source: Yunjun et al. 2019, eq. 8 (number of triplets with non-zero integer ambiguity).
    """
    check_stack(stack)
    triplets = triplets_of(Network.from_stack(stack))
    offset = triplet_offsets(triplets, offsets)
    counts = ClosureCounts(triplets, np.zeros(len(offset), np.int64), np.zeros(len(offset), np.int64))
    shape = stack["unw"].shape[1:]
    n_open, n_checked = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    for window in _windows(stack["unw"]):
        block = flat_phases(stack["unw"][:, window[0], window[1]])
        opened, checked = np.zeros(block.shape[1], np.int32), np.zeros(block.shape[1], np.int32)
        count_open(block, *triplets, offset, opened, checked, counts.n_open, counts.n_checked)
        extent = n_open[window].shape
        n_open[window], n_checked[window] = opened.reshape(extent), checked.reshape(extent)
    share = np.divide(n_open, n_checked, out=np.full(shape, np.nan, np.float32), where=n_checked > 0, dtype=np.float32)
    space = space_coords(stack)
    share_open = xr.DataArray(share, space, ("y", "x"), "share_open", LAYERS["share_open"].attrs())
    return Closure(counts, share_open, xr.DataArray(n_checked, space, ("y", "x"), "n_triplets"))


def typical_phase(stack: xr.Dataset, *, max_pixels: int = SAMPLE_PX) -> NDArray[np.float32]:
    """Median phase of each pair over a grid of at most ``max_pixels`` pixels: (pair,) [rad], NaN for an empty pair.

    It stands for the constant of an unreferenced pair, however few pixels are unwrapped wrongly or move. On a sample
    taken beforehand it gives the same numbers in every block.
    """
    phases = sample(stack, max_pixels=max_pixels)["unw"].values.reshape(stack.sizes["pair"], -1)
    typical = [np.median(row[np.isfinite(row)]) if np.isfinite(row).any() else np.nan for row in phases]
    return np.array(typical, np.float32)


def sample(stack: xr.Dataset, *, max_pixels: int = SAMPLE_PX) -> xr.Dataset:
    """Every n-th pixel of every n-th row, n the least that leaves at most ``max_pixels``; loaded."""
    height, width = stack.sizes["y"], stack.sizes["x"]
    grids = (slice(step // 2, None, step) for step in count(1))
    every = next(grid for grid in grids if _taken(grid, height) * _taken(grid, width) <= max_pixels)
    return stack.isel(y=every, x=every).load()


def triplets_of(network: Network) -> Triplets:
    """Triangles of the network's pairs, whichever way in time a pair runs; of pairs with the same dates the last."""
    row_of = {(int(min(pair)), int(max(pair))): row for row, pair in enumerate(network.pairs)}
    later: dict[int, list[int]] = {}
    for a, b in sorted(row_of):
        later.setdefault(a, []).append(b)
    found = [
        (row_of[a, b], row_of[b, c], row_of[a, c])
        for a, nexts in later.items()
        for b, c in product(nexts, nexts)
        if (b, c) in row_of
    ]
    rows = np.array(found, dtype=np.int64).reshape(-1, 3)
    runs = np.where(network.pairs[:, 0] < network.pairs[:, 1], 1, -1)
    return Triplets(rows, (runs[rows] * np.array([1, 1, -1])).astype(np.float32))


def triplet_offsets(triplets: Triplets, offsets: NDArray[np.floating] | None) -> NDArray[np.float32]:
    """What the pairs' constants add to each triplet: (triplet,) [rad]."""
    if offsets is None:
        return np.zeros(len(triplets.rows), np.float32)
    return triplets.closing(offsets).astype(np.float32)


def flat_phases(unw: xr.DataArray) -> NDArray[np.float32]:
    """Phases of a block with its pixels in one row: (pair, pixel)."""
    return np.ascontiguousarray(unw.values, dtype=np.float32).reshape(unw.shape[0], -1)


def space_coords(stack: xr.Dataset) -> dict[Any, xr.DataArray]:
    """Coordinates of the stack's pixels, without those of its pairs and vector components."""
    return {name: stack.coords[name] for name in stack.coords if set(stack.coords[name].dims) <= {"y", "x"}}


def _taken(grid: slice, size: int) -> int:
    """How many of ``size`` rows or columns a grid takes."""
    return len(range(size)[grid])


def _windows(unw: xr.DataArray) -> list[tuple[slice, slice]]:
    """Windows (rows, columns) in which a stack is read: its chunks, or all of it."""
    if unw.chunks is None:
        return [(slice(None), slice(None))]
    edges = [np.concatenate([[0], np.cumsum(sizes)]) for sizes in unw.chunks[1:]]
    rows, cols = ([slice(int(a), int(b)) for a, b in pairwise(e)] for e in edges)
    return list(product(rows, cols))
