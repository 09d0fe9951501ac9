"""OGC SensorThings 1.1 for reading, for systems that speak it already."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, NamedTuple

from fastapi import APIRouter, Depends, Path, Query, Request
from sqlalchemy import Connection

from highwall.core.errors import InputError, MissingInputError
from highwall.twin.roles import Action, Person
from highwall.twin.sql import datastreams, observations, tags, things
from highwall.web.guards import Served, may
from highwall.web.reach import asset_in_reach, assets_in_reach, things_in_reach
from highwall.web.routes.datastreams import datastream_in_reach, shown_datastreams
from highwall.web.schemas.base import Name, Number
from highwall.web.showing import shown_assets, shown_locations
from highwall.web.sta import entities
from highwall.web.sta.filters import EVERYTHING, Comparison, Filter, conjuncts, parse
from highwall.web.sta.paging import Fetch, Item, answer, page

router = APIRouter(prefix="/sta/v1.1", tags=["sensorthings"])
SeesAssets = Annotated[Person, may(Action.SEE_ASSETS)]
SeesPlaces = Annotated[Person, may(Action.SEE_LOCATIONS)]
Reads = Annotated[Person, may(Action.SEE_READINGS)]
ThingId = Annotated[Name, Path()]
_SETS: Final = ("Things", "Locations", "Datastreams", "Observations")
_CONFORMANCE: Final = tuple(
    f"http://www.opengis.net/spec/iot_sensing/1.1/req/{what}"
    for what in ("datamodel/thing", "datamodel/location", "datamodel/datastream", "datamodel/observation")
)
_LAST_US: Final = 2**62


class Asked(NamedTuple):
    """What a request asks of a set of entities."""

    base: str
    wanted: Filter
    order: str
    top: int
    after: str | None
    query: dict[str, str]
    """As it came, for the address of the next page."""


def asked(
    request: Request,
    wanted: Annotated[str | None, Query(alias="$filter", max_length=2000)] = None,
    top: Annotated[int, Query(alias="$top", ge=1, le=1000)] = 100,
    order: Annotated[str, Query(alias="$orderby", max_length=100)] = "",
    after: Annotated[str | None, Query(alias="$skiptoken", max_length=100, pattern=r"^[A-Za-z0-9_.-]+$")] = None,
    count: Annotated[bool, Query(alias="$count")] = False,
) -> Asked:
    """Read the options of a query.

    Raises
    ------
    InputError
        An option is not offered here.
    """
    if count:
        raise InputError(
            "$count is not offered; follow @iot.nextLink to the end: counting would cost more than reading."
        )
    offered = {"$filter", "$top", "$orderby", "$skiptoken", "$count"}
    foreign = [name[:40] for name in request.query_params if name.startswith("$") and name not in offered]
    if foreign:
        raise InputError(f"{', '.join(foreign)} is not offered; use $filter, $top, $orderby and @iot.nextLink.")
    query = {name: value for name, value in request.query_params.items() if name != "$skiptoken"}
    return Asked(base_of(request), parse(wanted) if wanted else EVERYTHING, order.strip(), top, after, query)


Options = Annotated[Asked, Depends(asked)]


def base_of(request: Request) -> str:
    """Address under which the interface was asked."""
    return f"{str(request.base_url).rstrip('/')}/sta/v1.1"


@router.get("")
def root(request: Request, who: Reads) -> dict[str, Any]:
    """List the sets of entities."""
    value = [{"name": name, "url": f"{base_of(request)}/{name}"} for name in _SETS]
    return {"value": value, "serverSettings": {"conformance": list(_CONFORMANCE)}}


@router.get("/Things")
def all_things(given: Options, who: SeesAssets, served: Served) -> dict[str, Any]:
    """List the assets within reach."""
    _in_order_of(given, "id")
    with served.database.read() as store:

        def fetch(after: str | None, limit: int) -> Sequence[Item]:
            found = assets_in_reach(store, who, Action.SEE_ASSETS, after=after or "", limit=limit)
            shown = shown_assets(store, found, now_us=served.clock_us())
            return [entities.thing(asset, base=given.base) for asset in shown]

        return _answer(given, "Things", fetch)


@router.get("/Things('{thing_id}')")
def one_thing(thing_id: ThingId, request: Request, who: SeesAssets, served: Served) -> dict[str, Any]:
    """Tell one asset."""
    with served.database.read() as store:
        found = asset_in_reach(store, who, Action.SEE_ASSETS, thing_id)
        shown = shown_assets(store, [found], now_us=served.clock_us())[0]
    return entities.thing(shown, base=base_of(request)).entity


@router.get("/Things('{thing_id}')/Locations")
def locations_of_thing(thing_id: ThingId, given: Options, who: SeesAssets, served: Served) -> dict[str, Any]:
    """Tell where an asset is."""
    with served.database.read() as store:
        found = asset_in_reach(store, who, Action.SEE_ASSETS, thing_id)
        shown = shown_assets(store, [found], now_us=served.clock_us())[0]
    items = entities.whereabouts(shown, base=given.base)
    return _answer(given, f"Things('{thing_id}')/Locations", lambda after, limit: [] if after else items)


@router.get("/Things('{thing_id}')/Datastreams")
def datastreams_of_thing(thing_id: ThingId, given: Options, who: Reads, served: Served) -> dict[str, Any]:
    """List the datastreams of an asset and of every tag that it had."""
    _in_order_of(given, "id")
    with served.database.read() as store:
        asset_in_reach(store, who, Action.SEE_READINGS, thing_id)
        names = [thing_id, *(one.tag_id for one in tags.tags_of(store, [thing_id]).get(thing_id, []))]
        return _answer(given, f"Things('{thing_id}')/Datastreams", _fetch_datastreams(store, given, names))


@router.get("/Locations")
def all_locations(given: Options, who: SeesPlaces, served: Served) -> dict[str, Any]:
    """List the places with names within reach."""
    _in_order_of(given, "id")
    with served.database.read() as store:
        shown = shown_locations(store, things.locations(store, among=who.locations))
    items = [entities.location(place, base=given.base) for place in shown]
    return _answer(given, "Locations", lambda after, limit: [one for one in items if one.key > (after or "")][:limit])


@router.get("/Locations('{location_id}')")
def one_location(location_id: ThingId, request: Request, who: SeesPlaces, served: Served) -> dict[str, Any]:
    """Tell one place."""
    who.check(Action.SEE_LOCATIONS, asset_id=None, location_id=location_id, what=f"location {location_id}")
    with served.database.read() as store:
        found = things.location(store, location_id)
        if found is None:
            raise MissingInputError(f"no location {location_id!r}; /sta/v1.1/Locations lists them.")
        return entities.location(shown_locations(store, [found])[0], base=base_of(request)).entity


@router.get("/Datastreams")
def all_datastreams(given: Options, who: Reads, served: Served) -> dict[str, Any]:
    """List the datastreams within reach."""
    _in_order_of(given, "id")
    with served.database.read() as store:
        names = things_in_reach(store, who, Action.SEE_READINGS)
        return _answer(given, "Datastreams", _fetch_datastreams(store, given, names))


@router.get("/Datastreams({number})")
def one_datastream(number: Number, request: Request, who: Reads, served: Served) -> dict[str, Any]:
    """Tell one datastream."""
    with served.database.read() as store:
        shown = shown_datastreams(store, [datastream_in_reach(store, who, number)])[0]
    return entities.datastream(shown, base=base_of(request)).entity


@router.get("/Datastreams({number})/Observations")
def observations_of(number: Number, given: Options, who: Reads, served: Served) -> dict[str, Any]:
    """List the readings of a datastream."""
    with served.database.read() as store:
        datastream_in_reach(store, who, number)
        return _answer(given, f"Datastreams({number})/Observations", _fetch_observations(store, given, number))


@router.get("/Observations")
def all_observations(given: Options, who: Reads, served: Served) -> dict[str, Any]:
    """List readings; the filter must name their datastream."""
    named = [one for one in conjuncts(given.wanted) if one.path in _OF_DATASTREAM and one.operation == "eq"]
    if not named or not isinstance(named[0].literal, float) or not 1 <= named[0].literal < 2**31:
        raise InputError("observations of all datastreams at once are not offered; add Datastream/id eq 5 to $filter.")
    number = int(named[0].literal)
    with served.database.read() as store:
        datastream_in_reach(store, who, number)
        return _answer(given, "Observations", _fetch_observations(store, given, number))


_OF_DATASTREAM: Final = ("Datastream/id", "Datastream/@iot.id")


def _fetch_datastreams(store: Connection, given: Asked, names: list[str] | None) -> Fetch:
    def fetch(after: str | None, limit: int) -> Sequence[Item]:
        found = datastreams.datastreams(store, things=names, after=_number(after), limit=limit)
        return [entities.datastream(one, base=given.base) for one in shown_datastreams(store, found)]

    return fetch


def _fetch_observations(store: Connection, given: Asked, number: int) -> Fetch:
    is_newest_first = _in_order_of(given, "phenomenonTime")
    since, until = _span(conjuncts(given.wanted))

    def fetch(after: str | None, limit: int) -> Sequence[Item]:
        rows = observations.page(
            store, number, from_us=since, to_us=until, after=_place(after), limit=limit,
            is_newest_first=is_newest_first,
        )  # fmt: skip
        return [entities.observation(row, base=given.base) for row in rows]

    return fetch


def _span(must: Sequence[Comparison]) -> tuple[int, int]:
    """Span of time outside which nothing can pass the filter, ends included: the filter itself decides on them."""
    times = [(one.operation, int(one.literal)) for one in must if one.path == "phenomenonTime" and _is_time(one)]
    since = max((time for operation, time in times if operation in ("gt", "ge", "eq")), default=0)
    until = min((time for operation, time in times if operation in ("lt", "le", "eq")), default=_LAST_US - 1)
    return since, until + 1


def _is_time(one: Comparison) -> bool:
    return isinstance(one.literal, int)


def _in_order_of(given: Asked, key: str) -> bool:
    """Whether the order is downward.

    Raises
    ------
    InputError
        It is by something else than the key.
    """
    path, _, direction = given.order.partition(" ")
    if path not in ("", key) or direction.strip() not in ("", "asc", *(("desc",) if key != "id" else ())):
        raise InputError(f"$orderby {given.order!r} is not offered; this set is in order of {key}.")
    return direction.strip() == "desc"


def _place(key: str | None) -> observations.Place | None:
    try:
        return None if key is None else entities.place_of(key)
    except ValueError as error:
        raise InputError("this $skiptoken is none of ours; follow @iot.nextLink as it is.") from error


def _number(key: str | None) -> int:
    if key is not None and (not key.isdigit() or len(key) > 9):
        raise InputError("this $skiptoken is none of ours; follow @iot.nextLink as it is.")
    return int(key or 0)


def _answer(given: Asked, path: str, fetch: Fetch) -> dict[str, Any]:
    found = page(fetch, given.wanted, after=given.after, top=given.top)
    return answer(found, base=given.base, path=path, query=given.query)
