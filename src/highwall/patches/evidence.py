"""What lies in each segment: prediction, references, land cover, shadow; and whether it counts as mine."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from odc.geo.geom import Geometry
from rasterio.features import rasterize

from highwall.core.errors import InputError
from highwall.core.grid import GeoBox
from highwall.core.taxonomy import WORLD_COVER
from highwall.patches.attributes import mine_probability
from highwall.patches.land_cover import veto_share
from highwall.patches.options import RefineOptions
from highwall.patches.ranking import Cut, rank, stated
from highwall.patches.regions import Labels, count_pixels


@dataclass(frozen=True)
class Surroundings:
    """What is known of the ground beside the image; all of it optional, layers on the probability's grid."""

    land_cover: xr.DataArray | None = None
    """(y, x): codes of ``class_map``."""
    class_map: Mapping[int, str] | None = None
    """Name of each code; ESA WorldCover's by default."""
    is_shadow: xr.DataArray | None = None
    """(y, x) bool: terrain shadow, from :func:`patches.shadow.terrain_shadow`."""
    area: Geometry | None = None
    """Area of interest, any CRS; patches that do not meet it are dropped."""

    @property
    def layers(self) -> list[xr.DataArray]:
        """Those that are given."""
        return [layer for layer in (self.land_cover, self.is_shadow) if layer is not None]

    def veto_share(self, labels: Labels, *, veto: tuple[str, ...]) -> NDArray[Any]:
        """Share of vetoed land cover in each label: (label,) [1]."""
        return veto_share(labels, self.land_cover, veto=veto, class_map=self.class_map or WORLD_COVER)

    def shadow_share(self, labels: Labels) -> NDArray[Any]:
        """Share of terrain shadow in each label: (label,) [1]."""
        if self.is_shadow is None:
            return np.zeros(int(labels.max(initial=0)))
        return count_pixels(labels, self.is_shadow.values.astype(bool)) / np.maximum(count_pixels(labels), 1)


class Prediction(NamedTuple):
    """What the network says of each pixel, (y, x)."""

    is_known: NDArray[np.bool_]
    """It has a probability."""
    is_predicted: NDArray[np.bool_]
    is_seed: NDArray[np.bool_]


def prediction_of(probability: xr.DataArray, *, options: RefineOptions) -> Prediction:
    """Hold probabilities (band, y, x) against the bounds; a missing one is below them."""
    mine = mine_probability(probability).values
    return Prediction(~np.isnan(mine), mine >= options.threshold, mine >= options.least_seed)


def burn(references: gpd.GeoDataFrame, grid: GeoBox) -> NDArray[np.bool_]:
    """Pixels whose centre lies in a polygon of any CRS: (y, x)."""
    placed = references.geometry.to_crs(str(grid.crs))
    polygons = [polygon for polygon in placed if polygon is not None and not polygon.is_empty]
    if not polygons:
        return np.zeros(grid.shape, bool)
    return np.asarray(rasterize(polygons, grid.shape, transform=grid.transform, dtype="uint8") > 0)


def measure(
    labels: Labels,
    *,
    prediction: Prediction,
    is_reference: NDArray[np.bool_] | None,
    around: Surroundings,
    veto: tuple[str, ...],
    pixel_m2: float,
) -> pd.DataFrame:
    """Tabulate the segments, indexed by label; numbers without a pixel are left out.

    Returns
    -------
    table
        ``area_m2``, ``known_share`` (of it has a probability), ``predicted_m2``, ``predicted_share``, ``reference_m2``
        (0 without references), ``veto_share``, ``shadow_share``. A pixel without a probability counts as not predicted.
    """
    area, predicted = count_pixels(labels), count_pixels(labels, prediction.is_predicted)
    covered = np.zeros_like(area) if is_reference is None else count_pixels(labels, is_reference)
    columns = {
        "area_m2": area * pixel_m2,
        "known_share": count_pixels(labels, prediction.is_known) / np.maximum(area, 1),
        "predicted_m2": predicted * pixel_m2,
        "predicted_share": predicted / np.maximum(area, 1),
        "reference_m2": covered * pixel_m2,
        "veto_share": around.veto_share(labels, veto=veto),
        "shadow_share": around.shadow_share(labels),
    }
    table = pd.DataFrame(columns, index=pd.RangeIndex(1, area.size + 1, name="label"))
    return table[area > 0]


def find_cut(table: pd.DataFrame, *, options: RefineOptions, has_references: bool) -> Cut:
    """Find the predicted share from which a segment is kept: given, else found from references, else the default.

    Raises
    ------
    InputError
        There are references, but none lies on a segment.
    """
    if options.cut is not None:
        return stated(options.cut, source="given")
    if not has_references:
        return stated(options.default_cut, source="default")
    reference = table["reference_m2"].to_numpy()
    if not reference.any():
        raise InputError("no reference patch lies on a segment; give references of this scene, or options.cut.")
    added = table["area_m2"] if options.total == "segments" else table["predicted_m2"]
    is_ranked = reference > 0 if options.ranked == "references" else np.ones(reference.size, bool)
    share = table["predicted_share"].to_numpy()
    found = rank(share, added.to_numpy(), is_ranked=is_ranked, reference_m2=float(reference.sum()))
    return found or stated(options.default_cut, source="default")


def objection(segment: Any, *, cut: float, options: RefineOptions) -> str:
    """Say why a row of :func:`measure` is no mine on its own account; "" if it is."""
    if segment.predicted_share == 0:
        return "nothing of it was predicted"
    if segment.predicted_share < cut:
        return f"{100 * segment.predicted_share:.1f} % of it was predicted, less than the cut of {100 * cut:.1f} %"
    if segment.veto_share > options.max_veto_share:
        return f"{100 * segment.veto_share:.0f} % of it is {' or '.join(options.veto)}"
    if segment.shadow_share > options.max_shadow_share:
        return f"{100 * segment.shadow_share:.0f} % of it lies in terrain shadow"
    return ""
