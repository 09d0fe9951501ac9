"""The registry as the engine asks it, read from the tables of things, tags, zones and gateways."""

import logging
from typing import Final

from sqlalchemy import Connection

from highwall.core.errors import InputError
from highwall.telemetry.rssi import Beacon
from highwall.twin.places import Area, area_of
from highwall.twin.registry import Known, Registry, findings_of
from highwall.twin.sql import gateways, tags, things, zones

_LOG: Final = logging.getLogger(__name__)
_PAGE: Final = 1000


def read_registry(connection: Connection) -> Registry:
    """Everything that people and runs told about the site."""
    opened = zones.open_zones(connection)
    found = [zone for zone in opened if zone.kind is zones.ZoneKind.FINDING]
    said = zones.verdicts(connection, [zone.id for zone in found])
    return Registry(
        {asset.id: Known(asset.id, asset.kind.value, asset.longitude, asset.latitude) for asset in _assets(connection)},
        {binding.tag_id: binding.asset_id for binding in tags.bindings(connection)},
        tuple(area for zone in opened if (area := _area(zone)) is not None),
        findings_of(
            ((zone.id, zone.properties, zone.since_us) for zone in found),
            {zone: verdicts[-1].verdict.value for zone, verdicts in said.items() if verdicts},
        ),
        frozenset(gateway.id for gateway in gateways.gateways(connection) if gateway.is_trusted),
        {zone.id: _beacon(zone) for zone in opened if _is_beacon(zone)},
    )


def read_words(connection: Connection) -> dict[str, int]:
    """When each gateway that is online last sent its status."""
    return {
        gateway.id: gateway.heard_us
        for gateway in gateways.gateways(connection)
        if gateway.heard_us is not None and gateway.status is not None and gateway.status.online
    }


def _assets(connection: Connection) -> list[things.Asset]:
    found: list[things.Asset] = []
    while page := things.assets(connection, after=found[-1].id if found else "", limit=_PAGE):
        found += page
    return found


def _area(zone: zones.Zone) -> Area | None:
    """Zone as an area; a point or a line has no inside."""
    try:
        return area_of(zone.id, zone.kind.value, zone.geometry)
    except InputError as error:
        _LOG.debug("no area: %s", error)
        return None


def _is_beacon(zone: zones.Zone) -> bool:
    """Whether a zone is a beacon whose place and power are known."""
    is_point = zone.kind is zones.ZoneKind.BEACON and zone.geometry.get("type") == "Point"
    return is_point and isinstance(zone.properties.get("power_dbm"), int | float)


def _beacon(zone: zones.Zone) -> Beacon:
    lon, lat, *height = zone.geometry["coordinates"]
    return Beacon(float(lon), float(lat), float(height[0]) if height else 0.0, float(zone.properties["power_dbm"]))
