import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose

from highwall.core.truth import simulate_site
from highwall.insar.corrections.corrections import correct, fit_corrections
from highwall.insar.inversion import invert
from highwall.insar.network import Network
from highwall.insar.options import CorrectionOptions, InversionOptions
from highwall.insar.series_noise import fit_noise, network_covariance
from highwall.insar.simulate import StackOptions, simulate_stack
from highwall.insar.velocity import fit_motion
from tests.insar.series import as_series, network_of

N_EPOCHS, N_MODES, N_PIXELS = 60, 12, 300
DAYS = np.arange(N_EPOCHS) * 12


def lasting_air(rng, *, correlation):
    """Air of few spatial patterns, each an AR(1) series: (epoch, pixel) [m]."""
    lag = np.abs(DAYS[:, None] - DAYS) / 12
    root = np.linalg.cholesky(correlation**lag) if correlation else np.eye(N_EPOCHS)
    return 0.003 * root @ rng.normal(size=(N_EPOCHS, N_MODES)) @ rng.normal(size=(N_MODES, N_PIXELS))


def as_result(series):
    shape = (1, series.shape[1])
    return xr.Dataset(
        {
            "displacement": as_series(series.reshape(len(series), *shape), DAYS),
            "velocity_std": (("y", "x"), np.zeros(shape)),
            "n_components": (("y", "x"), np.ones(shape, int)),
        }
    )


@pytest.mark.parametrize(("correlation", "white_z"), [(0.0, 1.0), (0.3, 1.35), (0.6, 2.0)])
def test_errors_that_last_widen_the_standard_error(correlation, white_z):
    """RMS of z over 60 scenes: near 1 with memory, ``white_z`` and more without (simulated, true velocity 0).

    The draws of a scene share 12 patterns: 720 independent draws, sampling error of the RMS about 3 %.
    """
    rng, network = np.random.default_rng(3), network_of(DAYS)
    with_memory, without = [], []
    for _ in range(60):
        result = as_result(lasting_air(rng, correlation=correlation))
        noise = fit_noise(result, network)
        fitted = fit_motion(result["displacement"], formal_std=result["velocity_std"], noise=noise)
        plain = fit_motion(result["displacement"])
        with_memory.append(float(((fitted["velocity"] / fitted["velocity_std"]) ** 2).mean()))
        without.append(float(((plain["velocity"] / plain["velocity_std"]) ** 2).mean()))
    assert 0.85 < np.sqrt(np.mean(with_memory)) < 1.2
    assert np.sqrt(np.mean(without)) > 0.92 * white_z


def test_network_noise_is_scaled_to_a_line_of_unit_variance():
    network = network_of(np.cumsum([0, 12, 12, 24, 6, 36, 12]))
    covariance = network_covariance(network)
    centred = network.years - network.years.mean()
    slope = centred / (centred @ centred)
    assert_allclose(slope @ covariance @ slope, 1.0)
    assert_allclose(covariance[0], 0.0)
    assert covariance[-1, -1] > 1.5 * covariance[1, 1]  # it adds up with time


def test_on_a_simulated_site_errors_are_as_great_as_stated():
    """RMS of z near 1 and classes at 5 mm/year that hold, once still ground as a whole is the reference (simulated).

    One pixel as reference gives all others the air above it: alone it would put a third of this site into the wrong
    class.
    """
    site = simulate_stack(simulate_site(7), StackOptions(posting_px=8))
    result = invert(site.stack, options=InversionOptions(looks=40.0))
    network = Network.from_stack(site.stack)
    result = correct(result, fit_corrections(result, network, options=CorrectionOptions(level=True)))
    noise = fit_noise(result.isel(x=slice(None, None, 2), y=slice(None, None, 2)), network)
    fitted = fit_motion(result["displacement"], formal_std=result["velocity_std"], noise=noise)
    truth = fit_motion(site.displacement)["velocity"]
    kept = ((site.stack["coh"].mean("pair") > 0.3) & (result["n_components"] == 1)).values
    found, true, std = (layer.values[kept] for layer in (fitted["velocity"], truth, fitted["velocity_std"]))
    assert 0.8 < np.sqrt(np.mean(((found - true) / std) ** 2)) < 1.25
    classes_found, classes = (np.digitize(velocity, [-0.005, 0.005]) for velocity in (found, true))
    assert np.mean(classes_found == classes) > 0.93


def test_too_few_epochs_or_pixels_say_nothing_of_memory():
    few = fit_noise(as_result(np.random.default_rng(0).normal(size=(N_EPOCHS, 10))), network_of(DAYS))
    assert_allclose(few.memory, np.eye(N_EPOCHS))
    assert "independent" in few.describe()


def test_what_was_found_is_said():
    noise = fit_noise(as_result(lasting_air(np.random.default_rng(1), correlation=0.8)), network_of(DAYS))
    assert noise.lasting_share > 0.5
    assert 12.0 < noise.memory_days < 180.0  # an AR(1) of 0.8 falls to 1/e in 54 days
    assert f"{noise.memory_days:.0f} days" in noise.describe()


def test_series_without_scatter_say_nothing_of_memory():
    line = np.linspace(0.0, 0.1, N_EPOCHS)[:, None] * np.ones(N_PIXELS)
    assert fit_noise(as_result(line), network_of(DAYS)).lasting_share == 0.0
