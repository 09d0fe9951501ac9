from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.control import GroundControlPoint

from highwall.core.errors import GridError, MissingInputError, SceneError
from highwall.core.grid import grid_of
from highwall.io.backscatter import read_backscatter, units_of_numbers

from .rasters_made import geotiff

DECIBELS = np.random.default_rng(0).uniform(-25, 2, (2, 12, 14)).astype("f4")
POWERS = (10 ** (DECIBELS / 10)).astype("f4")


@pytest.mark.parametrize(("values", "units"), [(DECIBELS, "dB"), (POWERS, "1")])
def test_numbers_tell_their_unit(tmp_path: Path, values: np.ndarray, units: str) -> None:
    radar = read_backscatter(geotiff(tmp_path / "S1A_20210603_rtc.tif", values, bands=("VV", "VH")))
    assert (radar.attrs["units"], radar.attrs["acquired"]) == (units, "2021-06-03")
    assert radar["polarisation"].values.tolist() == ["VV", "VH"]
    assert grid_of(radar).shape == (12, 14)
    np.testing.assert_array_equal(radar, values)


def test_what_a_file_states_goes_before_its_numbers_and_what_is_given_before_both(tmp_path: Path) -> None:
    path = geotiff(tmp_path / "one.tif", DECIBELS, bands=("VV", "VH"), UNITS="power")
    assert read_backscatter(path).attrs["units"] == "1"
    assert read_backscatter(path, units="dB").attrs["units"] == "dB"


def test_a_little_below_zero_is_still_power() -> None:
    powers = POWERS.copy().ravel()
    powers[: powers.size // 100] *= -1
    assert units_of_numbers(powers)[0] == "1"


@pytest.mark.parametrize("seen", [np.s_[:150], np.s_[200:202]])
def test_a_swath_beside_the_middle_tells_its_unit(tmp_path: Path, seen: slice) -> None:
    """Missing pixels are no powers, though none of them is negative; the second swath is thinner than a glance."""
    values = np.full((2, 900, 900), np.nan, "f4")
    values[:, :, seen] = -12.0
    radar = read_backscatter(geotiff(tmp_path / "one.tif", values, bands=("VV", "VH")))
    assert radar.attrs["units"] == "dB"


def test_a_scene_of_nothing_but_missing_pixels_is_refused(tmp_path: Path) -> None:
    empty = geotiff(tmp_path / "one.tif", np.full((2, 300, 300), np.nan, "f4"), bands=("VV", "VH"))
    with pytest.raises(SceneError, match="holds no number"):
        read_backscatter(empty)


def test_order_and_ratio_in_the_file_do_not_matter(tmp_path: Path) -> None:
    stack = np.stack([DECIBELS[1], DECIBELS[0], DECIBELS[0] - DECIBELS[1]])
    radar = read_backscatter(geotiff(tmp_path / "one.tif", stack, bands=("VH", "VV", "VV_VH")))
    np.testing.assert_array_equal(radar, DECIBELS)


def test_a_folder_of_single_polarisations(tmp_path: Path) -> None:
    for name, values in zip(("VV", "VH"), DECIBELS, strict=True):
        geotiff(tmp_path / "S1A_IW_GRDH_20170613T165043" / "measurement" / f"x_{name}.tif", values)
    radar = read_backscatter(tmp_path / "S1A_IW_GRDH_20170613T165043")
    assert radar.attrs["acquired"] == "2017-06-13"
    np.testing.assert_array_equal(radar, DECIBELS)


def test_nodata_is_missing(tmp_path: Path) -> None:
    values = DECIBELS.copy()
    values[:, 0] = 0.0  # the nodata value of these files
    radar = read_backscatter(geotiff(tmp_path / "one.tif", values, bands=("VV", "VH")))
    assert radar.isel(y=0).isnull().all()
    assert radar.isel(y=slice(1, None)).notnull().all()


def test_what_cannot_be_used_is_refused_with_its_cure(tmp_path: Path) -> None:
    with pytest.raises(MissingInputError, match="check the path"):
        read_backscatter(tmp_path / "nowhere.tif")
    with pytest.raises(SceneError, match="name them in the file"):
        read_backscatter(geotiff(tmp_path / "nameless.tif", DECIBELS))
    with pytest.raises(SceneError, match="not calibrated"):
        read_backscatter(geotiff(tmp_path / "dn.tif", (POWERS * 500).astype("u2"), bands=("VV", "VH")))
    with pytest.raises(GridError, match="carries no CRS"):
        read_backscatter(geotiff(tmp_path / "nowhere_on_earth.tif", DECIBELS, bands=("VV", "VH"), crs=None))
    geotiff(tmp_path / "half" / "a_VV.tif", DECIBELS[0])
    with pytest.raises(SceneError, match="no raster of VH"):
        read_backscatter(tmp_path / "half")


def test_a_scene_in_radar_geometry_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "grd.tif"
    points = [GroundControlPoint(row, col, 15 + col / 1e3, 45 - row / 1e3) for row in (0, 11) for col in (0, 13)]
    with rasterio.open(
        path, "w", driver="GTiff", count=2, height=12, width=14, dtype="float32", gcps=points, crs="EPSG:4326"
    ) as dataset:
        dataset.write(POWERS)
        dataset.descriptions = ("VV", "VH")
    with pytest.raises(SceneError, match="terrain-corrected"):
        read_backscatter(path)


def test_a_file_cut_off_in_transfer_is_refused(tmp_path: Path) -> None:
    path = geotiff(tmp_path / "one.tif", np.tile(DECIBELS, (1, 40, 40)), bands=("VV", "VH"))
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(SceneError, match="download or convert it again"):
        read_backscatter(path)


@pytest.mark.real
def test_real_sen1floods11(real_data: Path) -> None:
    radar = read_backscatter(real_data / "sentinel/sen1floods11_sample/sample/S1/Spain_7370579_S1Hand.tif")
    assert (radar.shape, radar.attrs["units"]) == ((2, 512, 512), "dB")
    medians = radar.median(("y", "x")).values
    np.testing.assert_allclose(medians, (-10.48, -17.73), atol=0.01)


@pytest.mark.real
def test_real_bigearthnet(real_data: Path) -> None:
    folders = sorted((real_data / "sentinel/bigearthnet_examples/BigEarthNet-S1-Example").iterdir())
    scenes = [read_backscatter(folder) for folder in folders]
    assert len(scenes) == 6
    assert {scene.attrs["units"] for scene in scenes} == {"dB"}
    assert {scene.shape for scene in scenes} == {(2, 120, 120)}
    assert scenes[0].attrs["acquired"] == "2017-06-13"
