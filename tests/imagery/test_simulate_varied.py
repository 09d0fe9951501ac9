"""What satellites see of the many simulated sites: seasons, weather, sun, both sensors, determinism."""

import datetime as dt

import numpy as np
import pytest

from highwall.core.truth import Material
from highwall.core.truth.varied import Climate, Geology, VariedSite, ground_at, simulate_varied_site
from highwall.imagery.options import VariedSceneOptions
from highwall.imagery.palettes import ROCKS, greenness, palette_at, twelve
from highwall.imagery.simulate_varied import (
    VariedScene,
    acquisition_dates,
    simulate_scene,
    sun_position,
    weather_at,
)
from highwall.imagery.spectra import BANDS

DATE = dt.date(2020, 7, 1)
CLEAR = VariedSceneOptions(hazy_share=0.0, cloudy_share=0.0, snowy_share=0.0, gain_spread=0.0)


@pytest.fixture(scope="module")
def site() -> VariedSite:
    return simulate_varied_site(6, side_px=96, without_mine=0.0, climate=Climate.TEMPERATE)


@pytest.fixture(scope="module")
def scene(site: VariedSite) -> VariedScene:
    return simulate_scene(site, ground_at(site, DATE).surface, CLEAR)


def test_a_scene_has_both_sensors_on_one_grid(site: VariedSite, scene: VariedScene) -> None:
    assert tuple(scene.reflectance["band"].values) == BANDS
    assert scene.reflectance.shape == (12, 96, 96)
    assert list(scene.radar["polarisation"].values) == ["VV", "VH"]
    assert scene.reflectance.odc.geobox == scene.radar.odc.geobox == scene.scl.odc.geobox == site.geobox
    assert np.isfinite(scene.reflectance).all()
    assert np.isfinite(scene.radar).all()
    assert 0.0 < float(scene.reflectance.min()) < float(scene.reflectance.max()) < 1.0


def test_the_same_scene_twice(site: VariedSite, scene: VariedScene) -> None:
    again = simulate_scene(site, ground_at(site, DATE).surface, CLEAR)
    assert again.reflectance.values.tobytes() == scene.reflectance.values.tobytes()
    assert again.radar.values.tobytes() == scene.radar.values.tobytes()


def test_vegetation_is_greener_than_rock(site: VariedSite, scene: VariedScene) -> None:
    surface = ground_at(site, DATE).surface
    red, near = scene.reflectance.sel(band="B04").values, scene.reflectance.sel(band="B08").values
    ndvi = (near - red) / (near + red)
    forest, pit = surface.material == Material.FOREST, surface.label("excavation")
    assert np.median(ndvi[forest]) > np.median(ndvi[pit]) + 0.3


def test_summer_is_greener_than_winter_on_both_sides_of_the_equator() -> None:
    for seed in range(30):
        site = simulate_varied_site(seed, side_px=48)
        july, january = (greenness(site, dt.date(2020, month, 3)) for month in (7, 1))
        assert (july > january) == (site.traits.latitude_deg > 0.0)
        assert 0.0 <= min(july, january) <= max(july, january) <= 1.0


def test_every_geology_has_colours_within_nature() -> None:
    assert set(ROCKS) == set(Geology)
    for rocks in ROCKS.values():
        for colour in rocks:
            assert twelve(colour).shape == (len(BANDS),)
            assert 0.0 < twelve(colour).min() < twelve(colour).max() < 0.6


def test_palettes_keep_nature_at_every_site_and_season() -> None:
    for seed in range(12):
        site = simulate_varied_site(seed, side_px=48)
        for month in (1, 4, 7, 10):
            table = palette_at(site, dt.date(2019, month, 1)).table[min(Material) :]
            assert table.min() > 0.0
            assert table.max() < 0.9


@pytest.mark.parametrize(("latitude_deg", "elevation_deg"), [(0.0, 67.5), (45.0, 41.6), (-45.0, 41.6)])
def test_sun_at_the_equinox(latitude_deg: float, elevation_deg: float) -> None:
    # sin h = cos(latitude) cos(22.5°) where the declination is 0; Cooper's formula passes 0 within a day of day 81
    azimuth, height = sun_position(latitude_deg, dt.date(2019, 3, 22))
    expected = np.rad2deg(np.arcsin(np.cos(np.deg2rad(latitude_deg)) * np.cos(np.deg2rad(22.5))))
    assert height == pytest.approx(expected, abs=0.5)
    assert expected == pytest.approx(elevation_deg, abs=1.0)
    assert azimuth < 180.0  # before noon it stands in the east


def test_dates_are_one_a_year_and_near_the_green_season() -> None:
    options = VariedSceneOptions(off_season_share=0.0, season_days=10.0)
    for seed in range(10):
        site = simulate_varied_site(seed, side_px=48)
        dates = acquisition_dates(site, range(2016, 2023), options)
        assert [date.year for date in dates] == list(range(2016, 2023))
        assert min(greenness(site, date) for date in dates) > 0.85  # within two spreads of 10 days


def test_bad_weather_comes_as_often_as_asked_for(site: VariedSite) -> None:
    options = VariedSceneOptions(hazy_share=0.5, cloudy_share=1.0, snowy_share=0.0)
    found = [weather_at(site, dt.date(2016, 1, 1) + dt.timedelta(days=5 * n), options) for n in range(200)]
    assert np.mean([each.haze > 0.0 for each in found]) == pytest.approx(0.5, abs=0.15)  # four standard errors of 200
    assert all(each.cloud_share > 0.0 for each in found)
    assert all(each.snow_share == 0.0 for each in found)


def test_clouds_are_in_the_classification_where_they_are_white(site: VariedSite, scene: VariedScene) -> None:
    options = CLEAR.model_copy(update={"cloudy_share": 1.0})
    cloudy = simulate_scene(site, ground_at(site, DATE).surface, options)
    said = cloudy.scl.values == 9
    lift = (cloudy.reflectance - scene.reflectance).sel(band="B02").values
    assert said.any()
    assert np.median(lift[said]) > 0.3
    assert (scene.scl.values != 9).all()


def test_dry_and_wet_dates_differ_in_the_radar(site: VariedSite) -> None:
    levels = [
        float(simulate_scene(site, ground_at(site, date).surface, CLEAR).radar.sel(polarisation="VV").median())
        for date in (dt.date(2018, 7, 1), dt.date(2019, 7, 1), dt.date(2020, 7, 1))
    ]
    assert np.ptp(levels) > 0.1
    assert np.ptp(levels) < 6.0
