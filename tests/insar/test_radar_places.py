import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from highwall.core.errors import GridError, StackError
from highwall.insar.options import AreaReference, PointReference
from highwall.insar.radar_places import nearest_pixel, pixels_within
from highwall.insar.reference import locate, reference_phase
from tests.insar.stacks import noisy_case

STEP = 2e-4
"""Degrees between pixels of the stack: 22 m northward, 20 m eastward at 26 degrees south."""


@pytest.fixture
def stack():
    """Radar coordinates of 9 × 17 pixels, lines from south to north and samples from east to west, slanted."""
    line, sample = np.mgrid[:9, :17].astype(np.float64)
    latitude, longitude = -26.2 + STEP * line, 27.4 - STEP * sample + 0.3 * STEP * line
    latitude[0, :3], longitude[0, :3] = np.nan, np.nan
    latitude[1, 0] = longitude[1, 0] = 0.0
    coords = {"latitude": (("y", "x"), latitude), "longitude": (("y", "x"), longitude)}
    return noisy_case(1, missing=0.0)[0].drop_vars(["x", "y", "spatial_ref"]).assign_coords(coords)


def at(stack, row, col):
    return float(stack["longitude"][row, col]), float(stack["latitude"][row, col])


def test_a_point_is_the_nearest_pixel(stack):
    lon, lat = at(stack, 4, 11)
    found = locate(stack, reference=PointReference(x=lon + 0.3 * STEP, y=lat - 0.3 * STEP))
    assert (found.rows, found.cols) == (slice(4, 5), slice(11, 12))
    phase = reference_phase(stack, reference=PointReference(x=lon, y=lat)).phase
    assert_array_equal(phase, stack["unw"][:, 4, 11])


def test_a_point_in_metres(stack):
    from pyproj import Transformer

    x, y = Transformer.from_crs("EPSG:4326", "EPSG:32735", always_xy=True).transform(*at(stack, 7, 3))
    found = locate(stack, reference=PointReference(x=x, y=y, crs="EPSG:32735", half_width_px=1))
    assert (found.rows, found.cols) == (slice(6, 9), slice(2, 5))


def test_a_point_a_little_outside_is_the_rim_and_farther_out_is_refused(stack):
    lon, lat = at(stack, 8, 5)
    assert nearest_pixel(stack, longitude=lon, latitude=lat + 2 * STEP)[0] == 8
    with pytest.raises(StackError, match="m from the nearest pixel, at row 8"):
        nearest_pixel(stack, longitude=lon, latitude=lat + 5 * STEP)


def test_a_swapped_point_is_known(stack):
    lon, lat = at(stack, 4, 11)
    with pytest.raises(StackError, match=r"at longitude -26\..* longitude comes first, and 27\..* lies in the stack"):
        nearest_pixel(stack, longitude=lat, latitude=lon)


def test_pixels_without_a_place_are_never_near(stack):
    with pytest.raises(StackError, match="choose a place in the stack"):
        nearest_pixel(stack, longitude=0.0, latitude=0.0)
    nowhere = stack.assign_coords(latitude=stack["latitude"] * np.nan)
    with pytest.raises(StackError, match="no pixel of the stack has a latitude"):
        nearest_pixel(nowhere, longitude=27.4, latitude=-26.2)


def test_a_point_across_the_date_line(stack):
    shifted = stack["longitude"] - 27.4 + 180.0  # 180 at 1.2 samples of line 4
    beyond = stack.assign_coords(longitude=(shifted + 180.0) % 360.0 - 180.0)
    assert float(beyond["longitude"][4, 0]) < 0.0 < float(beyond["longitude"][4, 2])
    for longitude in (180.0, -180.0):
        assert nearest_pixel(beyond, longitude=longitude, latitude=at(stack, 4, 1)[1]) == (4, 1)


def test_an_area_holds_the_pixels_whose_place_it_holds(stack):
    """Lines 3 to 6; columns 4 to 6 of the first three and, as the lines slant, 5 to 7 of the last (worked by hand)."""
    area = AreaReference(left=27.4 - 5.45 * STEP, bottom=-26.2 + 2.9 * STEP, right=27.4 - 2.45 * STEP,
                         top=-26.2 + 6.1 * STEP)  # fmt: skip
    found = locate(stack, reference=area)
    assert (found.rows, found.cols) == (slice(3, 7), slice(4, 8))
    assert_array_equal(found.counts, [[True, True, True, False]] * 3 + [[False, True, True, True]])
    inside = pixels_within(stack, west=area.left, south=area.bottom, east=area.right, north=area.top)
    phase = reference_phase(stack, reference=area).phase
    assert_allclose(phase, stack["unw"].values[:, inside].mean(axis=1), rtol=1e-4)


def test_an_area_elsewhere_is_refused(stack):
    with pytest.raises(StackError, match="no pixel of the stack lies in the reference area"):
        locate(stack, reference=AreaReference(left=-1, bottom=-1, right=1, top=1))


def test_a_stack_that_lies_nowhere_is_named(stack):
    with pytest.raises(GridError, match="'latitude' and 'longitude'"):
        locate(stack.drop_vars(["latitude", "longitude"]), reference=PointReference(x=27.4, y=-26.2))
