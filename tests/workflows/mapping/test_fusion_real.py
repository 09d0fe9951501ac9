"""Real Sentinel-1 and Sentinel-2 of one place as one cube: both readers, the scaling, the fusion."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
import xarray as xr
from odc.geo.geom import box

from highwall.core.bands import BANDS, CUBE, OPTICAL, bands_of
from highwall.core.grid import grid_of, grid_over, same_grid, utm_crs
from highwall.imagery.backscatter import radar_bands
from highwall.imagery.fusion import fuse
from highwall.imagery.options import BackscatterOptions
from highwall.imagery.scaling import to_reflectance
from highwall.io.backscatter import read_backscatter
from highwall.io.rasters import loaded
from highwall.io.scenes import FolderSource

pytestmark = pytest.mark.real
EVERYWHERE = box(-180, -90, 180, 90, crs="EPSG:4326")


def scene_of(path: Path) -> xr.DataArray:
    (scene,) = FolderSource((path,)).read(EVERYWHERE).scenes
    return to_reflectance(scene)


def bigearthnet(real_data: Path) -> list[tuple[xr.DataArray, xr.DataArray]]:
    """Reflectance and radar of the six patches, paired by their own metadata."""
    folder = real_data / "sentinel" / "bigearthnet_examples"
    pairs = []
    for radar in sorted((folder / "BigEarthNet-S1-Example").iterdir()):
        facts = json.loads(next(radar.glob("*.json")).read_text())
        optical = folder / "BigEarthNet-S2-Example" / facts["corresponding_s2_patch"]
        pairs.append((scene_of(optical), read_backscatter(radar)))
    return pairs


def test_bigearthnet_becomes_fifteen_channels(real_data: Path) -> None:
    for reflectance, radar in bigearthnet(real_data):
        cube = loaded(fuse(reflectance, radar)["cube"])
        assert tuple(cube["band"].values) == CUBE
        assert cube.shape == (15, 120, 120)
        assert same_grid(grid_of(cube), grid_of(radar))
        assert cube.notnull().all()
        np.testing.assert_array_equal(cube.sel(band="VV"), radar.sel(polarisation="VV"))
        for band in OPTICAL:
            step = int(BANDS[band].native_m / 10)
            image = cube.sel(band=band).values
            np.testing.assert_array_equal(image, image[::step, ::step].repeat(step, 0).repeat(step, 1))
        ratio = cube.sel(band="VV") - cube.sel(band="VH") - 10.0
        np.testing.assert_allclose(cube.sel(band="VV_VH"), ratio, atol=1e-5)
        assert -6.0 < float(ratio.median()) < 0.0  # land sends back 4 to 10 dB more in VV than in VH


def test_sen1floods11_comes_to_10_m_in_utm(real_data: Path) -> None:
    """Both sensors lie on a grid in degrees; nearest neighbour invents no value, and water stays dark to the radar."""
    folder = real_data / "sentinel" / "sen1floods11_sample" / "sample"
    reflectance = scene_of(folder / "S2" / "Spain_7370579_S2Hand.tif")
    radar = read_backscatter(folder / "S1" / "Spain_7370579_S1Hand.tif")
    extent = grid_of(radar).extent
    grid = grid_over(extent, crs=utm_crs(*extent.centroid.coords[0]), resolution_m=10.0)
    cube = loaded(fuse(reflectance, radar, grid=grid)["cube"])
    assert abs(float(cube.odc.geobox.resolution.x)) == 10.0
    seen = cube.notnull().all("band")
    assert 0.90 < float(seen.mean()) < 1.0  # a tilted square within an upright one
    for band, source in (("VV", radar.sel(polarisation="VV")), ("B04", reflectance.sel(band="B04"))):
        values = cube.sel(band=band).values
        assert np.isin(values[np.isfinite(values)], source.values).all()


def test_water_is_darker_than_land(real_data: Path) -> None:
    folder = real_data / "sentinel" / "sen1floods11_sample" / "sample"
    radar = read_backscatter(folder / "S1" / "Spain_7370579_S1Hand.tif")
    bands = loaded(radar_bands(radar))
    with rasterio.open(folder / "Labels" / "Spain_7370579_LabelHand.tif") as labels:
        water = labels.read(1)
    vv = bands.sel(band="VV").values
    assert np.median(vv[water == 0]) - np.median(vv[water == 1]) > 5.0


def test_the_filter_calms_real_speckle_and_keeps_the_mean(real_data: Path) -> None:
    folder = real_data / "sentinel" / "sen1floods11_sample" / "sample"
    radar = read_backscatter(folder / "S1" / "Spain_7370579_S1Hand.tif")
    with rasterio.open(folder / "Labels" / "Spain_7370579_LabelHand.tif") as labels:
        water = labels.read(1) == 1
    powers = {}
    for speckle in ("none", "lee"):
        bands = radar_bands(radar, BackscatterOptions.model_validate({"speckle": speckle}))
        powers[speckle] = 10.0 ** (loaded(bands.sel(band="VV")).values[water].astype(np.float64) / 10.0)
    spread = {name: each.std() / each.mean() for name, each in powers.items()}
    assert spread["lee"] < 0.9 * spread["none"]
    assert powers["lee"].mean() == pytest.approx(powers["none"].mean(), rel=0.1)


def test_reflectance_with_a_fraction_is_read_too(real_data: Path) -> None:
    reflectance = scene_of(real_data / "sentinel" / "rstoolbox_sen2" / "sen2_porto_trombetas.tif")
    cube = loaded(fuse(reflectance, bands=bands_of("M"))["cube"])
    assert cube.shape == (12, 237, 247)
    assert 0.0 < float(cube.median()) < 0.5
