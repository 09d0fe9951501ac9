import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose

from highwall.core.errors import InputError
from highwall.insar.geometry import los_enu, vertical_motion, vertical_velocity


@pytest.mark.parametrize("incidence", [0.0, 29.0, 46.0])
def test_vertical_motion_seen_from_the_side_is_recovered(incidence):
    sinking = -0.1
    seen = sinking * los_enu(incidence, heading_deg=-12.0)[2]
    velocity = xr.DataArray(np.full((2, 2), seen, np.float32), dims=("y", "x"))
    vertical = vertical_velocity(velocity, incidence_deg=incidence)
    assert_allclose(vertical, sinking, rtol=1e-6)
    assert vertical.name == "velocity_vertical"
    assert vertical.attrs["assumption"] == "all motion is vertical"
    assert vertical.dtype == np.float32


def test_incidence_may_vary():
    velocity = xr.DataArray(np.ones((1, 2)), dims=("y", "x"))
    angles = xr.DataArray([[0.0, 60.0]], dims=("y", "x"))
    assert_allclose(vertical_velocity(velocity, incidence_deg=angles), [[1.0, 2.0]], rtol=1e-6)


def test_an_ascending_satellite_stands_in_the_west():
    east, north, up = los_enu(39.0, heading_deg=-12.0)
    assert_allclose(np.hypot(np.hypot(east, north), up), 1.0)
    assert east < 0.0 < up
    assert north < 0.0
    assert los_enu(39.0, heading_deg=-168.0)[0] > 0.0  # descending: in the east


@pytest.mark.parametrize("incidence", [-1.0, 90.0, float("nan")])
def test_impossible_incidence(incidence):
    with pytest.raises(InputError, match="between 0 and 80"):
        vertical_velocity(xr.DataArray(np.ones((1, 1)), dims=("y", "x")), incidence_deg=incidence)


def test_all_layers_are_turned_alike():
    series = xr.DataArray(np.full((3, 1, 1), 0.5, np.float32), dims=("epoch", "y", "x"))
    flat = xr.DataArray(np.full((1, 1), 0.5, np.float32), dims=("y", "x"))
    result = xr.Dataset({"displacement": series, "velocity": flat, "velocity_std": flat})
    turned = vertical_motion(result, incidence_deg=60.0)
    assert set(turned) == {"displacement_vertical", "velocity_vertical", "velocity_vertical_std"}
    for array in turned.values():
        assert_allclose(array, 1.0, rtol=1e-6)
