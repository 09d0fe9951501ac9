"""Mends phases that were unwrapped wrongly by whole turns: by the closure of triplets, by bridging, or by both.

Closure works on each pixel alone. A pair that is off by a turn opens all of its triplets; it is moved when that closes
more of them than any other pair of the same open triplets would, by ``min_margin`` at least. A move stands only if
every triplet of the moved pair that can be checked closes in the end; otherwise it is taken back. A pixel that keeps
more than ``max_left_share`` of its triplets open is noise and left as it was. Open triplets are flagged by the quality
layer. An error that all pairs of an epoch share opens none and stays unseen.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from highwall.core.errors import InputError
from highwall.core.products import LAYERS
from highwall.insar.mending._closure_kernels import count_open, repair_pixels
from highwall.insar.mending.bridging import Bridges, apply_bridges
from highwall.insar.mending.closure import flat_phases, space_coords, triplet_offsets, triplets_of
from highwall.insar.network import Network
from highwall.insar.options import RepairOptions
from highwall.insar.stack import check_stack


@dataclass(frozen=True)
class RepairReport:
    """What was changed and why; reports of blocks add."""

    n_pixels: int
    """Pixels looked at."""
    n_pixels_open: int
    """Those with an open triplet once bridged."""
    n_pixels_repaired: int
    """Those of which closure moved a pair."""
    n_pixels_left: int
    """Those with an open triplet in the end."""
    bridged_of: NDArray[np.int64]
    """(pair,): pixels moved with their component."""
    moved_of: NDArray[np.int64]
    """(pair,): pixels moved by closure."""

    def __add__(self, other: "RepairReport") -> "RepairReport":
        return RepairReport(
            self.n_pixels + other.n_pixels,
            self.n_pixels_open + other.n_pixels_open,
            self.n_pixels_repaired + other.n_pixels_repaired,
            self.n_pixels_left + other.n_pixels_left,
            self.bridged_of + other.bridged_of,
            self.moved_of + other.moved_of,
        )

    def describe(self) -> str:
        """One line for reports."""
        return (
            f"{self.n_pixels_open} of {self.n_pixels} pixels had triplets off by 2π; closure moved "
            f"{int(self.moved_of.sum())} phases of {self.n_pixels_repaired} pixels in "
            f"{np.count_nonzero(self.moved_of)} pairs; {self.n_pixels_left} pixels keep open triplets; bridging moved "
            f"{int(self.bridged_of.sum())} phases in {np.count_nonzero(self.bridged_of)} pairs"
        )


class Repaired(NamedTuple):
    """A stack whose phases were mended."""

    stack: xr.Dataset
    n_repaired: xr.DataArray
    """(y, x) int16: pairs that were moved."""
    share_open: xr.DataArray
    """(y, x) float32 [1]: share of each pixel's triplets that is open in the end; NaN without a triplet."""
    report: RepairReport


def repair(
    block: xr.Dataset,
    *,
    options: RepairOptions | None = None,
    offsets: NDArray[np.floating] | None = None,
    bridges: Bridges | None = None,
) -> Repaired:
    """Move phases by whole turns where that makes the triplets close.

    Parameters
    ----------
    block
        All pairs of some pixels; each pixel is mended alone, so that blocks may be cut anyhow.
    offsets : (pair,) [rad]
        Constant of each pair (:func:`~highwall.insar.mending.closure.typical_phase` of the scene); zero for a
        referenced stack.
    bridges
        What :func:`~highwall.insar.mending.bridging.fit_bridges` found on the whole scene, for the methods that bridge.

    Raises
    ------
    InputError
        The method bridges and no bridges are given.
    StackError
        The stack is empty or lacks dates or wavelength.
    """
    options = options or RepairOptions()
    check_stack(block)
    before = block["unw"]
    bridged_of = np.zeros(block.sizes["pair"], np.int64)
    if options.bridges:
        if bridges is None:
            raise InputError(f"repair method {options.method!r} needs bridges; give those of fit_bridges(scene).")
        block, bridged_of = apply_bridges(block, bridges=bridges)
    closed = _close(block, offsets, options)
    unw = block["unw"].copy(data=closed.unw.reshape(before.shape))
    return Repaired(
        block.assign(unw=unw),
        _layer("n_repaired_pairs", _count_moved(before, unw), block),
        _layer("share_open", closed.share_open, block),
        RepairReport(
            closed.n_moved.size,
            int(np.count_nonzero(closed.was_open)),
            int(np.count_nonzero(closed.n_moved)),
            int(np.count_nonzero(closed.share_open > 0)),
            bridged_of,
            closed.moved_of,
        ),
    )


class _Closed(NamedTuple):
    """Phases after the repair by closure, pixels in one row."""

    unw: NDArray[np.float32]
    was_open: NDArray[np.bool_]
    n_moved: NDArray[np.int32]
    moved_of: NDArray[np.int64]
    share_open: NDArray[np.float32]


def _close(block: xr.Dataset, offsets: NDArray[np.floating] | None, options: RepairOptions) -> _Closed:
    """Count the open triplets of a block and, if asked for, repair its pixels."""
    triplets = triplets_of(Network.from_stack(block))
    offset = triplet_offsets(triplets, offsets)
    unw = flat_phases(block["unw"]).copy()
    n_open, n_checked, n_moved, n_left = np.zeros((4, unw.shape[1]), np.int32)
    per_triplet, moved_of = np.zeros((2, len(offset)), np.int64), np.zeros(len(unw), np.int64)
    count_open(unw, *triplets, offset, n_open, n_checked, *per_triplet)
    was_open = n_open > 0
    if options.closes:
        pixels = np.flatnonzero(was_open)
        bounds = options.min_margin, options.max_left_share
        repair_pixels(unw, *triplets, offset, pixels, *bounds, n_moved, n_left, moved_of)
        n_open = n_left
    share = np.divide(n_open, n_checked, out=np.full(len(n_open), np.nan, np.float32), where=n_checked > 0, dtype="f4")
    return _Closed(unw, was_open, n_moved, moved_of, share)


def _count_moved(before: xr.DataArray, after: xr.DataArray) -> NDArray[np.int16]:
    """Pairs of each pixel whose phase differs."""
    count = np.zeros(before.shape[1:], np.int16)
    for old, new in zip(before.values, after.values, strict=True):
        count += (old != new) & np.isfinite(old)
    return count


def _layer(name: str, values: NDArray[np.generic], block: xr.Dataset) -> xr.DataArray:
    shape = block["unw"].shape[1:]
    return xr.DataArray(values.reshape(shape), space_coords(block), ("y", "x"), name, LAYERS[name].attrs())
