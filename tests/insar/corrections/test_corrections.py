import datetime as dt
import pickle

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose, assert_array_equal

from highwall.core.errors import InputError
from highwall.core.products import LAYERS
from highwall.insar.corrections.corrections import Corrections, correct, fit_corrections, stable_pixels
from highwall.insar.corrections.effects import correction_effects
from highwall.insar.options import CorrectionOptions
from highwall.insar.velocity import fit_motion
from tests.insar.series import bowl, epochs_at, make_scene, network_of, terrain, years_of

DAYS = np.arange(0, 480, 24)
SHAPE = (30, 36)
RNG = np.random.default_rng(12)
BPERP = RNG.normal(0, 80.0, len(DAYS))
NETWORK = network_of(DAYS, bperp=BPERP)
NOISE_M = 0.0002
MOTION = bowl(SHAPE, depth=0.03, sigma_px=3.0)
EVERYTHING = CorrectionOptions(
    gacos=True, tide=True, ramp="quadratic", stratified=True, dem_error=True, pass_time_utc=dt.time(22, 0)
)


def zenith_delay():
    longitude, latitude = np.linspace(116.8, 117.3, 11), np.linspace(35.9, 36.4, 11)
    values = (2.3 + 0.03 * RNG.normal(size=(len(DAYS), 11, 11))).astype(np.float32)
    coords = {"epoch": epochs_at(DAYS), "latitude": latitude, "longitude": longitude}
    return xr.DataArray(values, dims=("epoch", "latitude", "longitude"), coords=coords)


def scene_of(*, noise=NOISE_M):
    """A bowl under height error, ramp, stratified delay and noise, with a velocity as an inversion gives it."""
    rows, cols = np.mgrid[: SHAPE[0], : SHAPE[1]]
    since = BPERP - BPERP[0]
    displacement = years_of(DAYS)[:, None, None] * MOTION + noise * RNG.normal(size=(len(DAYS), *SHAPE))
    displacement += since[:, None, None] * RNG.normal(0, 10.0, SHAPE) / 540e3
    displacement += RNG.normal(0, 2e-4, len(DAYS))[:, None, None] * (cols + rows)
    displacement += RNG.normal(0, 2e-5, len(DAYS))[:, None, None] * terrain(SHAPE)
    scene = make_scene(displacement - displacement[:, :1, :1], DAYS)
    return scene.assign(velocity=fit_motion(scene["displacement"])["velocity"])


SCENE, ZTD = scene_of(), zenith_delay()
REFERENCE = SCENE.isel(y=[0], x=[0])


def fitted(options=EVERYTHING, **more):
    return fit_corrections(SCENE, NETWORK, options=options, reference=REFERENCE, ztd=ZTD, **more)


def test_nothing_is_taken_off_that_was_not_asked_for():
    corrections = fitted(CorrectionOptions())
    assert corrections == Corrections()
    assert correct(SCENE, corrections) is SCENE
    only_ramp = correct(SCENE, fitted(CorrectionOptions(ramp="plane")))
    assert {str(name) for name in only_ramp if str(name).startswith("correction_")} == {"correction_ramp"}
    assert "dem_error" not in only_ramp


def test_what_is_left_and_the_layers_make_what_came_in():
    pytest.importorskip("pysolid")
    corrected = correct(SCENE, fitted())
    names = {str(name) for name in corrected if str(name).startswith("correction_")}
    assert names == {f"correction_{name}" for name in ("gacos", "tide", "ramp", "stratified", "dem")}
    total = corrected["displacement"] + sum(corrected[name] for name in names)
    assert_allclose(total, SCENE["displacement"], atol=1e-7)  # six float32 layers of some centimetres
    for name in (*names, "displacement", "dem_error", "velocity_uncorrected"):
        assert corrected[name].dims == LAYERS[name].dims
        assert corrected[name].dtype == LAYERS[name].dtype
        assert corrected[name].attrs == LAYERS[name].attrs()
    assert_array_equal(corrected["velocity_uncorrected"], SCENE["velocity"])
    assert "velocity" not in corrected


def test_layers_are_zero_at_the_first_epoch_and_at_the_reference():
    pytest.importorskip("pysolid")
    corrected = correct(SCENE, fitted())
    for name in (name for name in corrected if str(name).startswith("correction_")):
        assert_allclose(corrected[name].isel(epoch=0), 0.0, atol=1e-12)
        assert_allclose(corrected[name].isel(y=0, x=0), 0.0, atol=1e-8)


def test_motion_comes_out_from_under_what_hid_it():
    """RMS error of the velocity over the scene, and the depth of the bowl (simulated)."""
    options = CorrectionOptions(ramp="plane", stratified=True, dem_error=True)
    corrected = correct(SCENE, fitted(options))
    found = fit_motion(corrected["displacement"])["velocity"].values
    before = SCENE["velocity"].values
    truth = MOTION - MOTION[0, 0]
    assert np.sqrt(np.mean((found - truth) ** 2)) < 0.2 * np.sqrt(np.mean((before - truth) ** 2))
    assert_allclose(found.min(), truth.min(), atol=0.001)


def test_any_cut_gives_the_same_bits():
    pytest.importorskip("pysolid")
    corrections = pickle.loads(pickle.dumps(fitted()))
    whole = correct(SCENE, corrections)
    for rows, cols in ((slice(0, 1), slice(None)), (slice(4, 29), slice(7, 8)), (slice(11, 18), slice(3, 36))):
        part = correct(SCENE.isel(y=rows, x=cols), corrections)
        xr.testing.assert_identical(part, whole.isel(y=rows, x=cols))


def test_moving_and_incoherent_and_fast_pixels_are_left_out_of_fits():
    moving = xr.DataArray(MOTION < -0.01, dims=("y", "x"))
    poor = SCENE["temporal_coherence"].copy()
    poor[:, :4] = 0.3
    scene = SCENE.assign(temporal_coherence=poor, velocity=SCENE["velocity"] * 0.0 + xr.where(moving, -0.05, 0.0))
    default = CorrectionOptions()
    assert_array_equal(stable_pixels(scene, options=default), (poor > 0.5) & ~moving)
    anyhow = CorrectionOptions(max_velocity_m_year=None, min_temporal_coherence=0.0)
    assert stable_pixels(scene, options=anyhow).all()
    assert_array_equal(stable_pixels(scene, options=anyhow, moving=moving), ~moving)


def test_gacos_without_maps_is_asked_for():
    with pytest.raises(InputError, match="give their folder"):
        fit_corrections(SCENE, NETWORK, options=CorrectionOptions(gacos=True))


def test_effects_say_how_still_the_still_ground_is():
    options = CorrectionOptions(ramp="plane", stratified=True, dem_error=True)
    corrected = correct(SCENE, fitted(options))
    stable = stable_pixels(SCENE, options=options, moving=xr.DataArray(MOTION < -1e-4, dims=("y", "x")))
    effects = correction_effects(corrected, stable=stable)
    names = [effect.name for effect in effects]
    assert names == ["displacement", "correction_ramp", "correction_stratified", "correction_dem"]
    first, last = effects[0], effects[-1]
    assert_allclose(first.velocity_spread, SCENE["velocity"].values[stable].std(), rtol=1e-3)
    assert last.spread < 0.5 * first.spread
    assert last.scatter < 0.5 * first.scatter
    # the noise of a pixel and of the reference, which is one pixel of 20 epochs: 16 % of its own
    assert last.scatter == pytest.approx(np.sqrt(2.0) * NOISE_M, rel=0.3)


def test_effects_need_stable_pixels():
    with pytest.raises(InputError, match="0 stable pixels"):
        correction_effects(SCENE, stable=np.zeros(SHAPE, bool))
