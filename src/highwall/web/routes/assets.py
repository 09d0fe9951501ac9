"""Assets: who and what is followed, where it is and where it was."""

from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query
from sqlalchemy import Connection

from highwall.core.errors import MissingInputError
from highwall.twin.roles import Action, Person
from highwall.twin.sql import audit, changelog, things, tracks
from highwall.web.alarm_showing import open_alarms_about
from highwall.web.guards import Served, may
from highwall.web.instants import Instant, check_span
from highwall.web.live import Change
from highwall.web.reach import asset_in_reach, assets_in_reach
from highwall.web.schemas.assets import AssetGiven, AssetPage, AssetTold, PositionTold, TrackTold
from highwall.web.schemas.base import Done, Limit, Name
from highwall.web.services import Services
from highwall.web.showing import change_of, gone_of, shown_assets

router = APIRouter(prefix="/api", tags=["assets"])
Sees = Annotated[Person, may(Action.SEE_ASSETS)]
Follows = Annotated[Person, may(Action.SEE_TRACKS)]
Edits = Annotated[Person, may(Action.EDIT_ASSETS)]
AssetId = Annotated[Name, Path()]
_DAY_US: Final = 86_400_000_000
_POINTS: Final = 2000
"""Spans of a track, of each of which the first position is told."""


@router.get("/assets")
def assets(
    who: Sees, served: Served, after: Annotated[str, Query(max_length=40)] = "", limit: Limit = 1000
) -> AssetPage:
    """List the assets in use within reach."""
    with served.database.read() as store:
        found = assets_in_reach(store, who, Action.SEE_ASSETS, after=after.replace("\x00", ""), limit=limit)
        told = shown_assets(store, found, now_us=served.clock_us())
    return AssetPage(assets=told, next=found[-1].id if len(found) == limit else None)


@router.get("/assets/{asset_id}")
def asset(asset_id: AssetId, who: Sees, served: Served) -> AssetTold:
    """Tell one asset."""
    with served.database.read() as store:
        found = asset_in_reach(store, who, Action.SEE_ASSETS, asset_id)
        return shown_assets(store, [found], now_us=served.clock_us())[0]


@router.put("/assets/{asset_id}")
def put_asset(asset_id: AssetId, given: AssetGiven, who: Edits, served: Served) -> AssetTold:
    """Make an asset, or change it; twice the same changes nothing."""
    now_us = served.clock_us()
    with served.database.begin() as store:
        before = things.asset(store, asset_id)
        for place in {given.location_id, before.location_id if before else given.location_id}:
            who.check(Action.EDIT_ASSETS, asset_id=asset_id, location_id=place, what=f"asset {asset_id}")
        check_location(given.location_id, things.location(store, given.location_id or ""))
        put = things.put_asset(store, asset_of(asset_id, given), at_us=now_us)
        detail = given.model_dump(mode="json")
        audit.append(store, who.name, "put_asset", subject=asset_id, detail=detail, at_us=now_us)
        told, changes = note_put(store, served, put, before=before, now_us=now_us)
    served.hub.put(changes)
    return told


@router.delete("/assets/{asset_id}")
def retire_asset(asset_id: AssetId, who: Edits, served: Served) -> Done:
    """Take an asset out of use: it leaves the live map; its past stays."""
    now_us = served.clock_us()
    with served.database.begin() as store:
        found = asset_in_reach(store, who, Action.EDIT_ASSETS, asset_id)
        things.retire_asset(store, asset_id, at_us=now_us)
        audit.append(store, who.name, "retire_asset", subject=asset_id, detail={}, at_us=now_us)
        touched = changelog.Touched(assets=(asset_id,))
        changelog.note(store, touched, writer=served.database.writer, at_us=now_us)
    served.hub.put([gone_of(found)])
    return Done()


@router.get("/assets/{asset_id}/track")
def track(
    asset_id: AssetId,
    who: Follows,
    served: Served,
    from_us: Annotated[Instant | None, Query(alias="from")] = None,
    to_us: Annotated[Instant | None, Query(alias="to")] = None,
) -> TrackTold:
    """Tell where an asset was, the last day by default; looking at a person's track is on the audit log."""
    now_us = served.clock_us()
    until = now_us + 1 if to_us is None else to_us
    since = until - _DAY_US if from_us is None else from_us
    check_span(since, until)
    with served.database.begin() as store:
        found = asset_in_reach(store, who, Action.SEE_TRACKS, asset_id)
        places = tracks.track(store, found.id, from_us=since, to_us=until, points=_POINTS)
        detail = {"from_us": since, "to_us": until}
        audit.append(store, who.name, "see_track", subject=asset_id, detail=detail, at_us=now_us)
    positions = [
        PositionTold(lon=one.longitude, lat=one.latitude, height_m=one.height_m, radius_m=one.radius_m, at=one.at_us)
        for one in places
    ]
    return TrackTold(asset_id=found.id, positions=positions)


def asset_of(asset_id: str, given: AssetGiven) -> things.Asset:
    """Asset of a request."""
    return things.Asset(
        asset_id, given.kind, given.name, given.location_id, given.external_id, given.lon, given.lat, given.height_m
    )  # fmt: skip


def note_put(
    store: Connection, served: Services, put: things.Asset, *, before: things.Asset | None, now_us: int
) -> tuple[AssetTold, list[Change]]:
    """Note that an asset was put, and give it and what those who watch are to be told.

    With an asset that belongs to another location its open alarms change hands: they are told with it.
    """
    told = shown_assets(store, [put], now_us=now_us)[0]
    has_moved = before is not None and before.location_id != put.location_id
    return told, _noted(store, served, [told], has_moved=has_moved, now_us=now_us)


def note_moved(store: Connection, served: Services, moved: Sequence[things.Asset], *, now_us: int) -> list[Change]:
    """Note that assets belong to another location, as :func:`note_put`, and give what is to be told of that."""
    return _noted(store, served, shown_assets(store, moved, now_us=now_us), has_moved=True, now_us=now_us)


def check_location(location_id: str | None, found: things.Location | None) -> None:
    """Refuse an asset at a place that is not there.

    Raises
    ------
    MissingInputError
        There is no such location.
    """
    if location_id is not None and found is None:
        raise MissingInputError(f"no location {location_id!r}; make it first.")


def _noted(
    store: Connection, served: Services, told: Sequence[AssetTold], *, has_moved: bool, now_us: int
) -> list[Change]:
    about = [alarm for one in told for alarm in open_alarms_about(store, one.id)] if has_moved else []
    touched = changelog.Touched(tuple(one.id for one in told), tuple(one.told.id for one in about))
    changelog.note(store, touched, writer=served.database.writer, at_us=now_us)
    return [*(change_of(one) for one in told), *(one.change for one in about)]
