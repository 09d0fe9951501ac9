import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose

from highwall.core.errors import InputError
from highwall.insar.geometry import los_enu
from highwall.io.radar.look import from_elevation, from_incidence, tilted
from highwall.io.radar.pairs import Placed
from highwall.io.radar.pictures import FlatPicture, whole


def picture(path, value) -> tuple[Placed]:
    np.full((2, 2), value, "<f4").tofile(path)
    return (Placed(FlatPicture(path, (2, 2), "<f4"), None),)


@pytest.mark.parametrize("heading_deg", [-12.0, -168.0], ids=["ascending", "descending"])
def test_both_conventions_give_the_vector_of_heading_and_incidence(tmp_path, heading_deg):
    east, north, up = expected = los_enu(37.0, heading_deg=heading_deg)
    theta, phi = (picture(tmp_path / "theta", np.arcsin(up)), picture(tmp_path / "phi", np.arctan2(north, east)))
    incidence, azimuth = picture(tmp_path / "inc", 37.0), picture(tmp_path / "az", 90.0 - heading_deg)
    for parts in (from_elevation(theta, phi), from_incidence(incidence, azimuth)):
        vector = np.stack([whole(part.picture) for part in parts])
        assert_allclose(vector, np.broadcast_to(expected[:, None, None], vector.shape), atol=1e-6)


def test_one_angle_alone_gives_nothing(tmp_path):
    assert from_elevation(picture(tmp_path / "theta", 1.0), ()) == ()


def test_tilted_vectors_keep_their_direction_over_the_ground_and_their_gaps():
    parts = np.repeat(los_enu(39.0, heading_deg=-168.0)[:, None, None], 2, axis=2).astype(np.float32)
    parts[:, 0, 1] = np.nan
    los = xr.DataArray(parts, dims=("component", "y", "x"), coords={"component": ["east", "north", "up"]})
    found = tilted(los, 30.0)
    assert found.dtype == np.float32
    assert_allclose(found.values[:, 0, 0], los_enu(30.0, heading_deg=-168.0), atol=1e-6)
    assert np.isnan(found.values[:, 0, 1]).all()


def test_an_impossible_tilt_is_refused():
    with pytest.raises(InputError, match="the incidence angle is 95; give degrees between 0 and 80"):
        tilted(xr.DataArray(np.ones((3, 1, 1)), dims=("component", "y", "x")), 95.0)
