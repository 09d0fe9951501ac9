import geopandas as gpd
import numpy as np
import pytest

from highwall.activity.findings import assess
from highwall.activity.options import ActivityOptions
from highwall.activity.patch_table import patch_table
from highwall.core.errors import VectorError

from .tables import TODAY, UTM, patches, permits, square


def table(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return patch_table(frame, crs=UTM, source="drawn.geojson")


def test_polygons_without_columns_in_degrees_are_numbered_and_measured_in_metres():
    drawn = gpd.GeoDataFrame(geometry=[square(0, 0, 300), square(3000, 0, 500)], crs=UTM).to_crs("EPSG:4326")
    found = table(drawn)
    assert found["patch_id"].tolist() == ["P001", "P002"]
    assert found.area.tolist() == pytest.approx([300**2, 500**2], rel=1e-6)
    assert found["probability_mean"].isna().all()


@pytest.mark.parametrize("crs", ["EPSG:3857", "EPSG:2263", "EPSG:32643"])
def test_polygons_in_web_maps_feet_or_a_far_zone_are_measured_in_true_metres(crs: str):
    drawn = gpd.GeoDataFrame(geometry=[square(0, 0, 300)], crs=UTM).to_crs(crs)
    for site_crs in (UTM, "EPSG:3857"):  # which is no better
        found = patch_table(drawn, crs=site_crs, source="drawn.geojson")
        assert found.crs == UTM
        assert found.area.tolist() == pytest.approx([300**2], rel=1e-3)


def test_polygons_in_metres_stay_where_they_are():
    near = gpd.GeoDataFrame(geometry=[square(0, 0, 300)], crs=UTM).to_crs("EPSG:3035")
    assert table(near).geometry.geom_equals(near.geometry).all()
    assert table(near[:0]).crs == UTM


def test_a_finding_on_a_patch_of_unknown_probability_is_as_sure_as_its_place():
    drawn = table(gpd.GeoDataFrame(geometry=[square(3000, 0, 500)], crs=UTM)).assign(motion_class="none")
    _, found = assess(drawn, permits(square(0, 0, 1000)), on=TODAY, options=ActivityOptions(), evidence={})
    assert found["probability"].tolist() == [1.0]
    assert np.isnan(found["probability_mean"].iloc[0])


def test_what_patches_say_stays():
    given = patches(square(0, 0, 300))
    assert table(given)[["patch_id", "probability_mean"]].equals(given[["patch_id", "probability_mean"]])


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"patch_id": ["a", "a"]}, "drawn.geojson has two patches 'a'"),
        ({"probability_mean": [0.5, "high"]}, "probability_mean 'high' is no number"),
    ],
)
def test_names_given_twice_and_words_for_numbers_are_refused(columns, message):
    with pytest.raises(VectorError, match=message):
        table(patches(square(0, 0, 300), square(500, 0, 300)).assign(**columns))
