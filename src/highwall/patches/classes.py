"""Which mine class the ground has: of segments, of filled holes, of parts too small to stand alone."""

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage

from highwall.core.taxonomy import NONE
from highwall.patches.regions import FOUR_CONNECTED, Labels, count_pixels

Classes = NDArray[np.int8]
"""(y, x): mine classes 1…k in the order of :func:`mine_classes`, 0 is none."""


def mine_classes(probability: xr.DataArray) -> list[str]:
    """Names of the classes of a probability (band, y, x) but *none*, in their order."""
    return [str(name) for name in probability["band"].values if name != NONE]


def class_of_each(labels: Labels, probability: xr.DataArray) -> Classes:
    """Class with the highest mean probability over each label: (label,), the first of equal ones.

    Parameters
    ----------
    labels : (y, x)
    probability : (band, y, x) [1]
        A pixel that lacks one of the classes is left out; a label without any is of the first class.
    """
    layers = probability.sel(band=mine_classes(probability)).values
    known = np.where(np.isnan(layers).any(axis=0), 0, labels).ravel()
    n_labels = int(labels.max(initial=0)) + 1
    sums = [np.bincount(known, np.nan_to_num(layer).ravel(), minlength=n_labels)[1:] for layer in layers]
    return np.asarray(np.argmax(sums, axis=0) + 1, dtype=np.int8)


def label(classes: NDArray[Any]) -> Labels:
    """Number the 4-connected parts of one class each in row order: (y, x)."""
    found, count = np.zeros(classes.shape, np.int32), 0
    numbers = np.unique(classes[classes > 0])
    for number in numbers:
        parts, n_parts = ndimage.label(classes == number, FOUR_CONNECTED)
        found += np.where(parts > 0, parts + count, 0).astype(np.int32)
        count += n_parts
    return found if len(numbers) < 2 else _in_row_order(found, count)


def class_around(regions: Labels, classes: Classes) -> Classes:
    """Class that most of each region's border meets: (label + 1,), 0 where it meets none.

    Parameters
    ----------
    regions : (y, x)
    classes : (y, x)
        0 in the regions.
    """
    n_classes = int(classes.max(initial=0)) + 1
    shape = (int(regions.max(initial=0)) + 1, n_classes)
    met = np.zeros(shape[0] * shape[1], np.int64)
    upper, lower, left, right = np.s_[:-1], np.s_[1:], np.s_[:, :-1], np.s_[:, 1:]
    for inner, outer in ((upper, lower), (lower, upper), (left, right), (right, left)):
        pairs = regions[inner].astype(np.int64) * n_classes + classes[outer]
        met += np.bincount(pairs.ravel(), minlength=met.size)
    counts = met.reshape(shape)
    counts[0] = counts[:, 0] = 0
    return np.asarray(counts.argmax(axis=1), dtype=np.int8)


def absorb(classes: Classes, *, min_px: float) -> Classes:
    """Give parts too small to stand alone to a neighbour: the mines stay what they are, only their classes change.

    Small parts that touch one another go together: to the class of the larger parts around them, or, where there is
    none, to the class that most of them has.

    Parameters
    ----------
    classes : (y, x)
    min_px
        Size from which a part stands alone [pixel].
    """
    parts = label(classes)
    is_small = np.bincount(parts.ravel()) < min_px
    is_small[0] = False
    small = np.asarray(is_small[parts])
    if not small.any():
        return classes
    groups = label(small)
    around, most = class_around(groups, np.where(small, 0, classes).astype(np.int8)), _commonest(groups, classes)
    return np.where(small, np.where(around > 0, around, most)[groups], classes).astype(np.int8)


def _commonest(groups: Labels, classes: Classes) -> Classes:
    """Class that most pixels of each group have: (group + 1,)."""
    shares = [count_pixels(groups, classes == number) for number in range(1, int(classes.max(initial=0)) + 1)]
    return np.concatenate([[0], np.argmax(shares, axis=0) + 1]).astype(np.int8)


def _in_row_order(labels: Labels, count: int) -> Labels:
    """Renumber 1…count by first pixels."""
    first = np.empty(count + 1, np.int64)
    first[labels.ravel()[::-1]] = np.arange(labels.size)[::-1]  # the first pixel is written last
    numbers = np.zeros(count + 1, np.int32)
    numbers[1 + np.argsort(first[1:])] = np.arange(1, count + 1)
    return np.asarray(numbers[labels])
