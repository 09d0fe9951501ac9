import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose

from highwall.core.errors import InputError
from highwall.insar.geometry import (
    COMPONENTS,
    line_of_sight,
    los_enu,
    los_layer,
    mean_angles,
    vertical_motion,
)

ASCENDING = {"incidence_deg": 39.0, "heading_deg": -12.0}


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


def test_the_line_of_sight_does_as_well_as_the_angle():
    angles = xr.DataArray([[30.0, 45.0]], dims=("y", "x"))
    los = los_layer(angles, heading_deg=-12.0)
    by_angle = vertical_motion(result([[1.0, 1.0]]), incidence_deg=angles)
    xr.testing.assert_allclose(vertical_motion(result([[1.0, 1.0]]), los=los), by_angle)


@pytest.mark.parametrize("given", [{}, {"incidence_deg": 39.0, "los": line_of_sight(xr.Dataset(attrs=ASCENDING))}])
def test_one_of_angle_and_line_of_sight_is_needed(given):
    with pytest.raises(InputError, match="one of 'incidence_deg' and 'los'"):
        vertical_motion(result([[1.0]]), **given)


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


def test_a_layer_of_angles_gives_the_vector_of_each():
    incidence = xr.DataArray([[29.0, 39.0, np.nan]], dims=("y", "x"))
    heading = xr.DataArray([[-12.0, -168.0, -12.0]], dims=("y", "x"))
    layer = los_layer(incidence, heading_deg=heading)
    assert layer.dims == ("component", "y", "x")
    assert list(layer["component"].values) == COMPONENTS
    for column in (0, 1):
        expected = los_enu(float(incidence[0, column]), heading_deg=float(heading[0, column]))
        assert_allclose(layer[:, 0, column], expected)
    assert layer[:, 0, 2].isnull().all()


def test_the_layer_of_a_stack_comes_before_its_attributes():
    layer = los_layer(xr.DataArray([[20.0]], dims=("y", "x")), heading_deg=-12.0)
    given = xr.Dataset({"los_enu": layer}, attrs=ASCENDING)
    xr.testing.assert_identical(line_of_sight(given), layer)
    assert_allclose(line_of_sight(xr.Dataset(attrs=ASCENDING)), los_enu(39.0, heading_deg=-12.0))


def test_a_missing_line_of_sight_is_named():
    with pytest.raises(InputError, match="'los_enu' or set heading_deg"):
        line_of_sight(xr.Dataset(attrs={"incidence_deg": 39.0}))


@pytest.mark.parametrize("factor", [-1.0, 2.0])
def test_a_field_that_points_down_or_is_no_unit_vector_is_refused(factor):
    layer = factor * los_layer(xr.DataArray([[39.0]], dims=("y", "x")), heading_deg=-12.0)
    with pytest.raises(InputError, match="no unit vector from the ground"):
        line_of_sight(xr.Dataset({"los_enu": layer}))


def test_a_block_outside_the_swath_has_no_vertical_motion_and_is_no_fault():
    angles = xr.DataArray([[60.0, np.nan]], dims=("y", "x"))
    los = los_layer(angles, heading_deg=-12.0)
    for columns, expected in ([0, 1], [2.0, np.nan]), ([1], [np.nan]):
        turned = vertical_motion(result([[1.0] * len(columns)]), los=los.isel(x=columns))
        assert_allclose(turned["velocity_vertical"], [expected], rtol=1e-6)


def test_components_in_another_order_are_refused():
    layer = los_layer(xr.DataArray([[39.0]], dims=("y", "x")), heading_deg=-12.0).isel(component=[2, 1, 0])
    with pytest.raises(InputError, match="in this order"):
        line_of_sight(xr.Dataset({"los_enu": layer}))


def test_the_angles_of_a_vector_give_it_back():
    vector = los_enu(38.0, heading_deg=-12.0)
    missing = np.full(3, np.nan)
    field = xr.DataArray(np.stack([vector, missing], axis=1)[:, None, :], dims=("component", "y", "x"))
    assert mean_angles(field) == pytest.approx((38.0, -12.0))
    assert mean_angles(field.isel(x=[1])) is None
