"""Patches, permits and motion made for the tests of this room, in metres of EPSG:32633."""

import datetime as dt
from typing import Any

import geopandas as gpd
import numpy as np
import odc.geo.xr
import shapely
import xarray as xr
from affine import Affine

from highwall.activity.permits import permit_table
from highwall.core.grid import GeoBox

UTM = "EPSG:32633"
EAST, NORTH = 500_000.0, 4_990_000.0
TODAY = dt.date(2024, 6, 15)


def square(left: float, bottom: float, width: float, height: float | None = None) -> shapely.Polygon:
    """Rectangle [m] relative to the place of the tests."""
    x, y = EAST + left, NORTH + bottom
    return shapely.box(x, y, x + width, y + (width if height is None else height))


def patches(*geometries: Any, **columns: list) -> gpd.GeoDataFrame:
    names = [f"P{number:03d}" for number in range(1, len(geometries) + 1)]
    common = {"patch_id": names, "probability_mean": [0.8] * len(names), "motion_class": ["none"] * len(names)}
    return gpd.GeoDataFrame(common | columns, geometry=list(geometries), crs=UTM)


def permits(*geometries: Any, **columns: list) -> gpd.GeoDataFrame:
    """Permits valid for a long time, but for what ``columns`` says."""
    common: dict[str, list] = {
        "permit_id": [f"L-{number}" for number in range(1, len(geometries) + 1)],
        "holder": ["Serra SA"] * len(geometries),
        "valid_from": ["2000-01-01"] * len(geometries),
        "valid_to": ["2040-12-31"] * len(geometries),
    }
    frame = gpd.GeoDataFrame(common | columns, geometry=list(geometries), crs=UTM)
    return permit_table(frame, fields={}, source="permits.gpkg").permits


def motion(velocity: np.ndarray, *, std: float = 0.001, decorrelated: Any = False, crs: str = UTM) -> xr.Dataset:
    """Motion on 100 m pixels whose upper left corner is the place of the tests [m year⁻¹]."""
    place = GeoBox(velocity.shape, Affine(100, 0, EAST, 0, -100, NORTH), UTM)
    if crs != UTM:
        place = place.to_crs(crs)
        velocity = np.full(place.shape, velocity.mean())
    coordinates = odc.geo.xr.xr_coords(place, dims=("y", "x"))
    lost = np.broadcast_to(decorrelated, velocity.shape)
    layers = {
        "velocity_vertical": velocity.astype("f4"),
        "velocity_vertical_std": np.where(np.isnan(velocity), np.nan, std).astype("f4"),
        "decorrelated": lost.copy(),
    }
    return xr.Dataset({name: (("y", "x"), values) for name, values in layers.items()}, coords=coordinates)
