import geopandas as gpd
import pytest
import shapely

from highwall.core.errors import GridError, InputError
from highwall.patches.overlaps import overlaps

from .tables import rectangles


def test_pairs_that_share_an_area_are_listed_in_order():
    left = rectangles((0, 0, 10, 10), (20, 0, 30, 10))
    right = rectangles((25, 0, 40, 10), (5, 5, 25, 10), (10, 0, 12, 5))  # the last only touches the first
    pairs = overlaps(left, right)
    assert pairs.to_dict("list") == {"left": [0, 1, 1], "right": [1, 0, 1], "overlap_m2": [25.0, 50.0, 25.0]}


def test_tables_without_a_pair_keep_their_columns():
    assert overlaps(rectangles((0, 0, 1, 1)), rectangles()).columns.tolist() == ["left", "right", "overlap_m2"]


def test_other_crss_and_degrees_are_refused():
    with pytest.raises(GridError, match=r"table 2 lies in EPSG:32634, the first in EPSG:32633; reproject"):
        overlaps(rectangles((0, 0, 1, 1)), rectangles((0, 0, 1, 1), crs="EPSG:32634"))
    with pytest.raises(GridError, match="projected CRS in metres"):
        overlaps(rectangles((0, 0, 1, 1), crs="EPSG:4326"), rectangles((0, 0, 1, 1), crs="EPSG:4326"))


def test_what_is_no_valid_polygon_is_named_by_its_row():
    bow = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    wrong = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1), bow], crs="EPSG:32633")
    with pytest.raises(InputError, match="row 1 of table 1 is no valid polygon"):
        overlaps(wrong, rectangles((0, 0, 1, 1)))


def test_projections_that_enlarge_the_ground_are_refused():
    """At 60° N a web map shows four times the area."""
    web = rectangles((1.6e6, 8.4e6, 1.6e6 + 300, 8.4e6 + 300), crs="EPSG:3857")
    with pytest.raises(GridError, match=r"areas in EPSG:3857 are 4 times .* reproject to EPSG:32633"):
        overlaps(web, web)
    assert overlaps(web.to_crs("EPSG:32633"), web.to_crs("EPSG:32633")).shape == (1, 3)
