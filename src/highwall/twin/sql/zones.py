"""Zones: places of the ground that something is said about, by a run, by deformation, by cracks or by beacons."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import BigInteger, Column, Connection, Index, Integer, String, Table, Text, select, update

from highwall.core.errors import InputError
from highwall.twin.sql.database import METADATA, upsert

_ZONES: Final = Table(
    "zones",
    METADATA,
    Column("id", String(80), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("title", Text, nullable=False),
    Column("geometry", Text, nullable=False),
    Column("properties", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("since_us", BigInteger, nullable=False),
    Column("until_us", BigInteger),
    Index("ix_zones_kind", "kind", "until_us"),
)
_VERDICTS: Final = Table(
    "zone_verdicts",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("zone_id", String(80), nullable=False, index=True),
    Column("verdict", String(16), nullable=False),
    Column("who", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
)


class ZoneKind(StrEnum):
    """What a zone comes from."""

    FINDING = "finding"
    DEFORMATION = "deformation"
    CRACK = "crack"
    BEACON = "beacon"
    EXCLUSION = "exclusion"
    """Ground that people must keep out of, as before a blast or below a moving wall."""


class Verdict(StrEnum):
    """What a person said of a zone."""

    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    CLOSED = "closed"


class Zone(NamedTuple):
    """A place of the ground and what is said about it."""

    id: str
    kind: ZoneKind
    title: str
    geometry: dict[str, Any]
    """GeoJSON geometry, longitude and latitude [degree]."""
    properties: dict[str, Any]
    """Values that rules may compare, and the evidence."""
    source: str
    """Run or gateway that said it."""
    since_us: int
    until_us: int | None = None
    """When it was no longer said; None: it still is."""


class GivenVerdict(NamedTuple):
    """A person's word on a zone."""

    verdict: Verdict
    who: str
    why: str
    at_us: int


def put_zones(connection: Connection, zones: Sequence[Zone]) -> None:
    """Add zones, or change those with their ids."""
    upsert(connection, _ZONES, [_as_row(zone) for zone in zones])


def replace_zones(connection: Connection, kind: ZoneKind, zones: Sequence[Zone], *, at_us: int) -> int:
    """Put what a new run says in place of what is said of this kind, and count the zones that ended.

    A zone that is said again keeps when it began; one that is not said again ends now, and stays readable.
    """
    since = {zone.id: zone.since_us for zone in open_zones(connection, [kind])}
    put_zones(connection, [zone._replace(kind=kind, since_us=since.get(zone.id, zone.since_us)) for zone in zones])
    gone = since.keys() - {zone.id for zone in zones}
    for zone_id in gone:
        connection.execute(update(_ZONES).where(_ZONES.c.id == zone_id).values(until_us=at_us))
    return len(gone)


def open_zones(connection: Connection, kinds: Iterable[ZoneKind] = tuple(ZoneKind)) -> list[Zone]:
    """Zones that are still said, in the order of their ids."""
    wanted = select(_ZONES).where(_ZONES.c.until_us.is_(None), _ZONES.c.kind.in_([kind.value for kind in kinds]))
    return [_zone(row) for row in connection.execute(wanted.order_by(_ZONES.c.id))]


def zone(connection: Connection, zone_id: str) -> Zone | None:
    """One zone, or None where there is none with this id."""
    row = connection.execute(select(_ZONES).where(_ZONES.c.id == zone_id)).one_or_none()
    return _zone(row) if row else None


def judge(connection: Connection, zone_id: str, verdict: Verdict, *, who: str, why: str, at_us: int) -> None:
    """Keep a person's word on a zone; a closed zone is no longer said.

    Raises
    ------
    InputError
        There is no such zone.
    """
    if zone(connection, zone_id) is None:
        raise InputError(f"there is no zone {zone_id!r}; it may belong to an older store.")
    row = {"zone_id": zone_id, "verdict": Verdict(verdict).value, "who": who, "why": why, "at_us": at_us}
    connection.execute(_VERDICTS.insert().values(row))
    if verdict is Verdict.CLOSED:
        connection.execute(update(_ZONES).where(_ZONES.c.id == zone_id).values(until_us=at_us))


def verdicts(connection: Connection, zone_ids: Iterable[str]) -> dict[str, list[GivenVerdict]]:
    """People's words on zones, oldest first; a zone without any is not named."""
    found: dict[str, list[GivenVerdict]] = {}
    wanted = select(_VERDICTS).where(_VERDICTS.c.zone_id.in_(list(zone_ids))).order_by(_VERDICTS.c.id)
    for row in connection.execute(wanted):
        found.setdefault(row.zone_id, []).append(GivenVerdict(Verdict(row.verdict), row.who, row.why, row.at_us))
    return found


def _as_row(zone: Zone) -> dict[str, Any]:
    texts = {name: msgspec.json.encode(getattr(zone, name)).decode() for name in ("geometry", "properties")}
    return zone._asdict() | texts | {"kind": ZoneKind(zone.kind).value}


def _zone(row: Any) -> Zone:
    geometry, properties = (msgspec.json.decode(text, type=dict[str, Any]) for text in (row.geometry, row.properties))
    return Zone(row.id, ZoneKind(row.kind), row.title, geometry, properties, row.source, row.since_us, row.until_us)
