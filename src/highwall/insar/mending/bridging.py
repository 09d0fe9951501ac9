"""Joins the connected components of each interferogram by whole turns across the gaps between them.

An unwrapper is right up to a constant within a component; between components the turns are a guess. Here each component
is tied to its neighbour across the narrowest gap: the median phase step between the border pixels that face each other,
rounded to 2π, is taken from it. The largest component stays as it is; the largest neighbour joins first. Fitted on
whole images, one pair at a time; applied to any block.

Source: after Yunjun et al. 2019, section 3.2 (bridging); the pairing of borders is this module's own.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from highwall.core.checks import check_dims
from highwall.core.errors import StackError
from highwall.insar.options import RepairOptions

_TURN = 2.0 * np.pi
_SPREAD_OF_GAPS = 1.5
"""Facing pixels count up to this many times the narrowest gap [1]: enough for a median, still the same gap."""
_MIN_SAMPLE = 20
"""Facing pixels that are taken in any case, if there are so many [1]."""


@dataclass(frozen=True)
class Bridges:
    """Turns to take from each component of each pair."""

    turns: NDArray[np.int32]
    """(pair, label): turns of 2π; column 0, no component, is 0."""
    n_unsure: NDArray[np.int64]
    """(pair,): components left as they are, since no neighbour is near or the step lies between two turns."""


class _Gap(NamedTuple):
    """Where two components face each other."""

    length: float
    """Narrowest distance [px]."""
    step: float
    """Median phase of the second less that of the first [rad]."""


def fit_bridges(stack: xr.Dataset, *, options: RepairOptions | None = None) -> Bridges:
    """Turns by which each component of each pair is off.

    Parameters
    ----------
    stack
        ``unw`` and ``conncomp`` (pair, y, x) of the whole scene; Dask or in memory, read one pair at a time.

    Raises
    ------
    StackError
        The stack has no ``conncomp``.
    """
    options = options or RepairOptions()
    if "conncomp" not in stack:
        raise StackError("the stack has no 'conncomp', which bridging needs; choose repair method 'closure' or 'none'.")
    check_dims(stack["conncomp"], ("pair", "y", "x"), name="conncomp")
    fitted = [
        bridge_pair(stack["unw"][number].values, stack["conncomp"][number].values, options=options)
        for number in range(stack.sizes["pair"])
    ]
    width = max(len(turns) for turns, _ in fitted)
    table = np.stack([np.pad(turns, (0, width - len(turns))) for turns, _ in fitted])
    return Bridges(table.astype(np.int32), np.array([unsure for _, unsure in fitted], np.int64))


def bridge_pair(
    unw: NDArray[np.floating], conncomp: NDArray[np.integer], *, options: RepairOptions
) -> tuple[NDArray[np.int32], int]:
    """Turns of each label of one pair (label,), and how many components could not be joined."""
    labels = np.where(np.isfinite(unw), conncomp, 0)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    small = sizes < options.min_component_px
    labels, sizes = np.where(small[labels], 0, labels), np.where(small, 0, sizes)
    turns = np.zeros(max(int(conncomp.max()) + 1, 1), np.int32)
    if np.count_nonzero(sizes) < 2:
        return turns, 0
    gaps = _gaps(unw, labels, max_gap_px=options.max_gap_px)
    joined = _join(gaps, sizes, turns, options)
    return turns, int(np.count_nonzero(sizes)) - len(joined)


def apply_bridges(block: xr.Dataset, *, bridges: Bridges) -> tuple[xr.Dataset, NDArray[np.int64]]:
    """Block with the turns taken out, and how many pixels of each pair were moved (pair,)."""
    unw, labels = block["unw"].values.copy(), block["conncomp"].values
    n_moved = np.zeros(len(unw), np.int64)
    for number, table in enumerate(bridges.turns):
        turns = table[labels[number]]
        n_moved[number] = np.count_nonzero((turns != 0) & np.isfinite(unw[number]))
        if n_moved[number]:
            unw[number] -= np.float32(_TURN) * turns.astype(np.float32)
    return block.assign(unw=block["unw"].copy(data=unw)), n_moved


def _join(
    gaps: dict[tuple[int, int], _Gap], sizes: NDArray[np.int64], turns: NDArray[np.int32], options: RepairOptions
) -> set[int]:
    """Tie components to the largest, the largest neighbour first, each across its narrowest gap; fill ``turns``."""
    joined, refused = {int(sizes.argmax())}, set[int]()
    while True:
        near = {b for a, b in gaps if a in joined and b not in joined and b not in refused}
        if not near:
            return joined
        label = max(near, key=lambda b: (sizes[b], -b))
        anchor = min((a for a in joined if (a, label) in gaps), key=lambda a: (gaps[a, label].length, a))
        step = gaps[anchor, label].step / _TURN + turns[anchor]
        whole = int(np.rint(step))
        if abs(step - whole) * _TURN > options.max_misfit_rad:
            refused.add(label)
            continue
        turns[label] = whole
        joined.add(label)


def _gaps(unw: NDArray[np.floating], labels: NDArray[np.integer], *, max_gap_px: float) -> dict[tuple[int, int], _Gap]:
    """Gap of every two components that face each other within ``max_gap_px``, both ways round."""
    here, there, length = _facing(labels)
    near = length <= max_gap_px
    here, there, length = here[near], there[near], length[near]
    flat_labels, flat = labels.ravel(), unw.ravel()
    one, other = flat_labels[here], flat_labels[there]
    step = np.where(one < other, 1.0, -1.0) * (flat[there].astype(np.float64) - flat[here])
    low, high = np.minimum(one, other), np.maximum(one, other)
    found: dict[tuple[int, int], _Gap] = {}
    for a, b in np.unique(np.stack([low, high], axis=1), axis=0):
        chosen = (low == a) & (high == b)
        gap = _measure(length[chosen], step[chosen])
        found[int(a), int(b)], found[int(b), int(a)] = gap, gap._replace(step=-gap.step)
    return found


def _facing(labels: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Flat numbers of labelled pixels that face each other across a gap, and how far apart they are [px].

    Every cell is given to its nearest labelled pixel; where two neighbouring cells belong to different components,
    their pixels face each other.
    """
    nearest = distance_transform_edt(labels == 0, return_distances=False, return_indices=True)
    owner = np.ravel_multi_index((nearest[0], nearest[1]), labels.shape)
    sides = [(owner[:, :-1], owner[:, 1:]), (owner[:-1], owner[1:])]
    here, there = (np.concatenate([side[end].ravel() for side in sides]) for end in (0, 1))
    apart = labels.ravel()[here] != labels.ravel()[there]
    both = np.unique(np.stack([here[apart], there[apart]], axis=1), axis=0)
    rows, cols = np.unravel_index(both, labels.shape)
    return both[:, 0], both[:, 1], np.hypot(np.diff(rows)[:, 0], np.diff(cols)[:, 0])


def _measure(length: NDArray[np.float64], step: NDArray[np.float64]) -> _Gap:
    """Narrowest length and median step of the facing pixels that are nearest to each other."""
    order = np.argsort(length, kind="stable")
    enough = max(int(np.count_nonzero(length <= _SPREAD_OF_GAPS * length.min())), min(_MIN_SAMPLE, len(order)))
    return _Gap(float(length.min()), float(np.median(step[order[:enough]])))
