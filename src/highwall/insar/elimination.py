"""How a network is eliminated: banded if it is, else in an order of epochs that leaves few links."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.insar._kernels_band import BANDS, RECORD
from highwall.insar._kernels_sparse import Schedule

Int = NDArray[np.int64]


class Plan(NamedTuple):
    """What the kernel must know of the network; the same for every pixel."""

    row: Int
    """(pair,): row of each pair in the stack, in the kernel's own order."""
    slot: Int
    """(pair,): where its phase and weight lie."""
    sign: NDArray[np.float32]
    """(pair,): −1 where the stack's pair runs backwards in time."""
    ends: Int
    """(pair, 3): slot, earlier epoch, later epoch; an even number of rows, the last of them may be an empty slot."""
    slope: NDArray[np.float64]
    """(epoch,) [year⁻¹]: g, so that gᵀx is the slope of the regression line."""
    stiffness: NDArray[np.float64]
    """(epoch − 1,) [year⁻²]: 1/Δt² of each interval."""
    pad: int
    """Empty epochs before the first, in phases."""
    n_slots: int
    n_rows: int
    n_links: int
    """Values of scratch a lane: of pairs, of epochs, and of a schedule's links."""


class Elimination(NamedTuple):
    """A plan, and the way in which its network is eliminated."""

    plan: Plan
    band: tuple[int, ...]
    """As long as the half-bandwidth, a constant for the compiler; empty for a schedule."""
    schedule: Schedule | None


def elimination_of(pairs: Int, years: NDArray[np.float64]) -> Elimination:
    """Banded where the pairs are short and differ, by a schedule otherwise.

    Parameters
    ----------
    pairs : (pair, 2)
        Numbers of the first and the second epoch.
    years : (epoch,) [year]
    """
    lower, upper = pairs.min(axis=1), pairs.max(axis=1)
    order = np.lexsort((np.arange(len(pairs)), lower, upper))
    lower, upper = lower[order], upper[order]
    sign = np.where(pairs[order, 0] < pairs[order, 1], 1, -1).astype(np.float32)
    n, reach = len(years), int((upper - lower).max())
    if reach <= BANDS[-1] and len(np.unique(upper * n + lower)) == len(pairs):
        width = next(band for band in BANDS if band >= reach)
        schedule, slot = None, upper * width + upper - lower - 1
        n_slots, n_rows, n_links = (n + width) * width, (n + width) * (width + RECORD), 0
    else:
        width, schedule = 0, schedule_of(lower, upper, n)
        n_links = len(schedule.link_to)
        slot, n_slots, n_rows = np.arange(len(pairs)) + 1, len(pairs) + 1, 3 * n
    ends = np.zeros((len(pairs) + len(pairs) % 2, 3), np.int64)
    ends[: len(pairs)] = np.stack([slot, lower, upper], axis=1)
    centred = years - years.mean()
    slope, stiffness = centred / (centred @ centred), 1.0 / np.diff(years) ** 2
    plan = Plan(order, slot, sign, ends, slope, stiffness, width, n_slots, n_rows, n_links)
    return Elimination(plan, (0,) * width, schedule)


def schedule_of(lower: Int, upper: Int, n: int) -> Schedule:
    """The cheaper of two orders: latest epoch first, or least linked epoch first; pairs in slots 1, 2, …"""
    linked = np.zeros((n, n), bool)
    linked[lower, upper] = linked[upper, lower] = True
    orders = (list(range(n - 1, 0, -1)), least_linked_first(linked))
    return min((_schedule(order, linked, lower, upper) for order in orders), key=lambda schedule: len(schedule.mesh))


def least_linked_first(linked: NDArray[np.bool_]) -> list[int]:
    """Order of minimum degree, the later epoch where two are alike; epoch 0 stays.

    Source: Tinney & Walker 1967, scheme 2.
    """
    linked, order = linked.copy(), []
    remaining = np.arange(len(linked) - 1, 0, -1)
    while remaining.size:
        epoch = int(remaining[linked[remaining].sum(axis=1).argmin()])
        order.append(epoch)
        _eliminate(linked, epoch)
        remaining = remaining[remaining != epoch]
    return order


def _eliminate(linked: NDArray[np.bool_], epoch: int) -> Int:
    """Take an epoch out and link all that it was linked to; these, in order."""
    neighbours = np.flatnonzero(linked[epoch])
    linked[epoch, :] = linked[:, epoch] = False
    linked[np.ix_(neighbours, neighbours)] = True
    linked[neighbours, neighbours] = False
    return neighbours


def _schedule(order: list[int], linked: NDArray[np.bool_], lower: Int, upper: Int) -> Schedule:
    """Carry the elimination out on the graph and write down what it does."""
    linked, place = linked.copy(), np.full(len(linked), len(linked))
    place[order] = np.arange(len(order))
    number: dict[tuple[int, int], int] = {}
    mesh, into, links = defaultdict(list), defaultdict(list), []
    for epoch in order:
        neighbours = sorted(_eliminate(linked, epoch).tolist(), key=lambda other: int(place[other]))
        links.append(neighbours)
        for other in neighbours:
            number[epoch, other] = len(number)
        for a, one in enumerate(neighbours):
            into[one].append((number[epoch, one], epoch))
            for two in neighbours[a + 1 :]:
                mesh[one, two].append((number[epoch, one], number[epoch, two], epoch))
    pairs, ends = defaultdict(list), defaultdict(list)
    for slot, (i, j) in enumerate(zip(lower.tolist(), upper.tolist(), strict=True), start=1):
        pairs[(i, j) if place[i] < place[j] else (j, i)].append((slot,))
        ends[i].append((slot, -1))
        ends[j].append((slot, 1))
    link_to, link_span = _listed([[(other,) for other in neighbours] for neighbours in links], 1)
    terms, mesh_span = _listed([mesh[link] for link in number], 3)
    slots, pair_span = _listed([pairs[link] for link in number], 1)
    arriving, into_span = _listed([into[epoch] for epoch in order], 2)
    ending, end_span = _listed([ends[epoch] for epoch in order], 2)
    return Schedule(
        np.array(order, np.int64), link_span, link_to[:, 0], mesh_span, terms, pair_span, slots[:, 0], end_span,
        ending[:, 0], ending[:, 1].astype(np.float64), into_span, arriving[:, 0], arriving[:, 1],
    )  # fmt: skip


def _listed(lists: Sequence[Sequence[tuple[int, ...]]], width: int) -> tuple[Int, Int]:
    """Lists one behind the other (entry, width), and where each begins."""
    flat = np.array([entry for entries in lists for entry in entries], np.int64).reshape(-1, width)
    return flat, np.concatenate([[0], np.cumsum([len(entries) for entries in lists])]).astype(np.int64)
