"""What a scene says of patches does not depend on the CRS that they are drawn in. The scene is made up."""

import geopandas as gpd
import numpy as np
import odc.geo.xr
import pytest
import shapely
import xarray as xr
from affine import Affine

from highwall.activity.options import ActivityOptions
from highwall.core.grid import GeoBox
from highwall.workflows.watching.looks import Scene, changes, greenness

UTM, NEXT_ZONE, WEB = "EPSG:32633", "EPSG:32634", "EPSG:3857"
LEFT, TOP = 500_000.0, 6_651_000.0
GRID = GeoBox((120, 120), Affine(10, 0, LEFT, 0, -10, TOP), UTM)
BARE, GREEN = (0.12, 0.20, 0.24, 0.34), (0.03, 0.04, 0.42, 0.18)
OPTIONS = ActivityOptions()


def scene(right: int, *, crs: str = UTM) -> Scene:
    """A pit of 30 rows that begins at column 40, bare in green land."""
    is_mine = np.zeros(GRID.shape, bool)
    is_mine[40:70, 40:right] = True
    values = np.where(is_mine, np.array(BARE)[:, None, None], np.array(GREEN)[:, None, None]).astype("f4")
    places = dict(odc.geo.xr.xr_coords(GRID, dims=("y", "x")))
    bands = xr.DataArray(values, dims=("band", "y", "x"), coords=places | {"band": ["B02", "B04", "B08", "B11"]})
    quality = xr.DataArray(np.zeros(GRID.shape, np.uint8), dims=("y", "x"), coords=places)
    pit = shapely.box(LEFT + 400, TOP - 700, LEFT + 10 * right, TOP - 400)
    patches = gpd.GeoDataFrame({"patch_id": ["A"]}, geometry=[pit], crs=UTM).to_crs(crs)
    return Scene(bands, quality, patches)


@pytest.mark.parametrize("crs", [UTM, NEXT_ZONE, WEB])
def test_greenness_is_told_of_patches_in_any_crs(crs: str):
    found = greenness(scene(70, crs=crs), options=OPTIONS)["A"]
    assert found.open_share > 0.95
    assert found.clear_share == 1.0
    assert found.ndvi < 0.2 < 0.8 < found.ndvi_around


@pytest.mark.parametrize(("before", "after"), [(UTM, UTM), (WEB, UTM), (UTM, NEXT_ZONE)])
def test_change_is_told_of_patches_in_any_crs(before: str, after: str):
    found = changes(scene(70, crs=before), scene(90, crs=after), options=OPTIONS)["A"]
    assert found.new_bare_px == pytest.approx(30 * 20, rel=0.05)
    assert found.label == "expanded"
