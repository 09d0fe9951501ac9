"""Locations and assets: what there is on a site; both can be kept in step with another system by its own ids."""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    Integer,
    String,
    Table,
    Text,
    delete,
    func,
    select,
)

from highwall.core.errors import ConflictError, InputError
from highwall.telemetry.messages import check_name
from highwall.twin.sql.database import METADATA, upsert

_LOCATIONS: Final = Table(
    "locations",
    METADATA,
    Column("id", String(40), primary_key=True),
    Column("name", Text, nullable=False),
    Column("polygon", Text),
    Column("expected_staff", Integer),
    Column("procedure_id", Text),
    Column("external_id", Text, unique=True),
)
_ASSETS: Final = Table(
    "assets",
    METADATA,
    Column("id", String(40), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("name", Text, nullable=False),
    Column("location_id", String(40), index=True),
    Column("external_id", Text, unique=True),
    Column("longitude", Float),
    Column("latitude", Float),
    Column("height_m", Float),
    Column("is_retired", Boolean, nullable=False),
    Column("changed_us", BigInteger, nullable=False),
)
_UNFIT: Final = re.compile(r"[^a-z0-9_-]+")


class AssetKind(StrEnum):
    """What an asset is."""

    PERSON = "person"
    MACHINE = "machine"
    MATERIAL = "material"
    STRUCTURE = "structure"
    SENSOR = "sensor"
    GATEWAY = "gateway"


class Location(NamedTuple):
    """A place with a name, as a pit, a dump, a crusher."""

    id: str
    name: str
    polygon: str | None = None
    """GeoJSON geometry, longitude and latitude [degree]."""
    expected_staff: int | None = None
    procedure_id: str | None = None
    """Operating procedure that holds here."""
    external_id: str | None = None
    """Its id in another system."""


class Asset(NamedTuple):
    """Someone or something that the twin follows."""

    id: str
    kind: AssetKind
    name: str
    location_id: str | None = None
    external_id: str | None = None
    longitude: float | None = None
    """Where it stands, of what does not move [degree]; what moves has its position in its state."""
    latitude: float | None = None
    height_m: float | None = None
    is_retired: bool = False


def put_location(connection: Connection, location: Location) -> Location:
    """Add a location, or change the one with its id.

    Raises
    ------
    ConflictError
        Another one bears its external id.
    """
    check_name(location.id, what="location")
    _check_external(connection, _LOCATIONS, location.id, location.external_id)
    upsert(connection, _LOCATIONS, [location._asdict()])
    return location


def location(connection: Connection, location_id: str) -> Location | None:
    """One location, or None where there is none with this id."""
    row = connection.execute(select(_LOCATIONS).where(_LOCATIONS.c.id == location_id)).one_or_none()
    return Location(*row) if row else None


def locations(connection: Connection, *, among: Iterable[str] | None = None) -> list[Location]:
    """Every location, or those with these ids, in the order of their ids."""
    wanted = select(_LOCATIONS).order_by(_LOCATIONS.c.id)
    if among is not None:
        wanted = wanted.where(_LOCATIONS.c.id.in_(list(among)))
    return [Location(*row) for row in connection.execute(wanted)]


def delete_location(connection: Connection, location_id: str) -> bool:
    """Delete a location; assets that were there are nowhere. Says whether it was there."""
    connection.execute(_ASSETS.update().where(_ASSETS.c.location_id == location_id).values(location_id=None))
    return connection.execute(delete(_LOCATIONS).where(_LOCATIONS.c.id == location_id)).rowcount > 0


def sync_location(connection: Connection, external_id: str, location: Location) -> Location:
    """Add or change the location that another system knows by this id; twice the same changes nothing.

    The id of ``location`` is taken where it is new and not empty; else it is made from the external id.
    """
    found = connection.scalar(select(_LOCATIONS.c.id).where(_LOCATIONS.c.external_id == external_id))
    own = found or _new_id(connection, _LOCATIONS, wanted=location.id, external_id=external_id)
    return put_location(connection, location._replace(id=own, external_id=external_id))


def put_asset(connection: Connection, asset: Asset, *, at_us: int) -> Asset:
    """Add an asset, or change the one with its id.

    Raises
    ------
    ConflictError
        Another one bears its external id.
    """
    check_name(asset.id, what="asset")
    _check_external(connection, _ASSETS, asset.id, asset.external_id)
    upsert(connection, _ASSETS, [asset._asdict() | {"kind": AssetKind(asset.kind).value, "changed_us": at_us}])
    return asset


def asset(connection: Connection, asset_id: str) -> Asset | None:
    """One asset, or None where there is none with this id."""
    row = connection.execute(select(_ASSETS).where(_ASSETS.c.id == asset_id)).one_or_none()
    return _asset(row) if row else None


def assets(
    connection: Connection,
    *,
    after: str = "",
    limit: int = 1000,
    kinds: Iterable[AssetKind] | None = None,
    locations: Iterable[str] | None = None,
    with_retired: bool = False,
) -> list[Asset]:
    """Assets in the order of their ids, from the one after ``after``; of some kinds, at some locations."""
    wanted = select(_ASSETS).where(_ASSETS.c.id > after).order_by(_ASSETS.c.id).limit(limit)
    if kinds is not None:
        wanted = wanted.where(_ASSETS.c.kind.in_([kind.value for kind in kinds]))
    if locations is not None:
        wanted = wanted.where(_ASSETS.c.location_id.in_(list(locations)))
    if not with_retired:
        wanted = wanted.where(~_ASSETS.c.is_retired)
    return [_asset(row) for row in connection.execute(wanted)]


def count_assets(connection: Connection, *, locations: Iterable[str] | None = None) -> int:
    """How many assets are in use, or at some locations."""
    wanted = select(func.count()).where(~_ASSETS.c.is_retired)
    if locations is not None:
        wanted = wanted.where(_ASSETS.c.location_id.in_(list(locations)))
    return int(connection.scalar(wanted) or 0)


def retire_asset(connection: Connection, asset_id: str, *, at_us: int) -> bool:
    """Take an asset out of use; its past stays. Says whether there was one in use."""
    wanted = _ASSETS.update().where(_ASSETS.c.id == asset_id, ~_ASSETS.c.is_retired)
    return connection.execute(wanted.values(is_retired=True, changed_us=at_us)).rowcount > 0


def sync_asset(connection: Connection, external_id: str, asset: Asset, *, at_us: int) -> Asset:
    """Add or change the asset that another system knows by this id; twice the same changes nothing.

    The id of ``asset`` is taken where it is new and not empty; else it is made from the external id.
    """
    found = connection.scalar(select(_ASSETS.c.id).where(_ASSETS.c.external_id == external_id))
    own = found or _new_id(connection, _ASSETS, wanted=asset.id, external_id=external_id)
    return put_asset(connection, asset._replace(id=own, external_id=external_id), at_us=at_us)


def asset_by_external(connection: Connection, external_id: str) -> Asset | None:
    """Asset that another system knows by this id, or None."""
    row = connection.execute(select(_ASSETS).where(_ASSETS.c.external_id == external_id)).one_or_none()
    return _asset(row) if row else None


def location_by_external(connection: Connection, external_id: str) -> Location | None:
    """Location that another system knows by this id, or None."""
    row = connection.execute(select(_LOCATIONS).where(_LOCATIONS.c.external_id == external_id)).one_or_none()
    return Location(*row) if row else None


def staff_counts(connection: Connection) -> dict[str, int]:
    """How many people in use belong to each location that has any."""
    from_table = select(_ASSETS.c.location_id).where(_ASSETS.c.kind == AssetKind.PERSON.value, ~_ASSETS.c.is_retired)
    counts: dict[str, int] = {}
    for place in connection.scalars(from_table.where(_ASSETS.c.location_id.is_not(None))):
        counts[place] = counts.get(place, 0) + 1
    return counts


def _asset(row: Any) -> Asset:
    return Asset(row.id, AssetKind(row.kind), *row[2:9])


def _check_external(connection: Connection, table: Table, own: str, external_id: str | None) -> None:
    if external_id is None:
        return
    other = connection.scalar(select(table.c.id).where(table.c.external_id == external_id, table.c.id != own))
    if other is not None:
        raise ConflictError(f"{other!r} has the external id {external_id!r} already; give each its own.")


def _new_id(connection: Connection, table: Table, *, wanted: str, external_id: str) -> str:
    own = wanted or _UNFIT.sub("-", external_id.lower()).strip("-_")[:40]
    taken = connection.execute(select(table.c.external_id).where(table.c.id == own)).one_or_none()
    if taken is not None:
        raise InputError(
            f"{table.name} holds {own!r} already, with the external id {taken[0]!r}; give {external_id!r} another id."
        )
    return own
