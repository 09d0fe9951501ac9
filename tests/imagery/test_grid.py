import numpy as np
import pytest
import xarray as xr
from affine import Affine
from odc.geo import CRS

from highwall.core.errors import SceneError
from highwall.core.grid import GeoBox, grid_of, grid_over, same_grid
from highwall.imagery.grid import on_grid, site_grid

from .scenes import UTM, grid, scene

TWO = ("B02", "B03")


def noise(place, *, seed: int = 0) -> xr.DataArray:
    values = np.random.default_rng(seed).random((2, *place.shape), dtype="f4")
    return scene(values, place, bands=TWO, scene_id="S2A", units="1")


def test_a_scene_on_the_grid_is_left_as_it_is():
    given = noise(grid())
    placed = on_grid(given, grid())
    np.testing.assert_array_equal(placed.values, given.values)
    assert placed.attrs == given.attrs | {"resampling": "none"}


def test_a_scene_on_the_same_lattice_is_cut_without_touching_a_value():
    wide = noise(grid(60, 80))
    target = grid(20, 30, left=500_100.0, top=4_989_950.0)
    placed = on_grid(wide, target)
    np.testing.assert_array_equal(placed.values, wide.values[:, 5:25, 10:40])
    assert placed.attrs["resampling"] == "none"
    assert same_grid(grid_of(placed), target)


def test_ground_beyond_a_scene_is_missing():
    target = grid(20, 30, left=499_900.0)
    placed = on_grid(noise(grid()), target)
    assert np.isnan(placed.values[:, :, :10]).all()
    np.testing.assert_array_equal(placed.values[:, :, 10:], noise(grid()).values[:, :20, :20])


@pytest.mark.parametrize("chunks", [None, 50])
def test_a_scene_in_another_crs_is_interpolated_like_a_linear_ramp(chunks: int | None):
    target = grid(30, 40)
    other = grid_over(target.extent.buffer(200), crs="EPSG:32634", resolution_m=10.0)
    x, y = np.meshgrid(other.coordinates["x"].values, other.coordinates["y"].values)
    east, north = other.crs.transformer_to_crs(CRS(UTM))(x, y)
    ramp = np.stack([(east - 500_000) / 400, (north - 4_989_700) / 300]).astype("f4")
    given = scene(ramp, other, bands=TWO, scene_id="S2A")
    placed = on_grid(given.chunk({"y": chunks, "x": chunks}) if chunks else given, target)
    assert placed.dims == ("band", "y", "x")
    assert placed.attrs["resampling"] == "bilinear"
    assert same_grid(grid_of(placed), target)
    expected = np.meshgrid((np.arange(40) * 10 + 5) / 400, (300 - 5 - np.arange(30) * 10) / 300)
    # GDAL approximates the transformation to an eighth of a pixel: 1.25 m, of a ramp of 1/400 and 1/300 a metre
    np.testing.assert_allclose(placed.values, expected, atol=1.25 / 300)


def test_missing_pixels_stay_missing_when_resampled():
    given = noise(grid(60, 80, step=8.0))
    given[:, 20:30, 20:30] = np.nan
    placed = on_grid(given, grid(30, 40))
    assert np.isnan(placed.sel(band="B02").values).sum() == pytest.approx(64, abs=20)  # 80 m × 80 m and a rim
    assert np.nanmin(placed.values) > 0.0  # none was taken for zero


def test_codes_are_never_mixed():
    codes = np.where(np.arange(80) < 41, 4, 11).astype("u1")
    given = scene(np.broadcast_to(codes, (1, 60, 80)).copy(), grid(60, 80, step=8.0), bands=("SCL",))
    placed = on_grid(given, grid(20, 40), resampling="nearest")
    assert set(np.unique(placed.values)) == {4, 11}
    assert placed.attrs["resampling"] == "nearest"


def test_pixels_of_another_shape_are_no_lattice():
    oblong = GeoBox((15, 40), Affine(10, 0, 500_000, 0, -20, 4_990_000), UTM)
    assert on_grid(noise(oblong), grid(20, 30)).attrs["resampling"] == "bilinear"


@pytest.mark.parametrize("shift", [400.0, 50_000.0])
def test_a_scene_of_another_place_is_refused_with_both_places(shift: float):
    with pytest.raises(SceneError, match=r"S2A lies outside the AOI: it spans 15\.\d+…15\.\d+.*Choose a scene"):
        on_grid(noise(grid(left=500_000.0 + shift)), grid())


def test_the_grid_of_a_site_is_snapped_to_its_resolution():
    made = site_grid(grid().extent.buffer(3), crs=UTM, resolution_m=10.0)
    assert made.shape == (32, 42)
    assert made.transform.c % 10 == 0
