"""Names in place of ids, in what is told to people outside: `North wall gauge, crack width: 21 mm, above 20 mm`."""

import re
from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection

from highwall.telemetry.observed import OBSERVED, stream_name
from highwall.twin.sql import gateways, tags, things, zones
from highwall.twin.watch import Subject

_SPEAKER: Final = re.compile(r"(?<![\w./-])[\w.-]+(?:/[\w.-]+)*(?=: )")
"""What a line of evidence begins with: a datastream, an asset, a tag or a gateway."""
_SUBJECT: Final = re.compile(r"\((asset|sensor|zone|gateway|finding):([^()\s]+)\)")
_ZONE: Final = re.compile(r"(?<=in zone )[\w.-]+")


def named(connection: Connection, texts: Iterable[str]) -> list[str]:
    """Put names in place of the ids of assets, their tags, sensors, zones and gateways; what has none stays."""

    def speaker(found: re.Match[str]) -> str:
        thing, observed, qualifier = stream_name(found[0])
        name = name_of(connection, Subject("sensor", thing))
        if "/" not in found[0]:
            return name or found[0]
        title = OBSERVED[observed].title.lower() if observed in OBSERVED else observed.replace("_", " ")
        return f"{name or thing}, {title}{f' ({qualifier})' if qualifier else ''}"

    def subject(found: re.Match[str]) -> str:
        return f"({name_of(connection, Subject(found[1], found[2])) or found[2]})"

    def zone(found: re.Match[str]) -> str:
        return name_of(connection, Subject("zone", found[0])) or found[0]

    return [_ZONE.sub(zone, _SPEAKER.sub(speaker, _SUBJECT.sub(subject, text))) for text in texts]


def name_of(connection: Connection, subject: Subject) -> str | None:
    """What people call a subject; None: nobody has named it."""
    kind, key = subject
    if kind in ("zone", "finding"):
        zone = zones.zone(connection, key)
        return zone.title if zone else None
    gateway = gateways.gateway(connection, key) if kind in ("gateway", "sensor") else None
    asset = things.asset(connection, tags.owners(connection, [key]).get(key, key))
    found = asset or gateway
    return found.name if found else None
