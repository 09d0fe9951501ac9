"""Estimating the scale from local variance."""

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from highwall.patches.multiresolution import levels
from highwall.patches.options import ScaleOptions
from highwall.patches.radiometry import normalise
from highwall.patches.scale import candidates_of, estimate_scale
from tests.patches.images import scene, voronoi
from tests.patches.mine_scenes import read_scene


def test_the_curve_is_the_mean_deviation_within_the_objects_of_each_level():
    image = scene(60, 60)
    found = estimate_scale(image, options=ScaleOptions(first=5, step=10, n_scales=4))
    expected = levels(image, [5.0, 15.0, 25.0, 35.0])
    assert found.curve.index.tolist() == [5.0, 15.0, 25.0, 35.0]
    assert found.curve["n_objects"].tolist() == [len(level) for level in expected]
    means = [level.table.filter(like="std_").to_numpy().mean() for level in expected]
    np.testing.assert_allclose(found.curve["local_variance"], means, rtol=1e-12)
    np.testing.assert_allclose(found.curve["rate_of_change"][1:], 100 * np.diff(means) / means[:-1], rtol=1e-9)
    assert np.isnan(found.curve["rate_of_change"].iloc[0])


def test_local_variance_jumps_where_whole_cells_begin_to_merge():
    image, _ = voronoi(120, 25, noise_std=3.0)
    found = estimate_scale(image, options=ScaleOptions(first=20, step=20, n_scales=15))
    whole = found.curve.index[found.curve["n_objects"] == 25]
    assert len(whole) >= 3  # a plateau of scales at which every cell is an object
    assert found.curve["local_variance"][whole].max() < 4  # the noise's 3, and pixels at borders
    assert found.curve["local_variance"].iloc[-1] > 6
    # on the plateau nothing changes, so its scales come before a change that is no rise
    assert found.candidates.index.isin(whole).any()


def test_candidates_are_decreases_and_peaks():
    rate = [np.nan, 5.0, 3.0, 4.0, 2.0, -1.0, 0.5, 0.7, 0.2]
    curve = pd.DataFrame({"rate_of_change": rate}, index=pd.Index(np.arange(10.0, 100.0, 10.0), name="scale"))
    found = candidates_of(curve)
    assert found["kind"].to_dict() == {40.0: "peak", 50.0: "decrease", 80.0: "peak"}
    assert found["rate_of_change"].tolist() == [4.0, 2.0, 0.7]


def test_options_describe_a_ladder_of_at_least_three():
    assert ScaleOptions(first=1, step=0.5, n_scales=3).ladder() == [1.0, 1.5, 2.0]
    with pytest.raises(ValidationError, match="greater than or equal to 3"):
        ScaleOptions(n_scales=2)


def test_an_image_without_a_valid_pixel_has_no_candidate():
    found = estimate_scale(scene(9, 9), valid=np.zeros((9, 9), bool))
    assert found.candidates.empty
    assert (found.curve["n_objects"] == 0).all()


def test_a_rise_from_no_variance_at_all_is_no_rate():
    """Flat cells: below the scale at which they merge nothing varies within an object."""
    image, _ = voronoi(40, 6, noise_std=0.0)
    found = estimate_scale(image, options=ScaleOptions(first=10, step=60, n_scales=12))
    assert found.curve["local_variance"].iloc[0] == 0
    assert found.curve["local_variance"].iloc[-1] > 0
    rates = found.curve["rate_of_change"].to_numpy()
    assert not np.isinf(rates).any()


@pytest.mark.real
def test_on_a_real_scene_the_curve_flattens_and_gives_several_candidates(real_data):
    """160 × 160 pixels of one scene; over whole scenes see benchmarks/patches_search.py."""
    whole = read_scene(real_data, "72-6", mine_class="excavation").image
    image = normalise(whole).isel(y=slice(150, 310), x=slice(150, 310))
    found = estimate_scale(image, options=ScaleOptions(first=10, step=10, n_scales=18))
    rate = found.curve["rate_of_change"].dropna()
    assert found.curve["n_objects"].is_monotonic_decreasing
    assert rate.iloc[:4].mean() > 3 * rate.iloc[-6:].mean()  # it grows fast while objects are parts of things
    assert len(found.candidates) >= 2  # the curve is not monotone: an answer is chosen among them
