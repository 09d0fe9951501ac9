"""How sure it is that ground lies past a line, when neither the ground's outline nor the line is exact.

The outline of a patch is off by the network's cell and the scene's geolocation, the boundary by its survey. Taken
together they move the boundary against the outline by an unknown b, normal with mean 0 and a known standard deviation
σ, the same along one piece of boundary (errors of geolocation and survey shift it as a whole). Past a boundary moved
outward by b lies the area A(b), which falls as b grows; so

    P(A ≥ s) = Φ(b* / σ),  A(b*) = s,

and with certainty p the ground past the boundary is at least A(z_p σ).
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import shapely
from scipy.special import ndtr, ndtri

_FARTHEST: Final = 4.0
"""Standard deviations within which the boundary is sought; P beyond is below 0.00004."""
_N_HALVINGS: Final = 20
"""Halvings of that span: it ends below 10⁻⁵ σ."""

_DEPTH_M: Final = 0.1
"""Error of depths [m]."""


class Beyond(NamedTuple):
    """Ground past a boundary."""

    area_m2: float
    """As drawn."""
    least_m2: float
    """That it has at least, with the certainty asked for."""
    probability: float
    """That it has the smallest area that counts, or more [1]."""
    depth_m: float
    """Farthest distance past the boundary, as drawn."""


def beyond(ground: Any, allowed: Any, *, std_m: float, smallest_m2: float, certainty: float) -> Beyond:
    """Judge ground past a boundary.

    Parameters
    ----------
    ground, allowed
        Geometries in metres; ``allowed`` may be empty.
    std_m
        Standard deviation of the boundary against the outline of the ground [m].
    smallest_m2
        Area from which ground past the boundary counts [m²].
    certainty
        Of ``least_m2`` [1].
    """
    outside = ground.difference(allowed)
    near = shapely.intersection(allowed, ground.buffer((_FARTHEST + 1.0) * std_m).envelope)

    def area_at(shift_m: float) -> float:
        return float(ground.difference(near.buffer(shift_m)).area) if not near.is_empty else float(ground.area)

    depth_m = 0.0
    if not allowed.is_empty:
        depth_m = _deepest(outside, allowed, lambda depth_m: not allowed.buffer(depth_m, quad_segs=32).covers(outside))
    least_m2 = area_at(float(ndtri(certainty)) * std_m)
    return Beyond(float(outside.area), least_m2, _probability(area_at, std_m, smallest_m2), depth_m)


def entered(ground: Any, zone: Any, *, std_m: float, smallest_m2: float, certainty: float) -> Beyond:
    """Judge ground inside a zone that it must keep out of; ``depth_m`` is how far it reaches in.

    Parameters
    ----------
    ground, zone
        Geometries in metres.
    std_m, smallest_m2, certainty
        As for :func:`beyond`.
    """
    inside = ground.intersection(zone)

    def area_at(shift_m: float) -> float:
        return float(ground.intersection(zone.buffer(-shift_m)).area)

    depth_m = _deepest(inside, zone.boundary, lambda depth_m: inside.intersects(zone.buffer(-depth_m)))
    least_m2 = area_at(float(ndtri(certainty)) * std_m)
    return Beyond(float(inside.area), least_m2, _probability(area_at, std_m, smallest_m2), depth_m)


def _deepest(ground: Any, line: Any, is_deeper: Callable[[float], bool]) -> float:
    """Farthest that ground lies past a line [m]: at a corner, or amid it where the line runs around.

    Parameters
    ----------
    is_deeper
        Whether some of the ground lies farther past the line than a depth.
    """
    corners = shapely.points(shapely.get_coordinates(ground))
    low = float(shapely.distance(corners, line).max()) if corners.size else 0.0
    if not corners.size or not is_deeper(low + _DEPTH_M):
        return low
    left, bottom, right, top = ground.bounds
    high = low + right - left + top - bottom
    while high - low > _DEPTH_M:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if is_deeper(middle) else (low, middle)
    return low


def _probability(area_at: Callable[[float], float], std_m: float, smallest_m2: float) -> float:
    """P(A ≥ s) of the falling A(b), b normal with ``std_m``."""
    enough = max(smallest_m2, 1e-6) * (1.0 - 1e-9)  # ground that only touches the line has no area past it
    if std_m == 0.0:
        return float(area_at(0.0) >= enough)
    low, high = -_FARTHEST, _FARTHEST
    if area_at(low * std_m) < enough:
        return 0.0
    if area_at(high * std_m) >= enough:
        return 1.0
    for _ in range(_N_HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if area_at(middle * std_m) >= enough else (low, middle)
    return float(ndtr(0.5 * (low + high)))
