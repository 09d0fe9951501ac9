"""How wide a crack is: by the distance to the nearest pixel that is none.

A network calls more than the crack itself a crack, by a cell or so on each side. Where the photograph is given, the
width is that of the dark core: the pixels at least half as deep below the ground beside them as the darkest of the
crack nearby (the full width at half maximum of optics).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

_GROUND_PX = 31
"""px, side of the square in which the ground beside a crack is averaged: wide against a crack, narrow against shade."""
_RIM = 2
"""px beside a crack that count for neither: blur makes them half dark."""
_ALONG_PX = 9
"""px, stretch of a crack over which the deepest pixels are sought and averaged."""
_HALF = 0.5
_BIAS_PX = 0.5
"""px; twice the distance to the nearest other pixel is w + 1 for odd widths w and w for even ones: this is between."""


SEEN_BESIDE_PX: Final = _GROUND_PX // 2 + 2 * (_ALONG_PX // 2) + _RIM
"""px beyond a piece of a crack on which its dark core depends."""


def distance_inside(mask: Bools) -> Floats:
    """Distance of every pixel of a mask to the nearest that is none [px]; beyond the array there is none."""
    inside: Floats = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    return inside


def width_of(core: Bools) -> Floats:
    """Width at every pixel [px], from the widest place next to it; at least half a pixel: (y, x)."""
    widest = ndimage.maximum_filter(distance_inside(core), size=3)
    found: Floats = np.maximum(2.0 * widest - _BIAS_PX, _BIAS_PX)
    return found


def core_width(is_crack: Bools, *, core: Bools) -> Floats:
    """Width of the dark core at every pixel [px]; that of the crack as it was marked where no core is near."""
    inside = core & is_crack
    is_near = ndimage.maximum_filter(inside, size=_ALONG_PX)
    return np.where(is_near, width_of(inside), width_of(is_crack))


def disk(radius: float) -> Bools:
    """Pixels within ``radius`` of a pixel's centre."""
    reach = int(radius)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    inside: Bools = x**2 + y**2 <= radius**2
    return inside


def dark_core(is_crack: Bools, levels: NDArray[np.uint8], *, has_data: Bools) -> Bools:
    """Pixels of cracks that are at least half as deep as the deepest nearby.

    Parameters
    ----------
    is_crack : (y, x) bool
    levels : (3, y, x) uint8
    has_data : (y, x) bool
        Where the levels are those of ground.
    """
    grey = levels.mean(axis=0, dtype=np.float64)
    beside = has_data & ~ndimage.binary_dilation(is_crack, iterations=_RIM)
    share = ndimage.uniform_filter(beside.astype(np.float64), _GROUND_PX)
    ground = ndimage.uniform_filter(np.where(beside, grey, 0.0), _GROUND_PX) / np.maximum(share, 1e-3)
    depth = np.where(is_crack, np.clip(ground - grey, 0.0, None), 0.0)
    deepest = ndimage.uniform_filter(ndimage.maximum_filter(depth, _ALONG_PX), _ALONG_PX)
    core: Bools = is_crack & (depth >= _HALF * deepest) & (depth > 0.0)
    return core
