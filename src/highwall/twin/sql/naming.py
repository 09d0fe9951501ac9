"""Names in place of ids, in what is told to people outside: `North wall gauge, crack width: 21 mm, above 20 mm`."""

import re
from typing import Final

from sqlalchemy import Connection

from highwall.telemetry.observed import OBSERVED, stream_name
from highwall.twin.sql import gateways, tags, things, zones
from highwall.twin.watch import Subject

_SUBJECT: Final = re.compile(r"\((asset|sensor|zone|gateway|finding):([^()\s]+)\)")
_SPEAKER: Final = re.compile(r"[^\s:]+(?=: )")
"""What a line of evidence may begin with: a datastream, an asset, a tag or a gateway."""
_ZONE: Final = re.compile(r"(?<=in zone )[\w.-]+$")
_DO: Final = ". Do: "


def named_text(connection: Connection, text: str) -> str:
    """Text of a notice, `title (kind:id): line; line. Do: action`, with names; one of another form stays as it is."""
    found = _SUBJECT.search(text)
    if found is None:
        return text
    name = name_of(connection, Subject(found[1], found[2])) or found[2]
    lines, do, actions = text[found.end() :].removeprefix(": ").partition(_DO)
    told = "; ".join(named_line(connection, line) for line in lines.split("; "))
    between = ": " if lines and text.startswith(": ", found.end()) else ""
    return f"{text[: found.start()]}({name}){between}{told}{do}{actions}"


def named_line(connection: Connection, line: str) -> str:
    """Line of evidence with the names of assets, their tags, sensors, zones and gateways; what has none stays."""
    if zone := _ZONE.search(line):
        return line[: zone.start()] + (name_of(connection, Subject("zone", zone[0])) or zone[0])
    if not (found := _SPEAKER.match(line)):
        return line
    thing, observed, qualifier = stream_name(found[0])
    name = name_of(connection, Subject("sensor", thing))
    if "/" not in found[0]:
        return (name or found[0]) + line[found.end() :]
    title = OBSERVED[observed].title.lower() if observed in OBSERVED else observed.replace("_", " ")
    return f"{name or thing}, {title}{f' ({qualifier})' if qualifier else ''}{line[found.end() :]}"


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
