import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from highwall.activity.boundary import beyond, entered

from .tables import square

PIT = square(0, 0, 1000)
HECTARE = 10_000.0


def judged(ground, allowed=PIT, *, std_m: float = 30.0, smallest_m2: float = HECTARE, certainty: float = 0.95):
    return beyond(ground, allowed, std_m=std_m, smallest_m2=smallest_m2, certainty=certainty)


def test_a_straight_edge_has_the_probability_of_a_normal_shift():
    """200 m past a straight edge over 400 m: 1 ha is left once the boundary lies 175 m farther out."""
    found = judged(square(500, 300, 700, 400), std_m=100.0)
    assert found.area_m2 == pytest.approx(200 * 400)
    assert found.depth_m == pytest.approx(200)
    assert found.probability == pytest.approx(norm.cdf(175 / 100), abs=1e-4)
    assert found.least_m2 == pytest.approx((200 - norm.ppf(0.95) * 100) * 400, rel=1e-3)


@pytest.mark.parametrize(
    ("ground", "probability"),
    [
        (square(300, 300, 300), 0.0),  # well inside
        (square(1500, 0, 400), 1.0),  # well outside
        (square(1000, 0, 0.001, 1000), 0.0),  # touches the edge from outside, without area
    ],
)
def test_ground_far_from_the_line_leaves_no_doubt(ground, probability):
    assert judged(ground).probability == probability


def test_without_error_the_drawing_decides():
    assert judged(square(900, 0, 200, 100), std_m=0.0).probability == 1.0  # exactly one hectare
    assert judged(square(900, 0, 199, 100), std_m=0.0).probability == 0.0


def test_holes_and_parts_of_the_allowed_land_count():
    island = PIT.difference(square(400, 400, 200))
    assert judged(square(400, 400, 200), island).area_m2 == pytest.approx(200 * 200)
    both = shapely.union_all([square(0, 0, 400), square(600, 0, 400)])
    assert judged(square(300, 100, 400, 200), both, std_m=1.0).area_m2 == pytest.approx(200 * 200)


def test_no_allowed_land_at_all_is_certain():
    found = judged(square(0, 0, 300), shapely.Polygon())
    assert (found.probability, found.least_m2, found.depth_m) == (1.0, pytest.approx(90_000), 0.0)


def test_probability_agrees_with_moved_boundaries():
    """Monte Carlo: the boundary of a bent piece of ground is moved as the model says, 2000 times."""
    random = np.random.default_rng(3)
    ground = shapely.union_all([square(800, 200, 260, 300), square(900, 500, 200, 200)])
    found = judged(ground, std_m=40.0)
    shifts = random.normal(0.0, 40.0, 2000)
    areas = shapely.area(shapely.difference(ground, shapely.buffer(PIT, shifts)))
    assert found.probability == pytest.approx(np.mean(areas >= HECTARE), abs=0.03)
    assert found.least_m2 == pytest.approx(np.quantile(areas, 0.05), rel=0.15)


def test_probability_agrees_with_outlines_moved_in_any_direction():
    """Monte Carlo: on a straight edge an outline that is moved as a whole, by σ each way, comes to the same."""
    random = np.random.default_rng(5)
    ground = square(880, 300, 190, 400)
    found = judged(ground, std_m=30.0)
    moved = [shapely.affinity.translate(ground, *random.normal(0.0, 30.0, 2)) for _ in range(2000)]
    areas = shapely.area(shapely.difference(moved, PIT))
    assert found.probability == pytest.approx(np.mean(areas >= HECTARE), abs=0.03)


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 1500), st.floats(1, 80), st.floats(0, 800))
def test_more_allowed_land_never_makes_a_finding_likelier(left: float, std_m: float, extra: float):
    ground = square(left, 200, 400)
    first = judged(ground, std_m=std_m)
    wider = judged(ground, shapely.union(PIT, square(900, 0, 100 + extra, 900)), std_m=std_m)
    assert wider.probability <= first.probability + 1e-6
    assert wider.least_m2 <= first.least_m2 + 1e-3
    assert 0.0 <= first.least_m2 <= ground.area * (1 + 1e-9)


def test_ground_in_a_zone_is_judged_like_ground_beyond_its_complement():
    """A straight edge: 40 m inside over 500 m, 1 ha is left until the zone lies 20 m farther back."""
    zone = square(1000, -500, 2000)
    found = entered(square(540, 0, 500), zone, std_m=20.0, smallest_m2=HECTARE, certainty=0.95)
    assert found.area_m2 == pytest.approx(40 * 500)
    assert found.depth_m == pytest.approx(40)
    assert found.probability == pytest.approx(norm.cdf(20 / 20), abs=1e-3)
    assert found.least_m2 == pytest.approx((40 - norm.ppf(0.95) * 20) * 500, rel=1e-3)


def test_ground_outside_a_zone_has_not_entered_it():
    found = entered(square(0, 0, 500), square(1000, -500, 2000), std_m=20.0, smallest_m2=HECTARE, certainty=0.95)
    assert (found.area_m2, found.depth_m, found.probability) == (0.0, 0.0, 0.0)


def test_depth_is_that_of_the_deepest_place_even_amid_the_ground():
    """A hole of a permit, dug out whole, has no corner past the line; its middle lies 100 m past it."""
    island = PIT.difference(square(400, 400, 200))
    assert judged(square(400, 400, 200), island).depth_m == pytest.approx(100, abs=0.2)
    assert judged(square(300, 300, 400), island).depth_m == pytest.approx(100, abs=0.2)
    zone = square(0, 0, 300, 500)
    swallowed = entered(square(-100, -100, 900), zone, std_m=30.0, smallest_m2=HECTARE, certainty=0.95)
    assert swallowed.depth_m == pytest.approx(150, abs=0.2)
