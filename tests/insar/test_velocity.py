import datetime as dt

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from highwall.core.errors import InputError
from highwall.core.products import LAYERS
from highwall.insar.options import VelocityOptions
from highwall.insar.series_noise import fit_noise
from highwall.insar.velocity import fit_motion
from tests.insar.series import as_series, epochs_at, network_of, years_of

DAYS = np.cumsum([0, 12, 24, 6, 6, 36, 12])
LONG = np.arange(0, 1100, 12)
EVERYTHING = VelocityOptions(season="semi-annual", steps=(dt.date(2021, 3, 1), dt.date(2022, 1, 1)))


@pytest.fixture
def displacement():
    return as_series(np.random.default_rng(2).normal(0, 0.01, (7, 3, 4)), DAYS)


def test_agrees_with_scipy(displacement):
    displacement[2, 0, :] = np.nan
    displacement[5, 1, :] = np.nan
    fitted = fit_motion(displacement)
    for r in range(3):
        for c in range(4):
            d = displacement.values[:, r, c]
            there = np.isfinite(d)
            truth = stats.linregress(years_of(DAYS)[there], d[there])
            assert_allclose(fitted["velocity"][r, c], truth.slope, rtol=1e-5)
            assert_allclose(fitted["velocity_std"][r, c], truth.stderr, rtol=1e-5)


def test_dask_gives_the_same_bits(displacement):
    displacement[3, 1, 2] = np.nan
    lazy = fit_motion(displacement.chunk(epoch=3, x=1, y=2))
    assert lazy["velocity"].chunks is not None
    xr.testing.assert_identical(lazy.compute(), fit_motion(displacement))


def test_any_cut_gives_the_same_bits():
    rng = np.random.default_rng(8)
    series = as_series(rng.normal(0, 0.01, (len(LONG), 9, 17)).astype(np.float32), LONG)
    whole = fit_motion(series, options=EVERYTHING)
    for rows, cols in ((slice(0, 1), slice(None)), (slice(2, 9), slice(5, 6)), (slice(3, 4), slice(16, 17))):
        part = fit_motion(series.isel(y=rows, x=cols), options=EVERYTHING)
        xr.testing.assert_identical(part, whole.isel(y=rows, x=cols))


def test_too_few_epochs(displacement):
    displacement[1:, 0, 0] = np.nan
    displacement[2:, 0, 1] = np.nan
    displacement[:, 0, 2] = np.nan
    fitted = fit_motion(displacement)
    assert np.isnan(fitted["velocity"][0, [0, 2]]).all()
    assert np.isfinite(fitted["velocity"][0, 1])
    assert np.isnan(fitted["velocity_std"][0, :3]).all()


def test_other_dims(displacement):
    with pytest.raises(InputError, match="expected"):
        fit_motion(displacement.transpose("y", "x", "epoch"))


@st.composite
def motions(draw):
    """Uneven dates over more than two years, steps between them, and any motion made of the model's terms."""
    gaps = draw(st.lists(st.integers(6, 40), min_size=60, max_size=80))
    days = np.cumsum([0, *gaps])
    steps = draw(st.sets(st.integers(1, len(days) - 2), max_size=3))
    return days, sorted(steps), draw(st.sampled_from(["none", "annual", "semi-annual"])), draw(st.integers(0, 2**31))


@settings(max_examples=40, deadline=None)
@given(motions())
def test_noise_free_motion_is_recovered(motion):
    days, steps, season, seed = motion
    rng = np.random.default_rng(seed)
    shape = (2, 3)
    dates = epochs_at(days).astype("datetime64[D]")
    velocity, amplitude = rng.uniform(-0.3, 0.3, shape), rng.uniform(0.001, 0.02, shape)
    peak, jumps = rng.uniform(1, 366, shape), rng.uniform(-0.1, 0.1, (len(steps), *shape))
    day_of_year = (dates - np.datetime64("2000-01-01")).astype(float) + 1.0
    series = velocity * years_of(days)[:, None, None]
    if season != "none":
        series = series + amplitude * np.cos(2 * np.pi * (day_of_year[:, None, None] - peak) / 365.25)
    for step, jump in zip(steps, jumps, strict=True):
        series = series + jump * (np.arange(len(days)) >= step)[:, None, None]
    options = VelocityOptions(season=season, steps=tuple(dates[step].item() for step in steps))
    fitted = fit_motion(as_series(series, days), options=options)
    # float32 of the results; steps near an end and season share little: 1e-5 m covers both
    assert_allclose(fitted["velocity"], velocity, atol=2e-7)
    assert_allclose(fitted["velocity_std"], 0.0, atol=1e-7)
    if steps:
        assert_allclose(fitted["step"], jumps, atol=1e-7)
        assert_array_equal(fitted["step"]["event"].values.astype("datetime64[D]"), dates[steps])
    if season != "none":
        assert_allclose(fitted["annual_amplitude"], amplitude, atol=1e-7)
        late = (fitted["annual_peak"].values - peak + 182.6) % 365.25 - 182.6
        assert_allclose(late, 0.0, atol=0.01)


def test_the_peak_is_the_day_of_the_greatest_displacement():
    day = (epochs_at(LONG).astype("datetime64[D]") - np.datetime64("2020-07-01")).astype(float)
    series = 0.01 * np.cos(2 * np.pi * day / 365.25)[:, None, None]
    fitted = fit_motion(as_series(series, LONG), options=VelocityOptions(season="annual"))
    assert_allclose(fitted["annual_peak"], 183.0, atol=1.0)  # 1 July of a leap year; a year of 365.25 days drifts
    assert_allclose(fitted["annual_amplitude"], 0.01, rtol=1e-5)


def test_layers_are_rows_of_the_table_and_only_those_asked_for(displacement):
    assert set(fit_motion(displacement)) == {"velocity", "velocity_std"}
    series = as_series(np.random.default_rng(3).normal(0, 0.01, (len(LONG), 2, 3)), LONG)
    fitted = fit_motion(series, options=EVERYTHING)
    assert set(fitted) == {"velocity", "velocity_std", "annual_amplitude", "annual_peak", "step"}
    for name, array in fitted.items():
        assert array.dims == LAYERS[name].dims
        assert array.dtype == LAYERS[name].dtype
        assert array.attrs == LAYERS[name].attrs()
    assert (fitted["annual_peak"] >= 1.0).all()
    assert (fitted["annual_peak"] < 366.25).all()


def test_pixels_that_lack_the_epochs_of_a_step_are_nan():
    values = np.random.default_rng(5).normal(0, 0.01, (len(LONG), 1, 2))
    values[epochs_at(LONG) >= np.datetime64("2022-01-01"), 0, 1] = np.nan
    fitted = fit_motion(as_series(values, LONG), options=EVERYTHING)
    assert np.isfinite(fitted["velocity"][0, 0])
    assert np.isnan(fitted["velocity"][0, 1])


def test_formal_error_and_noise_go_together(displacement):
    with pytest.raises(InputError, match="give both, or neither"):
        fit_motion(displacement, formal_std=displacement.isel(epoch=0))


def random_walk_result(rng, *, n_epochs, air, n_pixels=4000):
    """Series of a band network with white pair noise (1 mm) and white air, as an inversion gives them (simulated)."""
    days = np.arange(n_epochs) * 12
    network = network_of(days)
    design = np.zeros((network.n_pairs, n_epochs))
    design[np.arange(network.n_pairs), network.pairs[:, 0]] = -1.0
    design[np.arange(network.n_pairs), network.pairs[:, 1]] = 1.0
    solve = np.linalg.pinv(design[:, 1:])
    observed = rng.normal(0, 0.001, (network.n_pairs, n_pixels))
    series = np.vstack([np.zeros(n_pixels), solve @ observed])
    air_series = air * rng.normal(size=(n_epochs, n_pixels))
    series += air_series - air_series[0]
    centred = network.years - network.years.mean()
    formal = 0.001 * np.linalg.norm(centred[1:] @ solve) / (centred @ centred)
    shape = (1, n_pixels)
    result = xr.Dataset(
        {
            "displacement": as_series(series.reshape(n_epochs, *shape), days),
            "velocity_std": (("y", "x"), np.full(shape, formal)),
            "n_components": (("y", "x"), np.ones(shape, int)),
        }
    )
    return result, network


@pytest.mark.parametrize("air", [0.0, 0.0005, 0.003])
def test_the_error_holds_pair_noise_and_air_alike(air):
    """z scores of true velocity 0 have unit spread whether the network's noise or the air's is the greater."""
    result, network = random_walk_result(np.random.default_rng(11), n_epochs=31, air=air)
    noise = fit_noise(result, network)
    fitted = fit_motion(result["displacement"], formal_std=result["velocity_std"], noise=noise)
    z = float((fitted["velocity"] / fitted["velocity_std"]).std())
    assert z == pytest.approx(1.0, abs=0.1)  # sampling error 0.011 of 4000 pixels; t of 29 degrees: 1.04
    plain = fit_motion(result["displacement"])
    if air == 0.0:  # the line follows the noise that adds up, and its scatter says nothing of it
        assert float((plain["velocity"] / plain["velocity_std"]).std()) > 1.5


def test_the_formal_error_stands_where_there_is_no_redundancy():
    series = as_series(np.array([0.0, 0.01])[:, None, None] * np.ones((1, 1, 2)), np.array([0, 24]))
    formal = xr.DataArray([[0.004, np.nan]], dims=("y", "x"))
    noise = fit_noise(series.to_dataset().assign(velocity_std=formal, n_components=(("y", "x"), [[1, 1]])),
                      network_of(np.array([0, 24])))  # fmt: skip
    fitted = fit_motion(series, formal_std=formal, noise=noise)
    assert_allclose(fitted["velocity_std"], [[0.004, np.nan]], rtol=1e-6)
