"""Land that mines must keep out of: protected areas, and what lies too near to settlements."""

from typing import Any, Final, Literal, NamedTuple

import geopandas as gpd

from highwall.activity.boundary import entered
from highwall.activity.breaches import Breach
from highwall.activity.options import ActivityOptions
from highwall.core.checks import nearest_name
from highwall.core.errors import VectorError

ZoneKind = Literal["protected_area", "settlement"]
PROTECTED, SETTLEMENT = "protected_area_entered", "settlement_buffer_entered"
KINDS: Final[dict[str, str]] = {"protected_area": PROTECTED, "settlement": SETTLEMENT}
"""Kind of a layer → kind of the findings that it leads to."""


class Zones(NamedTuple):
    """One layer of land to keep out of."""

    kind: str
    """Kind of the findings that it leads to."""
    ground: gpd.GeoDataFrame
    """``name`` and geometry, the buffer added, in a CRS in metres."""
    buffer_m: float


def zones_of(
    frame: gpd.GeoDataFrame, *, kind: ZoneKind, crs: Any, buffer_m: float, name: str | None, source: str
) -> Zones:
    """Bring a layer of protected areas or settlements into one shape.

    Parameters
    ----------
    crs
        In which patches are compared, in metres.
    buffer_m
        Distance to keep from it [m].
    name
        Column with the names; without it they are numbered.

    Raises
    ------
    VectorError
        There is no such column.
    """
    if name is not None and name not in frame:
        raise VectorError(f"{source} has no column {name!r} for the names{nearest_name(name, map(str, frame.columns))}")
    placed = frame.to_crs(crs)
    names = frame[name].astype(str) if name else [f"{kind.replace('_', ' ')} {i}" for i in range(1, len(frame) + 1)]
    ground = gpd.GeoDataFrame({"name": list(names)}, geometry=placed.geometry.buffer(buffer_m).values, crs=placed.crs)
    return Zones(KINDS[kind], ground, buffer_m)


def intrusions(patch: Any, zones: Zones, *, options: ActivityOptions) -> list[Breach]:
    """Ground of a patch inside each zone, where that is certain enough."""
    near = zones.ground.iloc[zones.ground.sindex.query(patch, predicate="intersects")]
    found = []
    for zone in near.itertuples():
        past = entered(
            patch, zone.geometry, std_m=options.position_std_m, smallest_m2=options.min_outside_m2,
            certainty=options.certainty,
        )  # fmt: skip
        if past.probability >= options.certainty:
            within = f", within {zones.buffer_m:g} m of it" if zones.buffer_m else ""
            found.append(Breach(zones.kind, patch.intersection(zone.geometry), None, past, f"{zone.name}{within}"))
    return found
