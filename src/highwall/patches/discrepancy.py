"""How well segments fit drawn patches: over- and under-segmentation, ED2, distance between boundaries.

r is a reference, s a segment that corresponds to it. Over-segmentation 1 − |r∩s|/|r| is 0 when one segment holds all of
the reference; under-segmentation 1 − |r∩s|/|s| is 0 when the segment holds nothing else.
"""

from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from highwall.core.errors import InputError
from highwall.patches.overlaps import overlaps

CORRESPONDS: Final = 0.5
"""Share of the reference or of the segment above which they correspond. Source: Clinton et al. 2010."""


class Discrepancy(NamedTuple):
    """Fit of a segmentation to references; 0 is perfect."""

    over_segmentation: float
    """Mean over corresponding pairs [1]. Source: Clinton et al. 2010."""
    under_segmentation: float
    """The same [1]."""
    closeness: float
    """D, root mean square of the two means [1]. Source: Levine & Nazif 1985 in Clinton et al. 2010."""
    best_over_segmentation: float
    """Mean over all references with the one segment that shares most with each, 1 where none shares anything [1].
    Source: Persello & Bruzzone 2010."""
    best_under_segmentation: float
    """The same [1]."""
    potential_error: float
    """PSE, area of corresponding segments outside their references over that of these [1]. Source: Liu et al. 2012."""
    number_ratio: float
    """NSR, |references − corresponding segments| / references [1]."""
    ed2: float
    """√(PSE² + NSR²) [1]; not bounded by 1."""


def compare_segments(references: gpd.GeoDataFrame, segments: gpd.GeoDataFrame) -> Discrepancy:
    """Measure how segments fit references.

    Parameters
    ----------
    references, segments
        Valid polygons in one CRS in metres.

    Returns
    -------
    Discrepancy
        Means over pairs are NaN where nothing corresponds.

    Raises
    ------
    GridError
        The CRSs differ or do not measure in metres.
    InputError
        There is no reference, or a geometry is no valid polygon.
    """
    if references.empty:
        raise InputError("there is no reference to compare segments with; give at least one.")
    pairs = overlaps(references, segments)
    whole = references.area.to_numpy()[pairs["left"]]
    part = segments.area.to_numpy()[pairs["right"]]
    pairs = pairs.assign(over=1 - pairs["overlap_m2"] / whole, under=1 - pairs["overlap_m2"] / part, segment_m2=part)
    matching = pairs[(pairs[["over", "under"]].min(axis=1) < 1 - CORRESPONDS).to_numpy()]
    best = pairs.sort_values(["overlap_m2", "right"], ascending=[False, True]).drop_duplicates("left")
    n_untouched = len(references) - len(best)
    over, under = float(matching["over"].mean()), float(matching["under"].mean())
    outside = float((matching["segment_m2"] - matching["overlap_m2"]).sum()) / float(references.area.sum())
    ratio = abs(len(references) - matching["right"].nunique()) / len(references)
    return Discrepancy(
        over_segmentation=over,
        under_segmentation=under,
        closeness=float(np.sqrt((over**2 + under**2) / 2)),
        best_over_segmentation=float(best["over"].sum() + n_untouched) / len(references),
        best_under_segmentation=float(best["under"].sum() + n_untouched) / len(references),
        potential_error=outside,
        number_ratio=ratio,
        ed2=float(np.hypot(outside, ratio)),
    )


class BoundaryDistance(NamedTuple):
    """Distance between two outlines [m], both ways pooled."""

    mean_m: float
    p95_m: float
    """95th percentile."""
    bias_m: float
    """Mean signed distance of the found outline, positive outside the reference."""


def boundary_distance(reference: Any, found: Any, *, step_m: float) -> BoundaryDistance:
    """Measure how far two outlines lie apart.

    Parameters
    ----------
    reference, found
        Polygons, holes included, in one CRS in metres.
    step_m
        Spacing of the points taken along each outline [m]; the corners are no points of their own.

    Raises
    ------
    InputError
        The step is not positive, or a polygon is empty.
    """
    if not step_m > 0:
        raise InputError(f"step_m is {step_m:g}; give a spacing above 0 m.")
    if reference.is_empty or found.is_empty:
        raise InputError("an empty polygon has no outline; leave it out of the comparison.")
    there, back = _points(reference.boundary, step_m), _points(found.boundary, step_m)
    to_found, to_reference = shapely.distance(there, found.boundary), shapely.distance(back, reference.boundary)
    apart = np.concatenate([to_found, to_reference])
    signed = np.where(shapely.intersects(reference, back), -to_reference, to_reference)
    return BoundaryDistance(float(apart.mean()), float(np.percentile(apart, 95)), float(signed.mean()))


def boundary_distances(references: gpd.GeoDataFrame, found: gpd.GeoDataFrame, *, step_m: float) -> pd.DataFrame:
    """Measure each reference against the union of the found patches that correspond to it.

    Returns
    -------
    distances
        A row a reference, in its order: ``mean_m``, ``p95_m``, ``bias_m``; NaN where nothing corresponds.
    """
    pairs = overlaps(references, found)
    smaller = np.minimum(references.area.to_numpy()[pairs["left"]], found.area.to_numpy()[pairs["right"]])
    linked = pairs[pairs["overlap_m2"].to_numpy() > CORRESPONDS * smaller]
    rows = {
        left: boundary_distance(
            references.geometry.iloc[left], shapely.union_all(found.geometry.to_numpy()[rights]), step_m=step_m
        )
        for left, rights in linked.groupby("left")["right"].apply(list).items()
    }
    index = pd.RangeIndex(len(references))
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(BoundaryDistance._fields)).reindex(index)


def _points(line: Any, step_m: float) -> NDArray[Any]:
    """Points a step apart along each ring, the first half a step from its start."""
    rings = shapely.get_parts(line)
    counts = np.maximum(1, np.round(shapely.length(rings) / step_m).astype(int))
    return np.concatenate(
        [shapely.line_interpolate_point(ring, (np.arange(n) + 0.5) / n, normalized=True)
         for ring, n in zip(rings, counts, strict=True)]
    )  # fmt: skip
