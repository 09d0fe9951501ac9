"""The sets of entities, as far as whoever reads them reaches."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection

from highwall.core.errors import QueryError
from highwall.telemetry.observed import OBSERVED
from highwall.twin.roles import Action, Person
from highwall.twin.sql import datastreams, observations, tags, things
from highwall.twin.sql.things import Asset
from highwall.web.reach import assets_in_reach
from highwall.web.routes.datastreams import shown_datastreams
from highwall.web.showing import shown_assets, shown_locations
from highwall.web.sta import entities
from highwall.web.sta.paging import Fetch, Item

_LAST_US: Final = 2**62


class Span(NamedTuple):
    """Span of time, its end left out [µs]."""

    from_us: int = 0
    to_us: int = _LAST_US


class Reader(NamedTuple):
    """Whoever reads the store at one moment."""

    store: Connection
    who: Person
    base: str
    now_us: int


def thing_items(reader: Reader, found: Sequence[Asset]) -> list[Item]:
    """Assets as Things."""
    return [
        entities.thing(asset, base=reader.base)
        for asset in shown_assets(reader.store, found, now_us=reader.now_us)
    ]  # fmt: skip


def fetch_things(reader: Reader) -> Fetch:
    """Read the assets within reach."""

    def fetch(after: str | None, limit: int) -> list[Item]:
        found = assets_in_reach(reader.store, reader.who, Action.SEE_ASSETS, after=after or "", limit=limit)
        return thing_items(reader, found)

    return fetch


def location_items(reader: Reader) -> list[Item]:
    """Places with names within reach, as Locations."""
    found = things.locations(reader.store, among=reader.who.locations)
    return [entities.location(place, base=reader.base) for place in shown_locations(reader.store, found)]


def property_items(reader: Reader) -> list[Item]:
    """Every property that is known, as ObservedProperties."""
    return [entities.observed_property(name, base=reader.base) for name in sorted(OBSERVED)]


def of_items(items: Sequence[Item]) -> Fetch:
    """Read what is at hand, in order of its keys."""
    return lambda after, limit: [one for one in items if one.key > (after or "")][:limit]


def streams_of(reader: Reader, asset_id: str) -> list[str]:
    """Things whose datastreams are those of an asset: itself, and every tag that it had."""
    return [asset_id, *(one.tag_id for one in tags.tags_of(reader.store, [asset_id]).get(asset_id, []))]


def fetch_datastreams(reader: Reader, names: Sequence[str] | None) -> Fetch:
    """Read the datastreams of things, or of all."""

    def fetch(after: str | None, limit: int) -> list[Item]:
        found = datastreams.datastreams(reader.store, things=names, after=_number(after), limit=limit)
        return [entities.datastream(one, base=reader.base) for one in shown_datastreams(reader.store, found)]

    return fetch


def fetch_observations(reader: Reader, number: int, span: Span, *, is_newest_first: bool) -> Fetch:
    """Read the readings of a datastream."""

    def fetch(after: str | None, limit: int) -> list[Item]:
        rows = observations.page(
            reader.store, number, from_us=span.from_us, to_us=span.to_us, after=_place(after), limit=limit,
            is_newest_first=is_newest_first,
        )  # fmt: skip
        return [entities.observation(row, base=reader.base) for row in rows]

    return fetch


def _place(key: str | None) -> observations.Place | None:
    try:
        return None if key is None else entities.place_of(key)
    except ValueError as error:
        raise QueryError("this $skiptoken is none of ours; follow @iot.nextLink as it is.") from error


def _number(key: str | None) -> int:
    if key is not None and (not key.isdecimal() or len(key) > 9):
        raise QueryError("this $skiptoken is none of ours; follow @iot.nextLink as it is.")
    return int(key or 0)
