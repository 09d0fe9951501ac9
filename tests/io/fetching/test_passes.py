import datetime as dt
from typing import Any

import pystac
import pytest
from odc.geo.geom import box

from highwall.core.grid import GeoBox
from highwall.io.fetching.passes import least_cloudy_first, nearest_first, passes_over

GRID = GeoBox.from_bbox((500_000, 4_989_000, 501_000, 4_990_000), "EPSG:32633", resolution=10)
WHOLE = (499_000, 4_988_000, 502_000, 4_991_000)
WEST_HALF = (499_000, 4_988_000, 500_500, 4_991_000)
EAST_HALF = (500_500, 4_988_000, 502_000, 4_991_000)
NOON = dt.datetime(2021, 6, 1, 10, 0, tzinfo=dt.UTC)


def item(name: str, bounds: tuple[float, ...] = WHOLE, *, minutes: float = 0.0, **properties: Any) -> pystac.Item:
    footprint = box(*bounds, crs="EPSG:32633").to_crs("EPSG:4326")
    when = NOON + dt.timedelta(minutes=minutes)
    stated = {"platform": "Sentinel-2A", "eo:cloud_cover": 5.0, "s2:mgrs_tile": name[:1]} | properties
    return pystac.Item(name, footprint.json, list(footprint.boundingbox.bbox), when, stated)


def test_tiles_of_one_overflight_are_one_pass_and_cover_together() -> None:
    (found,) = passes_over([item("a", WEST_HALF), item("b", EAST_HALF, minutes=0.2)], GRID)
    assert {each.id for each in found.items} == {"a", "b"}
    assert found.cover == pytest.approx(1.0, abs=1e-3)
    assert found.is_whole
    assert found.begin == NOON


def test_the_next_orbit_and_another_satellite_are_passes_of_their_own() -> None:
    items = [item("a"), item("b", minutes=99), item("c", platform="Sentinel-2B")]
    assert [each.name for each in passes_over(items, GRID)] == ["a", "c", "b"]


def test_a_part_covers_in_part() -> None:
    (found,) = passes_over([item("a", WEST_HALF)], GRID)
    assert found.cover == pytest.approx(0.5, abs=1e-3)
    assert not found.is_whole


def test_the_newest_processing_of_a_tile_counts() -> None:
    items = [
        item("a old", **{"s2:processing_baseline": "02.08"}),
        item("a new", **{"s2:processing_baseline": "05.00"}),
        item("b", **{"s2:processing_baseline": "02.08"}),
    ]
    (found,) = passes_over(items, GRID)
    assert [each.id for each in found.items] == ["a new", "b"]


def test_a_tile_in_two_data_strips_keeps_both() -> None:
    strips = [item("a one", WEST_HALF), item("a two", EAST_HALF)]
    (found,) = passes_over(strips, GRID)
    assert len(found.items) == 2
    assert found.is_whole


def test_the_clearest_whole_pass_comes_first() -> None:
    items = [
        item("cloudy", **{"eo:cloud_cover": 30.0}),
        item("half", WEST_HALF, minutes=1440, **{"eo:cloud_cover": 0.0}),
        item("clear", minutes=2880, **{"eo:cloud_cover": 2.0}),
        pystac.Item("silent", item("x").geometry, None, NOON + dt.timedelta(days=3), {}),
    ]
    assert [each.name for each in least_cloudy_first(passes_over(items, GRID))] == ["clear", "cloudy", "silent", "half"]


def test_radar_nearest_in_time_comes_first_on_either_side() -> None:
    day = 1440.0
    items = [
        item("before", minutes=-3 * day, **{"sat:orbit_state": "ascending"}),
        item("after", minutes=2 * day, **{"sat:orbit_state": "descending"}),
        item("half", WEST_HALF, minutes=0.5 * day, **{"sat:orbit_state": "ascending"}),
    ]
    passes = passes_over(items, GRID)
    assert [each.name for each in nearest_first(passes, NOON)] == ["after", "before", "half"]
    assert [each.name for each in nearest_first(passes, NOON, direction="ascending")] == ["before", "half"]
    assert nearest_first(passes, NOON)[1].delay_days(NOON) == pytest.approx(-3.0)


def test_a_footprint_over_the_dateline_is_measured_where_it_lies() -> None:
    grid = GeoBox.from_bbox((180_000, 8_110_000, 181_000, 8_111_000), "EPSG:32701", resolution=10)
    west = {"type": "Polygon", "coordinates": [[[-180, -18], [-179, -18], [-179, -16], [-180, -16], [-180, -18]]]}
    east = {"type": "Polygon", "coordinates": [[[179, -18], [180, -18], [180, -16], [179, -16], [179, -18]]]}
    both = {"type": "MultiPolygon", "coordinates": [west["coordinates"], east["coordinates"]]}
    jumping = {"type": "Polygon", "coordinates": [[[179, -18], [-179, -18], [-179, -16], [179, -16], [179, -18]]]}
    for geometry in (both, jumping):
        (found,) = passes_over([pystac.Item("a", geometry, None, NOON, {})], grid)
        assert found.cover == pytest.approx(1.0, abs=1e-6)
