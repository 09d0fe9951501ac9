"""From kept segments to patches: neighbours merge, small holes fill, roads and small patches go, with reasons."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from odc.geo.geom import Geometry
from rasterio.features import geometry_mask
from scipy import ndimage

from highwall.core.grid import GeoBox, pixel_area_m2
from highwall.patches.options import RefineOptions
from highwall.patches.regions import FOUR_CONNECTED, Labels, small_holes
from highwall.patches.roads import find_roads


class Merged(NamedTuple):
    """Patches, and the pixels that changed side on the way."""

    patches: Labels
    """(y, x): 1…n from the largest on (of equal ones the upper, then the left first), 0 is none."""
    is_road: NDArray[np.bool_]
    """(y, x): cut off as road."""
    changes: list[tuple[NDArray[np.bool_], str]]
    """(y, x) and the reason why these pixels were added or taken away, in order."""


def merge(
    is_mine: NDArray[np.bool_],
    *,
    grid: GeoBox,
    options: RefineOptions,
    may_fill: NDArray[np.bool_],
    is_predicted: NDArray[np.bool_] | None = None,
    area: Geometry | None = None,
) -> Merged:
    """Join neighbouring mine pixels into patches.

    Parameters
    ----------
    is_mine, may_fill : (y, x)
        Pixels of kept segments; pixels of known ground, which a filled hole may take.
    is_predicted : (y, x), optional
        A patch needs one of these: a cut may part it from all that was predicted of its segment.
    area : optional
        Area of interest, any CRS.
    """
    pixel_m2 = pixel_area_m2(grid)
    filled = small_holes(is_mine, options.max_hole_m2 / pixel_m2) & may_fill
    whole = is_mine | filled
    is_road = _roads(whole, options=options, pixel_m=float(np.sqrt(pixel_m2)))
    patches = label(whole & ~is_road)
    is_small = _where(patches, np.bincount(patches.ravel()) * pixel_m2 < options.min_area_m2)
    is_parted = np.zeros_like(is_small) if is_predicted is None else _where(patches, ~_holds(patches, is_predicted))
    is_outside = _where(patches, ~_meets(patches, area, grid))
    changes = [
        (filled, f"it is a hole of its patch, no larger than {options.max_hole_m2:g} m²"),
        (is_road, f"it is a road, no wider than {options.road_width_m:g} m"),
        (is_small, f"its patch is smaller than {options.min_area_m2:g} m²"),
        (is_parted, "nothing of its patch was predicted"),
        (is_outside, "its patch lies outside the area of interest"),
    ]
    return Merged(_by_size(np.where(is_small | is_parted | is_outside, 0, patches)), is_road, changes)


def label(is_mine: NDArray[np.bool_]) -> Labels:
    """Number the 4-connected parts of a layer in row order: (y, x)."""
    return np.asarray(ndimage.label(is_mine, FOUR_CONNECTED)[0], dtype=np.int32)


def _roads(whole: NDArray[np.bool_], *, options: RefineOptions, pixel_m: float) -> NDArray[np.bool_]:
    if not options.road_width_m:
        return np.zeros_like(whole)
    width_px, min_length_px = options.road_width_m / pixel_m, options.min_road_m / pixel_m
    return find_roads(label(whole), width_px=width_px, min_length_px=min_length_px).is_road


def _where(patches: Labels, is_chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.asarray(is_chosen[patches] & (patches > 0))


def _meets(patches: Labels, area: Geometry | None, grid: GeoBox) -> NDArray[np.bool_]:
    """Which patches touch a pixel that the area touches: (label + 1,)."""
    if area is None:
        return np.ones(int(patches.max(initial=0)) + 1, bool)
    wanted = area.to_crs(str(grid.crs)).geom
    is_inside = geometry_mask([wanted], grid.shape, grid.transform, all_touched=True, invert=True)
    return _holds(patches, is_inside)


def _holds(patches: Labels, layer: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which patches hold a pixel of a layer: (label + 1,)."""
    return np.asarray(np.bincount(patches[layer], minlength=int(patches.max(initial=0)) + 1) > 0)


def _by_size(patches: Labels) -> Labels:
    sizes = np.bincount(patches.ravel())
    sizes[0] = 0
    order = np.argsort(-sizes, kind="stable")[: np.count_nonzero(sizes)]
    numbers: NDArray[Any] = np.zeros(sizes.size, np.int32)
    numbers[order] = np.arange(1, order.size + 1)
    return np.asarray(numbers[patches])
