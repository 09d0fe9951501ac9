"""A mine site: what is watched, where, and what it digs."""

from dataclasses import dataclass
from enum import StrEnum

from odc.geo.geom import Geometry

from highwall.core.errors import GridError
from highwall.core.grid import metric_crs, utm_crs


class MineType(StrEnum):
    """How a mine works its deposit (MineCam, Jabłońska et al. 2024, section 2.2)."""

    OPENCAST = "OC"
    OPEN_PIT = "OP"
    MOUNTAIN_TOP = "MT"


@dataclass(frozen=True)
class Site:
    """A place that Highwall watches."""

    name: str
    aoi: Geometry
    """Area of interest, EPSG:4326."""
    crs: str
    """Projected CRS in metres in which areas and distances are measured."""
    minerals: tuple[str, ...] = ()
    mine_type: MineType | None = None

    @classmethod
    def over(
        cls,
        name: str,
        aoi: Geometry,
        *,
        crs: str | None = None,
        minerals: tuple[str, ...] = (),
        mine_type: MineType | None = None,
    ) -> "Site":
        """Make a site from an area in any CRS; without ``crs`` the UTM zone of its centre is taken.

        Raises
        ------
        GridError
            The area is empty or has no CRS, or ``crs`` is unknown or not projected in metres.
        """
        if aoi.crs is None:
            raise GridError(f"the AOI of {name!r} has no CRS; give GeoJSON in EPSG:4326 or a file that carries one.")
        geographic = aoi.to_crs("EPSG:4326")
        if geographic.is_empty or geographic.area <= 0.0:
            raise GridError(f"the AOI of {name!r} has zero area; draw a polygon around the mine.")
        centre = geographic.centroid.coords[0]
        site = cls(name, geographic, crs or utm_crs(*centre), minerals, mine_type)
        metric_crs(site.crs)
        return site
