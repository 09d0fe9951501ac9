import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from highwall.core.errors import InputError
from highwall.insar.regression import TILE, combine, full_rank, groups_of, require_full_rank, residuals, sum_of_squares

RNG = np.random.default_rng(4)


def holed(n_epochs=9, n_pixels=50):
    series = RNG.normal(size=(n_epochs, n_pixels)).astype(np.float32)
    series[RNG.random(series.shape) < 0.2] = np.nan
    series[:, 7] = np.nan
    return series


def test_groups_partition_the_pixels_that_have_a_value():
    series = holed()
    seen = np.zeros(series.shape[1], int)
    for group in groups_of(series):
        seen[group.pixels] += 1
        assert_array_equal(group.series, series[np.ix_(group.present, group.pixels)])
        assert np.isnan(series[np.ix_(~group.present, group.pixels)]).all()
    assert_array_equal(seen, np.isfinite(series).any(axis=0))


def test_whole_series_are_one_group_a_tile():
    sizes = [group.pixels.size for group in groups_of(np.zeros((3, TILE + 5), np.float32))]
    assert sizes == [TILE, 5]


def test_products_agree_with_the_library():
    weights, series = RNG.normal(size=(3, 40)), RNG.normal(size=(40, 17)).astype(np.float32)
    assert_allclose(combine(weights, series), weights @ series.astype(np.float64), atol=1e-13)
    design = RNG.normal(size=(40, 3))
    found = sum_of_squares(series, design, combine(np.linalg.pinv(design), series))
    assert_allclose(found, np.linalg.lstsq(design, series.astype(np.float64), rcond=None)[1], rtol=1e-12)


@pytest.mark.parametrize("width", [1, 2, 3, 7, 16, 33])
def test_a_pixel_has_the_same_bits_whatever_its_neighbours(width):
    weights, series = RNG.normal(size=(3, 91)), RNG.normal(size=(91, 99)).astype(np.float32)
    whole = combine(weights, series)
    for start in range(0, 99, width):
        assert_array_equal(combine(weights, series[:, start : start + width]), whole[:, start : start + width])


def test_residuals_of_holed_series_are_those_of_each_alone():
    series, design = holed(), np.stack([np.ones(9), np.arange(9.0)], axis=1)
    rest = residuals(series, design)
    for pixel, found in zip(series.T, rest.T, strict=True):
        there = np.isfinite(pixel)
        if there.sum() < 2:
            assert np.isnan(found).all()
            continue
        line = design[there] @ np.linalg.lstsq(design[there], pixel[there].astype(float), rcond=None)[0]
        assert_allclose(found[there], pixel[there] - line, atol=1e-12)
        assert np.isnan(found[~there]).all()


def test_dependent_terms_are_refused_by_name():
    t = np.arange(6.0)
    assert full_rank(np.stack([np.ones(6), t], axis=1))
    assert not full_rank(np.stack([np.ones(6), t, 2 * t + 3], axis=1))
    assert not full_rank(np.stack([np.ones(6), np.zeros(6)], axis=1))
    with pytest.raises(InputError, match="6 epochs cannot tell constant, line, copy apart"):
        require_full_rank(np.stack([np.ones(6), t, t], axis=1), terms=("constant", "line", "copy"))
    with pytest.raises(InputError, match="1 epochs"):
        require_full_rank(np.ones((1, 2)), terms=("constant", "line"))
