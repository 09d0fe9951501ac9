import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose

from highwall.core.errors import InputError
from highwall.insar.corrections.atmosphere import fit_delay
from highwall.insar.corrections.coarse import places_of
from highwall.insar.corrections.corrections import correct, fit_corrections
from highwall.insar.options import CorrectionOptions
from tests.insar.series import epochs_at, make_scene, network_of

DAYS = np.array([0, 12, 24])
SCENE = make_scene(np.zeros((3, 6, 9)), DAYS)
LONGITUDE, LATITUDE = np.linspace(116.9, 117.2, 7), np.linspace(36.0, 36.3, 5)


def maps(added=(0.0, 0.05, -0.02), *, days=DAYS, slope=0.0):
    """Zenith delay of 2.3 m, plus a constant an epoch, plus a slope to the east that grows with the epoch."""
    east = slope * (LONGITUDE - 117.0)
    delay = [2.3 + more + number * east + 0.0 * LATITUDE[:, None] for number, more in enumerate(added)]
    coords = {"epoch": epochs_at(days), "latitude": LATITUDE, "longitude": LONGITUDE}
    return xr.DataArray(np.array(delay, np.float32), dims=("epoch", "latitude", "longitude"), coords=coords)


def test_more_delay_looks_like_motion_away():
    """A longer path to every pixel but none to the reference: negative, by 1/cos θ (worked by hand)."""
    model = fit_delay(maps(slope=1.0), sample=SCENE, anchor=SCENE.isel(x=[0], y=[0]))
    layer = model.layers(SCENE, np.zeros(0))["correction_gacos"]
    assert (layer[0] == 0.0).all()
    assert (layer[1:, 3, 1:] < 0.0).all()
    assert (np.diff(layer[1, 3]) < 0.0).all()
    eastward_degrees = 800.0 / (111_320.0 * np.cos(np.deg2rad(36.14)))
    # 800 m to the east; a degree of the ellipsoid differs by 0.2 %; float32 of 2.3 m rounds to 2.4e-7
    assert_allclose(layer[1, 0, -1], -eastward_degrees / np.cos(np.deg2rad(39.0)), rtol=5e-3)
    assert_allclose(layer[2], 2.0 * layer[1], atol=1e-6)


def test_what_all_pixels_share_is_the_references_and_falls_out():
    layer = fit_delay(maps(), sample=SCENE, anchor=SCENE).layers(SCENE, np.zeros(0))["correction_gacos"]
    assert_allclose(layer, 0.0, atol=1e-6)


def test_a_missing_date_is_named_and_nothing_is_filled_in():
    with pytest.raises(InputError, match=r"1 of 3 epochs \(2020-01-16\)"):
        fit_delay(maps((0.0, 0.1), days=DAYS[[0, 2]]), sample=SCENE, anchor=SCENE)


def test_maps_of_other_dates_do_not_matter():
    more = maps((0.0, 0.3, 0.05, -0.02), days=np.array([0, 6, 12, 24]))
    one, other = (fit_delay(m, sample=SCENE, anchor=SCENE.isel(x=[0])) for m in (maps(), more))
    assert_allclose(one.field.values, other.field.values)


def test_maps_elsewhere_are_refused():
    elsewhere = maps().assign_coords(longitude=LONGITUDE + 5.0)
    with pytest.raises(InputError, match="cover 0% of the scene"):
        fit_delay(elsewhere, sample=SCENE, anchor=SCENE)


def test_pixels_without_data_or_place_need_no_delay():
    """A stack in radar coordinates whose first column has no place, whose second lies beyond the maps without data."""
    places = places_of(SCENE)
    latitude, longitude = places.latitude.copy(), places.longitude.copy()
    latitude[:, 0] = np.nan
    latitude[0, 0] = longitude[0, 0] = 0.0
    longitude[:, 1] += 5.0
    displacement = SCENE["displacement"].values.copy()
    displacement[:, :, 1] = np.nan
    coords = {"latitude": (("y", "x"), latitude), "longitude": (("y", "x"), longitude)}
    scene = SCENE.assign_coords(coords).assign(displacement=(("epoch", "y", "x"), displacement))
    layer = fit_delay(maps(), sample=scene, anchor=scene).layers(scene, np.zeros(0))["correction_gacos"]
    assert_allclose(layer[:, :, 2:], 0.0, atol=1e-6)
    assert np.isnan(layer[:, :, :2]).all()
    seen = scene.assign(displacement=SCENE["displacement"])
    with pytest.raises(InputError, match="cover 88% of the scene"):  # 42 of 48 pixels that have a place
        fit_delay(maps(), sample=seen, anchor=seen)


def test_a_planted_delay_is_taken_off_and_motion_stays():
    """Air that differs from node to node, read off bilinearly; the series of a stack that it alone has spoilt."""
    rng = np.random.default_rng(1)
    delay = maps() + xr.DataArray(rng.normal(0, 0.02, (3, 5, 7)), dims=("epoch", "latitude", "longitude"))
    places = places_of(SCENE)
    at_pixels = delay.interp(longitude=(("y", "x"), places.longitude), latitude=(("y", "x"), places.latitude)).values
    motion = np.array([0.0, -0.01, -0.02])[:, None, None] * np.linspace(0.0, 1.0, 9)
    seen = motion - (at_pixels - at_pixels[0]) / np.cos(np.deg2rad(39.0))
    scene = make_scene(seen - seen[:, :1, :1], DAYS)
    corrections = fit_corrections(
        scene, network_of(DAYS), options=CorrectionOptions(gacos=True), reference=scene.isel(y=[0], x=[0]), ztd=delay
    )
    assert np.abs(scene["displacement"] - motion).max() > 0.001
    assert_allclose(correct(scene, corrections)["displacement"], np.broadcast_to(motion, seen.shape), atol=1e-7)
