"""What refinement leaves: a table of patches, one of what was dropped, and the reason of every segment."""

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage

from highwall.core.grid import grid_of, pixel_area_m2
from highwall.patches.attributes import describe
from highwall.patches.classes import mine_classes
from highwall.patches.evidence import Surroundings, prediction_of
from highwall.patches.merging import Merged
from highwall.patches.options import RefineOptions
from highwall.patches.outlines import outline
from highwall.patches.regions import FOUR_CONNECTED, Labels, count_pixels


def tell_segments(table: pd.DataFrame, labels: Labels, *, merged: Merged, cut: float) -> pd.DataFrame:
    """Add to the segments where each ended, and why: what most of it met last.

    Returns
    -------
    table
        With ``is_kept`` (most of it lies in a patch), ``patch_id`` ("" without) and a ``reason`` for every segment.
    """
    told, n_pixels = table.copy(), count_pixels(labels)[table.index - 1]
    reasons = np.array([reason for _, reason in merged.changes])
    met = np.array([count_pixels(labels, where)[table.index - 1] for where, _ in merged.changes])
    for reason, count in zip(reasons, met, strict=True):
        told.loc[2 * count > n_pixels, "reason"] = reason
    patch = _patch_of_most(labels, merged.patches)[table.index]
    told["is_kept"] = patch > 0
    is_lost = ((told["reason"] == "") & ~told["is_kept"]).to_numpy()  # to no one reason by more than half
    if is_lost.any() and len(reasons):
        told.loc[is_lost, "reason"] = reasons[met[:, is_lost].argmax(axis=0)]
    told["patch_id"] = ["" if number == 0 else _patch_id("P", number) for number in patch]
    is_plain = told["reason"] == ""
    told.loc[is_plain, "reason"] = [
        f"{100 * share:.1f} % of it was predicted, at least the cut of {100 * cut:.1f} %"
        for share in told.loc[is_plain, "predicted_share"]
    ]
    return told


def kept_table(
    probability: xr.DataArray, labels: Labels, *, merged: Merged, around: Surroundings, options: RefineOptions
) -> gpd.GeoDataFrame:
    """Tabulate the patches, largest first; a segment that a road splits counts in each patch that holds some of it."""
    patches = merged.patches
    frame = _described(probability, patches, around=around, options=options)
    frame.insert(0, "patch_id", [_patch_id("P", number) for number in frame.pop("label")])
    frame["mine_class"] = np.array(mine_classes(probability), dtype=object)[merged.classes - 1]
    frame["n_segments"] = _segments_in(patches, labels)
    frame["road_m2"] = _road_beside(merged, pixel_area_m2(grid_of(probability)))
    is_predicted = prediction_of(probability, options=options).is_predicted
    shares = count_pixels(patches, is_predicted) / count_pixels(patches)
    frame["reason"] = [
        _why_kept(count, share, road)
        for count, share, road in zip(frame["n_segments"], shares, frame["road_m2"], strict=True)
    ]
    return frame


def dropped_table(
    probability: xr.DataArray, labels: Labels, *, told: pd.DataFrame, around: Surroundings, options: RefineOptions
) -> gpd.GeoDataFrame:
    """Tabulate the segments that were predicted at least in part and lie in no patch, largest first."""
    lost = told[(told["predicted_m2"] > 0) & ~told["is_kept"]]
    chosen = np.where(np.isin(labels, lost.index), labels, 0).astype(np.int32)
    frame = _described(probability, chosen, around=around, options=options)
    reasons = lost["reason"].reindex(frame["label"]).to_numpy()
    frame = frame.assign(n_segments=1, road_m2=0.0, reason=reasons)
    frame = frame.sort_values(["area_m2", "label"], ascending=[False, True], ignore_index=True).drop(columns="label")
    frame.insert(0, "patch_id", [_patch_id("D", number) for number in range(1, len(frame) + 1)])
    return frame


def _described(
    probability: xr.DataArray, labels: Labels, *, around: Surroundings, options: RefineOptions
) -> gpd.GeoDataFrame:
    grid = grid_of(probability)
    outlines = outline(labels, transform=grid.transform, simplify_m=options.simplify_m)
    table = describe(labels, outlines, probability=probability.values, classes=probability["band"].values.tolist())
    frame = gpd.GeoDataFrame(table, geometry="geometry", crs=str(grid.crs))
    places = frame["label"].to_numpy(dtype=int) - 1
    frame["veto_share"] = around.veto_share(labels, veto=options.veto)[places]
    is_known = prediction_of(probability, options=options).is_known
    frame["known_share"] = count_pixels(labels, is_known)[places] / count_pixels(labels)[places]
    return frame


def _patch_of_most(labels: Labels, patches: Labels) -> NDArray[np.int64]:
    """Patch that holds the most of a segment's pixels, 0 if no patch holds more than none: (label + 1,)."""
    n_patches = int(patches.max(initial=0)) + 1
    pairs, counts = np.unique(labels.astype(np.int64) * n_patches + patches, return_counts=True)
    order = np.lexsort((-(pairs % n_patches), counts))
    found = np.zeros(int(labels.max(initial=0)) + 1, np.int64)
    chosen = pairs[order]  # the most frequent is written last, of equals the first patch
    found[chosen // n_patches] = chosen % n_patches
    return found


def _segments_in(patches: Labels, labels: Labels) -> NDArray[np.int64]:
    """Number of segments of which each patch holds a pixel: (patch,)."""
    pairs = np.unique(np.stack([patches[patches > 0], labels[patches > 0]]), axis=1)
    return np.bincount(pairs[0], minlength=int(patches.max(initial=0)) + 1)[1:]


def _road_beside(merged: Merged, pixel_m2: float) -> NDArray[np.float64]:
    """Area of the roads cut off each patch, a pixel of road counted to the nearest of its mine: (patch,) [m²]."""
    n_patches = int(merged.patches.max(initial=0))
    found = np.zeros(n_patches + 1)
    mines, _ = ndimage.label(merged.is_road | (merged.patches > 0), FOUR_CONNECTED)
    for number, box in enumerate(ndimage.find_objects(mines), start=1):
        is_within = mines[box] == number
        is_road, patches = merged.is_road[box] & is_within, np.where(is_within, merged.patches[box], 0)
        if is_road.any() and patches.any():
            nearest = ndimage.distance_transform_edt(patches == 0, return_distances=False, return_indices=True)
            found += np.bincount(patches[tuple(nearest)][is_road], minlength=n_patches + 1)
    return found[1:] * pixel_m2


def _why_kept(n_segments: int, share: float, road_m2: float) -> str:
    reason = f"{n_segments} segment{'s' * (n_segments > 1)}; {100 * share:.0f} % of the patch was predicted"
    return f"{reason}; {road_m2:.0f} m² of road cut off" if road_m2 else reason


def _patch_id(letter: str, number: int) -> str:
    return f"{letter}{number:03d}"
