import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose

from highwall.core.errors import InputError
from highwall.insar.geometry import los_enu, vertical_motion


def result(values):
    flat = xr.DataArray(np.asarray(values, np.float32), dims=("y", "x"))
    return xr.Dataset({"displacement": flat.expand_dims(epoch=3), "velocity": flat, "velocity_std": flat})


@pytest.mark.parametrize("incidence", [0.0, 29.0, 46.0])
def test_vertical_motion_seen_from_the_side_is_recovered(incidence):
    sinking = -0.1
    seen = sinking * los_enu(incidence, heading_deg=-12.0)[2]
    turned = vertical_motion(result([[seen, seen]]), incidence_deg=incidence)
    assert set(turned) == {"displacement_vertical", "velocity_vertical", "velocity_vertical_std"}
    for array in turned.values():
        assert_allclose(array, sinking, rtol=1e-6)
        assert array.attrs["assumption"] == "all motion is vertical"
        assert array.dtype == np.float32


def test_incidence_may_vary():
    angles = xr.DataArray([[0.0, 60.0]], dims=("y", "x"))
    turned = vertical_motion(result([[1.0, 1.0]]), incidence_deg=angles)
    assert_allclose(turned["velocity_vertical"], [[1.0, 2.0]], rtol=1e-6)


def test_an_ascending_satellite_stands_in_the_west():
    east, north, up = los_enu(39.0, heading_deg=-12.0)
    assert_allclose(np.hypot(np.hypot(east, north), up), 1.0)
    assert east < 0.0 < up
    assert north < 0.0
    assert los_enu(39.0, heading_deg=-168.0)[0] > 0.0  # descending: in the east


@pytest.mark.parametrize("incidence", [-1.0, 90.0, float("nan")])
def test_impossible_incidence(incidence):
    with pytest.raises(InputError, match="between 0 and 80"):
        vertical_motion(result([[1.0]]), incidence_deg=incidence)
