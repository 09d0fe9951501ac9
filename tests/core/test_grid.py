import math

import geopandas as gpd
import numpy as np
import odc.geo.xr
import pytest
import shapely
import xarray as xr
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from odc.geo.geom import BoundingBox, box

from highwall.core.errors import GridError
from highwall.core.grid import (
    GeoBox,
    Window,
    bounds_of,
    check_same_grid,
    grid_of,
    grid_over,
    measuring_crs,
    metric_crs,
    pixel_area_m2,
    pixel_sides_m,
    same_grid,
    utm_crs,
)

UTM, FAR = "EPSG:32633", "EPSG:32651"


def grid(
    x: float = 500_000.0, y: float = 4_000_000.0, *, step: float = 10.0, side: int = 100, crs: str = UTM
) -> GeoBox:
    return GeoBox((side, side), Affine(step, 0, x, 0, -step, y), crs)


def on(place: GeoBox) -> xr.DataArray:
    return odc.geo.xr.wrap_xr(np.zeros(place.shape, "f4"), place)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (grid(), True),
        (grid(x=500_000.05), True),  # half a hundredth of a pixel
        (grid(x=500_000.2), False),
        (grid(y=4_000_000.2), False),
        (grid(step=10.05), False),  # the origins agree, the far corner is five pixels off over a thousand
        (grid(step=10.0005), True),
        (grid(side=99), False),
        (grid(crs="EPSG:32634"), False),
    ],
)
def test_grids_coincide_within_a_hundredth_of_a_pixel_at_every_corner(other: GeoBox, same: bool):
    assert same_grid(grid(), other) is same


def test_arrays_of_one_grid_pass_and_give_it():
    assert check_same_grid(on(grid()), on(grid()), on(grid())) == grid()


def test_an_array_on_another_grid_is_named_with_both_grids():
    with pytest.raises(GridError, match=r"array 3 lies on 100×100 pixels of 20 in EPSG:32633.*resample"):
        check_same_grid(on(grid()), on(grid()), on(grid(step=20.0)))


def test_an_array_without_crs_is_refused_with_the_cure():
    bare = xr.DataArray(np.zeros((4, 4)), dims=("y", "x"), coords={"y": np.arange(4.0), "x": np.arange(4.0)})
    with pytest.raises(GridError, match="ratio carries no CRS"):
        grid_of(bare, name="ratio")


@pytest.mark.parametrize(
    ("lon", "lat", "crs"),
    [
        (9.0, 47.0, "EPSG:32632"),
        (-180.0, 10.0, "EPSG:32601"),
        (180.0, 10.0, "EPSG:32601"),
        (179.9, 10.0, "EPSG:32660"),
        (-43.0, -20.0, "EPSG:32723"),
        (0.0, 0.0, "EPSG:32631"),
        (6.0, -0.1, "EPSG:32732"),
    ],
)
def test_utm_zones(lon: float, lat: float, crs: str):
    assert utm_crs(lon, lat) == crs


@given(lon=st.floats(-179.0, 179.0), lat=st.floats(-75.0, 75.0))
def test_a_point_lies_within_half_a_zone_of_its_central_meridian(lon: float, lat: float):
    zone = int(utm_crs(lon, lat)[-2:])
    assert abs(lon - (6 * zone - 183)) <= 3.0 + 1e-9


def test_a_grid_over_an_area_covers_it_and_is_snapped():
    area = box(14.01, 45.0, 14.05, 45.03, "EPSG:4326")
    made = grid_over(area, crs=UTM, resolution_m=10.0)
    assert made.extent.contains(area.to_crs(UTM))
    assert made.transform.c % 10 == made.transform.f % 10 == 0
    assert (made.resolution.x, made.resolution.y) == (10.0, -10.0)
    spare = made.extent.area - area.to_crs(UTM).boundingbox.polygon.area
    assert spare <= 2 * 10 * (made.shape.x + made.shape.y) * 10  # a pixel on each side


@pytest.mark.parametrize(
    ("crs", "message"),
    [
        ("EPSG:4326", "not a projected CRS"),
        ("EPSG:2263", "not a projected CRS in metres"),
        ("EPSG:999999", "no known CRS"),
    ],
)
def test_crs_in_degrees_or_feet_or_unknown_are_refused(crs: str, message: str):
    with pytest.raises(GridError, match=message):
        metric_crs(crs)
    with pytest.raises(GridError, match=message):
        grid_over(box(14, 45, 14.1, 45.1, "EPSG:4326"), crs=crs, resolution_m=10.0)


def test_pixel_area_is_in_square_metres():
    oblong = GeoBox((4, 4), Affine(10, 0, 0, 0, -20, 0), UTM)
    assert pixel_area_m2(oblong) == pytest.approx(200.0, rel=1e-12)


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:2263"])
def test_pixel_area_refuses_degrees_and_feet(crs: str):
    with pytest.raises(GridError, match="projected CRS in metres"):
        pixel_area_m2(grid(0.0, 0.0, step=0.001, crs=crs))


@pytest.mark.parametrize(("crs", "times"), [("EPSG:3857", 2.28), ("EPSG:4087", 1.51)])
def test_pixel_area_refuses_projections_that_enlarge_the_ground(crs: str, times: float):
    """At 48.6° N: 1/cos² and 1/cos of the latitude."""
    north = 6.2e6 if crs == "EPSG:3857" else 5.41e6
    with pytest.raises(GridError, match=rf"areas in {crs} are {times} times .* at 48\.6° .* reproject to EPSG:32633"):
        pixel_area_m2(GeoBox((4, 4), Affine(10, 0, 1.6e6, 0, -10, north), crs))


@pytest.mark.parametrize(("crs", "east", "north"), [("EPSG:3857", 1.6e6, 0), ("EPSG:3035", 4e6, 3e6), (UTM, 9e5, 5e6)])
def test_pixel_area_takes_what_is_true_within_two_percent(crs: str, east: float, north: float):
    assert pixel_area_m2(GeoBox((4, 4), Affine(10, 0, east, 0, -10, north), crs)) == pytest.approx(100.0)


@pytest.mark.parametrize(
    ("crs", "left", "bottom", "found"),
    [(UTM, 5e5, 5e6, UTM), ("EPSG:3857", 1.67e6, 5.6e6, UTM), ("EPSG:4326", 15.0, 45.0, UTM),
     ("EPSG:3857", 1.67e6, 0.0, "EPSG:3857"), (FAR, 5e5, 5e6, FAR)],
)  # fmt: skip
def test_a_place_is_measured_in_its_own_crs_where_that_is_true_else_in_another(
    crs: str, left: float, bottom: float, found: str
):
    place = BoundingBox(left, bottom, left + 1e-3, bottom + 1e-3, crs)
    assert measuring_crs(place) == found
    assert measuring_crs(place, otherwise="EPSG:3857") == found
    assert measuring_crs(place, otherwise="EPSG:3035") == (found if found == crs else "EPSG:3035")


def test_bounds_of_a_table_carry_its_crs_and_are_nan_where_it_is_empty():
    table = gpd.GeoDataFrame(geometry=[shapely.box(0, 1, 2, 3)], crs=UTM)
    assert bounds_of(table) == BoundingBox(0, 1, 2, 3, UTM)
    assert math.isnan(bounds_of(table[:0]).left)


@pytest.mark.parametrize("place", [BoundingBox(0, 0, 1, 1, None), BoundingBox(math.nan, 0, 1, 1, UTM)])
def test_a_place_that_lies_nowhere_is_not_measured(place: BoundingBox):
    with pytest.raises(GridError, match="lies nowhere"):
        measuring_crs(place)


def test_metric_crs_measures_a_kilometre_as_a_thousand():
    assert metric_crs(UTM).units[0] == "metre"
    assert math.isfinite(metric_crs("EPSG:3035").epsg)


def test_the_sides_of_a_pixel_are_those_on_the_ground():
    """At 60° a web map's metre is half a metre, and a degree of longitude half one of latitude."""
    web = GeoBox((10, 10), Affine(1, 0, 1e6, 0, -1, 8399738), "EPSG:3857")
    assert pixel_sides_m(web) == pytest.approx((0.5, 0.5), rel=0.01)
    along, across = pixel_sides_m(GeoBox((10, 10), Affine(1e-6, 0, 10, 0, -1e-6, 60), "EPSG:4326"))
    assert along / across == pytest.approx(0.5, rel=0.01)


def test_a_grid_that_lies_nowhere_has_no_sides():
    with pytest.raises(GridError, match="without a CRS"):
        pixel_sides_m(GeoBox((10, 10), Affine(1, 0, 0, 0, -1, 0), None))
    with pytest.raises(GridError, match="nowhere on Earth"):
        pixel_sides_m(GeoBox((10, 10), Affine(1e12, 0, 1e12, 0, -1e12, 1e12), "EPSG:32633"))


def test_a_window_grows_as_far_as_there_are_pixels():
    window = Window(slice(1, 4), slice(6, 9))
    assert window.grown(2, within=(10, 10)) == Window(slice(0, 6), slice(4, 10))
    assert window.grown(0, within=(10, 10)) == window
