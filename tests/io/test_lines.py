import json

import geopandas as gpd
import numpy as np
import pytest
from affine import Affine
from odc.geo.geobox import GeoBox

from highwall.io.lines import Lines, write_lines

RECORD = Lines((np.array([[0.0, 0.0], [10.0, 4.0]]), np.array([[10.0, 4.0], [12.0, 4.0]])), {"crack": 1})
GRID = GeoBox((20, 30), Affine(0.5, 0, 500_100, 0, -0.5, 4_990_200), "EPSG:32633")


def test_lines_without_a_place_are_in_pixels(tmp_path):
    content = json.loads(write_lines([RECORD], tmp_path / "a.geojson", grid=None).read_text())
    assert "pixels" in content["coordinates"]
    assert "crs" not in content
    assert content["features"][0]["geometry"]["coordinates"][0] == [[0.0, 0.0], [10.0, 4.0]]


def test_lines_with_a_place_are_read_back_there(tmp_path):
    frame = gpd.read_file(write_lines([RECORD], tmp_path / "a.geojson", grid=GRID))
    assert frame.crs.to_epsg() == 32633
    assert frame.total_bounds == pytest.approx([500_100, 4_990_198, 500_106, 4_990_200])
    assert frame.crack.tolist() == [1]


def test_no_lines_are_an_empty_collection(tmp_path):
    assert json.loads(write_lines([], tmp_path / "a.geojson", grid=GRID).read_text())["features"] == []
