"""Regions of pixels: counted, small ones found, holes found."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

FOUR_CONNECTED = ndimage.generate_binary_structure(2, 1)
EIGHT_CONNECTED = ndimage.generate_binary_structure(2, 2)

Labels = NDArray[np.int32]
"""(y, x): regions 1…n, 0 is background."""


def count_pixels(labels: Labels, where: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
    """Pixels of each label, or those of them where a layer is True: (label,)."""
    chosen = labels.ravel() if where is None else labels[where]
    return np.bincount(chosen, minlength=int(labels.max(initial=0)) + 1)[1:]


def small_parts(
    region: NDArray[Any], structure: NDArray[Any], *, limit: float, inclusive: bool = True
) -> NDArray[np.bool_]:
    """Pixels of the connected parts of ``region`` that are no larger (or, not inclusive, smaller) than ``limit``."""
    labels, count = ndimage.label(region, structure)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    is_small = sizes <= limit if inclusive else sizes < limit
    is_small[0] = False
    return np.asarray(is_small[labels])


def small_holes(region: NDArray[np.bool_], limit: float) -> NDArray[np.bool_]:
    """Pixels that ``region`` encloses, in holes of up to ``limit`` pixels; what meets the frame is no hole."""
    labels, count = ndimage.label(~region, EIGHT_CONNECTED)
    is_small = np.bincount(labels.ravel(), minlength=count + 1) <= limit
    is_small[0] = False
    is_small[np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])] = False
    return np.asarray(is_small[labels])
