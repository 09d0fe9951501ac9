"""The site of a verb that was given no site: its CRS measures true areas, whatever the CRS of the input."""

import geopandas as gpd
import pytest
import shapely
from affine import Affine

from highwall.core.errors import GridError
from highwall.core.grid import GeoBox
from highwall.workflows.config import SiteSection
from highwall.workflows.sites import site_of, site_of_grid, site_of_outlines

UTM, WEB, FEET = "EPSG:32633", "EPSG:3857", "EPSG:2263"
NORTH = 8_399_738.0  # 60° on a web map


@pytest.mark.parametrize(
    ("crs", "left", "top", "expected"),
    [(UTM, 5e5, 6.6e6, UTM), (WEB, 1.7e6, NORTH, UTM), ("EPSG:3035", 4.6e6, 4.1e6, "EPSG:3035"),
     (FEET, 1e6, 2e5, "EPSG:32618"), ("EPSG:4326", 15.0, 60.0, UTM)],
)  # fmt: skip
def test_a_grid_gives_its_crs_where_that_measures(crs: str, left: float, top: float, expected: str):
    step = 1e-4 if crs == "EPSG:4326" else 10.0
    site = site_of_grid(GeoBox((50, 50), Affine(step, 0, left, 0, -step, top), crs), name="a")
    assert site.crs == expected


@pytest.mark.parametrize("crs", [UTM, WEB, "EPSG:4326"])
def test_outlines_of_any_crs_make_one_site(tmp_path, crs: str):
    square = shapely.box(500_000, 6_651_000, 500_800, 6_651_800)
    gpd.GeoDataFrame(geometry=[square], crs=UTM).to_crs(crs).to_file(tmp_path / "a.gpkg")
    site = site_of_outlines(tmp_path / "a.gpkg")
    assert site.crs == UTM
    assert site.aoi.to_crs(UTM).area == pytest.approx(square.area, rel=0.03)  # the box around it is turned


def test_a_site_file_may_not_ask_for_a_crs_of_other_areas():
    bounds = [15.0, 60.0, 15.1, 60.1]
    with pytest.raises(
        GridError, match=r"site\.crs EPSG:3857 are no true ones there; give EPSG:32633, or leave it out"
    ):
        site_of(SiteSection(name="a", aoi=bounds, crs=WEB))
    assert site_of(SiteSection(name="a", aoi=bounds)).crs == UTM
    assert site_of(SiteSection(name="a", aoi=bounds, crs="EPSG:3035")).crs == "EPSG:3035"
