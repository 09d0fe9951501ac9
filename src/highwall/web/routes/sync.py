"""Keeping in step with systems that were there before: idempotent upserts by their own ids."""

from typing import Annotated

from fastapi import APIRouter, Path

from highwall.twin.roles import Action, Person
from highwall.twin.sql import audit, things
from highwall.web.guards import Served, may
from highwall.web.routes.assets import asset_of, check_location, note_put
from highwall.web.routes.locations import location_of
from highwall.web.schemas.assets import AssetTold, ExternalId, LocationTold, SyncedAsset, SyncedLocation
from highwall.web.showing import shown_locations

router = APIRouter(prefix="/api/sync", tags=["sync"])
Syncs = Annotated[Person, may(Action.SYNC)]
Foreign = Annotated[ExternalId, Path()]


@router.put("/assets/{external_id}")
def sync_asset(external_id: Foreign, given: SyncedAsset, who: Syncs, served: Served) -> AssetTold:
    """Make or change the asset that another system knows by this id; twice the same changes nothing."""
    now_us = served.clock_us()
    with served.database.begin() as store:
        check_location(given.location_id, things.location(store, given.location_id or ""))
        known = things.asset_by_external(store, external_id)
        for place in {given.location_id, known.location_id if known else given.location_id}:
            who.check(Action.SYNC, asset_id=None, location_id=place, what=f"asset {external_id!r}")
        put = things.sync_asset(store, external_id, asset_of(given.id or "", given), at_us=now_us)
        if put != known:
            detail = given.model_dump(mode="json") | {"external_id": external_id}
            audit.append(store, who.name, "sync_asset", subject=put.id, detail=detail, at_us=now_us)
        told, changes = note_put(store, served, put, before=known, now_us=now_us)
    served.hub.put(changes)
    return told


@router.put("/locations/{external_id}")
def sync_location(external_id: Foreign, given: SyncedLocation, who: Syncs, served: Served) -> LocationTold:
    """Make or change the location that another system knows by this id: name, staff expected, procedure."""
    now_us = served.clock_us()
    with served.database.begin() as store:
        known = things.location_by_external(store, external_id)
        put = things.sync_location(store, external_id, location_of(given.id or "", given))
        who.check(Action.SYNC, asset_id=None, location_id=put.id, what=f"location {external_id!r}")
        if put != known:
            detail = given.model_dump(mode="json", exclude={"polygon"}) | {"external_id": external_id}
            audit.append(store, who.name, "sync_location", subject=put.id, detail=detail, at_us=now_us)
        return shown_locations(store, [put])[0]
