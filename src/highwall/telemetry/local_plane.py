"""A plane in metres around a place, for distances of a few kilometres."""

import math
from typing import Final, NamedTuple

_A: Final = 6_378_137.0
"""Semi-major axis of WGS 84 [m]."""
_E2: Final = 6.69437999014e-3
"""First eccentricity of WGS 84, squared [1]."""


class LocalPlane(NamedTuple):
    """East and north of an origin on WGS 84; within 5 km of it distances are right to about 1e-3 at 70° of latitude."""

    lon: float
    """degree"""
    lat: float
    """degree"""

    def to_metres(self, lon: float, lat: float) -> tuple[float, float]:
        """East and north of the origin [m]; across the 180th meridian the short way."""
        east, north = self._metres_a_degree()
        return (((lon - self.lon + 180.0) % 360.0) - 180.0) * east, (lat - self.lat) * north

    def to_degrees(self, east: float, north: float) -> tuple[float, float]:
        """Longitude and latitude [degree]."""
        east_a_degree, north_a_degree = self._metres_a_degree()
        lon = self.lon + east / east_a_degree
        return ((lon + 180.0) % 360.0) - 180.0, self.lat + north / north_a_degree

    def _metres_a_degree(self) -> tuple[float, float]:
        """Radii of curvature along the parallel and the meridian, a degree's worth [m degree⁻¹]."""
        phi = math.radians(self.lat)
        w = math.sqrt(1.0 - _E2 * math.sin(phi) ** 2)
        return math.radians(_A / w * math.cos(phi)), math.radians(_A * (1.0 - _E2) / w**3)
