import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from rasterio.features import rasterize

from highwall.core.errors import InputError
from highwall.patches.outlines import junctions, outline, polygons_of

from .maps import grid

TRANSFORM = Affine(10, 0, 500_000, 0, -10, 4_990_000)
UNIT = Affine.identity()


def blobs(seed: int, size: int = 40) -> np.ndarray:
    """Voronoi cells of random seeds, one of them background."""
    random = np.random.default_rng(seed)
    rows, cols = random.integers(0, size, (2, 12))
    y, x = np.indices((size, size))
    return np.asarray(((y[..., None] - rows) ** 2 + (x[..., None] - cols) ** 2).argmin(axis=-1), dtype="i4")


@given(labels=arrays("i4", (8, 9), elements=st.integers(0, 4)))
@settings(max_examples=120, deadline=None)
def test_polygons_are_a_coverage_that_burns_back_to_the_labels(labels: np.ndarray):
    found = outline(labels, transform=TRANSFORM)
    polygons = list(found.values())
    assert list(found) == sorted(set(labels.ravel()) - {0})
    assert all(polygon.is_valid for polygon in polygons)
    assert shapely.coverage_is_valid(polygons)
    burnt = rasterize([(shape, label) for label, shape in found.items()] or [(shapely.Point(0, 0), 0)],
                      labels.shape, transform=TRANSFORM)  # fmt: skip
    np.testing.assert_array_equal(burnt, labels)
    assert [polygon.area for polygon in polygons] == [100.0 * (labels == label).sum() for label in found]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("simplify_m", [10.0, 30.0])
def test_simplified_neighbours_share_their_edges(seed: int, simplify_m: float):
    labels = blobs(seed)
    plain, simple = outline(labels, transform=TRANSFORM), outline(labels, transform=TRANSFORM, simplify_m=simplify_m)
    polygons = list(simple.values())
    assert shapely.coverage_is_valid(polygons)
    assert shapely.union_all(polygons).area == pytest.approx(sum(polygon.area for polygon in polygons))  # no overlap
    assert shapely.get_num_coordinates(polygons).sum() < 0.8 * shapely.get_num_coordinates(list(plain.values())).sum()
    whole = shapely.union_all(list(plain.values()))
    # a Visvalingam triangle below simplify_m² moves little ground: no boundary leaves its place by more than 5 × that
    assert shapely.hausdorff_distance(shapely.union_all(polygons), whole) <= 5 * simplify_m


def test_simplified_neighbours_leave_no_sliver_where_each_alone_would():
    labels = blobs(3) + 1
    simple = outline(labels, transform=TRANSFORM, simplify_m=30.0)
    alone = [polygon.simplify(30.0) for polygon in outline(labels, transform=TRANSFORM).values()]
    assert shapely.union_all(list(simple.values())).interiors[:] == []
    assert sum(shape.area for shape in simple.values()) == pytest.approx(shapely.union_all(list(simple.values())).area)
    assert not shapely.coverage_is_valid(alone)


def test_a_straight_side_keeps_the_corner_where_two_neighbours_meet():
    labels = np.array([[1, 1], [2, 3]], "i4")
    upper = outline(labels, transform=UNIT)[1]
    assert (1.0, 1.0) in upper.exterior.coords


def test_holes_stay_holes_and_corner_touching_parts_stay_parts():
    labels = np.array([[1, 1, 1, 0], [1, 0, 1, 0], [1, 1, 1, 0], [0, 0, 0, 1]], "i4")
    shape = outline(labels, transform=UNIT)[1]
    assert shape.geom_type == "MultiPolygon"
    assert sorted(part.area for part in shape.geoms) == [1.0, 8.0]
    assert sum(len(part.interiors) for part in shape.geoms) == 1


def test_junctions_are_where_three_edges_meet():
    found = junctions(np.array([[1, 1], [2, 3]], "i4"))
    assert np.argwhere(found).tolist() == [[1, 0], [1, 1], [1, 2], [2, 1]]


def test_no_label_has_no_polygon():
    assert outline(np.zeros((3, 3), "i4"), transform=UNIT, simplify_m=5.0) == {}


def test_a_negative_simplification_is_refused():
    with pytest.raises(InputError, match="simplify_m is -1"):
        outline(np.ones((2, 2), "i4"), transform=UNIT, simplify_m=-1)


def test_parts_of_a_region_are_a_row_each():
    region = np.array([[1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 1, 1]], dtype=bool)
    found = polygons_of(region, grid(3, 4))
    assert found["label"].tolist() == [1, 2]
    assert found.area.tolist() == [200.0, 300.0]
    assert found.crs == "EPSG:32633"
    assert polygons_of(~region & region, grid(3, 4)).empty
