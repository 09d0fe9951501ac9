"""Mutual best fitting among few: only regions beside a change choose anew, however many there are.

An image may settle everywhere but along one chain, in which a merge makes the next one possible. Each region has a list
of its neighbours here, in which an edge stands at both its ends; an edge is still priced once.
"""
# mypy: ignore-errors

from typing import NamedTuple

import numpy as np

from highwall.core.jit import exact_kernel
from highwall.patches._kernels import AREA, BOTTOM, LEFT, PERIMETER, RIGHT, TOP, Edges, goes_before, joint

DONE, FULL = 0, 1
"""What :func:`fit` ends with: nothing left to merge, or no room for longer lists."""

ACTIVE, TAIL, ROOM, LIVE, ITERATIONS = range(5)
"""Places of ``Work.count``: regions that chose last, used entries of lists, entries that the next iteration needs,
regions left, iterations done."""


class Graph(NamedTuple):
    """Who touches whom, as a list of neighbours for each region."""

    start: np.ndarray
    """(region,) int64: where its list begins."""
    degree: np.ndarray
    """(region,) int32: and how long it is."""
    neighbour: np.ndarray
    """(entry,) int32"""
    edge: np.ndarray
    """(entry,) int32: the edge's place in ``shared`` and ``cost``."""
    shared: np.ndarray
    """(edge,) int32 [pixel]: length of the common border."""
    cost: np.ndarray
    """(edge,) float64: rise of heterogeneity if merged; NaN is not yet priced."""


class Work(NamedTuple):
    """State of the fitting."""

    best: np.ndarray
    """(region,) int32: the neighbour chosen, -1 is none."""
    best_cost: np.ndarray
    """(region,) float64"""
    parent: np.ndarray
    """(region,) int32: the region that it went into, itself while it lives."""
    absorbs: np.ndarray
    """(region,) int32: the region that goes into it in this iteration, or -1."""
    mark: np.ndarray
    """(region,) int64: where it stands in the list that is being written."""
    is_listed: np.ndarray
    """(region,) bool: it stands in ``active``."""
    active: np.ndarray
    """(region,) int32: those that chose in the last round."""
    pairs: np.ndarray
    """(region,) int32: the surviving ends of this iteration's pairs."""
    count: np.ndarray
    """(5,) int64"""


@exact_kernel
def link(edges, graph):
    """Write the lists of neighbours of all edges into ``graph``; the entries used."""
    one, other = edges.one, edges.other
    start, degree, neighbour, edge, _, _ = graph
    degree[:] = 0
    for e in range(one.size):
        degree[one[e]] += 1
        degree[other[e]] += 1
    past = 0
    for r in range(start.size):
        start[r] = past
        past += degree[r]
        degree[r] = 0
    for e in range(one.size):
        i, j = one[e], other[e]
        here, there = start[i] + degree[i], start[j] + degree[j]
        neighbour[here], neighbour[there] = j, i
        edge[here], edge[there] = e, e
        degree[i] += 1
        degree[j] += 1
    return past


@exact_kernel
def fit(regions, graph, work, rule, threshold):
    """Merge mutual best pairs that cost less than ``threshold``, as long as there is room."""
    count = work.count
    while True:
        n_pairs, count[ROOM] = _choose_pairs(graph, work, threshold)
        if n_pairs == 0:
            return DONE
        if count[TAIL] + count[ROOM] > graph.neighbour.size:
            _forget_pairs(work, n_pairs)
            return FULL
        _list_touched(graph, work, n_pairs)
        _merge(regions, graph, work, rule, n_pairs)
        choose(regions, graph, work, rule)
        count[LIVE] -= n_pairs
        count[ITERATIONS] += 1


@exact_kernel
def _choose_pairs(graph, work, threshold):
    """Pairs that chose each other, found from those that chose last; and the entries that their lists need."""
    best, best_cost, active, absorbs, pairs = work.best, work.best_cost, work.active, work.absorbs, work.pairs
    n_pairs, room = 0, 0
    for k in range(work.count[ACTIVE]):
        r = active[k]
        other = best[r]
        if other < 0 or not best_cost[r] < threshold or best[other] != r:
            continue
        i, j = min(r, other), max(r, other)
        if absorbs[i] < 0:
            absorbs[i] = j
            pairs[n_pairs] = i
            n_pairs += 1
            room += graph.degree[i] + graph.degree[j]
    return n_pairs, room


@exact_kernel
def _forget_pairs(work, n_pairs):
    for k in range(n_pairs):
        work.absorbs[work.pairs[k]] = -1


@exact_kernel
def _list_touched(graph, work, n_pairs):
    """List the pairs' survivors and neighbours as active, and void the price of the edges between them."""
    pairs, absorbs, parent, active, is_listed = work.pairs, work.absorbs, work.parent, work.active, work.is_listed
    start, degree, neighbour, edge, _, cost = graph
    for k in range(n_pairs):
        parent[absorbs[pairs[k]]] = pairs[k]
    n = 0
    for k in range(2 * n_pairs):
        r = pairs[k // 2]
        if k % 2 == 1:
            r = absorbs[r]
        for h in range(start[r], start[r] + degree[r]):
            cost[edge[h]] = np.nan
            other = parent[neighbour[h]]
            if not is_listed[other]:
                is_listed[other] = True
                active[n] = other
                n += 1
    work.count[ACTIVE] = n


@exact_kernel
def _merge(regions, graph, work, rule, n_pairs):
    """Add the absorbed regions to their pairs' survivors."""
    form, sums, own = regions.form, regions.sums, regions.own
    weights, shape, compactness = rule
    pairs, absorbs = work.pairs, work.absorbs
    start, neighbour = graph.start, graph.neighbour
    for k in range(n_pairs):
        i = pairs[k]
        j = absorbs[i]
        h = start[i]
        while neighbour[h] != j:
            h += 1
        shared = graph.shared[graph.edge[h]]
        own[i] = joint(i, j, shared, form, sums, weights, shape, compactness)
        form[i, AREA] += form[j, AREA]
        form[i, PERIMETER] += form[j, PERIMETER] - 2 * shared
        form[i, TOP] = min(form[i, TOP], form[j, TOP])
        form[i, LEFT] = min(form[i, LEFT], form[j, LEFT])
        form[i, BOTTOM] = max(form[i, BOTTOM], form[j, BOTTOM])
        form[i, RIGHT] = max(form[i, RIGHT], form[j, RIGHT])
        for b in range(weights.size):
            sums[i, 0, b] += sums[j, 0, b]
            sums[i, 1, b] += sums[j, 1, b]


@exact_kernel
def choose(regions, graph, work, rule):
    """Bring the lists of all active regions up to date, price what has no price, and choose anew."""
    form, sums, own, first = regions.form, regions.sums, regions.own, regions.first
    weights, shape, compactness = rule
    start, degree, neighbour, edge, shared, cost = graph
    best, best_cost, parent, absorbs, mark = work.best, work.best_cost, work.parent, work.absorbs, work.mark
    active, is_listed, count = work.active, work.is_listed, work.count
    for k in range(count[ACTIVE]):
        r = active[k]
        is_listed[r] = False
        begin, end, j = start[r], start[r] + degree[r], absorbs[r]
        base = begin
        if j >= 0:
            base = count[TAIL]
        past = _copy(begin, end, r, base, base, neighbour, edge, shared, mark, parent)
        if j >= 0:
            past = _copy(start[j], start[j] + degree[j], r, base, past, neighbour, edge, shared, mark, parent)
            count[TAIL] = past
            absorbs[r] = -1
        start[r] = base
        degree[r] = past - base
        chosen, least = -1, np.inf
        for h in range(base, past):
            other, e = neighbour[h], edge[h]
            f = cost[e]
            if np.isnan(f):
                f = joint(r, other, shared[e], form, sums, weights, shape, compactness) - (own[r] + own[other])
                cost[e] = f
            if f < least or (f == least and chosen >= 0 and goes_before(first, r, other, chosen)):
                chosen, least = other, f
        best[r], best_cost[r] = chosen, least


@exact_kernel
def _copy(begin, end, r, base, past, neighbour, edge, shared, mark, parent):
    """Append entries to the list that starts at ``base`` and ends before ``past``; parallel edges become the lesser.

    The edge that goes hands its length over, so that the other end, which comes upon the same edges, adds nothing.
    """
    for h in range(begin, end):
        other, e = parent[neighbour[h]], edge[h]
        if other == r:
            continue
        q = mark[other]
        if base <= q < past and neighbour[q] == other:
            kept, gone = min(e, edge[q]), max(e, edge[q])
            if kept != gone:
                shared[kept] += shared[gone]
                shared[gone] = 0
                edge[q] = kept
        else:
            mark[other] = past
            neighbour[past] = other
            edge[past] = e
            past += 1
    return past


@exact_kernel
def number(parent):
    """New numbers of the regions that live, in their order; the dead get that of the region that they went into."""
    numbers = np.empty(parent.size, np.int32)
    n = 0
    for i in range(parent.size):
        if parent[i] == i:
            numbers[i] = n
            n += 1
        else:
            numbers[i] = numbers[parent[i]]
    return numbers


@exact_kernel
def close_ranks(regions, parent, numbers):
    """Move what is known of the living to their new places."""
    form, sums, own, first = regions
    for i in range(numbers.size):
        if parent[i] == i:
            k = numbers[i]
            own[k], first[k] = own[i], first[i]
            for column in range(form.shape[1]):
                form[k, column] = form[i, column]
            for b in range(sums.shape[2]):
                sums[k, 0, b], sums[k, 1, b] = sums[i, 0, b], sums[i, 1, b]


@exact_kernel
def unlink(graph, parent, numbers, n_edges):
    """Edges between the living under their new ``numbers``, in buckets."""
    start, degree, neighbour, edge, shared, cost = graph
    one, other = np.empty(n_edges, np.int32), np.empty(n_edges, np.int32)
    lengths, costs = np.empty(n_edges, np.int32), np.empty(n_edges)
    n = 0
    for i in range(parent.size):
        if parent[i] != i:
            continue
        for h in range(start[i], start[i] + degree[i]):
            if neighbour[h] > i:
                e = edge[h]
                one[n], other[n] = numbers[i], numbers[neighbour[h]]
                lengths[n], costs[n] = shared[e], cost[e]
                n += 1
    return Edges(one[:n], other[:n], lengths[:n], costs[:n])
