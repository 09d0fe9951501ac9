"""From pixels to the first regions and their graph.

The first iteration, in which every region is a pixel, needs neither lists nor attributes: a fourth to a third of all
merges happen here, at a small part of the cost.
"""
# mypy: ignore-errors

import numpy as np

from highwall.core.jit import exact_kernel, inlined
from highwall.patches._kernels import AREA, BOTTOM, LEFT, PERIMETER, RIGHT, TOP, heterogeneity, mixed, spread

NOWHERE, UP, LEFTWARD, RIGHTWARD, DOWN = range(5)


@exact_kernel
def first_choice(image, valid, rule, threshold, origin, full_width):
    """Direction of each pixel's best neighbour: (y, x) uint8, ``NOWHERE`` without one below ``threshold``."""
    _, height, width = image.shape
    weights, shape, compactness = rule
    own = heterogeneity(1.0, 4.0, 4.0, 0.0, shape, compactness)
    best = np.zeros((height, width), np.uint8)
    costs = np.full(5, np.inf)
    down = np.full(width, np.inf)
    for y in range(height):
        right = np.inf
        for x in range(width):
            costs[UP], costs[LEFTWARD] = down[x], right
            right, down[x] = np.inf, np.inf
            if valid[y, x]:
                if x + 1 < width and valid[y, x + 1]:
                    right = _pixel_cost(image, y, x, y, x + 1, weights, shape, compactness) - (own + own)
                if y + 1 < height and valid[y + 1, x]:
                    down[x] = _pixel_cost(image, y, x, y + 1, x, weights, shape, compactness) - (own + own)
            costs[NOWHERE], costs[RIGHTWARD], costs[DOWN] = threshold, right, down[x]
            best[y, x] = _least(costs, (y + origin[0]) * full_width + x + origin[1], full_width)
    return best


@inlined
def _pixel_cost(image, y, x, v, u, weights, shape, compactness):
    """Heterogeneity of two neighbouring pixels as one region."""
    colour = 0.0
    for b in range(weights.size):
        here, there = float(image[b, y, x]), float(image[b, v, u])
        colour += weights[b] * spread(2.0, here + there, here * here + there * there)
    return heterogeneity(2.0, 6.0, 6.0, colour, shape, compactness)


@exact_kernel
def _least(costs, first, width):
    """Direction of the least cost below the threshold, which stands at ``NOWHERE``; ties by the edges' hash."""
    best = NOWHERE
    for way in range(1, 5):
        if costs[way] < costs[best]:
            best = way
        elif best != NOWHERE and costs[way] == costs[best]:
            here = mixed(first)
            if (here ^ mixed(_beside(first, way, width))) < (here ^ mixed(_beside(first, best, width))):
                best = way
    return best


@exact_kernel
def _beside(first, way, width):
    if way == UP:
        return first - width
    if way == LEFTWARD:
        return first - 1
    return first + 1 if way == RIGHTWARD else first + width


@exact_kernel
def merge_pixels(best, valid, labels):
    """Number pixels and mutual pairs of pixels by their first pixel into ``labels``, -1 where invalid; how many."""
    height, width = best.shape
    n = 0
    for y in range(height):
        for x in range(width):
            if not valid[y, x]:
                labels[y, x] = -1
            elif best[y, x] == UP and best[y - 1, x] == DOWN:
                labels[y, x] = labels[y - 1, x]
            elif best[y, x] == LEFTWARD and best[y, x - 1] == RIGHTWARD:
                labels[y, x] = labels[y, x - 1]
            else:
                labels[y, x] = n
                n += 1
    return n


@exact_kernel
def describe(image, labels, regions, rule, origin, full_width):
    """Fill ``regions``, all 0 before, from the pixels; rows, columns and first pixels count in the whole image."""
    _, height, width = image.shape
    form, sums, own, first = regions
    weights, shape, compactness = rule
    for y in range(height):
        for x in range(width):
            r = labels[y, x]
            if r < 0:
                continue
            row, column = y + origin[0], x + origin[1]
            if form[r, AREA] == 0:
                first[r] = row * full_width + column
                form[r, TOP], form[r, LEFT], form[r, RIGHT] = row, column, column
            form[r, AREA] += 1
            form[r, BOTTOM] = row + 1
            form[r, LEFT], form[r, RIGHT] = min(form[r, LEFT], column), max(form[r, RIGHT], column + 1)
            form[r, PERIMETER] += _outer_sides(labels, y, x)
            for b in range(weights.size):
                value = float(image[b, y, x])
                sums[r, 0, b] += value
                sums[r, 1, b] += value * value
    for r in range(own.size):
        n = float(form[r, AREA])
        colour = 0.0
        for b in range(weights.size):
            colour += weights[b] * spread(n, sums[r, 0, b], sums[r, 1, b])
        box = 2.0 * (form[r, BOTTOM] - form[r, TOP] + form[r, RIGHT] - form[r, LEFT])
        own[r] = heterogeneity(n, float(form[r, PERIMETER]), box, colour, shape, compactness)


@inlined
def _outer_sides(labels, y, x):
    """Sides of a pixel along which its region ends."""
    r, sides = labels[y, x], 4
    if y > 0 and labels[y - 1, x] == r:
        sides -= 1
    if x > 0 and labels[y, x - 1] == r:
        sides -= 1
    if y + 1 < labels.shape[0] and labels[y + 1, x] == r:
        sides -= 1
    if x + 1 < labels.shape[1] and labels[y, x + 1] == r:
        sides -= 1
    return sides


@exact_kernel
def borders(labels):
    """Regions on both sides of every pixel side between two of them: two (side,) int32."""
    height, width = labels.shape
    one, other = np.empty(0, np.int32), np.empty(0, np.int32)
    for is_counted in (False, True):
        n = 0
        for y in range(height):
            for x in range(width):
                r = labels[y, x]
                if r < 0:
                    continue
                if x + 1 < width and labels[y, x + 1] >= 0 and labels[y, x + 1] != r:
                    if is_counted:
                        one[n], other[n] = r, labels[y, x + 1]
                    n += 1
                if y + 1 < height and labels[y + 1, x] >= 0 and labels[y + 1, x] != r:
                    if is_counted:
                        one[n], other[n] = r, labels[y + 1, x]
                    n += 1
        if not is_counted:
            one, other = np.empty(n, np.int32), np.empty(n, np.int32)
    return one, other


@exact_kernel
def relabel(labels, numbers):
    """Replace each label by its number, in place; negative ones stay."""
    flat = labels.ravel()
    for k in range(flat.size):
        if flat[k] >= 0:
            flat[k] = numbers[flat[k]]
