import dask.array as da
import numpy as np
import odc.geo.xr
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from highwall.core.errors import SceneError
from highwall.imagery.backscatter import radar_bands, to_decibels, without_speckle
from highwall.imagery.options import BackscatterOptions

from .scenes import grid

FLOOR = -50.0


def radar(vv: np.ndarray, vh: np.ndarray, *, units: str | None = "1") -> xr.DataArray:
    """Put VV and VH on a grid near 15° E, 45° N."""
    values = np.stack([vv, vh]).astype(np.float32)
    coords = odc.geo.xr.xr_coords(grid(*vv.shape)) | {"polarisation": ["VV", "VH"]}
    attrs = {"units": units} if units else {}
    return xr.DataArray(values, dims=("polarisation", "y", "x"), coords=coords, attrs=attrs)


def power(decibels: float | np.ndarray) -> np.ndarray:
    return 10.0 ** (np.asarray(decibels) / 10.0)


@given(vv=st.floats(-40, 25), vh=st.floats(-45, 10))
def test_the_ratio_is_the_papers_of_powers_in_decibels(vv: float, vh: float) -> None:
    scene = radar(power([[vv]]), power([[vh]]))
    bands = radar_bands(scene).sel(band=["VV", "VH", "VV_VH"]).values[:, 0, 0]
    ratio = 10.0 * np.log10(power(vv) / (10.0 * power(vh)))
    np.testing.assert_allclose(bands, [vv, vh, ratio], atol=2e-5)  # float32 of numbers up to 50: 4e-6 each


@given(gain_db=st.floats(-20, 20))
def test_a_gain_of_both_polarisations_leaves_the_ratio_alone(gain_db: float) -> None:
    rng = np.random.default_rng(0)
    vv, vh = rng.uniform(-20, 0, (4, 5)), rng.uniform(-28, -8, (4, 5))
    own, louder = (radar_bands(radar(vv + g, vh + g, units="dB")).sel(band="VV_VH") for g in (0.0, gain_db))
    np.testing.assert_allclose(louder, own, atol=2e-5)


def test_powers_and_decibels_give_the_same_bands() -> None:
    rng = np.random.default_rng(1)
    vv, vh = rng.uniform(-25, 5, (6, 7)), rng.uniform(-32, -2, (6, 7))
    np.testing.assert_allclose(
        radar_bands(radar(power(vv), power(vh))), radar_bands(radar(vv, vh, units="dB")), atol=2e-5
    )


@pytest.mark.parametrize(
    ("units", "vv", "vh", "wanted"),
    [
        ("1", 0.0, 0.0, (np.nan, np.nan)),  # border of a GRD scene
        ("dB", 0.0, 0.0, (np.nan, np.nan)),  # file filled with 0
        ("dB", -np.inf, -np.inf, (np.nan, np.nan)),  # 10·log10 of that border
        ("1", np.nan, np.nan, (np.nan, np.nan)),
        ("1", 0.1, 0.0, (-10.0, FLOOR)),  # echo below the noise
        ("1", 0.1, -0.002, (-10.0, FLOOR)),  # noise taken off was more than the echo
        ("dB", -10.0, -np.inf, (-10.0, FLOOR)),
        ("dB", 0.0, -12.0, (0.0, -12.0)),  # 0 dB is a value like any other
        ("1", 0.1, np.nan, (-10.0, np.nan)),
        ("dB", np.inf, -12.0, (np.nan, -12.0)),
    ],
)
def test_what_is_no_echo(units: str, vv: float, vh: float, wanted: tuple[float, float]) -> None:
    found = to_decibels(radar(np.array([[vv]]), np.array([[vh]]), units=units), floor_db=FLOOR)
    np.testing.assert_allclose(found.values[:, 0, 0], wanted, atol=1e-5)


def test_the_ratio_is_missing_where_either_is() -> None:
    bands = radar_bands(radar(np.array([[0.1, np.nan]]), np.array([[np.nan, 0.1]])))
    assert bands.sel(band="VV_VH").isnull().all()


def speckled(mean_db: np.ndarray, *, looks: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return mean_db + 10.0 * np.log10(rng.gamma(looks, 1.0 / looks, mean_db.shape))


def test_the_filter_evens_what_is_even_and_keeps_an_edge() -> None:
    truth = np.full((60, 60), -18.0)
    truth[:, 30:] = -6.0
    noisy = radar(speckled(truth, looks=4.4), speckled(truth - 7, looks=4.4, seed=1), units="dB")
    calm = without_speckle(noisy, window_px=5, looks=4.4).sel(polarisation="VV").values
    before, after = (np.std(image[5:-5, 5:25]) for image in (noisy.values[0], calm))
    assert after < 0.45 * before  # 25 pixels would leave 0.2 of it, were the window known to be even
    assert np.abs(np.median(calm[:, 26:29]) + 18.0) < 1.5
    assert np.abs(np.median(calm[:, 31:34]) + 6.0) < 1.5
    mean_power = power(calm[5:-5, 5:25]).mean() / power(noisy.values[0][5:-5, 5:25]).mean()
    assert mean_power == pytest.approx(1.0, abs=0.03)  # a mean of means, but for windows over the patch's edge


def test_the_filter_agrees_with_a_slow_one() -> None:
    rng = np.random.default_rng(2)
    values = rng.uniform(-25, 0, (9, 11))
    values[3, 4] = values[0, 0] = np.nan
    scene = radar(values, values - 6, units="dB")
    fast = without_speckle(scene, window_px=3, looks=4.0).values[0]
    np.testing.assert_allclose(fast, slow_lee(values, side=3, looks=4.0), atol=1e-4)


def slow_lee(decibels: np.ndarray, *, side: int, looks: float) -> np.ndarray:
    """Oracle: one pixel at a time."""
    linear, out, half, noise = power(decibels), np.full(decibels.shape, np.nan), side // 2, 1.0 / looks
    for row, col in zip(*np.nonzero(~np.isnan(linear)), strict=True):
        window = linear[max(row - half, 0) : row + half + 1, max(col - half, 0) : col + half + 1]
        window = window[~np.isnan(window)]
        mean, variance = window.mean(), window.var()
        ground = max(variance - noise * mean**2, 0.0) / (1.0 + noise)
        weight = ground / variance if variance > 0 else 0.0
        out[row, col] = 10.0 * np.log10(mean + weight * (linear[row, col] - mean))
    return out


def test_blocks_give_what_the_whole_gives() -> None:
    rng = np.random.default_rng(3)
    scene = radar(rng.uniform(-25, 0, (40, 50)), rng.uniform(-30, -5, (40, 50)), units="dB")
    options = BackscatterOptions(speckle="lee", window_px=7)
    blocks = scene.chunk({"y": 16, "x": 16})
    lazy = radar_bands(blocks, options)
    assert isinstance(lazy.data, da.Array)
    np.testing.assert_allclose(lazy.compute(), radar_bands(scene, options), atol=1e-4)


def test_an_unstated_unit_and_a_missing_polarisation_are_refused() -> None:
    one = np.ones((2, 2))
    with pytest.raises(SceneError, match="dB or powers"):
        radar_bands(radar(one, one, units=None))
    with pytest.raises(SceneError, match="need VH too"):
        radar_bands(radar(one, one).isel(polarisation=[0]))


def test_a_window_without_a_middle_is_refused() -> None:
    with pytest.raises(ValidationError, match="take 5"):
        BackscatterOptions(window_px=4)
