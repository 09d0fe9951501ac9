"""From the store's rows to what people are shown: assets with their states, locations with who is there."""

import itertools
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from highwall.twin.sql import states, tags, things
from highwall.twin.sql.things import Asset, AssetKind, Location
from highwall.twin.state import AssetState
from highwall.web.live import Change, Topic
from highwall.web.schemas.assets import AssetTold, LocationTold, PositionTold, StateTold

SILENT_AFTER_US: Final = 120 * 1_000_000
"""Time without a word after which an asset that moves, or a gateway, is shown as silent [µs]."""
_MOVING: Final = frozenset({AssetKind.PERSON, AssetKind.MACHINE})


def shown_assets(store: Connection, assets: Sequence[Asset], *, now_us: int) -> list[AssetTold]:
    """Give assets with their present states and tags."""
    ids = [asset.id for asset in assets]
    found = states.states(store, ids)
    bound = tags.tags_of(store, ids)
    return [
        AssetTold(
            id=asset.id, kind=asset.kind, name=asset.name, location_id=asset.location_id,
            tag_id=next((one.tag_id for one in bound.get(asset.id, ()) if one.until_us is None), None),
            external_id=asset.external_id, state=shown_state(asset, found.get(asset.id), now_us=now_us),
        )
        for asset in assets
    ]  # fmt: skip


def change_of(told: AssetTold) -> Change:
    """Give an asset as those who watch live are told."""
    return change_to(told.state, asset_id=told.id, location_id=told.location_id)


def change_to(state: StateTold, *, asset_id: str, location_id: str | None) -> Change:
    """Give a state of an asset as those who watch live are told, with where the asset belongs now."""
    content = {"id": asset_id, "location_id": location_id, "state": state.model_dump(mode="json")}
    return Change(Topic.ASSETS, asset_id, content, asset_id, location_id)


def gone_of(asset: Asset) -> Change:
    """Tell those who watch live that an asset was taken out of use: it has no state any more."""
    return Change(Topic.ASSETS, asset.id, {"id": asset.id, "state": None}, asset.id, asset.location_id)


def shown_state(asset: Asset, stored: bytes | None, *, now_us: int) -> StateTold:
    """Give the state of an asset; of one that was never heard, where it stands."""
    state = msgspec.json.decode(stored, type=AssetState) if stored else AssetState(asset.id, asset.kind)
    heard = state.last_heard_us or None
    is_late = heard is None or now_us - heard > SILENT_AFTER_US
    return StateTold(
        position=_position(asset, state), motion=state.motion, health=state.health, battery_v=state.battery_v,
        last_heard=heard, silent=asset.kind in _MOVING and is_late,
    )  # fmt: skip


def shown_locations(store: Connection, places: Iterable[Location]) -> list[LocationTold]:
    """Give locations with the number of people who are there."""
    people = things.assets(store, kinds=[AssetKind.PERSON], limit=_MOST_PEOPLE)
    stored = states.states(store, [person.id for person in people])
    where = {person.id: _whereabouts(person, stored.get(person.id)) for person in people}
    return [_shown_location(place, people, where) for place in places]


def is_inside(polygon: Mapping[str, Any], lon: float, lat: float) -> bool:
    """Whether a point lies in a GeoJSON polygon, by the number of its edges east of the point."""
    return any(_is_in_rings(rings, lon, lat) for rings in _polygons(polygon))


_MOST_PEOPLE: Final = 100_000


def _polygons(geometry: Mapping[str, Any]) -> list[Any]:
    parts: list[Any] = geometry["coordinates"]
    return parts if geometry["type"] == "MultiPolygon" else [parts]


def _is_in_rings(rings: Sequence[Sequence[Sequence[float]]], lon: float, lat: float) -> bool:
    n_east = 0
    for ring in rings:
        for (x0, y0, *_), (x1, y1, *_) in itertools.pairwise(ring):
            if (y0 > lat) != (y1 > lat):
                n_east += x0 + (lat - y0) / (y1 - y0) * (x1 - x0) > lon
    return n_east % 2 == 1


def _shown_location(
    place: Location, people: Collection[Asset], where: Mapping[str, tuple[float, float] | None]
) -> LocationTold:
    polygon = json.loads(place.polygon) if place.polygon else None
    present = [person for person in people if _is_present(person, where[person.id], place.id, polygon)]
    return LocationTold(
        id=place.id, name=place.name, polygon=polygon, staff_count=len(present), expected_staff=place.expected_staff,
        procedure_id=place.procedure_id, external_id=place.external_id,
    )  # fmt: skip


def _is_present(
    person: Asset, where: tuple[float, float] | None, place_id: str, polygon: Mapping[str, Any] | None
) -> bool:
    """Whether someone is at a place: by position, or by belonging where either is not known."""
    if polygon is None or where is None:
        return person.location_id == place_id
    return is_inside(polygon, *where)


def _whereabouts(person: Asset, stored: bytes | None) -> tuple[float, float] | None:
    place = msgspec.json.decode(stored, type=AssetState).position if stored else None
    return None if place is None else (place.lon, place.lat)


def _position(asset: Asset, state: AssetState) -> PositionTold | None:
    place = state.position
    if place is not None:
        return PositionTold(
            lon=place.lon, lat=place.lat, height_m=place.height_m, radius_m=place.radius_m, at=place.at_us
        )  # fmt: skip
    if asset.longitude is None or asset.latitude is None:
        return None
    return PositionTold(lon=asset.longitude, lat=asset.latitude, height_m=asset.height_m, radius_m=None, at=None)
