import geopandas as gpd
import numpy as np
import odc.geo.xr
import shapely
import xarray as xr
from affine import Affine

from highwall.core.grid import GeoBox
from highwall.report.emergence import EmergencePictures, emergence_map

GRID = GeoBox((40, 60), Affine(10, 0, 500_000, 0, -10, 7_000_000), "EPSG:32723")
TITLES = ("before", "after", "emergence")


def pictures() -> EmergencePictures:
    random = np.random.default_rng(0)
    values = xr.DataArray(random.random((40, 60)).astype(np.float32), dims=("y", "x"),
                          coords=odc.geo.xr.xr_coords(GRID))  # fmt: skip
    before, after = random.integers(0, 256, (2, 40, 60, 3)).astype(np.uint8)
    return EmergencePictures(before, after, values)


def test_what_came_up_is_drawn_and_nothing_is_too():
    ground = [shapely.box(500_100, 6_999_700, 500_300, 6_999_900)]
    box = gpd.GeoDataFrame({"mine_class": ["artisanal_mine"]}, geometry=ground, crs="EPSG:32723")
    one, none = (emergence_map(pictures(), objects=table, titles=TITLES) for table in (box, box.iloc[:0]))
    assert one.startswith(b"\x89PNG\r\n\x1a\n")
    assert none.startswith(b"\x89PNG\r\n\x1a\n")
    assert one != none
