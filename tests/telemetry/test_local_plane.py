import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.telemetry.local_plane import LocalPlane


@given(lon=st.floats(-180, 180), lat=st.floats(-80, 80), east=st.floats(-5000, 5000), north=st.floats(-5000, 5000))
def test_there_and_back(lon, lat, east, north):
    plane = LocalPlane(lon, lat)
    assert plane.to_metres(*plane.to_degrees(east, north)) == pytest.approx((east, north), abs=1e-4)


def test_a_minute_of_latitude_is_a_nautical_mile_at_45_degrees():
    east, north = LocalPlane(10.0, 45.0).to_metres(10.0, 45.0 + 1 / 60)
    assert east == 0.0
    assert north == pytest.approx(1852.2, abs=0.3)  # 111.132 km a degree at 45°, WGS 84


def test_the_180th_meridian_is_crossed_the_short_way():
    east, _ = LocalPlane(179.999, 0.0).to_metres(-179.999, 0.0)
    assert east == pytest.approx(math.radians(0.002) * 6_378_137.0)
