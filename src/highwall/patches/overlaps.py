"""Which polygons of two tables overlap, and by how much."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from highwall.core.errors import GridError, InputError
from highwall.core.grid import bounds_of, check_areas, metric_crs

_FARTHEST_APART_M = 50_000.0
"""Gap between two sides above which they show different places."""


def overlaps(left: gpd.GeoDataFrame, right: gpd.GeoDataFrame) -> pd.DataFrame:
    """Area that each pair of polygons shares.

    Parameters
    ----------
    left, right
        Polygons in one CRS in metres.

    Returns
    -------
    pairs
        One row a pair that shares an area: ``left`` and ``right`` (positions in the tables), ``overlap_m2``; ordered by
        both positions.

    Raises
    ------
    GridError
        The tables lie in different CRSs, or in one that does not measure true areas in metres there.
    InputError
        A geometry is no valid polygon.
    """
    check_polygons(left, right)
    a, b = left.geometry.to_numpy(), right.geometry.to_numpy()
    first, second = shapely.STRtree(b).query(a, predicate="intersects")
    shared = shapely.area(shapely.intersection(a[first], b[second]))
    pairs = pd.DataFrame({"left": first, "right": second, "overlap_m2": shared})
    return pairs[pairs["overlap_m2"] > 0].sort_values(["left", "right"], ignore_index=True)


def check_near(first: gpd.GeoDataFrame, second: gpd.GeoDataFrame, *, what: str) -> None:
    """Refuse to hold polygons of two places against each other.

    Raises
    ------
    InputError
        Boxes around the two, in one CRS in metres, lie more than 50 km apart.
    """
    if first.empty or second.empty:
        return
    apart_m = shapely.distance(*shapely.box(*np.array([first.total_bounds, second.total_bounds]).T))
    if not apart_m <= _FARTHEST_APART_M:
        raise InputError(f"{what} lie {apart_m / 1e3:.0f} km apart; give those of one place.")


def check_polygons(first: gpd.GeoDataFrame, *others: gpd.GeoDataFrame) -> None:
    """Refuse tables whose polygons cannot be compared by area.

    Raises
    ------
    GridError
        They lie in different CRSs, or in one that does not measure true areas in metres there.
    InputError
        A geometry is no valid polygon.
    """
    metric_crs(str(first.crs))
    for number, table in enumerate((first, *others), start=1):
        if table.crs != first.crs:
            raise GridError(f"table {number} lies in {table.crs}, the first in {first.crs}; reproject it with .to_crs.")
        if not table.geometry.is_empty.all():
            check_areas(bounds_of(table))
        geometry = table.geometry.to_numpy()
        wrong = ~(shapely.is_valid(geometry) & (shapely.get_dimensions(geometry) == 2))
        if wrong.any():
            raise InputError(
                f"row {int(wrong.argmax())} of table {number} is no valid polygon; repair it with .make_valid()."
            )
