"""Elimination of any network by a precomputed schedule: sparse links, an order of epochs that makes few of them.

Pairs a year apart widen the band to the whole network, yet each epoch is tied to few others. :mod:`elimination` finds
the order and lists, link by link, what the elimination adds to it; here the list is carried out on all lanes.

Links are float32: the level-2 cache bounds this elimination, float64 links took 1.3 times as long (measured, 91 epochs,
334 short and 60 yearly pairs: 9,978 terms against 23,551 in time's order). Rounding a link is a conductance known to
6e-8; currents are float64 and divided by the sum of the rounded links, so that none is lost.
"""
# mypy: ignore-errors

from typing import NamedTuple

import numpy as np

from highwall.core.jit import kernel
from highwall.insar._kernels_lanes import LANES, U, clear


class Schedule(NamedTuple):
    """What elimination does, in the order in which it is done. Spans give the first entry of each, and the end."""

    order: np.ndarray
    """(epoch − 1,) int64: epochs as they are eliminated; epoch 0 stays."""
    link_span: np.ndarray
    """(epoch,) int64: links of each eliminated epoch, by its place in ``order``."""
    link_to: np.ndarray
    """(link,) int64: the epoch at the other end."""
    mesh_span: np.ndarray
    """(link + 1,) int64: terms of each link."""
    mesh: np.ndarray
    """(term, 3) int64: two links of an epoch gone before, and the epoch; c·c / Σc is what the link gains."""
    pair_span: np.ndarray
    """(link + 1,) int64: pairs of each link."""
    pair_slot: np.ndarray
    end_span: np.ndarray
    """(epoch,) int64: pairs that end at each eliminated epoch."""
    end_slot: np.ndarray
    end_sign: np.ndarray
    """(end,) float64: +1 where the pair's later epoch is this one, −1 where its earlier one is."""
    into_span: np.ndarray
    """(epoch,) int64: links from epochs gone before into each eliminated epoch."""
    into_link: np.ndarray
    into_epoch: np.ndarray


@kernel
def eliminate_sparse(network, schedule, block, rows):
    """Links, currents and g of every epoch in the schedule's order; gaps; variance of the velocity."""
    resistance, b, g = _parts(network, rows)
    c, r32 = block.links, block.phase
    link_c, total = np.empty(LANES, np.float32), np.empty(LANES)
    clear(block.variance)
    clear(block.gaps)
    for place in range(schedule.order.size):
        j = U(schedule.order[place]) * LANES
        clear(total)
        for link in range(schedule.link_span[place], schedule.link_span[place + 1]):
            clear(link_c)
            _gather_pairs(schedule, link, block.w, link_c)
            _gather_mesh(schedule, link, c, r32, link_c)
            _store_link(link, link_c, c, total)
        _fill(b, j, 0.0)
        _gather_current(schedule, place, block, b, j)
        _collect(schedule, place, c, resistance, b, j)
        _fill(g, j, network.slope[schedule.order[place]])
        _collect(schedule, place, c, resistance, g, j)
        for q in range(LANES):
            tied = total[q] > 0.0
            r = 1.0 / total[q] if tied else 0.0
            resistance[j + q] = r
            r32[j + q] = r
            block.variance[q] += g[j + q] * g[j + q] * r
            block.gaps[q] += 0.0 if tied else 1.0


@kernel
def _parts(network, rows):
    """Views of the scratch: 1/Σc, b and g of each epoch."""
    n = network.slope.size * np.int64(LANES)
    return rows[:n], rows[n : 2 * n], rows[2 * n :]


@kernel
def _fill(values, start, value):
    for q in range(LANES):
        values[start + q] = value


@kernel
def _gather_pairs(schedule, link, w, link_c):
    """Σ w over the link's pairs."""
    for k in range(schedule.pair_span[link], schedule.pair_span[link + 1]):
        s = U(schedule.pair_slot[k]) * LANES
        for q in range(LANES):
            link_c[q] += w[s + q]


@kernel
def _gather_mesh(schedule, link, c, resistance, link_c):
    """Σ c c / Σc over the link's terms, two at once: the sum is read and written half as often."""
    first, end = schedule.mesh_span[link], schedule.mesh_span[link + 1]
    for k in range(first, end - 1, 2):
        a1, b1, m1 = _term(schedule, k)
        a2, b2, m2 = _term(schedule, k + 1)
        for q in range(LANES):
            link_c[q] += c[a1 + q] * c[b1 + q] * resistance[m1 + q] + c[a2 + q] * c[b2 + q] * resistance[m2 + q]
    if (end - first) % 2 == 1:
        a1, b1, m1 = _term(schedule, end - 1)
        for q in range(LANES):
            link_c[q] += c[a1 + q] * c[b1 + q] * resistance[m1 + q]


@kernel
def _term(schedule, k):
    """Where the values of a term's links and of its epoch begin."""
    return U(schedule.mesh[k, 0]) * LANES, U(schedule.mesh[k, 1]) * LANES, U(schedule.mesh[k, 2]) * LANES


@kernel
def _store_link(link, link_c, c, total):
    at = U(link) * LANES
    for q in range(LANES):
        c[at + q] = link_c[q]
        total[q] += link_c[q]


@kernel
def _gather_current(schedule, place, block, b, j):
    """Σ ±w y over the pairs that end at the epoch."""
    y, w = block.y, block.w
    for k in range(schedule.end_span[place], schedule.end_span[place + 1]):
        s, sign = U(schedule.end_slot[k]) * LANES, schedule.end_sign[k]
        for q in range(LANES):
            b[j + q] += sign * (np.float64(w[s + q]) * np.float64(y[s + q]))


@kernel
def _collect(schedule, place, c, resistance, values, j):
    """What epochs gone before leave to this one of their currents, or of their g: Σ c / Σc of them."""
    for k in range(schedule.into_span[place], schedule.into_span[place + 1]):
        link, m = U(schedule.into_link[k]) * LANES, U(schedule.into_epoch[k]) * LANES
        for q in range(LANES):
            values[j + q] += c[link + q] * resistance[m + q] * values[m + q]


@kernel
def substitute_sparse(network, schedule, block, rows):
    """xⱼ = (bⱼ + Σ c x) / Σc in reverse order, and the velocity gᵀx."""
    resistance, b, _ = _parts(network, rows)
    c = block.links
    x = block.x
    clear(block.slope)
    for place in range(schedule.order.size - 1, -1, -1):
        epoch = schedule.order[place]
        j, slope = U(epoch) * LANES, network.slope[epoch]
        for q in range(LANES):
            x[j + q] = b[j + q]
        for link in range(schedule.link_span[place], schedule.link_span[place + 1]):
            at, to = U(link) * LANES, U(schedule.link_to[link]) * LANES
            for q in range(LANES):
                x[j + q] += c[at + q] * x[to + q]
        for q in range(LANES):
            x[j + q] *= resistance[j + q]
            block.slope[q] += slope * x[j + q]


@kernel
def label_sparse(network, schedule, c, resistance, label):
    """Number the pieces of each pixel's network; 0 is the piece of epoch 0.

    An epoch's label is the mean of those it is linked to, which are all equal.
    """
    number = np.zeros(LANES)
    for place in range(schedule.order.size - 1, -1, -1):
        j = U(schedule.order[place]) * LANES
        _fill(label, j, 0.0)
        for link in range(schedule.link_span[place], schedule.link_span[place + 1]):
            at, to = U(link) * LANES, U(schedule.link_to[link]) * LANES
            for q in range(LANES):
                label[j + q] += c[at + q] * resistance[j + q] * label[to + q]
        for q in range(LANES):
            tied = resistance[j + q] > 0.0
            number[q] += 0.0 if tied else 1.0
            label[j + q] = np.rint(label[j + q]) if tied else number[q]


@kernel
def respread_sparse(network, schedule, c, resistance, joints):
    """Σ g² / Σc once more, with the g of the joined network."""
    g, variance = joints.g, joints.variance
    clear(variance)
    for place in range(schedule.order.size):
        j = U(schedule.order[place]) * LANES
        _collect(schedule, place, c, resistance, g, j)
        for q in range(LANES):
            variance[q] += g[j + q] * g[j + q] * resistance[j + q]
