"""Entities with what they lead to, as far as whoever reads reaches, and no more of them than a request may read."""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from highwall.core.errors import AccessError, QueryError
from highwall.twin.roles import Action
from highwall.twin.sql import datastreams, things
from highwall.web.routes.datastreams import shown_datastreams
from highwall.web.schemas.assets import AssetTold
from highwall.web.schemas.readings import DatastreamTold
from highwall.web.sta import entities
from highwall.web.sta.expansion import Expansion
from highwall.web.sta.paging import MOST_ROWS, Item, next_link
from highwall.web.sta.query import Shape, is_downward
from highwall.web.sta.sets import Reader, Span, fetch_datastreams, fetch_observations, streams_of, thing_items

_ALIASES: Final = {"id": "@iot.id", "selfLink": "@iot.selfLink"}


class Way(NamedTuple):
    """Where a navigation property leads."""

    to: str
    """Set of the entities there."""
    action: Action
    """What whoever follows it must be allowed."""
    follow: Callable[[Reader, Item, Expansion, int], Sequence[Item]]
    """Entity, what is wanted of it, and how many at most → entities there, in order."""
    is_many: bool = False
    """Whether it leads to a set, of which there may be a next page."""


def check_ways(expand: tuple[Expansion, ...], of: str) -> None:
    """Refuse expansions that lead nowhere, whatever there is to expand.

    Raises
    ------
    QueryError
        The message says where a way leads.
    """
    for expansion in expand:
        check_ways(expansion.inner, _way(of, expansion).to)


def told(reader: Reader, items: Sequence[Item], *, of: str, shape: Shape) -> list[dict[str, Any]]:
    """Entities as they are asked for: their selected properties, and what they are expanded by.

    Raises
    ------
    AccessError
        Whoever reads may not follow an expansion at all; what is out of reach in one is left out.
    QueryError
        They would be more than :data:`MOST_ROWS`, those inside others included.
    """
    telling = _Telling(reader)
    return [telling.told(item, of=of, select=shape.select, expand=shape.expand) for item in items]


class _Telling:
    """Tells entities, and counts them."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._n = 0

    def told(self, item: Item, *, of: str, select: frozenset[str], expand: tuple[Expansion, ...]) -> dict[str, Any]:
        """Tell an entity, and what it is expanded by."""
        self._n += 1
        if self._n > MOST_ROWS:
            raise QueryError(f"$expand would tell more than {MOST_ROWS} entities; lower $top, outside or inside it.")
        entity = _selected(item.entity, select)
        for expansion in expand:
            entity |= self._followed(item, _way(of, expansion), expansion)
        return entity

    def _followed(self, item: Item, way: Way, expansion: Expansion) -> dict[str, Any]:
        """Tell what one way leads to, and where it goes on."""
        who, name = self._reader.who, expansion.name
        if not who.may(way.action):
            raise AccessError(f"a {who.role} may not {way.action} here; leave {name} out of $expand.")
        found = way.follow(self._reader, item, expansion, expansion.top + 1)
        inside = [
            self.told(one, of=way.to, select=expansion.select, expand=expansion.inner) for one in found[: expansion.top]
        ]
        if not way.is_many:
            return {name: next(iter(inside), None)}
        if len(found) <= expansion.top:
            return {name: inside}
        link = item.entity[f"{name}@iot.navigationLink"]
        goes_on = next_link(link, expansion.query, found[expansion.top - 1].key)
        return {name: inside, f"{name}@iot.nextLink": goes_on}


def _selected(entity: dict[str, Any], select: frozenset[str]) -> dict[str, Any]:
    """Properties of an entity that are asked for; of a navigation property that is the link."""
    if not select:
        return dict(entity)
    names = {_ALIASES.get(name, name) for name in select}
    found = {name: value for name, value in entity.items() if name in names or name.partition("@iot.")[0] in names}
    unknown = sorted(name for name in names if not any(key == name or key.startswith(f"{name}@") for key in entity))
    if unknown and not found:
        raise QueryError(f"$select {', '.join(unknown)[:80]} is nothing here; there is {', '.join(entity)}.")
    return found


def _way(of: str, expansion: Expansion) -> Way:
    ways = _WAYS.get(of, {})
    if expansion.name not in ways:
        there = f"there is {', '.join(ways)}" if ways else "it leads nowhere"
        raise QueryError(f"$expand {expansion.name[:40]!r} is nothing that {of} lead to; {there}.")
    return ways[expansion.name]


def _datastreams_of_thing(reader: Reader, item: Item, wanted: Expansion, limit: int) -> Sequence[Item]:
    is_downward(wanted.order, "id")
    asset: AssetTold = item.told
    if not reader.who.reaches(Action.SEE_READINGS, asset_id=asset.id, location_id=asset.location_id):
        return []
    return fetch_datastreams(reader, streams_of(reader, asset.id))(None, limit)


def _place_of_thing(reader: Reader, item: Item, wanted: Expansion, limit: int) -> Sequence[Item]:
    is_downward(wanted.order, "id")
    return entities.whereabouts(item.told, base=reader.base)


def _observations_of(reader: Reader, item: Item, wanted: Expansion, limit: int) -> Sequence[Item]:
    one: DatastreamTold = item.told
    is_newest_first = is_downward(wanted.order, "phenomenonTime")
    return fetch_observations(reader, one.id, Span(), is_newest_first=is_newest_first)(None, limit)


def _thing_of_datastream(reader: Reader, item: Item, wanted: Expansion, limit: int) -> Sequence[Item]:
    one: DatastreamTold = item.told
    asset = things.asset(reader.store, one.asset_id or "")
    if asset is None or not reader.who.reaches(
        Action.SEE_ASSETS, asset_id=asset.id, location_id=asset.location_id
    ):  # fmt: skip
        return []
    return thing_items(reader, [asset])


def _property_of_datastream(reader: Reader, item: Item, wanted: Expansion, limit: int) -> Sequence[Item]:
    one: DatastreamTold = item.told
    return [entities.observed_property(one.property, base=reader.base)]


def _datastream_of_observation(reader: Reader, item: Item, wanted: Expansion, limit: int) -> Sequence[Item]:
    found = datastreams.datastream(reader.store, item.told.datastream_id)
    shown = shown_datastreams(reader.store, [found] if found else [])
    return [entities.datastream(one, base=reader.base) for one in shown]


_WAYS: Final[dict[str, dict[str, Way]]] = {
    "Things": {
        "Datastreams": Way("Datastreams", Action.SEE_READINGS, _datastreams_of_thing, is_many=True),
        "Locations": Way("Locations", Action.SEE_ASSETS, _place_of_thing, is_many=True),
    },
    "Datastreams": {
        "Observations": Way("Observations", Action.SEE_READINGS, _observations_of, is_many=True),
        "Thing": Way("Things", Action.SEE_ASSETS, _thing_of_datastream),
        "ObservedProperty": Way("ObservedProperties", Action.SEE_READINGS, _property_of_datastream),
    },
    "Observations": {"Datastream": Way("Datastreams", Action.SEE_READINGS, _datastream_of_observation)},
}
"""Set → navigation property → where it leads."""
