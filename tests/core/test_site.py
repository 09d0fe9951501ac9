import pytest
from odc.geo.geom import Geometry, box, line

from highwall.core.errors import GridError
from highwall.core.site import MineType, Site

AOI = box(14.0, 45.0, 14.1, 45.1, "EPSG:4326")


def test_the_utm_zone_of_the_centre_is_taken_by_default():
    assert Site.over("pit", AOI).crs == "EPSG:32633"
    assert Site.over("pit", box(-43.1, -20.1, -43.0, -20.0, "EPSG:4326")).crs == "EPSG:32723"


def test_an_area_in_any_crs_is_kept_in_degrees():
    site = Site.over("pit", AOI.to_crs("EPSG:3035"), minerals=("iron",), mine_type=MineType.OPEN_PIT)
    assert site.aoi.crs == "EPSG:4326"
    assert site.aoi.boundingbox.left == pytest.approx(14.0, abs=0.01)
    assert (site.minerals, site.mine_type) == (("iron",), "OP")


@pytest.mark.parametrize("area", [line([(14, 45), (15, 46)], "EPSG:4326"), box(14, 45, 14, 45, "EPSG:4326")])
def test_an_area_of_zero_is_refused(area: Geometry):
    with pytest.raises(GridError, match=r"AOI of 'pit' has zero area; draw"):
        Site.over("pit", area)


def test_an_area_without_crs_is_refused():
    with pytest.raises(GridError, match="has no CRS"):
        Site.over("pit", Geometry(AOI.geom, crs=None))


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:2263", "EPSG:999999", "somewhere"])
def test_a_crs_that_does_not_measure_in_metres_is_refused(crs: str):
    with pytest.raises(GridError, match=crs):
        Site.over("pit", AOI, crs=crs)
