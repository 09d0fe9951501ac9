"""The registry as the engine asks it: whose a tag is, where things stand, which zones and gateways there are."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from highwall.telemetry.rssi import Beacon
from highwall.twin.matching import Belongs
from highwall.twin.places import Area, grades_in
from highwall.twin.sightings import FindingSeen

MOVING: Final = frozenset({"person", "machine", "material"})
"""Assets whose place is that of their state; others stand where the registry says."""


class Known(NamedTuple):
    """An asset as the registry knows it."""

    asset_id: str
    kind: str
    lon: float | None = None
    lat: float | None = None


class Registry(NamedTuple):
    """What people told about the site; the engine is given a new one when any of it changes."""

    assets: Mapping[str, Known] = {}
    owners: Mapping[str, str] = {}
    """Asset of each tag that was ever claimed."""
    areas: tuple[Area, ...] = ()
    findings: tuple[FindingSeen, ...] = ()
    gateways: frozenset[str] = frozenset()
    """Gateways that were let in: their silence counts from the start."""
    beacons: Mapping[str, Beacon] = {}

    def asset_of(self, thing: str) -> Known | None:
        """Asset that a thing speaks for: itself, or the one it is bound to."""
        return self.assets.get(thing) or self.assets.get(self.owners.get(thing, ""))

    def belongs(self, thing: str) -> Belongs:
        """Say what datastreams of a thing belong to."""
        asset = self.asset_of(thing)
        if asset is None:
            kind = "gateway" if thing in self.gateways else ""
            return Belongs(thing, None, kind)
        zones: tuple[tuple[str, str], ...] = ()
        if asset.kind not in MOVING and asset.lon is not None and asset.lat is not None:
            inside = grades_in(self.areas, asset.lon, asset.lat, 0.0)
            zones = tuple((area.zone_id, area.kind) for area in self.areas if area.zone_id in inside)
        return Belongs(thing, asset.asset_id, asset.kind, zones)


def findings_of(
    zones: Iterable[tuple[str, Mapping[str, Any], int]], states: Mapping[str, str]
) -> tuple[FindingSeen, ...]:
    """Findings of a run, from their zones.

    Parameters
    ----------
    zones
        Id, properties and beginning of each zone of kind ``finding``; properties hold ``kind`` and ``probability``.
    states
        By zone id: what a person last said of it; nothing: it is new.
    """
    return tuple(
        FindingSeen(
            zone_id, str(properties.get("kind", "finding")), states.get(zone_id, "new"),
            float(properties.get("probability", 1.0)), since_us,
        )
        for zone_id, properties, since_us in zones
    )  # fmt: skip
