"""What the simulated instruments see: ranges, native pixels, shadows, weather, determinism."""

import datetime as dt

import numpy as np
import pytest
import xarray as xr

from highwall.core.truth import Material, SimulatedSite, Surface, simulate_site, surface_at
from highwall.imagery.light import cast_shadow
from highwall.imagery.simulate import SceneOptions, on_finest_grid, simulate_backscatter, simulate_bands
from highwall.imagery.spectra import BANDS, NATIVE_M, PASSED, PATH, SPECTRA

DATE = dt.date(2023, 7, 17)


@pytest.fixture(scope="module")
def site() -> SimulatedSite:
    return simulate_site(1)


@pytest.fixture(scope="module")
def surface(site: SimulatedSite) -> Surface:
    return surface_at(site, DATE)


@pytest.fixture(scope="module")
def bands(site: SimulatedSite) -> dict[str, xr.DataArray]:
    return simulate_bands(site, DATE)


@pytest.fixture(scope="module")
def scene(bands: dict[str, xr.DataArray], site: SimulatedSite) -> xr.DataArray:
    return on_finest_grid(bands, site)


def test_every_material_has_a_spectrum_within_nature() -> None:
    assert set(SPECTRA) == set(Material)
    values = np.array(list(SPECTRA.values()))
    assert values.shape == (len(Material), len(BANDS))
    assert values.min() > 0.0
    assert values.max() < 0.7


def test_bands_have_their_native_pixels(bands: dict[str, xr.DataArray]) -> None:
    for name, image in bands.items():
        assert image.odc.geobox.resolution.x == NATIVE_M[name]
        assert image.odc.geobox.extent.boundingbox == bands["B02"].odc.geobox.extent.boundingbox


def test_finest_grid_repeats_coarse_pixels(bands: dict[str, xr.DataArray], scene: xr.DataArray) -> None:
    assert scene.dims == ("band", "y", "x")
    for name, step in (("B11", 2), ("B01", 6)):
        block = scene.sel(band=name).values.reshape(528 // step, step, 528 // step, step)
        assert (block == block[:, :1, :, :1]).all()
        assert np.array_equal(block[:, 0, :, 0], bands[name].values)
    blue = scene.sel(band="B02").values
    assert (blue[:, ::2] != blue[:, 1::2]).mean() > 0.5


def test_the_same_scene_twice(site: SimulatedSite, bands: dict[str, xr.DataArray]) -> None:
    again = simulate_bands(simulate_site(1), DATE)
    assert all(again[name].values.tobytes() == bands[name].values.tobytes() for name in BANDS)


def test_reflectance_is_that_of_clear_ground(scene: xr.DataArray, surface: Surface) -> None:
    assert float(scene.min()) > 0.0
    assert float(scene.max()) < 1.0
    forest = surface.material == Material.FOREST
    ndvi = (scene.sel(band="B08") - scene.sel(band="B04")) / (scene.sel(band="B08") + scene.sel(band="B04"))
    assert float(np.median(ndvi.values[forest])) > 0.6
    assert abs(float(np.median(ndvi.values[surface.label("excavation")]))) < 0.2


def test_top_of_atmosphere_is_surface_through_air(site: SimulatedSite, bands: dict[str, xr.DataArray]) -> None:
    below = simulate_bands(site, DATE, SceneOptions(level="L2A", noise=0.0))
    above = simulate_bands(site, DATE, SceneOptions(level="L1C", noise=0.0))
    for number, name in enumerate(BANDS):
        expected = PASSED[number] * below[name].values + PATH[number]
        np.testing.assert_allclose(above[name].values, expected, rtol=0, atol=2e-4)  # both are clipped at 1e-4


def test_shadow_of_a_wall_is_as_long_as_the_sun_says() -> None:
    elevation = np.zeros((40, 40))
    elevation[10, :] = 100.0
    hidden = cast_shadow(elevation, pixel_m=10.0, azimuth_deg=0.0, elevation_deg=45.0)
    assert hidden[11:20, 20].all()  # 100 m of shadow south of the wall; at the tenth cell the ray just clears it
    assert not hidden[21:, 20].any()
    assert not hidden[:11, 20].any()


def test_shadow_falls_where_the_terrain_says(site: SimulatedSite, scene: xr.DataArray, surface: Surface) -> None:
    hidden = cast_shadow(surface.elevation, pixel_m=10.0, azimuth_deg=38.0, elevation_deg=44.0)
    forest = surface.material == Material.FOREST
    near_infrared = scene.sel(band="B08").values
    assert hidden.sum() > 500
    assert np.median(near_infrared[hidden & forest]) < 0.4 * np.median(near_infrared[~hidden & forest])


@pytest.mark.parametrize("share", [0.3, 0.6])
def test_clouds_cover_the_share_asked_for(site: SimulatedSite, bands: dict[str, xr.DataArray], share: float) -> None:
    cloudy = simulate_bands(site, DATE, SceneOptions(cloud_share=share))
    is_brighter = cloudy["B02"].values - bands["B02"].values > 0.2
    assert is_brighter.mean() == pytest.approx(share, abs=0.06)  # half-transparent edges count partly


def test_snow_is_white_and_dark_in_the_infrared(site: SimulatedSite) -> None:
    snowy = simulate_bands(site, DATE, SceneOptions(snow_share=0.5))
    green, swir = snowy["B03"].values[::2, ::2], snowy["B11"].values
    ndsi = (green - swir) / (green + swir)
    assert (ndsi > 0.4).mean() == pytest.approx(0.5, abs=0.1)  # water and steep shade move it a little


def test_haze_lifts_the_blue_most(site: SimulatedSite, bands: dict[str, xr.DataArray]) -> None:
    hazy = simulate_bands(site, DATE, SceneOptions(haze=0.1))
    lift = {name: float((hazy[name] - bands[name]).median()) for name in ("B02", "B04", "B11")}
    assert lift["B02"] > lift["B04"] > lift["B11"]
    assert lift["B02"] > 0.05


def test_radar_sees_water_dark_and_roofs_bright(site: SimulatedSite, surface: Surface) -> None:
    backscatter = simulate_backscatter(site, DATE)
    assert list(backscatter["polarisation"].values) == ["VV", "VH"]
    vv, vh = backscatter.values
    water, roof = surface.material == Material.RIVER, surface.material == Material.ROOF
    assert np.median(vv[water]) < np.median(vv[roof]) - 10.0
    assert (vh < vv).mean() > 0.9
