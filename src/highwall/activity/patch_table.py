"""Patches as a table of one shape, whoever drew them: names that differ, and metres."""

import geopandas as gpd
import numpy as np
import pandas as pd

from highwall.core.errors import VectorError
from highwall.core.grid import bounds_of, crs_name, measuring_crs


def patch_table(frame: gpd.GeoDataFrame, *, crs: str, source: str) -> gpd.GeoDataFrame:
    """Give polygons what a comparison asks for: ``patch_id``, ``probability_mean`` and a CRS of true areas in metres.

    Patches without names are numbered. Where no column says how sure it is that they are mines, that is NaN.

    Parameters
    ----------
    crs
        In metres, for polygons in degrees, feet or a projection that changes areas, as those of web maps do; where it
        does so too, the UTM zone is taken.

    Raises
    ------
    VectorError
        Two patches share a name, or a probability is no number.
    """
    placed = _measurable(frame, crs)
    numbers = [f"P{number:03d}" for number in range(1, len(frame) + 1)]
    names = placed["patch_id"].astype(str) if "patch_id" in placed else pd.Series(numbers, index=frame.index, dtype=str)
    if (twice := names[names.duplicated()]).size:
        raise VectorError(f"{source} has two patches {twice.iloc[0]!r}; give each its own patch_id.")
    if "probability_mean" not in placed:
        return placed.assign(patch_id=names, probability_mean=np.nan)
    sure = pd.to_numeric(placed["probability_mean"], errors="coerce")
    if (wrong := placed["probability_mean"].notna() & sure.isna()).any():
        raise VectorError(f"{source}: probability_mean {placed['probability_mean'][wrong].iloc[0]!r} is no number.")
    return placed.assign(patch_id=names, probability_mean=sure)


def _measurable(frame: gpd.GeoDataFrame, crs: str) -> gpd.GeoDataFrame:
    """Polygons in a CRS of true areas: their own where it is one."""
    if frame.empty:
        return frame.to_crs(crs)
    place = bounds_of(frame)
    found = measuring_crs(place, otherwise=crs)
    return frame if found == crs_name(place) else frame.to_crs(found)
