"""A notice with all that its receivers are told: of which alarm, where, and what they were told of it before."""

import datetime as dt
from typing import Any, NamedTuple

from highwall.twin.alarm import Alarm
from highwall.twin.sql.notices import OutgoingNotice


class Spot(NamedTuple):
    """Where an alarm is about."""

    name: str
    """Of its asset, zone or location."""
    lon: float | None = None
    """degree"""
    lat: float | None = None
    radius_m: float | None = None
    """It lies within so far of it."""


class Bulletin(NamedTuple):
    """What one target is told."""

    site: str
    notice: OutgoingNotice
    alarm: Alarm
    spot: Spot
    earlier: tuple[OutgoingNotice, ...] = ()
    """Notices of the same alarm that went before, oldest first."""

    @property
    def key(self) -> str:
        """The same for the same notice of the same site, whenever and wherever it is sent."""
        return f"{self.site}:{self.notice.key}"


def as_json(bulletin: Bulletin) -> dict[str, Any]:
    """Tell a bulletin as JSON; times are ISO 8601 in UTC."""
    notice, alarm, spot = bulletin.notice, bulletin.alarm, bulletin.spot
    return {
        "id": bulletin.key,
        "site": bulletin.site,
        "what": notice.what,
        "at": iso(notice.at_us),
        "to": str(notice.to),
        "text": notice.text,
        "alarm": {
            "id": alarm.alarm_id,
            "criterion": alarm.criterion,
            "subject": str(alarm.subject),
            "title": alarm.title,
            "level": alarm.level,
            "state": str(alarm.stage),
            "raised": iso(alarm.raised_us),
            "is_blind": alarm.is_blind,
            "evidence": list(alarm.evidence),
            "actions": list(alarm.actions),
        },
        "place": {"name": spot.name, "lon": spot.lon, "lat": spot.lat, "radius_m": spot.radius_m},
    }


def iso(at_us: int) -> str:
    """Time as ISO 8601 in UTC, to the millisecond."""
    moment = dt.datetime.fromtimestamp(at_us / 1e6, dt.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
