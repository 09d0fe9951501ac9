"""OGC SensorThings 1.1 for reading, for systems that speak it already."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request

from highwall.core.errors import MissingInputError, QueryError
from highwall.telemetry.observed import OBSERVED
from highwall.twin.roles import Action, Person
from highwall.twin.sql import datastreams, series, things
from highwall.web.guards import Served, may
from highwall.web.reach import asset_in_reach, n_assets_in_reach, things_in_reach
from highwall.web.routes.datastreams import datastream_in_reach, shown_datastreams
from highwall.web.schemas.base import Name, Number
from highwall.web.services import Services
from highwall.web.showing import shown_locations
from highwall.web.sta import entities, sets
from highwall.web.sta.expanding import check_ways, told
from highwall.web.sta.filters import EVERYTHING, Comparison, conjuncts, is_conjunction
from highwall.web.sta.paging import Fetch, Item, Page, next_link, page
from highwall.web.sta.query import Asked, Options, Shape, Shaped, base_of, is_downward
from highwall.web.sta.sets import Reader, Span

router = APIRouter(prefix="/sta/v1.1", tags=["sensorthings"])
SeesAssets = Annotated[Person, may(Action.SEE_ASSETS)]
SeesPlaces = Annotated[Person, may(Action.SEE_LOCATIONS)]
Reads = Annotated[Person, may(Action.SEE_READINGS)]
ThingId = Annotated[Name, Path()]
_SETS: Final = ("Things", "Locations", "Datastreams", "Observations", "ObservedProperties")
_CONFORMANCE: Final = tuple(
    f"http://www.opengis.net/spec/iot_sensing/1.1/req/datamodel/{what}"
    for what in ("thing", "location", "datastream", "observation", "observed-property")
)
_MOST_COUNTED: Final = 100_000
"""Readings that are counted; more are said to be more."""
_OF_DATASTREAM: Final = ("Datastream/id", "Datastream/@iot.id")


@router.get("")
def root(request: Request, who: Reads) -> dict[str, Any]:
    """List the sets of entities."""
    value = [{"name": name, "url": f"{base_of(request)}/{name}"} for name in _SETS]
    return {"value": value, "serverSettings": {"conformance": list(_CONFORMANCE)}}


@router.get("/Things")
def all_things(given: Options, who: SeesAssets, served: Served) -> dict[str, Any]:
    """List the assets within reach."""
    is_downward(given.order, "id")
    with _reading(served, who, given.shape) as reader:
        return _answer(
            reader, given, "Things", "Things", sets.fetch_things(reader),
            count=lambda: n_assets_in_reach(reader.store, who, Action.SEE_ASSETS),
        )  # fmt: skip


@router.get("/Things('{thing_id}')")
def one_thing(thing_id: ThingId, shape: Shaped, who: SeesAssets, served: Served) -> dict[str, Any]:
    """Tell one asset."""
    with _reading(served, who, shape) as reader:
        found = asset_in_reach(reader.store, who, Action.SEE_ASSETS, thing_id)
        return _one(reader, shape, "Things", sets.thing_items(reader, [found])[0])


@router.get("/Things('{thing_id}')/Locations")
def locations_of_thing(thing_id: ThingId, given: Options, who: SeesAssets, served: Served) -> dict[str, Any]:
    """Tell where an asset is."""
    with _reading(served, who, given.shape) as reader:
        found = asset_in_reach(reader.store, who, Action.SEE_ASSETS, thing_id)
        items = entities.whereabouts(sets.thing_items(reader, [found])[0].told, base=reader.base)
        path = f"Things('{thing_id}')/Locations"
        return _answer(reader, given, "Locations", path, sets.of_items(items), count=lambda: len(items))


@router.get("/Things('{thing_id}')/Datastreams")
def datastreams_of_thing(thing_id: ThingId, given: Options, who: Reads, served: Served) -> dict[str, Any]:
    """List the datastreams of an asset and of every tag that it had."""
    with _reading(served, who, given.shape) as reader:
        asset_in_reach(reader.store, who, Action.SEE_READINGS, thing_id)
        return _datastreams(reader, given, f"Things('{thing_id}')/Datastreams", sets.streams_of(reader, thing_id))


@router.get("/Locations")
def all_locations(given: Options, who: SeesPlaces, served: Served) -> dict[str, Any]:
    """List the places with names within reach."""
    is_downward(given.order, "id")
    with _reading(served, who, given.shape) as reader:
        items = sets.location_items(reader)
        return _answer(reader, given, "Locations", "Locations", sets.of_items(items), count=lambda: len(items))


@router.get("/Locations('{location_id}')")
def one_location(location_id: ThingId, shape: Shaped, who: SeesPlaces, served: Served) -> dict[str, Any]:
    """Tell one place."""
    who.check(Action.SEE_LOCATIONS, asset_id=None, location_id=location_id, what=f"location {location_id}")
    with _reading(served, who, shape) as reader:
        found = things.location(reader.store, location_id)
        if found is None:
            raise MissingInputError(f"no location {location_id!r}; /sta/v1.1/Locations lists them.")
        item = entities.location(shown_locations(reader.store, [found])[0], base=shape.base)
        return _one(reader, shape, "Locations", item)


@router.get("/Datastreams")
def all_datastreams(given: Options, who: Reads, served: Served) -> dict[str, Any]:
    """List the datastreams within reach."""
    with _reading(served, who, given.shape) as reader:
        return _datastreams(reader, given, "Datastreams", things_in_reach(reader.store, who, Action.SEE_READINGS))


@router.get("/Datastreams({number})")
def one_datastream(number: Number, shape: Shaped, who: Reads, served: Served) -> dict[str, Any]:
    """Tell one datastream."""
    with _reading(served, who, shape) as reader:
        shown = shown_datastreams(reader.store, [datastream_in_reach(reader.store, who, number)])[0]
        return _one(reader, shape, "Datastreams", entities.datastream(shown, base=shape.base))


@router.get("/Datastreams({number})/Observations")
def observations_of(number: Number, given: Options, who: Reads, served: Served) -> dict[str, Any]:
    """List the readings of a datastream."""
    with _reading(served, who, given.shape) as reader:
        datastream_in_reach(reader.store, who, number)
        return _observations(reader, given, f"Datastreams({number})/Observations", number)


@router.get("/Observations")
def all_observations(given: Options, who: Reads, served: Served) -> dict[str, Any]:
    """List readings; the filter must name their datastream."""
    named = [one for one in conjuncts(given.wanted) if one.path in _OF_DATASTREAM and one.operation == "eq"]
    if not named or not isinstance(named[0].literal, float) or not 1 <= named[0].literal < 2**31:
        raise QueryError("observations of all datastreams at once are not offered; add Datastream/id eq 5 to $filter.")
    number = int(named[0].literal)
    with _reading(served, who, given.shape) as reader:
        datastream_in_reach(reader.store, who, number)
        return _observations(reader, given, "Observations", number)


@router.get("/ObservedProperties")
def all_properties(given: Options, who: Reads, served: Served) -> dict[str, Any]:
    """List what can be observed."""
    is_downward(given.order, "id")
    with _reading(served, who, given.shape) as reader:
        items = sets.property_items(reader)
        fetch = sets.of_items(items)
        return _answer(reader, given, "ObservedProperties", "ObservedProperties", fetch, count=lambda: len(items))


@router.get("/ObservedProperties('{property_id}')")
def one_property(property_id: ThingId, shape: Shaped, who: Reads, served: Served) -> dict[str, Any]:
    """Tell one property."""
    if property_id not in OBSERVED:
        raise MissingInputError(f"no property {property_id!r}; /sta/v1.1/ObservedProperties lists them.")
    with _reading(served, who, shape) as reader:
        return _one(reader, shape, "ObservedProperties", entities.observed_property(property_id, base=shape.base))


@contextmanager
def _reading(served: Services, who: Person, shape: Shape) -> Iterator[Reader]:
    with served.database.read() as store:
        yield Reader(store, who, shape.base, served.clock_us())


def _datastreams(reader: Reader, given: Asked, path: str, names: list[str] | None) -> dict[str, Any]:
    is_downward(given.order, "id")
    return _answer(
        reader, given, "Datastreams", path, sets.fetch_datastreams(reader, names),
        count=lambda: datastreams.count(reader.store, things=names),
    )  # fmt: skip


def _observations(reader: Reader, given: Asked, path: str, number: int) -> dict[str, Any]:
    span = _span(conjuncts(given.wanted))
    fetch = sets.fetch_observations(
        reader, number, span, is_newest_first=is_downward(given.order, "phenomenonTime")
    )  # fmt: skip
    is_bounded = is_conjunction(given.wanted) and all(_is_bound(one, number) for one in conjuncts(given.wanted))
    return _answer(
        reader, given, "Observations", path, fetch, count=lambda: _n_readings(reader, number, span),
        is_counted_as_filtered=is_bounded,
    )  # fmt: skip


def _n_readings(reader: Reader, number: int, span: Span) -> int:
    found = series.count_between(
        reader.store, number, from_us=span.from_us, to_us=span.to_us, most=_MOST_COUNTED
    )  # fmt: skip
    if found > _MOST_COUNTED:
        raise QueryError(
            f"$count ends at {_MOST_COUNTED} readings, and here are more; bound phenomenonTime in $filter."
        )
    return found


def _span(must: Sequence[Comparison]) -> Span:
    """Span of time outside which nothing can pass the filter."""
    since, until = Span()
    for one in must:
        if one.path == "phenomenonTime" and isinstance(one.literal, int):
            if one.operation in ("gt", "ge", "eq"):
                since = max(since, one.literal + (one.operation == "gt"))
            if one.operation in ("lt", "le", "eq"):
                until = min(until, one.literal + (one.operation != "lt"))
    return Span(since, until)


def _is_bound(one: Comparison, number: int) -> bool:
    """Whether the span and the datastream say all that a comparison says."""
    if one.path in _OF_DATASTREAM:
        return one.operation == "eq" and one.literal == number
    return one.path == "phenomenonTime" and isinstance(one.literal, int) and one.operation != "ne"


def _one(reader: Reader, shape: Shape, of: str, item: Item) -> dict[str, Any]:
    check_ways(shape.expand, of)
    return told(reader, [item], of=of, shape=shape)[0]


def _answer(
    reader: Reader,
    given: Asked,
    of: str,
    path: str,
    fetch: Fetch,
    *,
    count: Callable[[], int],
    is_counted_as_filtered: bool = False,
) -> dict[str, Any]:
    """Give a page as SensorThings has it, with the address of the next one."""
    check_ways(given.shape.expand, of)
    said: dict[str, Any] = {}
    if given.is_counted:
        if given.wanted is not EVERYTHING and not is_counted_as_filtered:
            raise QueryError("$count with this $filter would read every row; leave one out, or follow @iot.nextLink.")
        said["@iot.count"] = count()
    found = page(fetch, given.wanted, after=given.after, top=given.top) if given.top else Page([], None)
    said["value"] = told(reader, found.items, of=of, shape=given.shape)
    if found.next_key is not None:
        said["@iot.nextLink"] = next_link(f"{given.base}/{path}", given.query, found.next_key)
    return said
