import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from highwall.telemetry.local_plane import LocalPlane
from highwall.telemetry.rssi import Beacon, Fix, Heard, Hearing, as_readings, fix, hear, locate
from highwall.telemetry.tag_options import RssiOptions

PLANE = LocalPlane(20.0, -30.0)
POWER_DBM = -59.0
OPTIONS = RssiOptions(noise_db=6.0, exponent=2.4, share=0.9)


def beacon(east: float, north: float) -> Beacon:
    return Beacon(*PLANE.to_degrees(east, north), 502.0, POWER_DBM)


def strength(east: float, north: float, *, of: tuple[float, float]) -> float:
    distance = math.hypot(east - of[0], north - of[1], 2.0)
    return POWER_DBM - 10.0 * OPTIONS.exponent * math.log10(distance)


def away(place, truth) -> float:
    east, north = PLANE.to_metres(place.lon, place.lat)
    return math.hypot(east - truth[0], north - truth[1])


SQUARE = [(-60.0, -60.0), (60.0, -60.0), (60.0, 60.0), (-60.0, 60.0)]


@settings(max_examples=40)
@given(east=st.floats(-45, 45), north=st.floats(-45, 45))
def test_without_noise_the_place_is_found_within_the_radius(east, north):
    quiet = OPTIONS.model_copy(update={"noise_db": 0.5})
    rssi = np.array([strength(east, north, of=place) for place in SQUARE])
    found = locate([beacon(*place) for place in SQUARE], rssi, options=quiet)
    assert away(found, (east, north)) < min(4.0, found.radius_m)
    assert found.n_beacons == 4


@pytest.mark.parametrize("n", [3, 6, 10])
def test_the_radius_holds_the_truth_at_least_as_often_as_stated(n):
    random = np.random.default_rng(n)
    n_trials, held = 300, 0
    for _ in range(n_trials):
        places, truth = random.uniform(-150, 150, (n, 2)), random.uniform(-120, 120, 2)
        rssi = np.array([strength(*truth, of=tuple(place)) for place in places]) + random.normal(0, 6.0, n)
        held += (found := locate([beacon(*place) for place in places], rssi, options=OPTIONS)).radius_m >= away(
            found, truth
        )
    assert held / n_trials >= 0.9 - 2 * math.sqrt(0.9 * 0.1 / n_trials)


def test_the_radius_grows_with_the_noise_that_is_stated():
    rssi = np.array([strength(10.0, 5.0, of=place) for place in SQUARE])
    radii = [
        locate([beacon(*place) for place in SQUARE], rssi, options=OPTIONS.model_copy(update={"noise_db": noise}))
        for noise in (1.0, 3.0, 6.0, 12.0)
    ]
    assert [each.radius_m for each in radii] == sorted(each.radius_m for each in radii)


def test_one_beacon_behind_a_truck_does_not_pull_the_place_along():
    ring = [(60.0 * math.cos(a), 60.0 * math.sin(a)) for a in np.linspace(0, 2 * math.pi, 8, endpoint=False)]
    quiet = OPTIONS.model_copy(update={"noise_db": 2.0})
    rssi = np.array([strength(20.0, 0.0, of=place) for place in ring])
    blocked = rssi - np.where(np.arange(8) == 0, 25.0, 0.0)
    found = locate([beacon(*place) for place in ring], blocked, options=quiet)
    assert away(found, (20.0, 0.0)) < 5.0


@settings(max_examples=60)
@given(
    heard=st.lists(
        st.tuples(st.floats(-3000, 3000), st.floats(-3000, 3000), st.floats(-150, 20)), min_size=1, max_size=6
    ),
    noise=st.floats(0.1, 30),
    exponent=st.floats(1, 6),
)
def test_whatever_is_heard_the_place_is_within_reach_and_the_radius_finite(heard, noise, exponent):
    given_options = RssiOptions(noise_db=noise, exponent=exponent)
    beacons = [beacon(east, north) for east, north, _ in heard]
    found = locate(beacons, np.array([rssi for *_, rssi in heard]), options=given_options)
    nearest = min(away(found, (east, north)) for east, north, _ in heard)
    assert nearest <= given_options.reach_m * math.sqrt(2) + 1.0
    assert 0.0 < found.radius_m <= 2 * math.sqrt(2) * given_options.reach_m + 200.0
    assert math.isfinite(found.height_m)


def test_one_beacon_gives_its_own_place_and_a_wide_radius():
    found = locate([beacon(5.0, 5.0)], np.array([strength(35.0, 5.0, of=(5.0, 5.0))]), options=OPTIONS)
    assert away(found, (5.0, 5.0)) < 1.0
    assert found.radius_m > 30.0


def test_a_tag_held_to_a_beacon_is_there():
    found = locate([beacon(0.0, 0.0), beacon(100.0, 0.0)], np.array([-30.0, -110.0]), options=OPTIONS)
    assert away(found, (0.0, 0.0)) < 5.0
    assert found.height_m == pytest.approx(500.0, abs=0.1)


def test_what_is_heard_is_kept_in_order_for_the_window():
    hearing = Hearing()
    for at_us in (3_000_000, 1_000_000, 12_000_000):
        hearing = hear(hearing, Heard(at_us, "b", -60.0), options=OPTIONS)
    assert [each.at_us for each in hearing.heard] == [3_000_000, 12_000_000]


def test_any_order_of_what_was_heard_gives_one_place():
    beacons = {f"b{i}": beacon(*place) for i, place in enumerate(SQUARE)}
    heard = [Heard(i * 1000, f"b{i % 4}", strength(9.0, 3.0, of=SQUARE[i % 4])) for i in range(12)]
    places = []
    for order in (heard, heard[::-1]):
        hearing = Hearing()
        for each in order:
            hearing = hear(hearing, each, options=OPTIONS)
        places.append(fix(hearing, beacons, options=OPTIONS))
    assert places[0] == places[1]
    assert places[0].at_us == 11_000


def test_unknown_beacons_and_missing_strengths_are_left_out():
    hearing = Hearing((Heard(1, "stranger", -50.0), Heard(2, "b0", math.nan)))
    assert fix(hearing, {"b0": beacon(0.0, 0.0)}, options=OPTIONS) is None


def test_fewer_beacons_than_asked_for_give_no_place():
    strict = OPTIONS.model_copy(update={"least_beacons": 2})
    hearing = Hearing((Heard(1, "b0", -50.0),))
    assert fix(hearing, {"b0": beacon(0.0, 0.0)}, options=strict) is None


def test_a_place_that_was_narrowed_down_is_of_plain_numbers():
    rssi = np.array([strength(10.0, 5.0, of=place) for place in SQUARE])
    found = locate([beacon(*place) for place in SQUARE], rssi, options=OPTIONS.model_copy(update={"noise_db": 0.5}))
    assert msgspec.json.decode(msgspec.json.encode(found), type=Fix) == found  # the engine keeps it as JSON


def test_a_place_is_two_readings():
    place = locate([beacon(0.0, 0.0)], np.array([-59.0]), options=OPTIONS)._replace(at_us=7)
    position, radius = as_readings("tag-7", place)
    assert (position.datastream, radius.datastream) == ("tag-7/position", "tag-7/position_radius")
    assert position.result == [place.lon, place.lat, place.height_m]
    assert radius.result == place.radius_m
    assert position.phenomenon_us == 7
