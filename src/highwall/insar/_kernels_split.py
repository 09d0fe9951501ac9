"""Split pixels of many groups, gathered into one group and joined there.

Few pixels are split, but most groups of lanes hold one (measured on a simulated survey: 8 % of the pixels, 86 % of the
groups), and labels and variances cost a whole group the same for one as for all. A shift of a piece changes no
residual, so that a split pixel's maps are written with its group; displacement, velocity and its error follow when it
is joined.
"""
# mypy: ignore-errors

from typing import NamedTuple

import numpy as np

from highwall.core.jit import kernel
from highwall.insar._kernels_band import RECORD
from highwall.insar._kernels_chain import Chain, chain_of, join_chain
from highwall.insar._kernels_join import Joints, join_pixel, joints_of
from highwall.insar._kernels_lanes import LANES, U, clear
from highwall.insar._kernels_sparse import label_sparse, respread_sparse


class Waiting(NamedTuple):
    """Split pixels that wait to be joined, side by side as lanes are."""

    x: np.ndarray
    """(pad + epoch) float64."""
    links: np.ndarray
    """(link) float32: that their elimination left."""
    resistance: np.ndarray
    """(epoch) float32: 1/Σc, of a schedule only."""
    gaps: np.ndarray
    unit: np.ndarray
    """() float64: of the lane that a pixel comes from."""
    pixel: np.ndarray
    """() uint64."""
    lane: np.ndarray
    """() uint64: the split lanes of the group at hand."""
    number: np.ndarray
    """(1,) uint64: of pixels that wait."""
    joints: Joints
    chain: Chain
    """What joins them where they follow a schedule, and where they are banded."""


def waiting_of(network):
    """Room for as many split pixels as lanes."""
    n, band, lanes = network.slope.size, network.pad, int(LANES)
    n_links, scheduled = (n * band, 0) if band > 0 else (network.n_links, n)
    return Waiting(
        np.zeros((n + band) * lanes), np.zeros(n_links * lanes, np.float32), np.zeros(scheduled * lanes, np.float32),
        np.zeros(lanes), np.zeros(lanes), np.zeros(lanes, U), np.zeros(lanes, U), np.zeros(1, U),
        joints_of(scheduled), chain_of(n, band),
    )  # fmt: skip


@kernel
def find_split(noise, block, waiting):
    """List the lanes of the group that are split and believed, and count them."""
    found = U(0)
    for q in range(LANES):
        waiting.lane[found] = q  # kept only if ``found`` moves on
        found += U(1) if block.gaps[q] > 0.0 and block.count[q] >= noise.min_pairs else U(0)
    return found


@kernel
def gather_split(first, band, sparse, rows, block, found, waiting):
    """Put the group's split pixels beside those that wait; there must be room."""
    lane, at = waiting.lane[:found], waiting.number[0]
    _gather(block.x, U(1), lane, at, waiting.x, U(1))
    if sparse is None:
        _gather(rows, U(len(band) + RECORD), lane, at, waiting.links, U(len(band)))
    else:
        _gather(rows, U(1), lane, at, waiting.resistance, U(1))
        _gather(block.links, U(1), lane, at, waiting.links, U(1))
    for i in range(found):
        waiting.gaps[at + i] = block.gaps[lane[i]]
        waiting.unit[at + i] = block.unit[lane[i]]
        waiting.pixel[at + i] = U(first) + lane[i]
    waiting.number[0] += found


@kernel
def _gather(source, record, lane, at, target, kept):
    """Copy some lanes of a group, of each record the first values, to others that begin at ``at``."""
    for j in range(U(target.size) // (kept * LANES)):
        for k in range(kept):
            here, there = (j * record + k) * LANES, (j * kept + k) * LANES + at
            for i in range(U(lane.size)):
                target[there + i] = source[here + lane[i]]


@kernel
def join_waiting(network, band, sparse, metres_per_radian, waiting, out):
    """Join the pixels that wait, and write their displacement, velocity and its error."""
    if sparse is None:
        join_chain(band, network, waiting.links, waiting.x, waiting.chain)
        _write(network, metres_per_radian, waiting, waiting.chain, out)
    else:
        _join_sparse(network, sparse, waiting)
        _write(network, metres_per_radian, waiting, waiting.joints, out)
    clear(waiting.number)


@kernel
def _join_sparse(network, sparse, waiting):
    joints, links, resistance = waiting.joints, waiting.links, waiting.resistance
    label_sparse(network, sparse, links, resistance, joints.label)
    for q in range(waiting.number[0]):
        joints.slope[q] = join_pixel(q, network, waiting)
    respread_sparse(network, sparse, links, resistance, joints)


@kernel
def _write(network, metres_per_radian, waiting, joined, out):
    pixel, n = waiting.pixel[: waiting.number[0]], network.slope.size
    for j in range(U(1), U(n)):
        for q in range(U(pixel.size)):
            phase = np.float32(waiting.x[(j + U(network.pad)) * LANES + q])
            out[j, pixel[q]] = np.float32(metres_per_radian) * phase
    for q in range(U(pixel.size)):
        out[n, pixel[q]] = metres_per_radian * joined.slope[q]
        out[n + 1, pixel[q]] = abs(metres_per_radian) * np.sqrt(joined.variance[q] * waiting.unit[q])
