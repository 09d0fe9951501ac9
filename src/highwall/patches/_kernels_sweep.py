"""One iteration of mutual best fitting over all regions, for as long as most of them change in each.

Regions stand in the order of their first pixels, an edge once, in its first region's bucket. Going through all of them
in this order keeps what is near in the image near in memory, which is worth more than leaving out what did not change.
"""
# mypy: ignore-errors

import numpy as np

from highwall.core.jit import exact_kernel
from highwall.patches._kernels import AREA, BOTTOM, LEFT, PERIMETER, RIGHT, TOP, goes_before, joint


@exact_kernel
def choose_edges(edges, first, best):
    """Edge with which each region would lose least homogeneity into ``best``, -1 where it has none."""
    one, other, _, cost = edges
    least = np.full(best.size, np.inf)
    best[:] = -1
    for e in range(one.size):
        i, j, f = one[e], other[e], cost[e]
        if f < least[i] or (
            f == least[i] and best[i] >= 0 and goes_before(first, i, j, one[best[i]] + other[best[i]] - i)
        ):
            best[i], least[i] = e, f
        if f < least[j] or (
            f == least[j] and best[j] >= 0 and goes_before(first, j, i, one[best[j]] + other[best[j]] - j)
        ):
            best[j], least[j] = e, f


@exact_kernel
def merge_pairs(regions, edges, best, doubt, threshold, rule, numbers, is_new):
    """Merge mutual best pairs below ``threshold`` and close the ranks; the regions left, with ``numbers`` for all.

    ``is_new`` tells of each region left whether it was merged.
    """
    form, sums, own, first = regions
    weights, shape, compactness = rule
    one, other, shared, cost = edges
    k = 0
    for i in range(best.size):
        e = best[i]
        j = one[e] + other[e] - i if e >= 0 and cost[e] < threshold else i
        is_new[k] = j != i and best[j] == e
        if is_new[k] and j < i:
            numbers[i] = numbers[j]
            continue
        if is_new[k]:
            own[k] = joint(i, j, shared[e], form, sums, weights, shape, compactness)
            form[k, AREA] = form[i, AREA] + form[j, AREA]
            form[k, PERIMETER] = form[i, PERIMETER] + form[j, PERIMETER] - 2 * shared[e]
            form[k, TOP] = min(form[i, TOP], form[j, TOP])
            form[k, LEFT] = min(form[i, LEFT], form[j, LEFT])
            form[k, BOTTOM] = max(form[i, BOTTOM], form[j, BOTTOM])
            form[k, RIGHT] = max(form[i, RIGHT], form[j, RIGHT])
            for b in range(weights.size):
                sums[k, 0, b] = sums[i, 0, b] + sums[j, 0, b]
                sums[k, 1, b] = sums[i, 1, b] + sums[j, 1, b]
            doubt[k] = doubt[i] | doubt[j]
        elif k != i:
            own[k] = own[i]
            for column in range(form.shape[1]):
                form[k, column] = form[i, column]
            for b in range(weights.size):
                sums[k, 0, b], sums[k, 1, b] = sums[i, 0, b], sums[i, 1, b]
            doubt[k] = doubt[i]
        first[k] = first[i]
        numbers[i] = k
        k += 1
    return k


@exact_kernel
def regroup(edges, numbers, is_new, past, new):
    """Sort edges into the buckets of their first regions under their new ``numbers``; those of new regions unpriced.

    ``past`` (region,) is left at the end of each bucket.
    """
    one, other, shared, cost = edges
    _, new_other, new_shared, new_cost = new
    past[:] = 0
    for e in range(one.size):
        i, j = numbers[one[e]], numbers[other[e]]
        if i != j:
            past[min(i, j)] += 1
    total = 0
    for i in range(past.size):
        begin = total
        total += past[i]
        past[i] = begin
    for e in range(one.size):
        i, j = numbers[one[e]], numbers[other[e]]
        if i == j:
            continue
        low, high = min(i, j), max(i, j)
        p = past[low]
        new_other[p], new_shared[p] = high, shared[e]
        new_cost[p] = np.nan if is_new[low] or is_new[high] else cost[e]
        past[low] = p + 1


@exact_kernel
def price(regions, rule, past, edges):
    """Make parallel edges of each bucket one, move the buckets together and price what has no price; the edges left."""
    form, sums, own, _ = regions
    weights, shape, compactness = rule
    one, other, shared, cost = edges
    mark = np.full(past.size, -1, np.int64)
    begin, n = 0, 0
    for i in range(past.size):
        base = n
        for p in range(begin, past[i]):
            j = other[p]
            q = mark[j]
            if q >= base:
                shared[q] += shared[p]
            else:
                mark[j] = n
                one[n], other[n], shared[n], cost[n] = i, j, shared[p], cost[p]
                n += 1
        begin = past[i]
        for e in range(base, n):
            if np.isnan(cost[e]):
                j = other[e]
                cost[e] = joint(i, j, shared[e], form, sums, weights, shape, compactness) - (own[i] + own[j])
    return n
