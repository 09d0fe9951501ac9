import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose
from scipy import stats

from highwall.core.errors import InputError
from highwall.insar.velocity import fit_velocity, stated_error

EPOCHS = np.datetime64("2021-03-01", "ns") + np.cumsum([0, 12, 24, 6, 6, 36, 12]).astype("timedelta64[D]")
YEARS = (EPOCHS - EPOCHS[0]) / np.timedelta64(1, "D") / 365.25


@pytest.fixture
def displacement():
    values = np.random.default_rng(2).normal(0, 0.01, (7, 3, 4))
    return xr.DataArray(values, dims=("epoch", "y", "x"), coords={"epoch": EPOCHS})


def test_agrees_with_scipy(displacement):
    displacement[2, 0, :] = np.nan
    displacement[5, 1, :] = np.nan
    fitted = fit_velocity(displacement)
    for r in range(3):
        for c in range(4):
            d = displacement.values[:, r, c]
            there = np.isfinite(d)
            truth = stats.linregress(YEARS[there], d[there])
            assert_allclose(fitted["velocity"][r, c], truth.slope, rtol=1e-5)
            assert_allclose(fitted["velocity_std"][r, c], truth.stderr, rtol=1e-5)


def test_dask_gives_the_same(displacement):
    lazy = fit_velocity(displacement.chunk(x=1))
    assert lazy["velocity"].chunks is not None
    xr.testing.assert_equal(lazy.compute(), fit_velocity(displacement))


def test_too_few_epochs(displacement):
    displacement[1:, 0, 0] = np.nan
    displacement[2:, 0, 1] = np.nan
    fitted = fit_velocity(displacement)
    assert np.isnan(fitted["velocity"][0, 0])
    assert np.isfinite(fitted["velocity"][0, 1])
    assert np.isnan(fitted["velocity_std"][0, 1])
    assert fitted["velocity"].attrs["units"] == "m year-1"


def test_other_dims(displacement):
    with pytest.raises(InputError, match="expected"):
        fit_velocity(displacement.transpose("y", "x", "epoch"))


def test_the_stated_error_is_the_greater_of_two(displacement):
    scatter = fit_velocity(displacement)["velocity_std"]
    formal = xr.full_like(scatter, float(scatter.median()))
    formal[0, 0] = np.nan  # unweighted pairs without redundancy have no formal error
    stated = stated_error(xr.Dataset({"displacement": displacement, "velocity_std": formal}))
    assert_allclose(stated, np.fmax(scatter, formal))
    assert (stated > scatter).any()
    assert (stated == scatter).any()
    assert float(stated[0, 0]) == float(scatter[0, 0])


def test_the_stated_error_covers_an_atmosphere_on_which_all_pairs_agree():
    rng = np.random.default_rng(5)
    truth = 0.02
    values = truth * YEARS[:, None, None] + rng.normal(0, 0.004, (7, 60, 60))
    series = xr.DataArray(values, dims=("epoch", "y", "x"), coords={"epoch": EPOCHS})
    formal = xr.DataArray(np.full((60, 60), 1e-5), dims=("y", "x"))
    stated = stated_error(xr.Dataset({"displacement": series, "velocity_std": formal}))
    z = (fit_velocity(series)["velocity"] - truth) / stated
    within = float((abs(z) < stats.t.ppf(0.975, df=5)).mean())  # 7 epochs less two parameters
    assert within == pytest.approx(0.95, abs=0.012)  # three standard errors of a share of 3,600
