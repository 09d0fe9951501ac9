"""Which regions of a tile may differ from those of the whole image: the certificate of tiled fitting.

A region is *sure* when it is a region of the whole image at the same iteration. It is *decided* when it is sure, does
not reach the side along which the tile was cut, and has none but sure neighbours: then it knows all its neighbours and
prices them right, so that it chooses as it does in the whole image. After the iteration it is sure still if it was
decided and, where it asks for a merger, the one that it asks was decided too: nothing else enters into what becomes of
it. By induction from the pixels, what is called sure is so, whatever the image.
"""
# mypy: ignore-errors

from highwall.core.jit import exact_kernel

UNSURE, CUT = 1, 2
"""Bits of doubt: it may differ from the whole image's region; it reaches a side where the tile was cut."""


@exact_kernel
def undecided(edges, doubt):
    """Whether each region may choose otherwise than in the whole image: (region,) bool."""
    one, other = edges.one, edges.other
    is_undecided = doubt != 0
    for e in range(one.size):
        if doubt[one[e]] & UNSURE:
            is_undecided[other[e]] = True
        if doubt[other[e]] & UNSURE:
            is_undecided[one[e]] = True
    return is_undecided


@exact_kernel
def spread_doubt(edges, best, doubt, threshold):
    """Carry doubt through one iteration, before its pairs merge."""
    one, other, cost = edges.one, edges.other, edges.cost
    is_undecided = undecided(edges, doubt)
    for i in range(best.size):
        e = best[i]
        asks = e >= 0 and cost[e] < threshold
        if is_undecided[i] or (asks and is_undecided[one[e] + other[e] - i]):
            doubt[i] |= UNSURE
