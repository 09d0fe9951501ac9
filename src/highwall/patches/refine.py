"""Probability × segments → patches whose boundaries are the image's own: the paper's spatial analysis (2.2.2-2.2.3).

Order of work: the predicted share of every segment · the cut · land cover and terrain shadow · small holes filled ·
roads cut off · neighbours of a class merge · poor patches dropped · outlines, once. Each segment ends with a reason,
kept or not.
"""

from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr

from highwall.core.checks import check_dims
from highwall.core.errors import InputError
from highwall.core.grid import GeoBox, check_same_grid, grid_of, pixel_area_m2
from highwall.patches.classes import Classes, class_of_each, mine_classes
from highwall.patches.evidence import (
    Prediction,
    Surroundings,
    burn,
    find_cut,
    measure,
    objection,
    prediction_of,
)
from highwall.patches.merging import Ground, Merged, merge
from highwall.patches.options import RefineOptions
from highwall.patches.outcome import dropped_table, kept_table, tell_segments
from highwall.patches.ranking import Cut
from highwall.patches.regions import Labels


class Refined(NamedTuple):
    """Patches, what was dropped, and why of every segment."""

    kept: gpd.GeoDataFrame
    """A row a patch, largest first: ``patch_id`` and the columns of :func:`patches.attributes.describe`, then
    ``veto_share``, ``known_share`` (of it has a probability), ``n_segments``, ``road_m2``, ``reason``. A patch is of
    one class, that of its segments; a mine that touches it is of another."""
    dropped: gpd.GeoDataFrame
    """A row a segment that was predicted at least in part and is in no patch; the same columns."""
    segments: pd.DataFrame
    """A row a segment, indexed by label: the columns of :func:`patches.evidence.measure`, ``mine_class`` (the most
    probable on average, kept or not), ``reason``, ``is_kept`` and ``patch_id`` ("" without)."""
    labels: xr.DataArray
    """(y, x) int32: number of each pixel's patch, the n of ``P00n``; 0 is none."""
    cut: Cut


def refine_patches(
    probability: xr.DataArray,
    segments: xr.DataArray,
    *,
    options: RefineOptions,
    references: gpd.GeoDataFrame | None = None,
    around: Surroundings | None = None,
) -> Refined:
    """Keep the segments that the prediction fills enough, and merge them into patches.

    Parameters
    ----------
    probability : (band, y, x) [1]
        Probability of each class, NaN without data, on a grid in metres; all classes but *none* are mine.
    segments : (y, x) int
        Labels 1…n of a segmentation on the same grid, 0 where nothing was segmented.
    references : optional
        Known mine patches, any CRS: drawn ones, or those confirmed after an earlier run. They find the cut unless
        ``options.cut`` gives it. They count as pixels whose centre lies in them, where there are segments.

    Returns
    -------
    Refined
        Polygons in the grid's CRS, 4-connected, holes kept, edges shared; simplified where the options say so.

    Raises
    ------
    GridError
        The grid is in degrees, or a layer lies on another.
    InputError
        The dims differ, segments are negative or no integers, or no reference lies on a segment.
    ConfigError
        ``options.veto`` names a class that the land-cover map does not have.

    Source: the paper's section 2.2.3, steps 1-7; :mod:`patches.ranking` says what these leave open.
    """
    around = around or Surroundings()
    grid = _check(probability, segments, around)
    labels, prediction = segments.values.astype(np.int32), prediction_of(probability, options=options)
    table = measure(
        labels, prediction=prediction, is_reference=None if references is None else burn(references, grid),
        around=around, veto=options.veto, pixel_m2=pixel_area_m2(grid),
    )  # fmt: skip
    of_each = class_of_each(labels, probability)
    table["mine_class"] = np.array(mine_classes(probability), dtype=object)[of_each[table.index - 1] - 1]
    cut = find_cut(table, options=options, has_references=references is not None)
    said = [objection(row, cut=cut.share, options=options) for row in table.itertuples()]
    table["reason"] = pd.Series(said, index=table.index, dtype=str)
    merged = _merged(labels, table, of_each, prediction=prediction, cut=cut, around=around, grid=grid, options=options)
    told = tell_segments(table, labels, merged=merged, cut=cut.share)
    kept = kept_table(probability, labels, merged=merged, around=around, options=options)
    dropped = dropped_table(probability, labels, told=told, around=around, options=options)
    numbered = probability.isel(band=0, drop=True).copy(data=merged.patches).rename("patch")
    return Refined(kept, dropped, told, numbered.assign_attrs(long_name="number of the patch", units="1"), cut)


def _merged(
    labels: Labels,
    table: pd.DataFrame,
    class_of_each: Classes,
    *,
    prediction: Prediction,
    cut: Cut,
    around: Surroundings,
    grid: GeoBox,
    options: RefineOptions,
) -> Merged:
    """Merge the segments to which nothing was objected."""
    is_mine = np.isin(labels, table.index[table["reason"] == ""])
    classes = np.where(is_mine, np.concatenate([[0], class_of_each])[labels], 0).astype(np.int8)
    ground = Ground(classes, labels > 0, prediction.is_predicted, prediction.is_seed)
    return merge(ground, grid=grid, cut=cut.share, options=options, around=around)


def _check(probability: xr.DataArray, segments: xr.DataArray, around: Surroundings) -> GeoBox:
    check_dims(probability, ("band", "y", "x"), name="probability")
    check_dims(segments, ("y", "x"), name="segments")
    if segments.dtype.kind not in "iu" or segments.values.min(initial=0) < 0:
        raise InputError(
            f"segments are {segments.dtype} from {segments.values.min(initial=0)} on; give whole numbers from 0 on."
        )
    grid_of(probability, name="probability")
    return check_same_grid(probability, segments, *around.layers)
