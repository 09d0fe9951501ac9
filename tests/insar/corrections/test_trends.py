import numpy as np
import pytest
from numpy.testing import assert_allclose

from highwall.core.errors import InputError, StackError
from highwall.insar.corrections.trends import fit_trends
from highwall.insar.options import CorrectionOptions
from tests.insar.series import bowl, make_scene, terrain, years_of

DAYS = np.arange(0, 360, 24)
SHAPE = (40, 40)
YEARS = years_of(DAYS)
BOTH = CorrectionOptions(ramp="plane", stratified=True)
EVERYWHERE = np.ones(SHAPE, bool)


def planted(seed=1):
    """Planes and delay per metre of height, new ones at every epoch: (epoch, y, x) [m] each."""
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[: SHAPE[0], : SHAPE[1]]
    east, north, rate = rng.normal(0, 3e-4, len(DAYS)), rng.normal(0, 3e-4, len(DAYS)), rng.normal(0, 2e-5, len(DAYS))
    ramp = east[:, None, None] * cols - north[:, None, None] * rows
    return ramp, rate[:, None, None] * terrain(SHAPE)


def relative(layer):
    """Less the first epoch and less the reference, the upper left pixel."""
    since = layer - layer[0]
    return since - since[:, :1, :1]


def fit(scene, options=BOTH, stable=EVERYWHERE):
    trends = fit_trends(scene, options=options, anchor=scene.isel(y=[0], x=[0]), stable=stable)
    return trends.layers(scene, np.zeros(0))


def test_ramp_and_delay_that_go_together_are_told_apart():
    ramp, stratified = planted()
    layers = fit(make_scene(ramp + stratified, DAYS))
    assert set(layers) == {"correction_ramp", "correction_stratified"}
    # float32 of 5 cm: 4e-9 m
    assert_allclose(layers["correction_ramp"], relative(ramp), atol=2e-8)
    assert_allclose(layers["correction_stratified"], relative(stratified), atol=2e-8)


def test_fitted_alone_each_would_take_part_of_the_other():
    ramp, stratified = planted()
    alone = fit(make_scene(ramp + stratified, DAYS), CorrectionOptions(ramp="plane"))["correction_ramp"]
    assert np.abs(alone - relative(ramp)).max() > 1e-4


def test_a_quadratic_surface_is_recovered():
    rows, cols = np.mgrid[: SHAPE[0], : SHAPE[1]] - 20
    surface = np.sin(np.arange(len(DAYS)))[:, None, None] * 1e-5 * (cols**2 - 2 * rows * cols + 3 * rows**2 + 40 * cols)
    layer = fit(make_scene(surface, DAYS), CorrectionOptions(ramp="quadratic"))["correction_ramp"]
    assert_allclose(layer, relative(surface), atol=2e-8)


@pytest.mark.parametrize("masked", [False, True], ids=["by its own weight", "masked"])
def test_a_bowl_that_sinks_survives(masked):
    """A bowl over a tenth of the scene, 20 mm/year deep, under trends and 1 mm of noise (simulated)."""
    sinking = bowl(SHAPE, depth=0.02, sigma_px=5.0)
    ramp, stratified = planted()
    noise = np.random.default_rng(2).normal(0, 0.001, (len(DAYS), *SHAPE))
    motion = YEARS[:, None, None] * sinking
    scene = make_scene(motion + ramp + stratified + noise, DAYS)
    layers = fit(scene, stable=sinking > -0.001 if masked else EVERYWHERE)
    taken = sum(layers.values()) - relative(ramp) - relative(stratified)
    centred = YEARS - YEARS.mean()
    wrong_velocity = np.tensordot(centred / (centred @ centred), taken, 1)
    # of the bowl's depth: its rim, which moves by less than the noise, cannot be told from still ground
    assert np.abs(wrong_velocity).max() < (0.02 if masked else 0.04) * 0.02
    assert np.abs(taken).max() < 0.001  # the noise of one pixel


def test_the_steady_part_can_be_left_in():
    ramp, stratified = planted()
    scene = make_scene(ramp + stratified, DAYS)
    centred = YEARS - YEARS.mean()
    for layer in fit(scene, BOTH.model_copy(update={"keep_velocity": True})).values():
        assert_allclose(np.tensordot(centred, layer, 1), 0.0, atol=1e-12)
        assert_allclose(layer[0], 0.0, atol=1e-15)
        assert np.abs(layer).max() > 1e-3


def test_pixels_left_out_do_not_matter():
    ramp, stratified = planted()
    stable = np.random.default_rng(3).random(SHAPE) < 0.5
    spoilt = np.where(stable, ramp + stratified, 7.0 * np.arange(len(DAYS))[:, None, None])
    assert_allclose(fit(make_scene(spoilt, DAYS), stable=stable)["correction_ramp"], relative(ramp), atol=2e-8)


def test_what_is_missing_is_named():
    scene = make_scene(np.zeros((len(DAYS), *SHAPE)), DAYS)
    with pytest.raises(StackError, match="'height'"):
        fit(scene.drop_vars("height"))
    with pytest.raises(StackError, match="no coordinate x and y"):
        fit(scene.drop_vars(["x", "y"]))
    with pytest.raises(InputError, match="do not differ enough in height"):
        fit(scene.assign(height=scene["height"] * 0.0 + 5.0))


def test_too_few_stable_pixels():
    scene = make_scene(np.zeros((len(DAYS), *SHAPE)), DAYS)
    few = np.zeros(SHAPE, bool)
    few[:3, :3] = True
    with pytest.raises(InputError, match="9 stable pixels have all epochs; trends of 4 terms need 40"):
        fit(scene, stable=few)
    with pytest.raises(InputError, match="no stable pixel is left"):
        fit(scene, stable=~EVERYWHERE)


def test_level_makes_still_ground_the_reference():
    """What the reference alone suffers stands in every pixel's series; the constant of stable ground takes it out."""
    rng = np.random.default_rng(4)
    reference = rng.normal(0, 0.01, len(DAYS))
    motion = YEARS[:, None, None] * bowl(SHAPE, depth=0.05, sigma_px=3.0)
    scene = make_scene(motion - reference[:, None, None], DAYS)
    layers = fit(scene, CorrectionOptions(level=True))
    assert set(layers) == {"correction_ramp"}
    wanted = np.broadcast_to((reference[0] - reference)[:, None, None], motion.shape)
    assert_allclose(np.broadcast_to(layers["correction_ramp"], motion.shape), wanted, atol=2e-5)
