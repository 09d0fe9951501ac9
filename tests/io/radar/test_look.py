import numpy as np
import pytest
from numpy.testing import assert_allclose

from highwall.insar.geometry import los_enu
from highwall.io.radar.look import from_elevation, from_incidence
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
