"""Pictures of what was identified, missed and invented."""

import io

import geopandas as gpd
import numpy as np
import odc.geo.xr
import pytest
import xarray as xr
from affine import Affine
from matplotlib.image import imread
from shapely.geometry import box

from highwall.core.grid import GeoBox
from highwall.patches.accuracy import compare_objects
from highwall.report.accuracy import INVENTED, MISSED, object_map, point_map

CRS = "EPSG:32633"


@pytest.fixture
def is_mine() -> xr.DataArray:
    grid = GeoBox((60, 80), Affine(10, 0, 500_000, 0, -10, 4_990_000), CRS)
    values = np.zeros((60, 80), bool)
    values[10:30, 10:40] = True
    return xr.DataArray(values, dims=("y", "x"), coords=odc.geo.xr.xr_coords(grid))


def polygons(*boxes) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=[box(*sides) for sides in boxes], crs=CRS)


def shows(picture: bytes, colour: str) -> bool:
    """Whether some pixel comes near a colour."""
    wanted = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)])
    seen = 255 * imread(io.BytesIO(picture))[..., :3]
    return bool((np.abs(seen - wanted).max(axis=-1) < 12).any())


def test_missed_and_invented_patches_are_marked(is_mine):
    found = polygons((500_100, 4_989_700, 500_400, 4_989_900))
    missed = polygons((500_500, 4_989_450, 500_700, 4_989_600))
    picture = object_map(is_mine, missed, found, compare_objects(missed, found))
    assert shows(picture, MISSED)
    assert shows(picture, INVENTED)


def test_a_perfect_result_shows_neither(is_mine):
    same = polygons((500_100, 4_989_700, 500_400, 4_989_900))
    picture = object_map(is_mine, same, same, compare_objects(same, same))
    assert not shows(picture, MISSED)


def test_a_map_without_a_patch_is_drawn(is_mine):
    known = polygons((500_100, 4_989_700, 500_400, 4_989_900))
    none = known.iloc[:0]
    assert shows(object_map(is_mine, known, none, compare_objects(known, none)), MISSED)


def test_points_are_coloured_by_what_they_are_and_what_the_map_says(is_mine):
    spots = gpd.points_from_xy([500_200, 500_600], [4_989_800, 4_989_500])
    wrong = gpd.GeoDataFrame({"is_mine": [False, True], "is_mapped": [True, False]}, geometry=spots, crs=CRS)
    picture = point_map(is_mine, wrong)
    assert shows(picture, MISSED)
    assert shows(picture, INVENTED)
