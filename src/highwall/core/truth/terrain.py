"""The ground before any mine: hills, a ridge that throws a shadow, and a river in its valley."""

import numpy as np
from scipy.ndimage import gaussian_filter

from highwall.core.truth import plan
from highwall.core.truth.fields import Field, cell_centres, distance_to_line, fractal, stream

_LEVEL_M = 820.0
_RELIEF_M = 38.0
_ROUGHNESS_M = 3.0
_VALLEY_DEPTH_M = 70.0
_VALLEY_WIDTH_M = 420.0
_RIDGE_WIDTH_M = 190.0


def natural_terrain(seed: int) -> Field:
    """Elevation without works (y, x) [m]."""
    shape = (plan.CELLS, plan.CELLS)
    east, north = cell_centres(plan.CELLS, pixel_m=plan.PIXEL_M)
    hills = _RELIEF_M * gaussian_filter(fractal(shape, stream(seed, "hills"), exponent=3.6, longest_px=220.0), 1.5)
    rough = _ROUGHNESS_M * fractal(shape, stream(seed, "rough"), exponent=2.4, longest_px=40.0)
    from_ridge = distance_to_line(plan.RIDGE, east, north)
    ridge = plan.RIDGE_HEIGHT_M * np.exp(-np.hypot(from_ridge, 25.0) / _RIDGE_WIDTH_M)
    from_river = distance_to_line(plan.RIVER, east, north)
    calm = 1.0 - np.exp(-((from_river / 250.0) ** 2))
    valley = -_VALLEY_DEPTH_M * np.exp(-((from_river / _VALLEY_WIDTH_M) ** 2))
    return np.asarray(_LEVEL_M + calm * (hills + rough) + ridge * (1.0 + 0.008 * hills) + valley)
