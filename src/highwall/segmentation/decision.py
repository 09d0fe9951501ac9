"""Probability → class: what is said of each pixel, subset by subset, and as codes and bits for files."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from highwall.core.taxonomy import CLASS_SETS, MINE_TYPES, MINING_AREA, MINING_CLASSES
from highwall.segmentation.labels import BITS, OUTSIDE
from highwall.segmentation.metadata import SegmentationMetadata

FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]

MINING_AREA_CODE: Final = 12
"""Code of *mining_area* in label rasters; 1 to 10 are the classes, 13 to 16 types of mines, 11 is *blank*."""
CODES: Final[dict[str, int]] = {each.name: each.code for each in (*MINING_CLASSES, *MINE_TYPES)} | {
    MINING_AREA: MINING_AREA_CODE
}
"""Code of each class in label rasters; 0 is background."""
NO_DATA: Final = 255
"""Code where the scene has no data."""


def decide(probability: FloatArray, metadata: SegmentationMetadata, *, threshold: float | None = None) -> BoolArray:
    """Tell what each pixel is: within a subset one class at most, across subsets as many as apply.

    A subset whose thresholds the network states, or any where one is given, says the class that exceeds its threshold
    by the greatest factor, if one does. Else it says the most probable of its classes and background.

    Parameters
    ----------
    probability : (class, …) float32 [1]
        Classes as in ``metadata.classes``. NaN is missing, and nothing.
    threshold
        Probability from which any class is said, against the network's own [1].

    Returns
    -------
    (class, …) bool
    """
    said = np.zeros(probability.shape, dtype=bool)
    for subset in metadata.subsets:
        channels = metadata.channels_of(subset)
        said[channels] = _of_subset(probability[channels], _bounds(metadata, subset, threshold))
    return said


def codes_of(said: BoolArray, metadata: SegmentationMetadata, *, subset: int) -> NDArray[np.uint8]:
    """Codes of a subset's classes, 0 where none is said: (class, …) → (…)."""
    channels = metadata.channels_of(subset)
    found = np.zeros(said.shape[1:], dtype=np.uint8)
    for name, is_class in zip(CLASS_SETS[subset], said[channels], strict=True):
        found[is_class] = CODES[name]
    return found


def bits_of_classes(said: BoolArray, classes: Sequence[str], *, valid: BoolArray) -> NDArray[np.uint16]:
    """Mask of what is said, a bit a class, as of labels: (class, …) → (…); ``mining_area`` has no bit of its own."""
    mask = np.zeros(said.shape[1:], dtype=np.uint16)
    for name, is_class in zip(classes, said, strict=True):
        if name != MINING_AREA:
            mask |= np.where(is_class, np.uint16(BITS[name]), np.uint16(0))
    return np.where(valid, mask, np.uint16(OUTSIDE))


def footprint_probability(probability: NDArray[Any], metadata: SegmentationMetadata) -> FloatArray:
    """Probability of any mine ground: (class, …) → (…).

    That of subset 4 where the network knows it; else the complement of all subsets' backgrounds, as if they were
    independent: 1 − Π (1 − Σ of a subset's classes).
    """
    known = [4] if 4 in metadata.subsets else list(metadata.subsets)
    background = np.ones(probability.shape[1:], dtype=np.float32)
    for subset in known:
        background *= 1.0 - probability[metadata.channels_of(subset)].sum(axis=0)
    return np.asarray(np.clip(1.0 - background, 0.0, 1.0), dtype=np.float32)


def _bounds(metadata: SegmentationMetadata, subset: int, threshold: float | None) -> FloatArray | None:
    """Thresholds of a subset's classes; none where the most probable counts."""
    names = CLASS_SETS[subset]
    if threshold is not None:
        return np.full(len(names), threshold, dtype=np.float32)
    if not any(name in metadata.thresholds for name in names):
        return None
    return np.array([metadata.threshold_of(name) for name in names], dtype=np.float32)


def _of_subset(probability: FloatArray, bounds: FloatArray | None) -> BoolArray:
    """(class, …) bool, at most one class a pixel."""
    numbers = np.arange(len(probability)).reshape(-1, *[1] * (probability.ndim - 1))
    if bounds is None:
        background = 1.0 - probability.sum(axis=0)
        return np.asarray((probability.argmax(axis=0) == numbers) & (probability.max(axis=0) > background))
    factor = probability / bounds.reshape(numbers.shape)
    return np.asarray((factor.argmax(axis=0) == numbers) & (factor.max(axis=0) >= 1.0))
