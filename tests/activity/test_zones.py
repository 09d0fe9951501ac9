import geopandas as gpd
import pytest

from highwall.activity.options import ActivityOptions
from highwall.activity.zones import intrusions, zones_of
from highwall.core.errors import VectorError

from .tables import UTM, square

OPTIONS = ActivityOptions(outline_std_m=10.0, scene_std_m=0.0, permit_std_m=0.0)


def layer(**columns: list) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"NAME": ["Serra Park"], **columns}, geometry=[square(1000, 0, 1000)], crs=UTM)


def zones(kind: str = "protected_area", buffer_m: float = 0.0, name: str | None = "NAME"):
    return zones_of(layer().to_crs("EPSG:4326"), kind=kind, crs=UTM, buffer_m=buffer_m, name=name, source="parks.gpkg")


def test_ground_inside_a_protected_area_is_found_with_its_name_and_depth():
    (breach,) = intrusions(square(700, 200, 500), zones(), options=OPTIONS)
    assert breach.kind == "protected_area_entered"
    assert breach.past.area_m2 == pytest.approx(200 * 500, rel=1e-3)
    assert breach.past.depth_m == pytest.approx(200, rel=1e-2)
    assert breach.note == "Serra Park"


def test_the_distance_to_settlements_counts():
    (breach,) = intrusions(square(300, 200, 500), zones("settlement", 500.0), options=OPTIONS)
    assert breach.kind == "settlement_buffer_entered"
    assert breach.note == "Serra Park, within 500 m of it"
    assert breach.past.area_m2 == pytest.approx(300 * 500, rel=1e-2)


@pytest.mark.parametrize("ground", [square(0, 0, 500), square(995, 0, 5, 500), square(500, 0, 510, 800)])
def test_ground_outside_or_in_by_less_than_the_error_is_none(ground):
    assert intrusions(ground, zones(), options=OPTIONS) == []


def test_zones_without_names_are_numbered_and_a_wrong_column_is_named():
    assert zones(name=None).ground["name"].tolist() == ["protected area 1"]
    with pytest.raises(VectorError, match=r"parks\.gpkg has no column 'NAMES' for the names; did you mean 'NAME'"):
        zones(name="NAMES")
