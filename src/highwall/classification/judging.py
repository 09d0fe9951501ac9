"""Chips to scores: what a network says of whole chips, looked at as they are or in several views."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from highwall.classification.extract import ChipModel
from highwall.classification.radiometry import check_levels

FloatArray = NDArray[np.float32]

_VIEWS: Final = tuple((turns, is_mirrored) for is_mirrored in (False, True) for turns in (0, 2, 1, 3))
"""Quarter turns, and whether mirrored first: all eight ways to lay a square upon itself."""

_TINY: Final = 1e-30
"""Keeps the logarithm of a probability finite."""


def chip_scores(chips: NDArray[np.uint8], model: ChipModel, *, n_views: int = 1, n_at_once: int = 256) -> FloatArray:
    """Probability of each class for whole chips.

    Seen from above, no side of a chip is up: what a network says of its turned and mirrored views differs by its
    errors only, and these partly cancel in the mean of log p, brought back to a sum of 1.

    Parameters
    ----------
    chips : (N, y, x, 3) uint8
        Levels in the model's radiometry, sides a multiple of the cell.
    n_views
        1 to 8: as they are; turned by a half; by a quarter each way; and all these mirrored. Costs as many times.
    n_at_once
        Chips in one call of the network.

    Returns
    -------
    (N, class) float32, sum over class is 1

    Raises
    ------
    ModelError
        Other bands or sides than the network reads, missing values or levels out of range.
    """
    check_levels(chips, n_bands=len(model.metadata.bands), cell_px=model.metadata.cell_px)
    if not len(chips):
        return np.empty((0, len(model.metadata.classes)), np.float32)
    parts = (chips[i : i + n_at_once].astype(np.float32) for i in range(0, len(chips), n_at_once))
    return np.concatenate([_judged(np.moveaxis(part, 3, 1), model, n_views=n_views) for part in parts])


def _judged(levels: FloatArray, model: ChipModel, *, n_views: int) -> FloatArray:
    """Probability of each class for a few chips, (N, band, y, x) levels."""
    said = [model.onnx.run(view)[1] for view in _views(levels, n_views)]
    if len(said) == 1:
        return said[0]
    together = np.mean([np.log(np.maximum(each, _TINY)) for each in said], axis=0)
    share = np.exp(together - together.max(axis=1, keepdims=True))
    return np.asarray(share / share.sum(axis=1, keepdims=True), dtype=np.float32)


def _views(levels: FloatArray, n_views: int) -> Iterator[FloatArray]:
    for turns, is_mirrored in _VIEWS[:n_views]:
        seen = levels[..., ::-1] if is_mirrored else levels
        yield np.ascontiguousarray(np.rot90(seen, turns, axes=(2, 3)))
