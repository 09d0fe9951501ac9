"""Where the subject of an alarm is: the last position of an asset, where a sensor stands, the midst of a zone."""

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import Connection

from highwall.telemetry.local_plane import LocalPlane
from highwall.twin.bulletin import Spot
from highwall.twin.sql import states, tags, things, zones
from highwall.twin.sql.naming import name_of
from highwall.twin.state import AssetState
from highwall.twin.watch import Subject


def spot_of(connection: Connection, subject: Subject) -> Spot:
    """Where a subject is; of one that nobody has placed, its name alone."""
    zone = zones.zone(connection, subject.subject_id) if subject.kind in ("zone", "finding") else None
    if zone is not None:
        return zone_spot(zone.title, zone.geometry)
    asset_id = tags.owners(connection, [subject.subject_id]).get(subject.subject_id, subject.subject_id)
    asset = things.asset(connection, asset_id)
    if asset is None:
        return Spot(name_of(connection, subject) or subject.subject_id)
    return _asset_spot(connection, asset)


def zone_spot(name: str, geometry: dict[str, Any]) -> Spot:
    """Midst of a GeoJSON geometry, and the radius that holds all of it."""
    points = list(_points(geometry.get("coordinates", [])))
    if not points:
        return Spot(name)
    plane = LocalPlane(*points[0])
    places = [plane.to_metres(*point) for point in points]
    east, north = ((min(part) + max(part)) / 2.0 for part in zip(*places, strict=True))
    lon, lat = plane.to_degrees(east, north)
    radius_m = max(((x - east) ** 2 + (y - north) ** 2) ** 0.5 for x, y in places)
    return Spot(name, lon, lat, radius_m)


def _asset_spot(connection: Connection, asset: things.Asset) -> Spot:
    stored = states.states(connection, [asset.id]).get(asset.id)
    place = msgspec.json.decode(stored, type=AssetState).position if stored else None
    if place is not None:
        return Spot(asset.name, place.lon, place.lat, place.radius_m)
    return Spot(asset.name, asset.longitude, asset.latitude)


def _points(coordinates: list[Any]) -> Iterator[tuple[float, float]]:
    """Points of nested GeoJSON coordinates."""
    if coordinates and not isinstance(coordinates[0], list | tuple):
        yield float(coordinates[0]), float(coordinates[1])
        return
    for part in coordinates:
        yield from _points(part)
