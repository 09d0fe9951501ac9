"""Tables of rectangles made for the tests of this room, in UTM metres."""

from typing import Any

import geopandas as gpd
from shapely.geometry import box

CRS = "EPSG:32633"


def rectangles(*bounds: tuple[float, float, float, float], crs: str = CRS, **columns: Any) -> gpd.GeoDataFrame:
    """Rectangles (west, south, east, north) with ``patch_id`` a, b, c, …"""
    ids = [chr(ord("a") + number) for number in range(len(bounds))]
    return gpd.GeoDataFrame({"patch_id": ids} | columns, geometry=[box(*sides) for sides in bounds], crs=crs)
