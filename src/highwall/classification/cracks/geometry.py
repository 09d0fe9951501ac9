"""From the map of a crack to its length, width and direction.

The map is cut with two thresholds, thinned to its skeleton, and the skeleton is followed from end to end and from
junction to junction. Positions are (x right, y down) in pixels with the origin at the corner of the first pixel, so
that an affine transform takes them to map coordinates as they are.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import apply_hysteresis_threshold
from skimage.measure import approximate_polygon
from skimage.morphology import skeletonize

from highwall.classification.cracks.options import OutlineOptions
from highwall.classification.cracks.tracing import Path, trace
from highwall.classification.cracks.widths import (
    SEEN_BESIDE_PX,
    core_width,
    dark_core,
    disk,
    distance_inside,
    width_of,
)
from highwall.core.errors import InputError
from highwall.learning.windows import Window

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

_STRAIGHTNESS_PX = 0.75
"""px; the pixels of a straight line stray from it by up to 0.71, so what strays less is drawn straight."""
_EIGHT = np.ones((3, 3), dtype=bool)
"""Neighbourhood in which pixels that touch at a corner hang together."""


@dataclass(frozen=True)
class Crack:
    """One crack, measured in pixels."""

    lines: tuple[Floats, ...]
    """Its branches, each (n, 2): x right, y down [px]."""
    length_px: float
    """Length of all branches together."""
    mean_width_px: float
    """Mean over its length; pixels are whole, so good to half a pixel at best."""
    max_width_px: float
    """Greatest, leaving out where branches meet."""
    orientation_deg: float
    """Mean direction, weighted by length: 0 along the rows, 90 along the columns, anticlockwise, 0…180."""
    probability: float
    """Mean along the skeleton."""


class _Branch(NamedTuple):
    line: Floats
    length: float
    width: Floats
    """At each pixel of its skeleton."""
    is_alone: Bools
    """Which of these are its own: where branches meet, the widest circle reaches into all of them."""
    probability: Floats


def crack_pixels(probability: NDArray[np.float32], options: OutlineOptions) -> Bools:
    """Pixels of cracks: those above the weak threshold that hang together with one above the threshold.

    NaN is no crack.

    Source: Canny 1986, section VIII (hysteresis).
    """
    cut: Bools = apply_hysteresis_threshold(probability, options.weak_threshold, options.threshold)  # type: ignore[no-untyped-call]
    return cut


class _Maps(NamedTuple):
    """What is known of every pixel of a part of the photograph."""

    probability: NDArray[np.float32]
    reach: Floats
    """Distance to the nearest pixel that is no crack [px]."""
    width: Floats
    """[px]."""
    corner: Floats
    """(x, y) of the part in the photograph [px]."""


def find_cracks(
    probability: NDArray[np.float32],
    options: OutlineOptions | None = None,
    *,
    levels: NDArray[np.uint8] | None = None,
) -> list[Crack]:
    """Cracks of a map, longest first.

    Each is measured on its own part of the photograph, so that memory is bounded by the largest crack.

    Parameters
    ----------
    probability : (y, x) float32 [1]
        NaN is missing, and is no crack.
    levels : (3, y, x) uint8
        The photograph, for the width of the cracks' dark core; without it widths are those of the map.

    Raises
    ------
    InputError
        It is no map (y, x).
    """
    options = options or OutlineOptions()
    if probability.ndim != 2:
        raise InputError(f"probability has shape {probability.shape}; give the map (y, x) of the class crack.")
    is_crack = crack_pixels(probability, options)
    pieces, _ = ndimage.label(_widened(is_crack, by=options.join_gap_px / 2), structure=_EIGHT)
    found = []
    for number, (rows, columns) in enumerate(ndimage.find_objects(pieces), start=1):
        box = Window(rows.start, rows.stop, columns.start, columns.stop)
        is_piece = is_crack[box.slices] & (pieces[box.slices] == number)
        maps = _measured(is_piece, box, probability=probability, is_crack=is_crack, levels=levels)
        skeleton = skeletonize(is_piece)  # type: ignore[no-untyped-call]
        branches = [_branch(path, maps) for path in trace(skeleton, spur=options.spur_px)]
        found += [_crack(branches)] if branches else []
    return sorted((crack for crack in found if _counts(crack, options)), key=lambda crack: -crack.length_px)


def _counts(crack: Crack, options: OutlineOptions) -> bool:
    """Tell whether what was found is long enough, and narrow enough against its length, to be a crack."""
    is_long = crack.length_px >= options.min_length_px
    return is_long and crack.length_px >= options.min_elongation * crack.mean_width_px


def _measured(
    is_piece: Bools,
    box: Window,
    *,
    probability: NDArray[np.float32],
    is_crack: Bools,
    levels: NDArray[np.uint8] | None,
) -> _Maps:
    """Maps of the box of one piece; the ground beside it is seen a little beyond."""
    reach = distance_inside(is_piece)
    if levels is None:
        width = width_of(is_piece)
    else:
        wider = box.grown(SEEN_BESIDE_PX, within=is_crack.shape)
        has_data = np.isfinite(probability[wider.slices])
        core = dark_core(is_crack[wider.slices], levels[:, *wider.slices], has_data=has_data)
        width = core_width(is_piece, core=core[box.relative_to(wider).slices])
    return _Maps(probability[box.slices], reach, width, np.array([box.x0, box.y0], dtype=np.float64))


def _widened(mask: Bools, *, by: float) -> Bools:
    """Pixels at most ``by`` [px] away from the mask."""
    if by < 1.0:
        return mask
    near: Bools = ndimage.binary_dilation(mask, structure=disk(by))
    return near


def _branch(path: Path, maps: _Maps) -> _Branch:
    """Measure one branch; thinning takes half a width off a free end, which is given back."""
    rows, columns = path.pixels.T
    middles = np.stack([columns + 0.5, rows + 0.5], axis=1) + maps.corner
    line = approximate_polygon(middles, tolerance=_STRAIGHTNESS_PX)  # type: ignore[no-untyped-call]
    reach = maps.reach[rows, columns]
    given_back = sum(reach[end] - 0.5 for end, is_free in ((0, path.starts_free), (-1, path.ends_free)) if is_free)
    length = float(np.hypot(*np.diff(line, axis=0).T).sum() + given_back)
    is_alone = _away_from_junctions(path, reach)
    return _Branch(line, length, maps.width[rows, columns], is_alone, maps.probability[rows, columns])


def _away_from_junctions(path: Path, reach: Floats) -> Bools:
    alone = np.ones(len(path.pixels), dtype=bool)
    for end, is_free in ((0, path.starts_free), (-1, path.ends_free)):
        if not is_free:
            alone &= np.hypot(*(path.pixels - path.pixels[end]).T) > reach[end]
    return alone


def _crack(branches: list[_Branch]) -> Crack:
    width = np.concatenate([branch.width[branch.is_alone] for branch in branches])
    if not len(width):
        width = np.concatenate([branch.width for branch in branches])
    return Crack(
        lines=tuple(branch.line for branch in branches),
        length_px=sum(branch.length for branch in branches),
        mean_width_px=float(width.mean()),
        max_width_px=float(width.max()),
        orientation_deg=_orientation([branch.line for branch in branches]),
        probability=float(np.concatenate([branch.probability for branch in branches]).mean()),
    )


def _orientation(lines: list[Floats]) -> float:
    """Mean axis of segments, by doubled angles (Mardia & Jupp 2000, section 1.1): 0…180°."""
    dx, dy = np.concatenate([np.diff(line, axis=0) for line in lines]).T
    doubled = np.sum(np.hypot(dx, dy) * np.exp(2j * np.arctan2(-dy, dx)))
    return float(np.degrees(np.angle(doubled) / 2.0) % 180.0)
