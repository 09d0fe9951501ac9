import geopandas as gpd
import numpy as np
import pytest
import shapely
import xarray as xr
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords

from highwall.core.errors import GridError, InputError
from highwall.io.placement import at_pixels, covered
from tests.insar.stacks import band_network, make_stack


@pytest.fixture
def stack():
    phases = np.zeros((1, 20, 30), np.float32)
    return make_stack(phases, band_network(2, band=1), days=np.array([0, 12]))


def in_radar(stack):
    """The same pixels, mirrored, with latitude and longitude for a grid."""
    lon, lat = centres(stack)
    bare = stack.drop_vars(["x", "y", "spatial_ref"]).isel(x=slice(None, None, -1))
    return bare.assign_coords(latitude=(("y", "x"), lat[:, ::-1]), longitude=(("y", "x"), lon[:, ::-1]))


def centres(stack):
    from pyproj import Transformer

    x, y = np.meshgrid(stack.x.values, stack.y.values)
    return Transformer.from_crs("EPSG:32650", "EPSG:4326", always_xy=True).transform(x, y)


def plane(stack, *, crs="EPSG:4326"):
    """Raster over the stack whose value is longitude + 2 latitude."""
    lon, lat = centres(stack)
    bounds = (lon.min() - 0.01, lat.min() - 0.01, lon.max() + 0.01, lat.max() + 0.01)
    grid = GeoBox.from_bbox(bounds, crs, shape=(200, 210))
    coords = xr_coords(grid, dims=("latitude", "longitude"))
    values = coords["longitude"].values[None, :] + 2 * coords["latitude"].values[:, None]
    return xr.DataArray(values, coords, ("latitude", "longitude"), "plane")


@pytest.mark.parametrize("place", [lambda stack: stack, in_radar], ids=["map", "radar"])
def test_a_plane_is_read_exactly_at_every_pixel(stack, place):
    lon, lat = centres(stack)
    placed = at_pixels(plane(stack), place(stack), name="height")
    truth = lon + 2 * lat if place is not in_radar else (lon + 2 * lat)[:, ::-1]
    assert placed.dims == ("y", "x")
    # Bilinear is exact on a plane; float32 near 150 steps by 1.5e-5, GDAL's reprojection is good to 1/8 pixel.
    np.testing.assert_allclose(placed, truth, atol=2e-5 + 0.125 * 3 * 1e-4)


def test_pixels_outside_the_raster_are_missing(stack):
    part = plane(stack).isel(longitude=slice(0, 100))
    placed = at_pixels(part, in_radar(stack), name="height")
    assert 0.2 < float(placed.isnull().mean()) < 0.8


def test_a_raster_of_several_bands_is_refused(stack):
    with pytest.raises(InputError, match="has 2 bands"):
        at_pixels(plane(stack).expand_dims(band=2), stack, name="height")


def test_pixels_in_a_polygon_are_covered_alike_on_map_and_radar(stack):
    left, top = 500_050.0, 4_000_150.0
    polygon = gpd.GeoDataFrame(geometry=[shapely.box(left, 4_000_000, left + 100, top)], crs="EPSG:32650").to_crs(4326)
    on_map = covered(polygon, stack).values
    assert on_map.sum() == 10 * 15
    np.testing.assert_array_equal(covered(polygon, in_radar(stack)).values[:, ::-1], on_map)


def test_no_polygon_covers_nothing(stack):
    nothing = gpd.GeoDataFrame(geometry=[], crs="EPSG:4326")
    assert not covered(nothing, stack).any()
    assert not covered(nothing, in_radar(stack)).any()


def test_a_dataset_of_no_place_is_refused(stack):
    bare = stack.drop_vars(["x", "y", "spatial_ref"])
    with pytest.raises(GridError, match="geocode it"):
        covered(gpd.GeoDataFrame(geometry=[], crs="EPSG:4326"), bare)
