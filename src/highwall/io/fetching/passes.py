"""Items of one overflight belong together: tiles side by side, slices one after the other."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

import pystac
import shapely
from odc.geo.geom import Geometry
from shapely.geometry import shape

from highwall.core.grid import GeoBox
from highwall.io.fetching.search import when

_SAME_PASS: Final = dt.timedelta(minutes=10)
"""Time within which a satellite passes over an AOI; the next orbit comes 99 minutes later."""
_TILE_NAMES: Final = ("s2:mgrs_tile", "grid:code", "mgrs:grid")
_BASELINE_NAMES: Final = ("s2:processing_baseline", "processing:version", "sentinel2:processing_baseline")
_ENOUGH: Final = 0.999
"""Share of an AOI from which a pass is taken to cover it; footprints are drawn with a coarse pen [1]."""


class Pass(NamedTuple):
    """One overflight of a satellite."""

    items: tuple[pystac.Item, ...]
    """Newest processing first."""
    begin: dt.datetime
    """UTC"""
    cover: float
    """Share of the grid within the items' footprints [1]."""
    cloud_percent: float
    """Mean of what the items state of themselves, which are larger than the AOI; 100 where they state none [%]."""

    @property
    def is_whole(self) -> bool:
        """Whether it covers the AOI."""
        return self.cover >= _ENOUGH

    @property
    def name(self) -> str:
        """Names of its items."""
        return ", ".join(item.id for item in self.items)

    @property
    def direction(self) -> str:
        """Flight direction of a radar pass, as its newest item says: ascending, descending, or nothing."""
        return str(self.items[0].properties.get("sat:orbit_state", "")).lower()

    def delay_days(self, other: dt.datetime) -> float:
        """Time from ``other`` to this pass, negative before it [day]."""
        return (self.begin - other) / dt.timedelta(days=1)


def passes_over(items: Sequence[pystac.Item], grid: GeoBox) -> list[Pass]:
    """Group items by satellite and time, oldest first; a tile that was processed anew counts once."""
    groups: list[list[pystac.Item]] = []
    for item in sorted(items, key=lambda item: (_platform(item), when(item), item.id)):
        is_new = not groups or _platform(groups[-1][0]) != _platform(item)
        if is_new or when(item) - when(groups[-1][-1]) > _SAME_PASS:
            groups.append([])
        groups[-1].append(item)
    return sorted((_pass(_newest(group), grid) for group in groups), key=lambda found: found.begin)


def least_cloudy_first(passes: Sequence[Pass]) -> list[Pass]:
    """Order optical passes by what their items say: whole ones first, then the clearer, then the older."""
    return sorted(passes, key=lambda each: (not each.is_whole, each.cloud_percent, -each.cover, each.begin))


def nearest_first(passes: Sequence[Pass], time: dt.datetime, *, direction: str | None = None) -> list[Pass]:
    """Order radar passes by their distance in time, whole ones first; ``direction`` leaves out the others."""
    flown = [each for each in passes if direction is None or each.direction == direction]
    return sorted(flown, key=lambda each: (not each.is_whole, abs(each.delay_days(time)), each.begin))


def _pass(items: Sequence[pystac.Item], grid: GeoBox) -> Pass:
    stated = [float(item.properties.get("eo:cloud_cover", 100.0)) for item in items]
    return Pass(
        tuple(items), min(when(item) for item in items), _cover(items, grid), sum(stated) / len(stated)
    )  # fmt: skip


def _newest(items: Sequence[pystac.Item]) -> list[pystac.Item]:
    """Of each tile the items of its newest baseline (a tile may be two items, of two data strips), newest first."""
    of_tile: dict[str, list[pystac.Item]] = defaultdict(list)
    for item in items:
        tile = next((str(item.properties[name]) for name in _TILE_NAMES if name in item.properties), item.id)
        of_tile[tile].append(item)
    kept = [item for tile in of_tile.values() for item in tile if _baseline(item) == max(map(_baseline, tile))]
    return sorted(kept, key=_baseline, reverse=True)


def _cover(items: Sequence[pystac.Item], grid: GeoBox) -> float:
    """Share of a grid within footprints, measured in the grid's CRS, where no dateline is."""
    wanted = grid.extent.geom
    crs = str(grid.crs)
    footprints = [Geometry(shape(item.geometry), crs="EPSG:4326").to_crs(crs).geom for item in items]
    seen = shapely.union_all([shapely.make_valid(each) for each in footprints])
    return float(min(shapely.intersection(seen, wanted).area / wanted.area, 1.0))


def _platform(item: pystac.Item) -> str:
    return str(item.properties.get("platform", "")).lower()


def _baseline(item: pystac.Item) -> str:
    return next((str(item.properties[name]) for name in _BASELINE_NAMES if item.properties.get(name)), "")
