import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose, assert_array_equal
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords

from highwall.core.errors import StackError
from highwall.insar.forming.multilook import Looks, coarser_space, window_sums


def test_sums_of_windows():
    samples = np.random.default_rng(0).random((3, 11, 13))
    sums = window_sums(samples, Looks(2, 3))
    assert sums.shape == (3, 5, 4)
    oracle = samples[:, :10, :12].reshape(3, 5, 2, 4, 3).sum(axis=(2, 4))
    assert_allclose(sums, oracle, rtol=1e-12)


def test_sums_do_not_depend_on_where_the_array_is_cut():
    samples = np.random.default_rng(1).normal(0, 1e3, (2, 12, 12)).astype(np.float32)
    whole = window_sums(samples, Looks(3, 4))
    assert_array_equal(window_sums(samples[:, 6:, 8:], Looks(3, 4)), whole[:, 2:, 2:])


def test_window_larger_than_the_image():
    with pytest.raises(StackError, match="lower looks_y or looks_x"):
        window_sums(np.zeros((1, 3, 9)), Looks(4, 2))


def test_ground_is_averaged_and_the_grid_zoomed_out():
    grid = GeoBox.from_bbox((500_000, 4_000_000, 500_130, 4_000_110), "EPSG:32650", resolution=10)
    height = np.arange(11 * 13, dtype=np.float32).reshape(11, 13)
    fine = xr.Dataset({"height": (("y", "x"), height)}, coords=xr_coords(grid, dims=("y", "x")))
    coarse = coarser_space(fine, Looks(2, 4))
    assert_array_equal(coarse["height"], height[:10, :12].reshape(5, 2, 3, 4).mean(axis=(1, 3)))
    assert coarse["height"].dtype == np.float32
    found = coarse.odc.geobox
    assert (found.resolution.y, found.resolution.x) == (-20.0, 40.0)
    assert found.transform * (0, 0) == grid.transform * (0, 0)
    assert found.shape == (5, 3)


def test_radar_coordinates_keep_latitude_and_longitude():
    latitude, longitude = np.mgrid[0:4, 10:16].astype(np.float64)
    latitude[0, 0] = np.nan
    coords = {"latitude": (("y", "x"), latitude), "longitude": (("y", "x"), longitude)}
    fine = xr.Dataset({"slc_power": (("epoch", "y", "x"), np.zeros((2, 4, 6)))}, coords=coords)
    coarse = coarser_space(fine, Looks(2, 3))
    assert set(coarse.variables) == {"latitude", "longitude"}
    assert_allclose(coarse["latitude"], [[np.nan, 0.5], [2.5, 2.5]])
    assert_allclose(coarse["longitude"], [[11.0, 14.0], [11.0, 14.0]])
    assert {"latitude", "longitude"} <= set(coarse.coords)


def test_places_that_are_not_known_move_no_others():
    """The first column of a swath has no place, which processors write as (0, 0); its height is 0 as at the sea."""
    latitude, longitude = np.mgrid[19:23, 10:16].astype(np.float32)
    latitude[:, 0] = longitude[:, 0] = 0.0
    longitude[1, 4] = 0.0  # on the prime meridian
    coords = {"latitude": (("y", "x"), latitude), "longitude": (("y", "x"), longitude)}
    fine = xr.Dataset({"height": (("y", "x"), np.zeros((4, 6), np.float32))}, coords=coords)
    coarse = coarser_space(fine, Looks(2, 3))
    assert_allclose(coarse["latitude"], [[np.nan, 19.5], [np.nan, 21.5]])
    assert_allclose(coarse["longitude"], [[np.nan, 70 / 6], [np.nan, 14.0]])
    assert coarse["latitude"].dtype == np.float32
    assert_array_equal(coarse["height"], 0.0)


def test_a_height_is_the_mean_of_the_samples_that_are_there():
    height = np.array([[np.nan, 3.0], [4.0, 5.0]])
    assert coarser_space(xr.Dataset({"height": (("y", "x"), height)}), Looks(2, 2))["height"].values == [[4.0]]
