"""Threshold, clean and outline: from a probability map to patches."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import xarray as xr
from numpy.typing import NDArray
from odc.geo.geom import Geometry
from rasterio.features import shapes
from scipy import ndimage
from shapely.geometry import shape

from highwall.core.checks import check_dims
from highwall.core.grid import check_same_grid, grid_of, pixel_area_m2
from highwall.core.taxonomy import WORLD_COVER
from highwall.patches.attributes import describe, mine_probability
from highwall.patches.land_cover import veto_share
from highwall.patches.options import PatchOptions
from highwall.patches.regions import EIGHT_CONNECTED, FOUR_CONNECTED, small_parts


class Patches(NamedTuple):
    """What was kept, and what was not; both with the columns of :func:`patches.attributes.describe`."""

    kept: gpd.GeoDataFrame
    dropped: gpd.GeoDataFrame
    """The same columns and ``reason``."""


def find_patches(
    probability: xr.DataArray,
    *,
    options: PatchOptions,
    land_cover: xr.DataArray | None = None,
    class_map: Mapping[int, str] = WORLD_COVER,
    area: Geometry | None = None,
) -> Patches:
    """Outline the mine patches of a scene.

    Parameters
    ----------
    probability : (band, y, x) [1]
        Probability of each class, bands named as ``core.taxonomy.CHIP_CLASSES``, NaN without data, projected grid.
    land_cover : (y, x), optional
        Codes of ``class_map`` on the same grid.
    class_map
        Name of each code; ESA WorldCover's by default.
    area : optional
        Area of interest, any CRS; patches that do not meet it are dropped.

    Returns
    -------
    Patches
        Largest first; polygons in the grid's CRS, 4-connected, holes kept.

    Raises
    ------
    GridError
        The grid is in degrees, or the land cover lies on another.
    ConfigError
        ``options.veto`` names a class that the land-cover map does not have.
    """
    check_dims(probability, ("band", "y", "x"), name="probability")
    grid, pixel_m2 = grid_of(probability), pixel_area_m2(grid_of(probability))
    if land_cover is not None:
        check_same_grid(probability, land_cover)
    mine = mine_probability(probability).values
    labels = label_patches(mine, pixel_m2=pixel_m2, options=options)
    outlines = outline(labels, transform=grid.transform)
    table = describe(labels, outlines, probability=probability.values, classes=probability["band"].values.tolist())
    frame = gpd.GeoDataFrame(table, geometry="geometry", crs=str(grid.crs))
    frame["veto_share"] = veto_share(labels, land_cover, veto=options.veto, class_map=class_map)
    inside = frame.intersects(area.to_crs(str(grid.crs)).geom) if area else [True] * len(frame)
    reasons = [_reason(row, options, is_inside=met) for row, met in zip(frame.itertuples(), inside, strict=True)]
    is_kept = np.array([not reason for reason in reasons], dtype=bool)
    return Patches(_numbered(frame[is_kept], "P"), _numbered(frame.assign(reason=reasons)[~is_kept], "D"))


def label_patches(mine: NDArray[Any], *, pixel_m2: float, options: PatchOptions) -> NDArray[np.int32]:
    """Label connected mine pixels: (y, x) int32, 0 is background; specks removed, small holes filled."""
    is_mine = mine >= options.threshold  # NaN is not
    is_mine |= small_parts(~is_mine, EIGHT_CONNECTED, limit=options.max_hole_m2 / pixel_m2) & ~np.isnan(mine)
    is_mine &= ~small_parts(is_mine, FOUR_CONNECTED, limit=options.min_area_m2 / pixel_m2, inclusive=False)
    labels, _ = ndimage.label(is_mine, FOUR_CONNECTED)
    return np.asarray(labels, dtype=np.int32)


def outline(labels: NDArray[np.int32], *, transform: Any) -> dict[int, Any]:
    """Polygon of every label, along pixel edges, holes kept."""
    found = shapes(labels, mask=labels > 0, connectivity=4, transform=transform)
    return {int(value): shape(polygon) for polygon, value in found}


def _reason(patch: Any, options: PatchOptions, *, is_inside: bool) -> str:
    if not is_inside:
        return "it lies outside the area of interest"
    if patch.probability_max < options.seed:
        return f"its highest probability {patch.probability_max:.2f} stays below {options.seed:.2f}"
    if patch.veto_share > options.max_veto_share:
        return f"{100 * patch.veto_share:.0f} % of it is {' or '.join(options.veto)}"
    return ""


def _numbered(frame: gpd.GeoDataFrame, letter: str) -> gpd.GeoDataFrame:
    ordered = frame.sort_values(["area_m2", "label"], ascending=[False, True]).drop(columns="label")
    ordered = ordered.reset_index(drop=True)
    ordered.insert(0, "patch_id", [f"{letter}{number:03d}" for number in range(1, len(ordered) + 1)])
    return ordered
