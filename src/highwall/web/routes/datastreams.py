"""Datastreams: what sensors and tags read, now and over time."""

from typing import Annotated, Final

import numpy as np
from fastapi import APIRouter, Query
from sqlalchemy import Connection

from highwall.core.errors import MissingInputError
from highwall.telemetry.observed import OBSERVED, ObservedProperty
from highwall.twin.roles import Action, Person
from highwall.twin.sql import datastreams, observations, series, tags
from highwall.twin.sql.datastreams import Datastream
from highwall.web.guards import Served, may
from highwall.web.instants import Instant, check_span
from highwall.web.reach import NOBODY, asset_in_reach, owners_of, things_in_reach
from highwall.web.schemas.base import After, Limit, Name, Number
from highwall.web.schemas.readings import (
    DatastreamPage,
    DatastreamTold,
    LatestTold,
    SeriesTold,
    ShownUnit,
    Thresholds,
)
from highwall.web.watches import thresholds

router = APIRouter(prefix="/api", tags=["datastreams"])
Reads = Annotated[Person, may(Action.SEE_READINGS)]
_DAY_US: Final = 86_400_000_000


@router.get("/datastreams")
def all_datastreams(
    who: Reads, served: Served, asset: Annotated[Name | None, Query()] = None, after: After = None, limit: Limit = 1000
) -> DatastreamPage:
    """List the datastreams within reach, or those of an asset and of every tag that it had."""
    with served.database.read() as store:
        names = _things(store, who, asset)
        found = datastreams.datastreams(store, things=names, after=after or 0, limit=limit)
        told = shown_datastreams(store, found)
    return DatastreamPage(datastreams=told, next=found[-1].id if len(found) == limit else None)


@router.get("/datastreams/{number}")
def one_datastream(number: Number, who: Reads, served: Served) -> DatastreamTold:
    """Tell one datastream and its newest reading."""
    with served.database.read() as store:
        return shown_datastreams(store, [datastream_in_reach(store, who, number)])[0]


@router.get("/datastreams/{number}/series")
def course(
    number: Number,
    who: Reads,
    served: Served,
    from_us: Annotated[Instant | None, Query(alias="from")] = None,
    to_us: Annotated[Instant | None, Query(alias="to")] = None,
    points: Annotated[int, Query(ge=1, le=series.MOST_POINTS)] = 800,
) -> SeriesTold:
    """Tell the course of a datastream, the last day by default, as a screen can show it."""
    until = served.clock_us() + 1 if to_us is None else to_us
    since = until - _DAY_US if from_us is None else from_us
    check_span(since, until)
    with served.database.read() as store:
        datastream_in_reach(store, who, number)
        found = series.series(store, number, from_us=since, to_us=until, points=points)
    return SeriesTold(
        t=(found.phenomenon_us // 1000).tolist(), min=_numbers(found.low), max=_numbers(found.high),
        flag=found.flag.tolist(), is_decimated=found.is_decimated,
    )  # fmt: skip


@router.get("/datastreams/{number}/thresholds")
def watching(number: Number, who: Reads, served: Served) -> Thresholds:
    """Tell the comparisons of the criteria in force that watch a datastream, to whoever may read it."""
    with served.database.read() as store:
        return Thresholds(thresholds=thresholds(store, datastream_in_reach(store, who, number)))


def datastream_in_reach(store: Connection, who: Person, number: int) -> Datastream:
    """Return one datastream.

    Raises
    ------
    MissingInputError
        There is none of this number.
    AccessError
        It is not within reach.
    """
    found = datastreams.datastream(store, number)
    if found is None:
        raise MissingInputError(f"no datastream {number}; GET /api/datastreams lists those within your reach.")
    owner = owners_of(store, [found.thing]).get(found.thing, NOBODY)
    what = f"datastream {number}"
    who.check(Action.SEE_READINGS, asset_id=owner.asset_id, location_id=owner.location_id, what=what)
    return found


def shown_datastreams(store: Connection, found: list[Datastream]) -> list[DatastreamTold]:
    """Give datastreams with their units and newest readings."""
    newest = observations.latest(store, [one.id for one in found])
    owners = owners_of(store, {one.thing for one in found})
    return [_told(one, owners.get(one.thing, NOBODY).asset_id, newest.get(one.id)) for one in found]


def shown_unit(known: ObservedProperty) -> ShownUnit:
    """How people want to read a property."""
    return ShownUnit(unit=known.shown_unit or known.unit, scale=known.shown_scale, offset=known.shown_offset)


def _told(one: Datastream, asset_id: str | None, newest: observations.Row | None) -> DatastreamTold:
    known = OBSERVED.get(one.observed) or ObservedProperty(one.observed, one.observed, "", 0.0, 0.0)
    latest = newest and LatestTold(
        value=newest.value, text=newest.text, at=newest.phenomenon_us, flag=newest.flag
    )  # fmt: skip
    return DatastreamTold(
        id=one.id, name=one.name, thing=one.thing, asset_id=asset_id, property=one.observed, title=known.title,
        unit=one.unit, shown=shown_unit(known), latest=latest,
    )  # fmt: skip


def _things(store: Connection, who: Person, asset: str | None) -> list[str] | None:
    if asset is None:
        return things_in_reach(store, who, Action.SEE_READINGS)
    asset_in_reach(store, who, Action.SEE_READINGS, asset)
    return [asset, *(one.tag_id for one in tags.tags_of(store, [asset]).get(asset, []))]


def _numbers(values: np.ndarray) -> list[float | None]:
    """Numbers as JSON has them: what is missing is null."""
    return [None if np.isnan(value) else float(value) for value in values]
