import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose

from highwall.core.truth import simulate_site
from highwall.insar.corrections.corrections import correct, fit_corrections
from highwall.insar.inversion import invert
from highwall.insar.motion_model import motion_model
from highwall.insar.network import Network
from highwall.insar.options import CorrectionOptions, InversionOptions, VelocityOptions
from highwall.insar.series_noise import SeriesNoise, fit_noise, network_covariance
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


@pytest.mark.parametrize("season", ["none", "annual"])
def test_what_is_kept_of_the_noise_gives_back_each_pixel_s_errors(season):
    """σ² (p K' + (1 − p) R') is f² K + s² R, the covariance that the velocity's error was made of."""
    rng, network = np.random.default_rng(4), network_of(DAYS)
    lag = np.abs(DAYS[:, None] - DAYS)
    noise = SeriesNoise(network_covariance(network), 0.4 * np.eye(N_EPOCHS) + 0.6 * np.exp(-lag / 50.0), 50.0, 0.6)
    options, formal = VelocityOptions(season=season), 0.002
    series = as_series(rng.normal(0, 0.01, (N_EPOCHS, 1, 5)), DAYS)
    given = xr.DataArray(np.full((1, 5), formal), dims=("y", "x"))
    found = fit_motion(series, options=options, formal_std=given, noise=noise)
    design = motion_model(network.epochs, options).design
    kept = noise.layers(design)
    variance, share = (found[name].values[0, 0].astype(np.float64) for name in ("velocity_std", "network_share"))
    variance = variance**2
    whole = variance * (share * kept["network_errors"].values + (1.0 - share) * kept["date_errors"].values)
    slope = np.linalg.pinv(design)[1]
    beyond = (variance - formal**2 * (slope @ noise.network @ slope)) / (slope @ noise.memory @ slope)
    assert 0.0 < share < 1.0
    assert_allclose(whole, formal**2 * noise.network + beyond * noise.memory, rtol=1e-5, atol=1e-9)


def test_a_series_without_errors_owes_none_of_them_to_the_network():
    noise = SeriesNoise(network_covariance(network_of(DAYS)), np.eye(N_EPOCHS), 0.0, 0.0)
    series = as_series(np.zeros((N_EPOCHS, 1, 1)), DAYS)
    found = fit_motion(series, formal_std=xr.DataArray(np.zeros((1, 1)), dims=("y", "x")), noise=noise)
    assert (found["velocity_std"].item(), found["network_share"].item()) == (0.0, 0.0)
    assert "network_share" not in fit_motion(series)
