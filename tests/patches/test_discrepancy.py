import numpy as np
import pytest
import shapely

from highwall.core.errors import InputError
from highwall.patches.discrepancy import boundary_distance, boundary_distances, compare_segments

from .tables import rectangles

SQUARE = (0, 0, 100, 100)


def test_a_perfect_segmentation_has_no_discrepancy():
    assert all(value == 0 for value in compare_segments(rectangles(SQUARE), rectangles(SQUARE)))


def test_quarters_over_segment():
    quarters = rectangles((0, 0, 50, 50), (50, 0, 100, 50), (0, 50, 50, 100), (50, 50, 100, 100))
    found = compare_segments(rectangles(SQUARE), quarters)
    assert (found.over_segmentation, found.under_segmentation) == (0.75, 0.0)
    assert found.closeness == pytest.approx(0.75 / np.sqrt(2))
    assert (found.best_over_segmentation, found.best_under_segmentation) == (0.75, 0.0)
    assert (found.potential_error, found.number_ratio, found.ed2) == (0.0, 3.0, 3.0)


def test_a_segment_twice_as_large_under_segments():
    found = compare_segments(rectangles(SQUARE), rectangles((0, 0, 200, 100)))
    assert (found.over_segmentation, found.under_segmentation) == (0.0, 0.5)
    assert (found.potential_error, found.number_ratio, found.ed2) == (1.0, 0.0, 1.0)


def test_the_best_segment_shares_most_and_weak_overlaps_do_not_correspond():
    found = compare_segments(rectangles(SQUARE), rectangles((0, 0, 80, 100), (80, 0, 180, 100)))
    assert found.best_over_segmentation == pytest.approx(0.2)
    assert found.number_ratio == 0.0  # the second holds a fifth of the reference, and a fifth of itself is in it


def test_a_reference_that_no_segment_touches_is_wholly_missed():
    found = compare_segments(rectangles(SQUARE, (1000, 0, 1100, 100)), rectangles(SQUARE))
    assert (found.over_segmentation, found.under_segmentation) == (0.0, 0.0)  # of the pair that corresponds
    assert (found.best_over_segmentation, found.best_under_segmentation) == (0.5, 0.5)


def test_nothing_that_corresponds_leaves_means_undefined():
    found = compare_segments(rectangles(SQUARE), rectangles((500, 0, 600, 100)))
    assert np.isnan(found.over_segmentation)
    assert (found.best_over_segmentation, found.best_under_segmentation) == (1.0, 1.0)
    assert (found.number_ratio, found.ed2) == (1.0, 1.0)
    with pytest.raises(InputError, match="there is no reference"):
        compare_segments(rectangles(), rectangles(SQUARE))


@pytest.mark.parametrize(("grown", "bias"), [(10, 10), (-10, -10)])
def test_a_boundary_moved_by_ten_metres_lies_ten_metres_away(grown: float, bias: float):
    reference = shapely.box(0, 0, 1000, 1000)
    found = boundary_distance(reference, reference.buffer(grown, join_style="mitre"), step_m=5)
    assert found.mean_m == pytest.approx(10, abs=0.1)  # but for corners, √2 × 10 over 1 % of the outline
    assert found.p95_m == pytest.approx(10, abs=0.1)
    assert found.bias_m == pytest.approx(bias, abs=0.1)


def test_a_filled_hole_is_a_boundary_missed():
    hole = shapely.box(450, 450, 550, 550)
    reference = shapely.box(0, 0, 1000, 1000).difference(hole)
    found = boundary_distance(reference, shapely.box(0, 0, 1000, 1000), step_m=10)
    assert found.mean_m == pytest.approx(40 * 450 / (440 + 400))  # the hole's rim lies 450 m from the outline
    assert boundary_distance(reference, reference, step_m=10) == (0.0, 0.0, 0.0)


def test_distances_of_each_reference_in_order():
    references = rectangles(SQUARE, (500, 0, 600, 100), (900, 0, 1000, 100))
    found = rectangles((900, 0, 1000, 100), (0, 0, 100, 50), (0, 50, 100, 100))
    table = boundary_distances(references, found, step_m=5)
    assert table["mean_m"].tolist()[::2] == [0.0, 0.0]  # two halves are joined first
    assert np.isnan(table["mean_m"].iloc[1])


def test_steps_and_empty_polygons_are_refused():
    square = shapely.box(*SQUARE)
    with pytest.raises(InputError, match="step_m is 0"):
        boundary_distance(square, square, step_m=0)
    with pytest.raises(InputError, match="empty polygon"):
        boundary_distance(square, shapely.Polygon(), step_m=1)


def test_a_segment_that_holds_two_references_is_one_segment():
    found = compare_segments(rectangles(SQUARE, (100, 0, 200, 100)), rectangles((0, 0, 200, 100)))
    assert found.number_ratio == 0.5
