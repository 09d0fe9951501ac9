# mypy: ignore-errors
"""Closure of triplets and its repair, as loops over the pixels of a block.

A triplet is three rows of the stack and three signs ±1; its phase c = Σ sign · (φ − offset) closes when it is within ±π
of zero. What c is off by, n = rint(c / 2π), is the triplet's *slip*. A *move* takes whole turns from one pair.
"""

import numpy as np

from highwall.core.jit import kernel

LANES = 256
"""Pixels whose triplets are counted together: 334 phases of 256 pixels stay in the level-2 cache."""

_PI = np.float32(np.pi)
_TURN = np.float32(2.0 * np.pi)
_FINITE = np.float32(3e38)
_UNCHECKED = -(2**31)


@kernel
def count_open(unw, rows, signs, offset, n_open, n_checked, open_of, checked_of):
    """Count the triplets that are open and those that could be checked, per pixel and per triplet.

    unw (pair, pixel) float32 [rad]; rows (triplet, 3) int64; signs (triplet, 3), offset (triplet,) float32;
    n_open, n_checked (pixel,) int32 and open_of, checked_of (triplet,) int64 are added to.
    """
    n_pixels = unw.shape[1]
    for first in range(0, n_pixels, LANES):
        last = min(first + LANES, n_pixels)
        opened, checked = n_open[first:last], n_checked[first:last]
        for t in range(rows.shape[0]):
            a, b, c = unw[rows[t, 0], first:last], unw[rows[t, 1], first:last], unw[rows[t, 2], first:last]
            sa, sb, sc, shift = signs[t, 0], signs[t, 1], signs[t, 2], offset[t]
            total_open, total_checked = np.int32(0), np.int32(0)
            for q in range(last - first):
                size = abs(sa * a[q] + sb * b[q] + sc * c[q] - shift)
                is_checked = np.int32(size < _FINITE)
                is_open = is_checked & np.int32(size > _PI)
                opened[q] += is_open
                checked[q] += is_checked
                total_open += is_open
                total_checked += is_checked
            open_of[t] += total_open
            checked_of[t] += total_checked


@kernel
def repair_pixels(unw, rows, signs, offset, pixels, margin, max_left, n_moved, n_left, moved_of):
    """Move pairs by whole turns where that closes triplets, in place; not where a share ``max_left`` stays open.

    unw (pair, pixel) float32 [rad]; pixels (n,) int64: those with an open triplet; n_moved, n_left (pixel,) int32:
    pairs moved, triplets still open; moved_of (pair,) int64 is added to.
    """
    n_triplets, n_pairs = rows.shape[0], unw.shape[0]
    slip, turns = np.empty(n_triplets, np.int32), np.empty(n_pairs, np.int32)
    gain, pull, rival = np.empty(n_pairs, np.int32), np.empty(n_pairs, np.int32), np.empty(n_pairs, np.int32)
    for pixel in pixels:
        _slips(unw, rows, signs, offset, pixel, slip)
        n_left[pixel], n_checked = _count(slip)
        turns[:] = 0
        while True:
            _gains(slip, rows, signs, gain, pull)
            _rivals(slip, rows, gain, rival)
            pair = _clearest(gain, rival, margin)
            if pair < 0:
                break
            _move(pair, 1 if pull[pair] > 0 else -1, slip, rows, signs, turns)
        _take_back(slip, rows, signs, turns)
        left, _ = _count(slip)
        if left > max_left * n_checked:
            continue
        n_left[pixel] = left
        for p in range(n_pairs):
            if turns[p] != 0:
                unw[p, pixel] -= _TURN * np.float32(turns[p])
                n_moved[pixel] += 1
                moved_of[p] += 1


@kernel
def _slips(unw, rows, signs, offset, pixel, slip):
    """Slip of each triplet of a pixel."""
    for t in range(rows.shape[0]):
        c = -offset[t]
        for side in range(3):
            c += signs[t, side] * unw[rows[t, side], pixel]
        slip[t] = np.int32(np.rint(c / _TURN)) if abs(c) < _FINITE else _UNCHECKED


@kernel
def _count(slip):
    """Open and checked triplets."""
    n_open, n_checked = 0, 0
    for t in range(slip.size):
        if slip[t] != _UNCHECKED:
            n_checked += 1
            n_open += slip[t] != 0
    return n_open, n_checked


@kernel
def _gains(slip, rows, signs, gain, pull):
    """By how much one turn of each pair lessens Σ |slip|: |pull| of its open triplets less the closed ones it opens."""
    gain[:] = 0
    pull[:] = 0
    for t in range(slip.size):
        if slip[t] == _UNCHECKED:
            continue
        for side in range(3):
            pair = rows[t, side]
            if slip[t] == 0:
                gain[pair] -= 1
            else:
                pull[pair] += np.int32(signs[t, side]) * (1 if slip[t] > 0 else -1)
    for pair in range(gain.size):
        gain[pair] += abs(pull[pair])


@kernel
def _rivals(slip, rows, gain, rival):
    """Greatest gain of the pairs that could close one of the same open triplets; 0 where none gains."""
    rival[:] = 0
    for t in range(slip.size):
        if slip[t] == _UNCHECKED or slip[t] == 0:
            continue
        for side in range(3):
            pair = rows[t, side]
            for other in range(1, 3):
                rival[pair] = max(rival[pair], gain[rows[t, (side + other) % 3]])


@kernel
def _clearest(gain, rival, margin):
    """Pair of greatest gain among those that beat every rival by the margin; −1 when there is none."""
    best = -1
    for pair in range(gain.size):
        if gain[pair] - rival[pair] >= margin and (best < 0 or gain[pair] > gain[best]):
            best = pair
    return best


@kernel
def _move(pair, step, slip, rows, signs, turns):
    """Take ``step`` turns from a pair."""
    turns[pair] += step
    for t in range(slip.size):
        if slip[t] == _UNCHECKED:
            continue
        for side in range(3):
            if rows[t, side] == pair:
                slip[t] -= step * np.int32(signs[t, side])


@kernel
def _take_back(slip, rows, signs, turns):
    """Undo the moves of every pair that still has an open triplet, until none is left that has."""
    again = True
    while again:
        again = False
        for t in range(slip.size):
            if slip[t] == _UNCHECKED or slip[t] == 0:
                continue
            for side in range(3):
                pair = rows[t, side]
                if turns[pair] != 0:
                    _move(pair, -turns[pair], slip, rows, signs, turns)
                    again = True
