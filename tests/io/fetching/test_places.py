import math

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from odc.geo.geom import Geometry, box, multipolygon

from highwall.core.errors import GridError
from highwall.io.fetching.places import ground_of, place_over, without_jump

WEST = (-180.0, -17.02, -179.98, -17.0)
EAST = (179.98, -17.02, 180.0, -17.0)


def ring(bounds: tuple[float, float, float, float]) -> list[list[tuple[float, float]]]:
    return [list(shapely.box(*bounds).exterior.coords)]


@given(lon=st.floats(-179.5, 179.5), lat=st.floats(-70, 75))
def test_the_grid_covers_the_area_in_whole_pixels(lon: float, lat: float) -> None:
    area = box(lon, lat, lon + 0.02, lat + 0.02, crs="EPSG:4326")
    place = place_over("mine", area)
    assert (place.grid.resolution.x, place.grid.resolution.y) == (10.0, -10.0)
    assert all(math.isclose(bound % 10.0, 0.0, abs_tol=1e-6) for bound in place.grid.boundingbox)
    inside = place.grid.extent.buffer(1.0).geom
    assert inside.contains(area.to_crs(str(place.grid.crs)).geom)
    assert without_jump(place.search.geom).buffer(1e-4).contains(area.geom)


@pytest.mark.parametrize(
    "area",
    [
        multipolygon([ring(EAST), ring(WEST)], crs="EPSG:4326"),  # two parts, as RFC 7946 wants
        box(179.98, -17.02, 180.02, -17.0, crs="EPSG:4326"),  # longitudes beyond 180
        Geometry(
            shapely.Polygon([(179.98, -17.02), (-179.98, -17.02), (-179.98, -17.0), (179.98, -17.0)]), "EPSG:4326"
        ),
    ],
)
def test_the_dateline_however_it_is_written(area: Geometry) -> None:
    place = place_over("taveuni", area)
    assert place.grid.crs.epsg in (32701, 32760)
    width_m = place.grid.shape.x * 10.0
    assert width_m == pytest.approx(0.04 * 111_320 * math.cos(math.radians(17.0)), rel=0.02)
    assert place.search.geom.geom_type == "MultiPolygon"
    assert sorted(round(part.bounds[0]) for part in place.search.geom.geoms) == [-180, 180]
    assert place.search.geom.area == pytest.approx(0.04 * 0.02, rel=0.1)


def test_away_from_the_dateline_the_ground_is_one_piece() -> None:
    place = place_over("mine", box(14.99, 45.0, 15.01, 45.02, crs="EPSG:4326"))
    assert place.search.geom.geom_type == "Polygon"
    assert ground_of(place.grid).geom.equals(place.search.geom)


def test_the_zone_is_that_of_the_middle() -> None:
    across = box(17.9, 45.0, 18.2, 45.05, crs="EPSG:4326")  # zones 33 and 34 meet at 18° E
    assert place_over("mine", across).grid.crs.epsg == 32634


def test_a_margin_grows_the_grid() -> None:
    area = box(500_000, 4_989_000, 501_000, 4_990_000, crs="EPSG:32633")
    assert place_over("mine", area).grid.shape == (100, 100)
    assert place_over("mine", area, margin_m=100.0).grid.shape == (120, 120)


@pytest.mark.parametrize(
    ("area", "reason"),
    [
        (box(10, 45, 10, 46, crs="EPSG:4326"), "zero area"),
        (box(10, 85, 11, 86, crs="EPSG:4326"), "beyond UTM"),
        (box(10, 45, 40, 46, crs="EPSG:4326"), "a site of its own"),
        (box(10, 45, 12, 45.5, crs="EPSG:4326"), "158 km long"),
        (Geometry(shapely.box(10, 45, 11, 46), crs=None), "has no CRS"),
    ],
)
def test_what_is_no_place_is_refused(area: Geometry, reason: str) -> None:
    with pytest.raises(GridError, match=reason):
        place_over("mine", area)
