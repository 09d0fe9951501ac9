import numpy as np
import pytest
import xarray as xr

from highwall.insar.quality import FLAGS
from highwall.insar.summary import fastest_places, reference_place, summarize

SHAPE = (20, 40)


@pytest.fixture
def maps():
    velocity = np.zeros(SHAPE, np.float32)
    velocity[3, 4], velocity[3, 5], velocity[15, 30], velocity[10, 20] = -0.05, -0.04, 0.03, -0.9
    decorrelated = np.zeros(SHAPE, bool)
    decorrelated[10, 20] = True
    layers = {"velocity": velocity, "decorrelated": decorrelated, "n_components": np.ones(SHAPE, np.int16),
              "share_open": np.zeros(SHAPE), "n_repaired_pairs": np.zeros(SHAPE, np.int16),
              "n_valid_pairs": np.full(SHAPE, 9, np.int16)}  # fmt: skip
    layers["n_components"][10, 20] = 2
    layers["n_repaired_pairs"][0, :4] = 1
    layers["n_valid_pairs"][19] = 0
    arrays = {name: (("y", "x"), values) for name, values in layers.items()}
    return xr.Dataset(arrays, coords={"y": -10.0 * np.arange(20), "x": 10.0 * np.arange(40)})


def test_extremes_are_those_of_whole_networks_that_kept_their_coherence(maps):
    lost = maps["decorrelated"].copy()
    lost[12, 12] = True
    velocity = maps["velocity"].copy()
    velocity[12, 12] = -0.4
    numbers = summarize(maps.assign(velocity=velocity, decorrelated=lost))
    assert numbers["velocity_min"] == pytest.approx(-0.05)
    assert numbers["velocity_max"] == pytest.approx(0.03)
    assert numbers["share_split"] == pytest.approx(1 / 760)
    assert numbers["share_repaired"] == pytest.approx(4 / 760)


def test_shares_are_of_what_the_radar_saw(maps):
    """Half of the map lies outside the swath; a fifth of the other half has a coherence but no phase."""
    n_valid, lost = np.zeros(SHAPE, np.int16), np.zeros(SHAPE, bool)
    n_valid[:, :16], lost[:, 10:20] = 9, True
    layers = {
        "n_valid_pairs": n_valid, "decorrelated": lost, "n_components": np.where(n_valid > 0, 2, -1),
        "share_open": np.where(n_valid > 0, 0.5, np.nan),
    }  # fmt: skip
    seen = maps.assign({name: (("y", "x"), values) for name, values in layers.items()})
    numbers = summarize(seen)
    assert numbers["share_split"] == pytest.approx(16 / 20)
    assert numbers["share_decorrelated"] == pytest.approx(10 / 20)
    assert numbers["share_left_open"] == pytest.approx(16 / 20)
    nothing = summarize(seen.assign(n_valid_pairs=seen["n_valid_pairs"] * 0, decorrelated=seen["decorrelated"] & False))
    assert nothing["share_split"] == nothing["share_decorrelated"] == 0.0


def test_without_a_whole_network_there_are_no_extremes(maps):
    numbers = summarize(maps.assign(n_components=maps["n_components"] * 0 + 2))
    assert numbers["velocity_min"] is None
    assert numbers["velocity_max"] is None


def test_fastest_places_lie_apart_and_none_is_decorrelated(maps):
    assert fastest_places(maps, count=2) == [(40.0, -30.0), (300.0, -150.0)]


def test_nothing_measured_has_no_fastest_place(maps):
    assert fastest_places(maps.assign(velocity=maps["velocity"] * np.nan), count=3) == []


def test_the_reference_is_the_middle_of_its_pixels(maps):
    flags = xr.zeros_like(maps["velocity"], dtype=np.uint16)
    assert reference_place(flags) is None
    flags[4:7, 10:13] = FLAGS["reference"]
    assert reference_place(flags) == (110.0, -50.0)
