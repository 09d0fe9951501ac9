import numpy as np
import pytest
from numpy.testing import assert_allclose

from highwall.core.errors import InputError, StackError
from highwall.insar.corrections.height_error import fit_height_error, nominal_slant_range
from highwall.insar.options import VelocityOptions
from tests.insar.series import make_scene, network_of, years_of

DAYS = np.arange(0, 480, 12)
RNG = np.random.default_rng(6)
BPERP = RNG.normal(0, 60.0, len(DAYS))
BPERP -= BPERP[0]
SHAPE = (5, 8)
INCIDENCE = np.deg2rad(39.0)
RANGE_M = 850e3


def planted():
    """Motion and height errors of up to 30 m: displacement (epoch, y, x), errors (y, x)."""
    error, velocity = RNG.uniform(-30, 30, SHAPE), RNG.uniform(-0.1, 0.1, SHAPE)
    effect = BPERP[:, None, None] * error / (RANGE_M * np.sin(INCIDENCE))
    return effect + velocity * years_of(DAYS)[:, None, None], error, effect


def test_height_error_and_its_effect_are_recovered_beside_motion():
    displacement, error, effect = planted()
    scene = make_scene(displacement, DAYS)
    model = fit_height_error(scene, network_of(DAYS, bperp=BPERP), motion=VelocityOptions(), slant_range_m=RANGE_M)
    layers = model.layers(scene, scene["displacement"].values)
    # float32 of 0.2 m: 1e-8 m over 60 m of baseline
    assert_allclose(layers["dem_error"], error, atol=1e-3)
    assert_allclose(layers["correction_dem"], effect, atol=1e-7)


def test_ground_above_the_model_comes_nearer_with_the_baseline():
    """A higher target is nearer to an orbit that lies further out: geometry of two ranges, worked out in the plane."""
    look, error, baseline = 0.6, 20.0, 100.0
    satellite = RANGE_M * np.array([-np.sin(look), np.cos(look)])
    along = np.array([np.sin(look), -np.cos(look)])
    outward = np.array([np.cos(look), np.sin(look)])
    on_model, above = np.zeros(2), error / np.sin(look) * outward  # same range from the first orbit
    second = satellite + baseline * outward
    apparent = np.linalg.norm(second - on_model) - np.linalg.norm(second - above)
    apparent -= np.linalg.norm(satellite - on_model) - np.linalg.norm(satellite - above)
    assert_allclose(along @ outward, 0.0, atol=1e-15)
    assert_allclose(apparent, baseline * error / (RANGE_M * np.sin(look)), rtol=1e-3)


def test_the_sign_of_the_baselines_turns_the_error_and_not_the_correction():
    displacement, error, effect = planted()
    scene = make_scene(displacement, DAYS)
    model = fit_height_error(scene, network_of(DAYS, bperp=-BPERP), motion=VelocityOptions(), slant_range_m=RANGE_M)
    layers = model.layers(scene, scene["displacement"].values)
    assert_allclose(layers["dem_error"], -error, atol=1e-3)
    assert_allclose(layers["correction_dem"], effect, atol=1e-7)


def test_missing_epochs_are_left_out():
    displacement, error, _ = planted()
    displacement[RNG.random(displacement.shape) < 0.2] = np.nan
    scene = make_scene(np.zeros_like(displacement), DAYS)
    model = fit_height_error(scene, network_of(DAYS, bperp=BPERP), motion=VelocityOptions(), slant_range_m=RANGE_M)
    displacement[:, 0, 0] = np.nan
    layers = model.layers(scene, displacement)
    assert np.isnan(layers["dem_error"][0, 0])
    assert_allclose(layers["dem_error"].ravel()[1:], error.ravel()[1:], atol=1e-8)


def test_nominal_range_of_sentinel_1():
    """Sentinel-1 sees from 693 km up: that far straight down, some 800 to 950 km across the interferometric swath."""
    assert_allclose(nominal_slant_range(np.array(0.0)), 693e3)
    near, far = nominal_slant_range(np.deg2rad([30.0, 45.0]))
    assert 780e3 < near < 810e3
    assert 920e3 < far < 960e3


def test_the_stacks_own_range_is_used():
    displacement, error, _ = planted()
    scene = make_scene(displacement, DAYS)
    scene.attrs["slant_range_m"] = 2 * RANGE_M
    model = fit_height_error(scene, network_of(DAYS, bperp=BPERP), motion=VelocityOptions(), slant_range_m=None)
    assert_allclose(model.layers(scene, scene["displacement"].values)["dem_error"], 2 * error, atol=2e-3)


def test_another_satellites_range_is_asked_for():
    scene = make_scene(np.zeros((len(DAYS), *SHAPE)), DAYS)
    scene.attrs["wavelength_m"] = 0.2361
    with pytest.raises(StackError, match="give `slant_range_m`"):
        fit_height_error(scene, network_of(DAYS, bperp=BPERP), motion=VelocityOptions(), slant_range_m=None)


def test_unknown_baselines_are_named():
    scene = make_scene(np.zeros((len(DAYS), *SHAPE)), DAYS)
    known = BPERP.copy()
    known[5] = np.nan
    for network, message in (
        (network_of(DAYS), "give 'bperp' of each pair"),
        (network_of(DAYS, bperp=known), "no baseline ties 2020-03-04 to the first epoch"),
        (network_of(DAYS, bperp=0.1 * DAYS), "cannot tell height error, constant, velocity apart"),
    ):
        with pytest.raises(InputError, match=message):
            fit_height_error(scene, network, motion=VelocityOptions(), slant_range_m=None)
