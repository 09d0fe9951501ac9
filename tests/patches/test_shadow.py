import numpy as np
import odc.geo.xr
import pytest
import xarray as xr
from affine import Affine
from pyproj import Transformer

from highwall.core.errors import GridError, InputError
from highwall.core.grid import GeoBox
from highwall.patches.shadow import convergence_deg, terrain_shadow

CENTRAL = 500_000  # easting of UTM's central meridian: grid north is true north


def terrain(height: np.ndarray, *, west: float = CENTRAL, crs: str = "EPSG:32633", pixel: float = 10.0) -> xr.DataArray:
    grid = GeoBox(height.shape, Affine(pixel, 0, west - pixel * height.shape[1] / 2, 0, -pixel, 4_990_000), crs)
    return xr.DataArray(height.astype("f4"), dims=("y", "x"), coords=odc.geo.xr.xr_coords(grid))


def wall(height_m: float = 53.0) -> np.ndarray:
    ground = np.zeros((9, 60))
    ground[:, 30] = height_m
    return ground


@pytest.mark.parametrize("elevation", [20.0, 30.0, 45.0])
def test_a_wall_throws_a_shadow_as_long_as_its_height_over_the_tangent(elevation: float):
    shadow = terrain_shadow(terrain(wall()), sun_azimuth_deg=90, sun_elevation_deg=elevation).values
    length_px = 53.0 / np.tan(np.deg2rad(elevation)) / 10
    row = shadow[4, :30]
    assert not row[: int(30 - length_px - 1)].any()
    # the wall's west face is one pixel wide; steps are half a pixel
    assert row.sum() == pytest.approx(length_px, abs=1.0)
    assert not shadow[4, 32:].any()  # the sunny side


def test_the_sun_in_the_south_throws_shadows_to_the_north():
    ground = np.zeros((60, 9))
    ground[30] = 50.0
    shadow = terrain_shadow(terrain(ground), sun_azimuth_deg=180, sun_elevation_deg=30).values
    assert shadow[24:30, 4].all()
    assert not shadow[32:, 4].any()


def brute_force(height: np.ndarray, *, pixel: float, elevation: float) -> np.ndarray:
    """Compare each pixel with every pixel east of it, for a sun in the east."""
    shadow = np.zeros(height.shape, bool)
    for y, x in np.ndindex(height.shape):
        for other in range(x + 1, height.shape[1]):
            rise = (other - x) * pixel * np.tan(np.deg2rad(elevation))
            shadow[y, x] |= height[y, other] > height[y, x] + rise
    return shadow


@pytest.mark.parametrize("seed", range(4))
def test_cast_shadow_along_rows_equals_brute_force(seed: int):
    height = np.cumsum(np.random.default_rng(seed).normal(0, 6, (5, 80)), axis=1)
    found = terrain_shadow(terrain(height), sun_azimuth_deg=90, sun_elevation_deg=25).values
    expected = brute_force(height, pixel=10, elevation=25)
    slope = np.gradient(height, 10.0, axis=1)
    turned = slope >= np.tan(np.deg2rad(25))  # rises more steeply to the east than the ray: darker than grazing
    # between pixel centres the ground is linear: a ray that meets it there meets a centre too
    np.testing.assert_array_equal(found, expected | turned)


def test_a_slope_steeper_than_the_sun_is_in_its_own_shadow():
    east_down = np.tile(np.linspace(300, 0, 31), (7, 1))  # 45 ° down to the east
    assert terrain_shadow(terrain(east_down), sun_azimuth_deg=270, sun_elevation_deg=40).values[:, 1:-1].all()
    assert not terrain_shadow(terrain(east_down), sun_azimuth_deg=270, sun_elevation_deg=50).values.any()
    assert not terrain_shadow(terrain(east_down), sun_azimuth_deg=90, sun_elevation_deg=5).values.any()


def test_flat_ground_and_a_sun_overhead_have_no_shadow():
    assert not terrain_shadow(terrain(np.zeros((5, 6))), sun_azimuth_deg=0, sun_elevation_deg=1).values.any()
    assert not terrain_shadow(terrain(wall()), sun_azimuth_deg=0, sun_elevation_deg=90).values.any()


def test_missing_heights_are_in_no_shadow_and_throw_none():
    ground = wall()
    ground[:, 30] = np.nan
    ground[4, 10] = np.nan
    assert not terrain_shadow(terrain(ground), sun_azimuth_deg=90, sun_elevation_deg=30).values.any()


def test_the_grids_north_is_turned_from_true_north_by_the_convergence():
    far_east = terrain(wall(), west=CENTRAL + 200_000)
    grid = far_east.odc.geobox
    x, y = grid.transform * (grid.shape.x / 2, grid.shape.y / 2)
    to_map = Transformer.from_crs("EPSG:4326", "EPSG:32633", always_xy=True)
    lon, lat = to_map.transform(x, y, direction="INVERSE")
    east, north = np.subtract(to_map.transform(lon, lat + 1e-4), (x, y))  # a step to true north
    assert convergence_deg(grid) == pytest.approx(-np.rad2deg(np.arctan2(east, north)), abs=1e-3)
    assert abs(convergence_deg(grid)) > 1.5


@pytest.mark.parametrize("elevation", [0.0, -3.0, 91.0])
def test_a_sun_below_the_horizon_is_refused(elevation: float):
    with pytest.raises(InputError, match="sun_elevation_deg"):
        terrain_shadow(terrain(wall()), sun_azimuth_deg=90, sun_elevation_deg=elevation)


def test_degrees_and_empty_terrain_are_refused():
    grid = GeoBox((4, 4), Affine(1e-4, 0, 15, 0, -1e-4, 45), "EPSG:4326")
    axes = {"y": grid.coordinates["latitude"].values, "x": grid.coordinates["longitude"].values}
    flat = xr.DataArray(np.zeros((4, 4)), dims=("y", "x"), coords=axes).odc.assign_crs("EPSG:4326")
    with pytest.raises(GridError, match="metres"):
        terrain_shadow(flat, sun_azimuth_deg=90, sun_elevation_deg=30)
    with pytest.raises(InputError, match="no known pixel"):
        terrain_shadow(terrain(np.full((4, 4), np.nan)), sun_azimuth_deg=90, sun_elevation_deg=30)
