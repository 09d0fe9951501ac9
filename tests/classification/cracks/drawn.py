"""Cracks drawn with known length and width."""

import numpy as np


def bar(shape, start, end, *, width):
    """Coverage of a bar with flat ends from ``start`` to ``end``, (x, y) [px], by a grid of 5×5 points a pixel."""
    fine = (np.arange(5) + 0.5) / 5
    x = (np.arange(shape[1])[:, None] + fine).ravel()[None, :]
    y = (np.arange(shape[0])[:, None] + fine).ravel()[:, None]
    along = np.subtract(end, start)
    length = np.hypot(*along)
    ux, uy = along / length
    s = (x - start[0]) * ux + (y - start[1]) * uy
    t = (y - start[1]) * ux - (x - start[0]) * uy
    inside = (s >= 0) & (s <= length) & (np.abs(t) <= width / 2)
    return inside.reshape(shape[0], 5, shape[1], 5).mean(axis=(1, 3)).astype(np.float32)
