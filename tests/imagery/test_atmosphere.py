import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from highwall.core.errors import SceneError
from highwall.imagery.atmosphere import MODEL_NAME, OPTICS, as_l1c, rayleigh_depth, sky_terms, to_top_of_atmosphere
from highwall.imagery.options import AtmosphereOptions
from highwall.io.mosaics import read_mosaic

VISIBLE = ("B02", "B03", "B04")


@pytest.mark.parametrize(("wavelength_um", "depth"), [(0.45, 0.2157), (0.55, 0.0973), (0.65, 0.0495), (0.85, 0.0167)])
def test_rayleigh_depths_are_those_of_the_tables(wavelength_um, depth):
    """Depths of the standard atmosphere (Bucholtz 1995, table 3), which this formula meets within a few hundredths."""
    assert rayleigh_depth(wavelength_um) == pytest.approx(depth, rel=0.03)


def test_black_ground_shows_the_air_bluest_first():
    dark = to_top_of_atmosphere(np.zeros((3, 1)), bands=VISIBLE)[:, 0]
    assert dark[0] > dark[1] > dark[2] > 0.02
    assert dark[0] == pytest.approx(0.075, abs=0.02)  # what clear Sentinel-2 scenes show over deep water


def test_without_air_nothing_changes_but_the_rest_of_the_gases():
    """Far in the infrared, without aerosol and ozone, only scattering of a few thousandths and gases are left."""
    sky = sky_terms("B12", options=AtmosphereOptions(aerosol_depth_550=0.0, ozone_du=0.0))
    assert sky.path < 0.001
    assert sky.transmittance > 0.999
    assert sky.gases == pytest.approx(np.exp(-OPTICS["B12"].gases * (1 + 1 / np.cos(np.radians(35.0)))))


@given(st.sampled_from(sorted(OPTICS)), st.floats(0.0, 0.9), st.floats(0.001, 0.1))
def test_brighter_ground_stays_brighter(band, ground, step):
    pair = to_top_of_atmosphere(np.array([[ground, ground + step]]), bands=(band,))[0]
    assert pair[1] > pair[0]


def test_thicker_air_brightens_dark_ground_and_darkens_bright():
    clear, thick = (
        to_top_of_atmosphere(np.array([[0.01, 0.5]]), bands=("B02",), options=AtmosphereOptions(aerosol_depth_550=tau))[
            0
        ]
        for tau in (0.05, 0.4)
    )
    assert thick[0] > clear[0]
    assert thick[1] < clear[1] + 0.05


def test_missing_stays_missing_and_what_is_unknown_is_refused():
    assert np.isnan(to_top_of_atmosphere(np.full((1, 2), np.nan), bands=("B02",))).all()
    with pytest.raises(SceneError, match="does not know band B09"):
        to_top_of_atmosphere(np.zeros((1, 2)), bands=("B09",))
    with pytest.raises(SceneError, match="name each band"):
        to_top_of_atmosphere(np.zeros((2, 2)), bands=("B02",))


@pytest.mark.parametrize("chunks", [None, {"band": 1, "y": 2}])
def test_a_scene_is_converted_lazily_and_records_it(chunks):
    scene = xr.DataArray(
        np.full((4, 4, 3), 0.1, np.float32), dims=("band", "y", "x"), coords={"band": ["B02", "B03", "B04", "B09"]},
        attrs={"level": "L2A", "scene_id": "a"},
    )  # fmt: skip
    made = as_l1c(scene if chunks is None else scene.chunk(chunks))
    assert made["band"].values.tolist() == list(VISIBLE)
    assert (made.attrs["level"], made.attrs["scene_id"]) == ("L1C", "a")
    assert MODEL_NAME in made.attrs["converted"]
    assert made.attrs["aerosol_depth_550"] == AtmosphereOptions().aerosol_depth_550
    expected = to_top_of_atmosphere(np.full((3, 1), 0.1), bands=VISIBLE)
    np.testing.assert_allclose(made.values, np.broadcast_to(expected[:, :, None], made.shape), rtol=1e-6)
    assert (made.chunks is None) == (chunks is None)


@pytest.mark.real
def test_converted_pairs_look_like_true_l1c(real_data):
    """Dark quarter of L2A forest, put back, against the dark quarter of true L1C chips of the same region."""
    pairs = np.load(real_data / "mining-pairs" / "pairs.npz")["t1"][..., :3].astype(np.float32) / 1e4
    made = to_top_of_atmosphere(np.moveaxis(pairs, -1, 0), bands=VISIBLE)
    name = "random_negatives10k_2025-08_S2L1C_clear0.75_2024-01-01_2025-01-01.png"
    levels = read_mosaic(real_data / "mine-chips" / name)[..., ::-1].reshape(-1, 3).T
    seen = 0.3 / 255 * levels[:, levels.any(axis=0)]
    quarter = np.quantile(made.reshape(3, -1), 0.25, axis=1)
    # other places and dates; surface reflectance itself is off by 0.06 in blue
    np.testing.assert_allclose(quarter, np.quantile(seen, 0.25, axis=1), atol=0.02)
