"""Locations: places with a name, who is there, and which procedure holds."""

from typing import Annotated, Final

from fastapi import APIRouter, Path

from highwall.core.errors import MissingInputError
from highwall.twin.roles import Action, Person
from highwall.twin.sql import audit, things
from highwall.web.guards import Served, may
from highwall.web.routes.assets import note_moved
from highwall.web.schemas.assets import LocationGiven, Locations, LocationTold
from highwall.web.schemas.base import Done, Name
from highwall.web.showing import shown_locations

router = APIRouter(prefix="/api", tags=["locations"])
Sees = Annotated[Person, may(Action.SEE_LOCATIONS)]
Edits = Annotated[Person, may(Action.EDIT_ASSETS)]
LocationId = Annotated[Name, Path()]
_MOST: Final = 100_000
"""Assets of one location."""


@router.get("/locations")
def locations(who: Sees, served: Served) -> Locations:
    """List the locations within reach, with the number of people there."""
    with served.database.read() as store:
        return Locations(locations=shown_locations(store, things.locations(store, among=who.locations)))


@router.put("/locations/{location_id}")
def put_location(location_id: LocationId, given: LocationGiven, who: Edits, served: Served) -> LocationTold:
    """Make a location, or change it; twice the same changes nothing."""
    now_us = served.clock_us()
    who.check(Action.EDIT_ASSETS, asset_id=None, location_id=location_id, what=f"location {location_id}")
    with served.database.begin() as store:
        put = things.put_location(store, location_of(location_id, given))
        detail = given.model_dump(mode="json", exclude={"polygon"})
        audit.append(store, who.name, "put_location", subject=location_id, detail=detail, at_us=now_us)
        return shown_locations(store, [put])[0]


@router.delete("/locations/{location_id}")
def delete_location(location_id: LocationId, who: Edits, served: Served) -> Done:
    """Delete a location; assets that were there are nowhere, which those who watch are told."""
    now_us = served.clock_us()
    who.check(Action.EDIT_ASSETS, asset_id=None, location_id=location_id, what=f"location {location_id}")
    with served.database.begin() as store:
        there = things.assets(store, locations=[location_id], limit=_MOST)
        if not things.delete_location(store, location_id):
            raise MissingInputError(f"no location {location_id!r}; GET /api/locations lists them.")
        audit.append(store, who.name, "delete_location", subject=location_id, detail={}, at_us=now_us)
        changes = note_moved(store, served, [one._replace(location_id=None) for one in there], now_us=now_us)
    served.hub.put(changes)
    return Done()


def location_of(location_id: str, given: LocationGiven) -> things.Location:
    """Location of a request."""
    polygon = given.polygon.model_dump_json() if given.polygon else None
    return things.Location(
        location_id, given.name, polygon, given.expected_staff, given.procedure_id, given.external_id
    )  # fmt: skip
