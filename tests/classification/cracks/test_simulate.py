import numpy as np
import pytest

from highwall.classification.cracks.geometry import find_cracks
from highwall.classification.cracks.options import OutlineOptions
from highwall.classification.cracks.simulate import Stroke, coverage, simulated_photograph, wander


def test_the_same_seed_draws_the_same():
    one, other = simulated_photograph(3, side=96), simulated_photograph(3, side=96)
    np.testing.assert_array_equal(one.photograph.levels, other.photograph.levels)
    assert not np.array_equal(one.photograph.levels, simulated_photograph(4, side=96).photograph.levels)


def test_photographs_with_and_without_cracks_and_joints_occur():
    drawn = [simulated_photograph(seed, side=96).photograph for seed in range(12)]
    assert 0 < sum(photograph.is_crack.any() for photograph in drawn) < 12
    assert 0 < sum(photograph.is_planking.any() for photograph in drawn) < 12
    assert not any((photograph.is_crack & photograph.is_planking).any() for photograph in drawn)


def test_cracks_are_darker_than_what_lies_beside_them():
    drawn = [simulated_photograph(seed, side=128, crack_share=1.0).photograph for seed in range(8)]
    darker = [p.levels[:, ~p.is_crack].mean() - p.levels[:, p.is_crack].mean() for p in drawn]
    assert np.mean(np.array(darker) > 0) > 0.8


@pytest.mark.parametrize("width", [1.0, 3.0])
def test_a_straight_stroke_covers_its_length_times_its_width(width):
    points = np.stack([np.full(161, 20.3), np.linspace(10.0, 90.0, 161)], axis=1)
    assert coverage(Stroke(points, np.full(161, width)), (40, 100)).sum() == pytest.approx(80 * width, rel=0.08)


def test_strokes_start_where_they_are_told_and_taper():
    stroke = wander(np.random.default_rng(0), np.array([5.0, 7.0]), direction=0.0, length=200.0, width=4.0)
    np.testing.assert_allclose(stroke.points[0], [5.0, 7.0], atol=1.0)
    assert stroke.width[[0, -1]].max() < stroke.width[len(stroke.width) // 2]


def test_the_length_that_was_drawn_is_measured_in_the_truth():
    """Strokes cross and run side by side here and there; over many pictures a tenth is lost or won."""
    drawn = [simulated_photograph(seed, side=192, crack_share=1.0) for seed in range(10)]
    options = OutlineOptions(min_length_px=5.0)
    measured = [
        sum(crack.length_px for crack in find_cracks(one.photograph.is_crack.astype(np.float32), options))
        for one in drawn
    ]
    assert sum(measured) == pytest.approx(sum(one.length_px for one in drawn), rel=0.15)
