"""Which polygons of two tables overlap, and by how much."""

import geopandas as gpd
import pandas as pd
import shapely

from highwall.core.errors import GridError, InputError
from highwall.core.grid import bounds_of, check_areas, metric_crs


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
