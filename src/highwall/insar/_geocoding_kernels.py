# mypy: ignore-errors
"""Where map pixels lie in a radar image, and what the image holds there, as loops over quads and pixels."""

import math

import numpy as np

from highwall.core.jit import kernel

_STEPS = 8
"""Newton steps; quads are nearly parallelograms, of which the first step already gives the place."""
_CONVERGED = 1e-9
"""Quad sides: a step below which the place is found."""
_EDGE = 1e-6
"""Quad sides: how far outside a place may fall and still be on the edge, so that rounding opens no gap."""


@kernel
def place_in_quad(x, y, u00, v00, u01, v01, u10, v10, u11, v11):
    """Shares (s along the columns, t along the rows) at which a quad's bilinear surface meets (x, y); NaN if nowhere.

    P(s, t) = P00 + s (P01 − P00) + t (P10 − P00) + s t (P00 − P01 − P10 + P11), solved by Newton's method.
    """
    au, av, bu, bv = u01 - u00, v01 - v00, u10 - u00, v10 - v00
    cu, cv = u00 - u01 - u10 + u11, v00 - v01 - v10 + v11
    s, t = 0.5, 0.5
    for _ in range(_STEPS):
        fu, fv = u00 + s * au + t * bu + s * t * cu - x, v00 + s * av + t * bv + s * t * cv - y
        su, sv, tu, tv = au + t * cu, av + t * cv, bu + s * cu, bv + s * cv
        determinant = su * tv - sv * tu
        if abs(determinant) < 1e-12:
            return np.nan, np.nan
        ds, dt = (fu * tv - fv * tu) / determinant, (fv * su - fu * sv) / determinant
        s, t = s - ds, t - dt
        if abs(ds) + abs(dt) < _CONVERGED:
            break
    if -_EDGE <= s <= 1.0 + _EDGE and -_EDGE <= t <= 1.0 + _EDGE:
        return min(max(s, 0.0), 1.0), min(max(t, 0.0), 1.0)
    return np.nan, np.nan


@kernel
def invert_mesh(u, v, row, col):
    """Fill the radar row and column of each map pixel that lies in a quad of four neighbouring radar pixels.

    u, v (line, sample) float64: map column and row of each radar pixel's centre [map pixel], NaN unknown; row, col
    (height, width) float64: NaN on entry, places found on return. Where quads overlap (layover) the first one counts.
    """
    height, width = row.shape
    for i in range(u.shape[0] - 1):
        for j in range(u.shape[1] - 1):
            u00, u01, u10, u11 = u[i, j], u[i, j + 1], u[i + 1, j], u[i + 1, j + 1]
            v00, v01, v10, v11 = v[i, j], v[i, j + 1], v[i + 1, j], v[i + 1, j + 1]
            if not math.isfinite(u00 + u01 + u10 + u11 + v00 + v01 + v10 + v11):
                continue
            left, right = min(u00, u01, u10, u11), max(u00, u01, u10, u11)
            top, bottom = min(v00, v01, v10, v11), max(v00, v01, v10, v11)
            for y in range(max(0, math.ceil(top - _EDGE)), min(height - 1, math.floor(bottom + _EDGE)) + 1):
                for x in range(max(0, math.ceil(left - _EDGE)), min(width - 1, math.floor(right + _EDGE)) + 1):
                    if math.isnan(row[y, x]):
                        s, t = place_in_quad(float(x), float(y), u00, v00, u01, v01, u10, v10, u11, v11)
                        row[y, x], col[y, x] = i + t, j + s


@kernel
def near_centre(place):
    """Take a place that is a pixel's centre but for rounding as that centre, so that it needs no neighbour."""
    whole = np.rint(place)
    return whole if abs(place - whole) <= _EDGE else place


@kernel
def sample_bilinear(image, row, col, out):
    """Bilinear value of an image at fractional places; NaN wherever a neighbour that counts is NaN or there is none.

    image (line, sample), row, col (height, width) float64, out (height, width) of the image's type.
    """
    n_rows, n_cols = image.shape
    for y in range(row.shape[0]):
        for x in range(row.shape[1]):
            out[y, x] = np.nan
            r, c = near_centre(row[y, x]), near_centre(col[y, x])
            if not (0.0 <= r <= n_rows - 1 and 0.0 <= c <= n_cols - 1):
                continue
            i, j = min(int(r), max(n_rows - 2, 0)), min(int(c), max(n_cols - 2, 0))
            total = image.dtype.type(0)
            for k in range(2):
                for m in range(2):
                    weight = (r - i if k else 1.0 - (r - i)) * (c - j if m else 1.0 - (c - j))
                    if weight > 0.0:
                        total += weight * image[i + k, j + m]
            out[y, x] = total


@kernel
def sample_nearest(image, row, col, out):
    """Value of the image's pixel that a fractional place lies in; ``out`` keeps what it held where there is none."""
    n_rows, n_cols = image.shape
    for y in range(row.shape[0]):
        for x in range(row.shape[1]):
            r, c = near_centre(row[y, x]), near_centre(col[y, x])
            if 0.0 <= r <= n_rows - 1 and 0.0 <= c <= n_cols - 1:
                out[y, x] = image[int(r + 0.5), int(c + 0.5)]
