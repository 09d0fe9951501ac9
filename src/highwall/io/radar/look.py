"""Unit vector from the ground to the satellite from the two angles that processors write."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from highwall.core.errors import InputError
from highwall.io.radar.pairs import Placed
from highwall.io.radar.pictures import DerivedPicture

Values: TypeAlias = NDArray[np.float64]
Map: TypeAlias = tuple[Placed, ...]
"""A map's parts: one picture, three of a vector, or none where the map is missing."""

_GREATEST_DEG = 80.0


def from_elevation(theta: Map, phi: Map) -> Map:
    """East, north, up from GAMMA's angles [rad]: elevation above the horizon, direction anticlockwise from east.

    Nothing unless both angles are there on one grid.
    """
    return _joined(theta, phi, formulas=(_elevated_east, _elevated_north, _elevated_up))


def from_incidence(incidence: Map, azimuth: Map) -> Map:
    """East, north, up from MintPy's angles [degree]: from the vertical, and anticlockwise from north.

    Nothing unless both angles are there on one grid.
    """
    return _joined(incidence, azimuth, formulas=(_inclined_east, _inclined_north, _inclined_up))


def tilted(los: xr.DataArray, incidence_deg: float) -> xr.DataArray:
    """Unit vectors (component, y, x) of one incidence angle [degree] that point where others do, seen from above.

    Raises
    ------
    InputError
        The angle is not between 0 and 80 degrees.
    """
    if not 0.0 <= incidence_deg <= _GREATEST_DEG:
        raise InputError(f"the incidence angle is {incidence_deg:g}; give degrees between 0 and {_GREATEST_DEG:g}.")
    flat, upright = np.sin(np.deg2rad(incidence_deg)), np.cos(np.deg2rad(incidence_deg))
    level = los.sel(component=["east", "north"])
    length = (level**2).sum("component", skipna=False) ** 0.5
    turned: xr.DataArray = (los * flat / length).where(los["component"] != "up", los * 0.0 + upright)
    return turned.astype(los.dtype).assign_attrs(los.attrs)


def _joined(first: Map, second: Map, *, formulas: tuple[Callable[[Values, Values], Values], ...]) -> Map:
    if not first or not second or first[0].grid != second[0].grid:
        return ()
    a, b = first[0].picture, second[0].picture
    return tuple(Placed(DerivedPicture(a, b, formula), first[0].grid) for formula in formulas)


def _elevated_east(theta: Values, phi: Values) -> Values:
    east: Values = np.cos(theta) * np.cos(phi)
    return east


def _elevated_north(theta: Values, phi: Values) -> Values:
    north: Values = np.cos(theta) * np.sin(phi)
    return north


def _elevated_up(theta: Values, phi: Values) -> Values:
    return np.where(np.isnan(phi), phi, np.sin(theta))


def _inclined_east(incidence: Values, azimuth: Values) -> Values:
    east: Values = -np.sin(np.deg2rad(incidence)) * np.sin(np.deg2rad(azimuth))
    return east


def _inclined_north(incidence: Values, azimuth: Values) -> Values:
    north: Values = np.sin(np.deg2rad(incidence)) * np.cos(np.deg2rad(azimuth))
    return north


def _inclined_up(incidence: Values, azimuth: Values) -> Values:
    return np.where(np.isnan(azimuth), azimuth, np.cos(np.deg2rad(incidence)))
