import geopandas as gpd
import numpy as np
import odc.geo.xr
import pytest
import shapely
import xarray as xr
from affine import Affine

from highwall.core.grid import GeoBox
from highwall.report.detections import OTHER_COLOUR, colour_of, detection_map
from highwall.report.style import PATCH_COLOURS

PNG = b"\x89PNG\r\n\x1a\n"
GRID = GeoBox((40, 60), Affine(10, 0, 500_000, 0, -10, 7_000_000), "EPSG:32723")


@pytest.fixture
def probability():
    values = np.random.default_rng(0).random((40, 60)).astype(np.float32)
    values[:5] = np.nan
    return xr.DataArray(values, dims=("y", "x"), coords=odc.geo.xr.xr_coords(GRID))


def objects(*classes: str) -> gpd.GeoDataFrame:
    boxes = [shapely.box(500_100 + 100 * k, 6_999_700, 500_180 + 100 * k, 6_999_800) for k in range(len(classes))]
    return gpd.GeoDataFrame({"mine_class": list(classes)}, geometry=boxes, crs="EPSG:32723")


def test_each_set_of_objects_gives_its_own_picture(probability):
    picture = np.full((40, 60, 3), 90, np.uint8)
    tables = [objects(), objects("artisanal_mine"), objects("artisanal_mine", "crack")]
    drawn = {detection_map(picture, probability, objects=table, titles=("found", "probability")) for table in tables}
    assert len(drawn) == 3
    assert all(content.startswith(PNG) for content in drawn)


def test_objects_in_another_crs_are_brought_to_the_map(probability):
    picture = np.full((40, 60, 3), 90, np.uint8)
    own, other = objects("artisanal_mine"), objects("artisanal_mine").to_crs("EPSG:4326")
    assert detection_map(picture, probability, objects=other, titles=("", "")).startswith(PNG)
    assert own.crs != other.crs


def test_a_class_without_a_colour_of_its_own_gets_one():
    assert colour_of("crack") == OTHER_COLOUR
    assert colour_of("artisanal_mine") == PATCH_COLOURS["artisanal_mine"]
