"""Places: how far inside a zone something is, given the radius of its position.

Zones are GeoJSON polygons in degrees; distances are measured on a plane through the position, true to 0.5 % over the
few kilometres of a mine. Pure Python: a gateway has it too.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from highwall.core.errors import InputError

_METRES_PER_DEGREE: Final = 111_195.0
"""Of latitude, on a sphere of 6,371 km (IUGG mean radius)."""
Ring = tuple[tuple[float, float], ...]


class Area(NamedTuple):
    """A zone as it is asked for places."""

    zone_id: str
    kind: str
    rings: tuple[Ring, ...]
    """Outer and inner rings of all its polygons, longitude and latitude [degree]."""
    bounds: tuple[float, float, float, float]
    """West, south, east, north."""


def area_of(zone_id: str, kind: str, geometry: Mapping[str, Any]) -> Area:
    """Lay a GeoJSON polygon or multipolygon out for asking.

    Raises
    ------
    InputError
        It is neither, or has no ring of three points.
    """
    form, parts = geometry.get("type"), geometry.get("coordinates", [])
    polygons = [parts] if form == "Polygon" else parts if form == "MultiPolygon" else []
    rings = tuple(tuple((float(x), float(y)) for x, y, *_ in ring) for polygon in polygons for ring in polygon)
    if not rings or min(map(len, rings)) < 3:
        raise InputError(f"zone {zone_id!r} is a {form}; give a polygon or multipolygon with rings of three points.")
    xs, ys = ([point[axis] for ring in rings for point in ring] for axis in (0, 1))
    return Area(zone_id, kind, rings, (min(xs), min(ys), max(xs), max(ys)))


def grade_in(area: Area, lon: float, lat: float, radius_m: float) -> int:
    """How far inside an area a circle lies: 0 not at all, 1 it touches it, 2 its centre is in it, 3 all of it is."""
    scale = _METRES_PER_DEGREE * math.cos(math.radians(lat)), _METRES_PER_DEGREE
    west, south, east, north = area.bounds
    reach = radius_m / max(scale[0], 1.0), radius_m / scale[1]
    if not (west - reach[0] <= lon <= east + reach[0] and south - reach[1] <= lat <= north + reach[1]):
        return 0
    is_inside, nearest = False, math.inf
    for ring in area.rings:
        points = [((x - lon) * scale[0], (y - lat) * scale[1]) for x, y in ring]
        is_inside ^= _is_around(points)
        nearest = min(nearest, _distance(points))
    if is_inside:
        return 3 if nearest >= radius_m else 2
    return 1 if nearest <= radius_m else 0


def grades_in(areas: Iterable[Area], lon: float, lat: float, radius_m: float) -> dict[str, int]:
    """Grade of each area that a circle touches, by zone."""
    found = ((area.zone_id, grade_in(area, lon, lat, radius_m)) for area in areas)
    return {zone: grade for zone, grade in found if grade}


def _is_around(points: Sequence[tuple[float, float]]) -> bool:
    """Whether a ring goes around the origin: a ray to the east crosses it an odd number of times."""
    inside = False
    for (x0, y0), (x1, y1) in _edges(points):
        if (y0 > 0.0) != (y1 > 0.0) and x0 + (x1 - x0) * y0 / (y0 - y1) > 0.0:
            inside = not inside
    return inside


def _distance(points: Sequence[tuple[float, float]]) -> float:
    """Distance from the origin to a ring [m]."""
    return min(_to_edge(*start, *end) for start, end in _edges(points))


def _to_edge(x0: float, y0: float, x1: float, y1: float) -> float:
    dx, dy = x1 - x0, y1 - y0
    length = dx * dx + dy * dy
    along = 0.0 if length == 0.0 else min(1.0, max(0.0, -(x0 * dx + y0 * dy) / length))
    return math.hypot(x0 + along * dx, y0 + along * dy)


def _edges(points: Sequence[tuple[float, float]]) -> Iterable[tuple[tuple[float, float], tuple[float, float]]]:
    return zip(points, (*points[1:], points[0]), strict=True)
