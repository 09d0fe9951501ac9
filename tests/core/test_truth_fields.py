import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, Polygon

from highwall.core.truth.fields import distance_to_line, fractal, stream
from highwall.core.truth.outlines import area_of, beyond_line, inside, rectangle

CORNERS = st.lists(st.floats(0.3, 1.0), min_size=5, max_size=24)


def _star(radii: list[float]) -> np.ndarray:
    angle = np.linspace(0.0, 2.0 * np.pi, len(radii), endpoint=False)
    return np.stack([np.array(radii) * np.cos(angle), np.array(radii) * np.sin(angle)], axis=1)


def test_fractal_fields_are_standardised_and_steeper_ones_smoother() -> None:
    rough, smooth = (fractal((64, 64), stream(3, "a"), exponent=exponent) for exponent in (0.0, 4.0))
    for field in (rough, smooth):
        assert field.mean() == pytest.approx(0.0, abs=1e-9)
        assert field.std() == pytest.approx(1.0, rel=1e-9)
    assert np.diff(smooth, axis=0).std() < 0.3 * np.diff(rough, axis=0).std()


def test_streams_differ_by_name_and_repeat_by_seed() -> None:
    assert stream(1, "a").random() == stream(1, "a").random()
    assert stream(1, "a").random() != stream(1, "b").random()


@given(CORNERS)
def test_area_agrees_with_shapely(radii: list[float]) -> None:
    assert area_of(_star(radii)) == pytest.approx(Polygon(_star(radii)).area, rel=1e-9)


@given(CORNERS)
def test_the_two_sides_of_a_line_make_the_whole(radii: list[float]) -> None:
    outline = _star(radii)
    left = area_of(beyond_line(outline, (0.05, -2.0), (0.05, 2.0)))
    right = area_of(beyond_line(outline, (0.05, 2.0), (0.05, -2.0)))
    assert left + right == pytest.approx(area_of(outline), rel=1e-9)


def test_beyond_line_keeps_the_left() -> None:
    left = beyond_line(rectangle(0.0, 0.0, 4.0, 1.0), (1.0, 0.0), (1.0, 5.0))
    assert area_of(left) == pytest.approx(1.0)
    assert left[:, 0].max() == pytest.approx(1.0)


@given(CORNERS)
def test_inside_agrees_with_shapely(radii: list[float]) -> None:
    ring = _star(radii)
    points = np.linspace(-0.99, 0.97, 9)
    found = inside(ring, points[None, :], points[:, None])
    polygon = Polygon(ring)
    for (row, col), is_in in np.ndenumerate(found):
        point = Point(points[col], points[row])
        if polygon.exterior.distance(point) > 1e-9:
            assert is_in == polygon.contains(point)


def test_distance_to_line_agrees_with_shapely() -> None:
    line = ((0.0, 0.0), (2.0, 1.0), (3.0, -1.0))
    points = np.linspace(-2.0, 4.0, 7)
    found = distance_to_line(line, points[None, :], points[:, None])
    for (row, col), distance in np.ndenumerate(found):
        assert distance == pytest.approx(LineString(line).distance(Point(points[col], points[row])))
