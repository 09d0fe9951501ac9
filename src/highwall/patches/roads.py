"""Roads that a segmentation fused into a patch, cut off by their width.

A patch's *core* is what a disc wider than the road can sweep (morphological opening). Cores grow back within the patch,
along the ground and not across gaps (geodesic), by the width: this returns corners and ragged rims, and the mouth of a
road. What is then left over is narrow: a piece longer than a stated length is a road and goes, a shorter one stays, and
so reconnects the cores on both its ends. A patch without a core is a road if it is long enough, else a small patch.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from highwall.core.errors import InputError
from highwall.patches.regions import EIGHT_CONNECTED, FOUR_CONNECTED

COLUMNS = ("patch", "area_px", "road_px", "n_roads", "reason")


class RoadCut(NamedTuple):
    """Patches without their roads, and what was done to each."""

    is_road: NDArray[np.bool_]
    """(y, x): pixels cut off."""
    table: pd.DataFrame
    """A row a patch, in label order: ``patch``, ``area_px`` (before), ``road_px``, ``n_roads``, ``reason``."""


def find_roads(labels: NDArray[np.int32], *, width_px: float, min_length_px: float) -> RoadCut:
    """Find the roads of patches.

    Parameters
    ----------
    labels : (y, x)
        Patches 1…n, each 4-connected, 0 is background; looked at apart, even where they touch.
    width_px
        Width up to which a part is narrow [px], in whole pixels: 3.5 is as 3.
    min_length_px
        Length from which a narrow piece is a road [px], measured along the ground from the core it leaves, half of it
        from each end where it joins two.

    Raises
    ------
    InputError
        A length is not positive.
    """
    if not (width_px > 0 and min_length_px > 0):
        raise InputError(f"width_px {width_px:g} and min_length_px {min_length_px:g} must be lengths above 0.")
    margin = _disc(width_px).shape[0]
    framed = np.pad(labels, margin, mode="edge")  # what meets the rim goes on beyond it
    is_road = np.zeros(labels.shape, bool)
    rows = []
    for label, box in enumerate(ndimage.find_objects(labels), start=1):
        if box is None:
            continue
        is_patch = labels[box] == label
        around = tuple(slice(side.start, side.stop + 2 * margin) for side in box)
        core = opening(framed[around] == label, width_px=width_px)[margin:-margin, margin:-margin] & is_patch
        pieces, count = _roads_of(is_patch, core, reach=int(np.ceil(width_px)), min_length_px=min_length_px)
        is_road[box] |= pieces
        rows.append(_row(label, is_patch, pieces, count=count, width_px=width_px))
    return RoadCut(is_road, pd.DataFrame(rows, columns=list(COLUMNS)))


def opening(region: NDArray[np.bool_], *, width_px: float) -> NDArray[np.bool_]:
    """Pixels that a disc wider than ``width_px`` covers without leaving the region."""
    return np.asarray(ndimage.binary_opening(region, _disc(width_px)))


def _disc(width_px: float) -> NDArray[np.bool_]:
    """Smallest disc of whole pixels that is wider than ``width_px``."""
    diameter = int(np.floor(width_px + 1e-9)) + 1  # 0.3 m of 0.1 m pixels are 3
    rows, cols = np.indices((diameter, diameter)) - (diameter - 1) / 2
    return np.asarray(np.hypot(rows, cols) <= diameter / 2)


def _roads_of(
    is_patch: NDArray[np.bool_], core: NDArray[np.bool_], *, reach: int, min_length_px: float
) -> tuple[NDArray[np.bool_], int]:
    """Road pixels of one patch, and how many roads they make."""
    if not core.any():
        is_long = max(is_patch.shape) >= min_length_px
        return is_patch & is_long, int(is_long)
    from_core = _steps_within(is_patch, core, most=reach + int(np.ceil(min_length_px)))
    pieces, count = ndimage.label(is_patch & (from_core > reach), EIGHT_CONNECTED)
    if not count:
        return np.zeros_like(is_patch), 0
    numbers = np.arange(1, count + 1)
    lengths = ndimage.maximum(from_core, pieces, numbers) * _ends(pieces, numbers, is_patch & (from_core <= reach))
    is_road = np.concatenate([[False], lengths >= min_length_px])
    return np.asarray(is_road[pieces]), int(is_road.sum())


def _steps_within(is_patch: NDArray[np.bool_], start: NDArray[np.bool_], *, most: int) -> NDArray[np.int32]:
    """Geodesic steps from ``start`` within the patch, at most ``most``; side and corner steps alternate (octagons)."""
    steps = np.where(start, 0, most).astype(np.int32)
    reached = start
    for number in range(1, most):
        structure = EIGHT_CONNECTED if number % 2 == 0 else FOUR_CONNECTED
        further = ndimage.binary_dilation(reached, structure, mask=is_patch)
        fresh = further & ~reached
        if not fresh.any():
            break
        steps[fresh] = number
        reached = further
    return steps


def _ends(pieces: NDArray[np.int32], numbers: NDArray[Any], grown: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How many ends of each narrow piece meet a grown core: 1 for a spur, 2 for a link of cores (or more)."""
    found = []
    for number, box in zip(numbers, ndimage.find_objects(pieces), strict=True):
        around = tuple(slice(max(0, side.start - 1), side.stop + 1) for side in box)
        rim = ndimage.binary_dilation(pieces[around] == number, EIGHT_CONNECTED) & grown[around]
        found.append(min(2, ndimage.label(rim, EIGHT_CONNECTED)[1]))
    return np.maximum(1, np.array(found, dtype=np.int64))


def _row(
    label: int, is_patch: NDArray[np.bool_], pieces: NDArray[np.bool_], *, count: int, width_px: float
) -> dict[str, Any]:
    area, cut = int(is_patch.sum()), int(pieces.sum())
    if not cut:
        reason = "no road"
    elif cut == area:
        reason = f"a road: nowhere wider than {width_px:.3g} pixels"
    else:
        reason = f"{count} road{'s' * (count > 1)} of {cut} pixels cut off"
    return dict(zip(COLUMNS, (label, area, cut, count, reason), strict=True))
