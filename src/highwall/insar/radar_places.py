"""Places on the ground in a stack in radar coordinates, whose pixels each carry a latitude and a longitude."""

from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from highwall.core.errors import StackError
from highwall.insar.corrections.coarse import Grid, places_of

METRES_A_DEGREE = 111_320.0
"""Metres of a degree along the equator; of one northward within 0.7 %."""

_FARTHEST_PX = 3.0
"""Pixels between a place and the nearest pixel from which the place lies outside the stack."""


def nearest_pixel(stack: xr.Dataset, *, longitude: float, latitude: float) -> tuple[int, int]:
    """Row and column of the pixel nearest to a place [degree].

    Raises
    ------
    StackError
        The nearest pixel is more than three pixels' spacing away.
    GridError
        The stack carries neither ``latitude`` nor ``longitude``.
    """
    found = _nearest(stack, longitude=longitude, latitude=latitude)
    if not found.is_near:
        cure = "choose a place in the stack"
        if _nearest(stack, longitude=latitude, latitude=longitude).is_near:
            cure = f"longitude comes first, and {latitude:.10g}, {longitude:.10g} lies in the stack"
        raise StackError(
            f"the reference at longitude {longitude:.10g}, latitude {latitude:.10g} lies {found.distance_m:,.0f} m "
            f"from the nearest pixel, at row {found.row}, column {found.col}; {cure}."
        )
    return found.row, found.col


class _Nearest(NamedTuple):
    """The pixel that is nearest to a place."""

    row: int
    col: int
    distance_m: float
    is_near: bool
    """The place lies in the stack, or within some pixels of its edge."""


def _nearest(stack: xr.Dataset, *, longitude: float, latitude: float) -> _Nearest:
    east, north = _offsets(stack, longitude=longitude, latitude=latitude)
    distance = np.hypot(east, north)
    if np.isnan(distance).all():
        raise StackError("no pixel of the stack has a latitude and longitude; write them into the stack.")
    row, col = (int(index) for index in np.unravel_index(np.nanargmin(distance), distance.shape))
    farthest_m = _FARTHEST_PX * _spacing(east, north, row=row, col=col)
    nearest_m = float(distance[row, col])
    return _Nearest(row, col, nearest_m, nearest_m <= farthest_m)


def pixels_within(stack: xr.Dataset, *, west: float, south: float, east: float, north: float) -> NDArray[np.bool_]:
    """Pixels (y, x) whose place lies in bounds [degree].

    Raises
    ------
    GridError
        The stack carries neither ``latitude`` nor ``longitude``.
    """
    places = places_of(stack)
    in_longitude = (places.longitude >= west) & (places.longitude <= east)
    in_latitude = (places.latitude >= south) & (places.latitude <= north)
    return np.asarray(in_longitude & in_latitude & places.are_known)


def _offsets(stack: xr.Dataset, *, longitude: float, latitude: float) -> tuple[Grid, Grid]:
    """Way from a place to every pixel, east and north (y, x) [m]; NaN where a pixel has no place."""
    places = places_of(stack)
    eastward = (places.longitude - longitude + 180.0) % 360.0 - 180.0
    east = eastward * np.cos(np.deg2rad(latitude)) * METRES_A_DEGREE
    north = (places.latitude - latitude) * METRES_A_DEGREE
    return np.where(places.are_known, east, np.nan), np.where(places.are_known, north, np.nan)


def _spacing(east: Grid, north: Grid, *, row: int, col: int) -> float:
    """Way [m] from a pixel to the farthest of its four neighbours whose place is known."""
    beside = [(row - 1, col), (row + 1, col), (row, col - 1), (row, col + 1)]
    inside = [(r, c) for r, c in beside if 0 <= r < east.shape[0] and 0 <= c < east.shape[1]]
    ways = [float(np.hypot(east[r, c] - east[row, col], north[r, c] - north[row, col])) for r, c in inside]
    return max((way for way in ways if np.isfinite(way)), default=0.0)
