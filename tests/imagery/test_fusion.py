import numpy as np
import pytest
import xarray as xr

from highwall.core.bands import CONFIGURATIONS, CUBE, OPTICAL, bands_of
from highwall.core.errors import SceneError
from highwall.core.grid import GeoBox, grid_of
from highwall.imagery.fusion import fuse

from .scenes import grid, scene
from .test_backscatter import radar


def optical(place: GeoBox, *, bands: tuple[str, ...] = OPTICAL) -> xr.DataArray:
    values = np.random.default_rng(0).uniform(0.0, 0.5, (len(bands), *place.shape)).astype("f4")
    return scene(values, place, bands=bands, units="1", acquired="2021-06-01", level="L2A")


def backscatter(rows: int, cols: int) -> xr.DataArray:
    rng = np.random.default_rng(1)
    return radar(rng.uniform(-20, 0, (rows, cols)), rng.uniform(-28, -8, (rows, cols)), units="dB")


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_every_configuration_has_its_bands_in_its_order(name: str) -> None:
    place = grid(12, 15)
    reflectance, echoes = optical(place), backscatter(12, 15)
    cube = fuse(reflectance, echoes, bands=bands_of(name))["cube"]
    assert tuple(cube["band"].values) == CONFIGURATIONS[name]
    assert cube.dtype == np.float32
    assert grid_of(cube) == place
    for band in CONFIGURATIONS[name]:
        if band in OPTICAL:
            np.testing.assert_array_equal(cube.sel(band=band), reflectance.sel(band=band))
            assert cube.sel(band=band)["unit"] == "1"
        elif band != "VV_VH":
            np.testing.assert_array_equal(cube.sel(band=band), echoes.sel(polarisation=band))
            assert cube.sel(band=band)["unit"] == "dB"


def test_optical_configurations_need_no_radar_and_radar_ones_do() -> None:
    reflectance = optical(grid(4, 4))
    assert fuse(reflectance, bands=bands_of("M"))["cube"].sizes["band"] == 12
    with pytest.raises(SceneError, match="choose RGB, R\\+N or M"):
        fuse(reflectance)


def test_radar_on_another_grid_comes_by_nearest_neighbour() -> None:
    place = GeoBox.from_bbox((500_000, 4_989_880, 500_120, 4_990_000), "EPSG:32633", resolution=10)
    coarse = backscatter(6, 6)
    coarse = coarse.assign_coords(x=500_010 + 20.0 * np.arange(6), y=4_989_990 - 20.0 * np.arange(6))
    cube = fuse(optical(place), coarse, bands=("B04", "VV"))["cube"]
    wanted = coarse.sel(polarisation="VV").values.repeat(2, 0).repeat(2, 1)
    np.testing.assert_array_equal(cube.sel(band="VV"), wanted)


def test_what_the_radar_does_not_show_is_missing_there_alone() -> None:
    place = grid(10, 10)
    cube = fuse(optical(place), backscatter(10, 6), bands=("B04", "VH", "VV_VH"))["cube"]
    assert cube.sel(band="B04").notnull().all()
    is_missing = cube.sel(band=["VH", "VV_VH"]).isnull().values
    assert is_missing[:, :, 6:].all()
    assert not is_missing[:, :, :6].any()


def test_the_scene_classification_lies_beside_the_cube() -> None:
    place = grid(6, 8)
    scl = optical(place).isel(band=0, drop=True) * 0 + 4.0
    scl[0, 0] = np.nan
    both = fuse(optical(place), bands=("B04",), scl=scl)
    assert both["scl"].dtype == np.uint8
    assert both["scl"].values[0, 0] == 0
    assert (both["scl"].values.ravel()[1:] == 4).all()
    assert "scl" not in fuse(optical(place), bands=("B04",))


def test_a_scene_elsewhere_and_a_missing_band_are_refused() -> None:
    place = grid(6, 6)
    far = backscatter(6, 6).assign_coords(x=900_000 + 10.0 * np.arange(6))
    with pytest.raises(SceneError, match="lies outside the AOI"):
        fuse(optical(place), far)
    with pytest.raises(SceneError, match="the cube needs B8A too"):
        fuse(optical(place, bands=("B02", "B03", "B04", "B08")), bands=("B04", "B8A"))


def test_the_cube_knows_both_dates() -> None:
    echoes = backscatter(4, 4).assign_attrs(acquired="2021-06-03")
    attrs = fuse(optical(grid(4, 4)), echoes, bands=CUBE)["cube"].attrs
    assert (attrs["acquired"], attrs["radar_acquired"], attrs["resampling"]) == ("2021-06-01", "2021-06-03", "nearest")
