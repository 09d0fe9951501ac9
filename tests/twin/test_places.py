"""Places: grades of a circle in a polygon, beside shapely."""

import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st

from highwall.core.errors import InputError
from highwall.twin.places import area_of, grade_in, grades_in

_PER_DEGREE = 111_195.0
_SQUARE = {"type": "Polygon", "coordinates": [[[0.0, 0.0], [0.01, 0.0], [0.01, 0.01], [0.0, 0.01], [0.0, 0.0]]]}


@given(
    st.floats(-0.02, 0.03), st.floats(-0.02, 0.03), st.floats(1.0, 2000.0),
    st.lists(st.tuples(st.floats(0, 0.01), st.floats(0, 0.01)), min_size=3, max_size=8, unique=True),
)  # fmt: skip
def test_grades_are_those_of_plane_geometry(lon: float, lat: float, radius: float, points: list) -> None:  # type: ignore[type-arg]
    ring = shapely.LinearRing([(x * _PER_DEGREE, y * _PER_DEGREE) for x, y in points])
    polygon = shapely.Polygon(ring)
    assume(polygon.is_valid and polygon.area > 100.0)
    centre = shapely.Point(lon * _PER_DEGREE, lat * _PER_DEGREE)
    edge = polygon.exterior.distance(centre)
    assume(abs(edge - radius) > 1.0 and edge > 1.0)  # near the equator the plane is true to a millimetre; 1 m is ample
    area = area_of("z", "finding", {"type": "Polygon", "coordinates": [points]})
    inside = polygon.contains(centre)
    expected = (3 if edge > radius else 2) if inside else (1 if edge < radius else 0)
    assert grade_in(area, lon, lat, radius) == expected


def test_a_hole_is_outside() -> None:
    hole = [[0.004, 0.004], [0.006, 0.004], [0.006, 0.006], [0.004, 0.006]]
    area = area_of("z", "finding", {"type": "Polygon", "coordinates": [_SQUARE["coordinates"][0], hole]})  # type: ignore[index]
    assert grade_in(area, 0.005, 0.005, 1.0) == 0
    assert grade_in(area, 0.002, 0.005, 1.0) == 3


def test_several_polygons_are_one_zone() -> None:
    far = [[[1.0, 1.0], [1.01, 1.0], [1.01, 1.01]]]
    both = {"type": "MultiPolygon", "coordinates": [_SQUARE["coordinates"], far]}
    area = area_of("z", "crack", both)
    assert grades_in([area], 1.008, 1.002, 1.0) == {"z": 3}
    assert grades_in([area], 0.5, 0.5, 1.0) == {}


def test_a_point_is_no_area() -> None:
    with pytest.raises(InputError, match="is a Point"):
        area_of("z", "finding", {"type": "Point", "coordinates": [1.0, 2.0]})
