import numpy as np
import pytest
import xarray as xr
from affine import Affine

from highwall.core.grid import GeoBox
from highwall.report.frame import frame_of, frame_of_grid, shrunk

from . import content as made


def test_a_projected_grid_is_framed_in_metres():
    frame = frame_of_grid(made.grid(80, 100, 10.0))
    assert frame.extent == (made.LEFT, made.LEFT + 1000.0, made.TOP - 800.0, made.TOP)
    assert (frame.unit_m, frame.aspect, frame.ratio) == (1.0, 1.0, pytest.approx(0.8))
    assert frame.x_label == "easting [m], EPSG:32633"


def test_a_grid_in_degrees_keeps_its_proportions_on_the_ground():
    grid = GeoBox((100, 100), Affine(0.001, 0, 10.0, 0, -0.001, 60.05), "EPSG:4326")
    frame = frame_of_grid(grid)
    assert frame.ratio == pytest.approx(2.0, rel=1e-3)  # a degree of longitude is half as long at 60°
    assert frame.unit_m == pytest.approx(111_195 / 2, rel=1e-3)
    assert frame.north == (0.0, 1.0)


def test_north_turns_with_the_meridian():
    """UTM 33 is centred on 15° E; 3° east of it at 60° N grid north lies γ = atan(tan 3° · sin 60°) east of true."""
    easting = 667_000.0  # 18.0° E at 60° N
    grid = GeoBox((10, 10), Affine(10.0, 0, easting, 0, -10.0, 6_655_000.0), made.UTM)
    right, up = frame_of_grid(grid).north
    assert np.degrees(np.arctan2(-right, up)) == pytest.approx(2.6, abs=0.05)
    assert np.hypot(right, up) == pytest.approx(1.0)


def test_an_array_without_a_crs_is_framed_in_pixels():
    frame = frame_of(xr.DataArray(np.zeros((20, 30)), dims=("y", "x")))
    assert frame.extent == (0.0, 30, 20, 0.0)
    assert frame.unit_m is None
    assert frame.north is None


@pytest.mark.parametrize(("side", "shown"), [(1400, 1400), (1401, 701), (5000, 1250)])
def test_arrays_are_thinned_to_what_a_picture_can_show(side: int, shown: int):
    assert shrunk(np.zeros((3, side))).shape[1] == shown
