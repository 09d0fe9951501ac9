"""Where things are: places from beacons for tags that do not know their own, and the zones that everything is in."""

from collections.abc import Mapping

import msgspec

from highwall.telemetry.rssi import Beacon, Fix, Heard, Hearing, fix, hear
from highwall.telemetry.tag_options import RssiOptions
from highwall.twin.places import Area, grades_in
from highwall.twin.sightings import Grade


class Tracked(msgspec.Struct):
    """What a tag heard lately, and when its place was last worked out."""

    hearing: Hearing = Hearing()
    fixed_us: int = 0


class Tracker:
    """Tags that are located by beacons."""

    def __init__(self, options: RssiOptions, *, every_us: int) -> None:
        self._options, self._every_us = options, every_us
        self.known: dict[str, Tracked] = {}
        self.dirty: set[str] = set()

    def on_rssi(
        self, thing: str, beacon: str, rssi_dbm: float, *, at_us: int, beacons: Mapping[str, Beacon]
    ) -> Fix | None:
        """Take a beacon's strength in; gives a place now and then."""
        if beacon not in beacons:
            return None
        tracked = self.known.setdefault(thing, Tracked())
        self.dirty.add(thing)
        tracked.hearing = hear(tracked.hearing, Heard(at_us, beacon, rssi_dbm), options=self._options)
        if at_us - tracked.fixed_us < self._every_us:
            return None
        tracked.fixed_us = at_us
        return fix(tracked.hearing, beacons, options=self._options)


class Whereabouts:
    """Which zones each asset is in."""

    def __init__(self) -> None:
        self.inside: dict[str, dict[str, int]] = {}
        """By asset: grade of each zone that it is in."""
        self._areas: tuple[Area, ...] = ()
        self._kinds: dict[str, str] = {}

    def lay_out(self, areas: tuple[Area, ...]) -> None:
        """Take other zones; who is in them is asked anew, asset by asset."""
        self._areas = areas
        self._kinds = {area.zone_id: area.kind for area in areas}
        self.inside = {
            asset: {zone: grade for zone, grade in grades.items() if zone in self._kinds}
            for asset, grades in self.inside.items()
        }

    def moved(self, asset_id: str, lon: float, lat: float, radius_m: float) -> list[Grade]:
        """Say of which zones an asset is now more or less surely inside than before."""
        now, before = grades_in(self._areas, lon, lat, radius_m), self.inside.get(asset_id, {})
        changed = sorted(zone for zone in now.keys() | before.keys() if now.get(zone, 0) != before.get(zone, 0))
        self.inside[asset_id] = now
        return [Grade(zone, self._kinds[zone], now.get(zone, 0)) for zone in changed]

    def grades(self, asset_id: str) -> list[Grade]:
        """Zones that an asset is in."""
        return [Grade(zone, self._kinds[zone], grade) for zone, grade in sorted(self.inside.get(asset_id, {}).items())]
