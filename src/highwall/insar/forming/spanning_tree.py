"""Phase unwrapping along the minimum spanning tree of the pixels."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, minimum_spanning_tree

_LEAST_COHERENCE = 0.05
"""Coherence below which all pixels count as equally unreliable [1]."""
_LEAST_COST = 1e-6
"""Cost of a link between perfect pixels; a sparse graph takes 0 for no link."""


class _Links(NamedTuple):
    """Neighbouring valid pixels."""

    one: NDArray[np.int64]
    other: NDArray[np.int64]
    cost: NDArray[np.float64]


def unwrap_along_tree(
    wrapped: NDArray[np.floating], coherence: NDArray[np.floating], valid: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Add to each pixel the multiple of 2π that the path of least roughness to its region's root gives it.

    Parameters
    ----------
    wrapped : (y, x) [rad]
    coherence : (y, x) [1]
    valid : (y, x) bool
        Pixels that are unwrapped; at least one.

    Returns
    -------
    unwrapped : (y, x) float32 [rad], NaN where not valid
    region : (y, x) int64
        Number from 0 of the 4-connected region of valid pixels; 0 where not valid.
    """
    links = _links(wrapped, coherence, valid)
    number = np.cumsum(valid.ravel()) - 1  # (pixel,) -> number among the valid
    n = int(valid.sum())
    graph = coo_array((links.cost, (number[links.one], number[links.other])), shape=(n, n)).tocsr()
    tree = minimum_spanning_tree(graph)
    region = connected_components(tree, directed=False)[1]
    turns = _turns(wrapped[valid].astype(np.float64), _parents(tree, region))
    unwrapped = np.full(wrapped.shape, np.nan, np.float32)
    unwrapped[valid] = wrapped[valid] + 2.0 * np.pi * turns
    regions = np.zeros(wrapped.shape, np.int64)
    regions[valid] = region
    return unwrapped, regions


def _links(wrapped: NDArray[np.floating], coherence: NDArray[np.floating], valid: NDArray[np.bool_]) -> _Links:
    """Links between horizontal and vertical neighbours; rough phase and low coherence make them dear."""
    cost = _roughness(np.where(valid, wrapped, np.nan)) / np.maximum(coherence, _LEAST_COHERENCE) ** 2
    pixel = np.arange(wrapped.size).reshape(wrapped.shape)
    one, other = [], []
    for here, there in (((slice(None), slice(-1)), (slice(None), slice(1, None))), (slice(-1), slice(1, None))):
        both = valid[here] & valid[there]
        one.append(pixel[here][both])
        other.append(pixel[there][both])
    ends = np.concatenate(one), np.concatenate(other)
    return _Links(*ends, cost.ravel()[ends[0]] + cost.ravel()[ends[1]] + _LEAST_COST)


def _roughness(wrapped: NDArray[np.floating]) -> NDArray[np.float64]:
    """Size of the second differences of wrapped phase along four directions; one that is missing counts as π."""
    frame = np.pad(wrapped.astype(np.float64), 1, constant_values=np.nan)
    middle = frame[1:-1, 1:-1]
    height, width = frame.shape
    total = np.zeros(middle.shape)
    for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1)):
        after = frame[1 + dy : height - 1 + dy, 1 + dx : width - 1 + dx]
        before = frame[1 - dy : height - 1 - dy, 1 - dx : width - 1 - dx]
        second = _wrap(after - middle) - _wrap(middle - before)
        total += np.where(np.isnan(second), np.pi**2, second**2)
    return np.asarray(np.sqrt(total))


def _wrap(phase: NDArray[np.float64]) -> NDArray[np.float64]:
    return phase - 2.0 * np.pi * np.rint(phase / (2.0 * np.pi))


def _parents(tree: coo_array, region: NDArray[np.int32]) -> NDArray[np.int64]:
    """Parent of each pixel in the tree; the first pixel of each region is its own."""
    n = len(region)
    roots = np.unique(region, return_index=True)[1]
    known = tree.tocoo()
    rows, cols = np.concatenate([known.row, np.full(len(roots), n)]), np.concatenate([known.col, roots])
    rooted = coo_array((np.ones(len(rows)), (rows, cols)), shape=(n + 1, n + 1)).tocsr()
    parent: NDArray[np.int64] = breadth_first_order(rooted, n, directed=False)[1][:n].astype(np.int64)
    parent[roots] = roots
    return parent


def _turns(wrapped: NDArray[np.float64], parent: NDArray[np.int64]) -> NDArray[np.int64]:
    """Whole turns of each pixel against its root, by doubling the stride along the paths: exact in integers."""
    turns = -np.rint((wrapped - wrapped[parent]) / (2.0 * np.pi)).astype(np.int64)
    ancestor = parent
    while (ancestor[ancestor] != ancestor).any():
        turns += turns[ancestor]
        ancestor = ancestor[ancestor]
    return turns
