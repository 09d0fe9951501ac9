"""From kept segments to patches: holes fill, roads and poor mines go, neighbours of a class merge; with reasons."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from odc.geo.geom import Geometry
from rasterio.features import geometry_mask
from scipy import ndimage

from highwall.core.grid import GeoBox, pixel_area_m2
from highwall.patches.classes import Classes, absorb, class_around, label
from highwall.patches.evidence import Surroundings
from highwall.patches.options import RefineOptions
from highwall.patches.regions import FOUR_CONNECTED, Labels, small_holes
from highwall.patches.roads import find_roads

Change = tuple[NDArray[np.bool_], str]
"""(y, x) and the reason why these pixels were added or taken away."""


class Ground(NamedTuple):
    """What merging starts from, each (y, x)."""

    classes: Classes
    """Class of the pixels of kept segments, 0 elsewhere."""
    may_fill: NDArray[np.bool_]
    """Known ground, which a filled hole may take."""
    is_predicted: NDArray[np.bool_]
    is_seed: NDArray[np.bool_]
    """A mine needs one of these."""


class Merged(NamedTuple):
    """Patches, and the pixels that changed side on the way."""

    patches: Labels
    """(y, x): 1…n from the largest on (of equal ones the upper, then the left first), 0 is none."""
    classes: Classes
    """(patch,): class of each."""
    is_road: NDArray[np.bool_]
    """(y, x): cut off as road."""
    changes: list[Change]
    """In order."""


def merge(ground: Ground, *, grid: GeoBox, cut: float, options: RefineOptions, around: Surroundings) -> Merged:
    """Join neighbouring mine pixels of a class into patches.

    A mine is what touches, of whatever class: it stays or goes as a whole, and roads are looked for in it. Within it
    patches are of one class each. A hole takes the class that most of its rim has, and what is below the smallest area
    that of a larger part beside it.

    Parameters
    ----------
    cut
        Share of a mine, filled holes apart, that must be predicted: cutting a road off may leave less [1].
    """
    pixel_m2 = pixel_area_m2(grid)
    whole, filled = _filled(ground, max_px=options.max_hole_m2 / pixel_m2)
    is_road = _roads(whole > 0, options=options, pixel_m=float(np.sqrt(pixel_m2)))
    classes = absorb(np.where(is_road, 0, whole).astype(np.int8), min_px=options.min_area_m2 / pixel_m2)
    mines = label(classes > 0)
    is_outside, is_vetoed = ~_meets(mines, around.area, grid), _is_vetoed(mines, around, options)
    dropped = [
        *_poor(mines, ground, filled, cut=cut, options=options, pixel_m2=pixel_m2),
        (_where(mines, is_vetoed), f"most of its patch is {' or '.join(options.veto)}"),
        (_where(mines, is_outside), "its patch lies outside the area of interest"),
    ]
    changes = [
        (filled, f"it is a hole of its patch, no larger than {options.max_hole_m2:g} m²"),
        (is_road, f"it is a road, no wider than {options.road_width_m:g} m"),
        *dropped,
    ]
    is_dropped = np.any([where for where, _ in dropped], axis=0)
    patches = _by_size(label(np.where(is_dropped, 0, classes)))
    return Merged(patches, _class_of_each(patches, classes), is_road, changes)


def _filled(ground: Ground, *, max_px: float) -> tuple[Classes, NDArray[np.bool_]]:
    """Classes with small holes filled, and where: (y, x) each."""
    holes, _ = ndimage.label(small_holes(ground.classes > 0, max_px) & ground.may_fill, FOUR_CONNECTED)
    taken = class_around(holes, ground.classes)[holes]
    return np.where(taken > 0, taken, ground.classes), taken > 0


def _poor(
    mines: Labels,
    ground: Ground,
    filled: NDArray[np.bool_],
    *,
    cut: float,
    options: RefineOptions,
    pixel_m2: float,
) -> list[Change]:
    """Mines that are too small, too little predicted, or nowhere surely so."""
    area_m2 = np.bincount(mines.ravel()) * pixel_m2
    return [
        (_where(mines, area_m2 < options.min_area_m2), f"its patch is smaller than {options.min_area_m2:g} m²"),
        (
            _where(mines, _predicted_share(np.where(filled, 0, mines), ground.is_predicted) < cut),
            "of what is left of its patch less was predicted than the cut",
        ),
        (
            _where(mines, ~_holds(mines, ground.is_seed)),
            f"nowhere in its patch is the probability {options.least_seed:g} or more",
        ),
    ]


def _predicted_share(mines: Labels, is_predicted: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Share of each mine that was predicted: (label + 1,)."""
    sizes = np.bincount(mines.ravel())
    return np.bincount(mines[is_predicted], minlength=sizes.size) / np.maximum(sizes, 1)


def _roads(whole: NDArray[np.bool_], *, options: RefineOptions, pixel_m: float) -> NDArray[np.bool_]:
    if not options.road_width_m:
        return np.zeros_like(whole)
    width_px, min_length_px = options.road_width_m / pixel_m, options.min_road_m / pixel_m
    return find_roads(label(whole), width_px=width_px, min_length_px=min_length_px).is_road


def _is_vetoed(mines: Labels, around: Surroundings, options: RefineOptions) -> NDArray[np.bool_]:
    """Which mines are land that is none; filled holes may make them so: (label + 1,)."""
    return np.concatenate([[False], around.veto_share(mines, veto=options.veto) > options.max_veto_share])


def _where(mines: Labels, is_chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.asarray(is_chosen[mines] & (mines > 0))


def _meets(mines: Labels, area: Geometry | None, grid: GeoBox) -> NDArray[np.bool_]:
    """Which mines touch a pixel that the area touches: (label + 1,)."""
    if area is None:
        return np.ones(int(mines.max(initial=0)) + 1, bool)
    wanted = area.to_crs(str(grid.crs)).geom
    is_inside = geometry_mask([wanted], grid.shape, grid.transform, all_touched=True, invert=True)
    return _holds(mines, is_inside)


def _holds(mines: Labels, layer: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which mines hold a pixel of a layer: (label + 1,)."""
    return np.asarray(np.bincount(mines[layer], minlength=int(mines.max(initial=0)) + 1) > 0)


def _by_size(patches: Labels) -> Labels:
    sizes = np.bincount(patches.ravel())
    sizes[0] = 0
    order = np.argsort(-sizes, kind="stable")[: np.count_nonzero(sizes)]
    numbers: NDArray[Any] = np.zeros(sizes.size, np.int32)
    numbers[order] = np.arange(1, order.size + 1)
    return np.asarray(numbers[patches])


def _class_of_each(patches: Labels, classes: Classes) -> Classes:
    found = np.zeros(int(patches.max(initial=0)) + 1, np.int8)
    found[patches] = classes
    return found[1:]
