"""Rays from the ground to the sun. Geometry in pixels, heights in metres."""
# mypy: ignore-errors

import math

from highwall.core.jit import kernel


@kernel
def bilinear(height, row, col):
    """Height between four pixel centres, that of the rim within half a pixel of it; NaN beside a missing pixel."""
    rows, cols = height.shape
    row, col = min(max(row, 0.0), rows - 1.0), min(max(col, 0.0), cols - 1.0)
    r, c = min(int(row), max(rows - 2, 0)), min(int(col), max(cols - 2, 0))
    below, right = min(r + 1, rows - 1), min(c + 1, cols - 1)
    u, v = row - r, col - c
    upper = height[r, c] * (1.0 - v) + height[r, right] * v
    lower = height[below, c] * (1.0 - v) + height[below, right] * v
    return upper * (1.0 - u) + lower * u


@kernel
def cast_shadow(height, step_row, step_col, rise, highest, hidden):  # (y, x) -> (y, x)
    """March from each pixel toward the sun, a step at a time; hidden is True where the ground rises above the ray.

    (step_row, step_col) is one step [px], rise the ray's gain of height in it [m], highest the highest ground [m].
    """
    rows, cols = height.shape
    for y in range(rows):
        for x in range(cols):
            hidden[y, x] = False
            ray = height[y, x]
            if math.isnan(ray):
                continue
            row, col = float(y), float(x)
            while ray <= highest:
                ray += rise
                row += step_row
                col += step_col
                if row < -0.5 or col < -0.5 or row > rows - 0.5 or col > cols - 0.5:
                    break
                if bilinear(height, row, col) > ray:  # False where it is NaN
                    hidden[y, x] = True
                    break


@kernel
def self_shadow(height, to_x, to_y, sun, dark):  # (y, x), (3,) -> (y, x)
    """True where the surface turns away from the sun: normal · sun ≤ 0. Central differences, one-sided at the rim.

    to_x, to_y: metres of one column and one row (dx/dcol, dx/drow), (dy/dcol, dy/drow); sun: east, north, up.
    """
    rows, cols = height.shape
    det = to_x[0] * to_y[1] - to_x[1] * to_y[0]
    for y in range(rows):
        for x in range(cols):
            y0, y1 = max(y - 1, 0), min(y + 1, rows - 1)
            x0, x1 = max(x - 1, 0), min(x + 1, cols - 1)
            by_col = (height[y, x1] - height[y, x0]) / max(x1 - x0, 1)
            by_row = (height[y1, x] - height[y0, x]) / max(y1 - y0, 1)
            east = (by_col * to_y[1] - by_row * to_y[0]) / det
            north = (by_row * to_x[0] - by_col * to_x[1]) / det
            dark[y, x] = sun[2] - east * sun[0] - north * sun[1] <= 0.0
