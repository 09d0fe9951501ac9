"""Entities of SensorThings, from what the store holds."""

import json
from typing import Any, Final

from highwall.telemetry.observed import OBSERVED
from highwall.twin.sql.observations import Place, Row
from highwall.web.instants import iso
from highwall.web.schemas.assets import AssetTold, LocationTold
from highwall.web.schemas.readings import DatastreamTold
from highwall.web.sta.paging import Item

_MEASUREMENT: Final = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"
_GEOJSON: Final = "application/geo+json"


def thing(asset: AssetTold, *, base: str) -> Item:
    """Asset as a Thing."""
    at = f"{base}/Things('{asset.id}')"
    properties = {
        "kind": asset.kind, "location_id": asset.location_id, "external_id": asset.external_id,
        "motion": asset.state.motion, "health": asset.state.health,
    }  # fmt: skip
    entity = {
        "@iot.id": asset.id, "@iot.selfLink": at, "name": asset.name, "description": f"{asset.kind} of the mine",
        "properties": properties, "Datastreams@iot.navigationLink": f"{at}/Datastreams",
        "Locations@iot.navigationLink": f"{at}/Locations",
    }  # fmt: skip
    record = {"id": asset.id, "name": asset.name} | {f"properties/{key}": value for key, value in properties.items()}
    return Item(asset.id, entity, record, asset)


def location(place: LocationTold, *, base: str) -> Item:
    """Place with a name as a Location."""
    entity = {
        "@iot.id": place.id, "@iot.selfLink": f"{base}/Locations('{place.id}')", "name": place.name,
        "description": "place of the mine", "encodingType": _GEOJSON, "location": place.polygon,
        "properties": {
            "staff_count": place.staff_count, "expected_staff": place.expected_staff,
            "procedure_id": place.procedure_id, "external_id": place.external_id,
        },
    }  # fmt: skip
    return Item(place.id, entity, {"id": place.id, "name": place.name}, place)


def whereabouts(asset: AssetTold, *, base: str) -> list[Item]:
    """Where an asset is at present, as a Location; none where that is not known."""
    place = asset.state.position
    if place is None:
        return []
    point = [place.lon, place.lat] + ([] if place.height_m is None else [place.height_m])
    entity = {
        "@iot.id": f"at-{asset.id}", "@iot.selfLink": f"{base}/Things('{asset.id}')/Locations",
        "name": f"where {asset.name} is", "description": "last known position", "encodingType": _GEOJSON,
        "location": {"type": "Point", "coordinates": point},
        "properties": {"radius_m": place.radius_m, "at": None if place.at is None else iso(place.at)},
    }  # fmt: skip
    return [Item(f"at-{asset.id}", entity, {"id": f"at-{asset.id}", "name": entity["name"]})]


def datastream(one: DatastreamTold, *, base: str) -> Item:
    """Datastream; its sensor is not told, for it is the thing itself."""
    at = f"{base}/Datastreams({one.id})"
    entity = {
        "@iot.id": one.id, "@iot.selfLink": at, "name": one.name, "description": f"{one.title} of {one.thing}",
        "observationType": _MEASUREMENT,
        "unitOfMeasurement": {"name": one.unit or "unknown", "symbol": one.unit, "definition": "CF unit string"},
        "properties": {"property": one.property, "thing": one.thing, "known": one.property in OBSERVED},
        "Observations@iot.navigationLink": f"{at}/Observations",
        **_links(one, base),
    }  # fmt: skip
    record = {
        "id": one.id, "name": one.name, "Thing/id": one.asset_id, "Thing/@iot.id": one.asset_id,
        "properties/property": one.property, "properties/thing": one.thing, "ObservedProperty/name": one.property,
    }  # fmt: skip
    return Item(str(one.id), entity, record, one)


def observed_property(name: str, *, base: str) -> Item:
    """Property as an ObservedProperty; of one that is not in our table nothing but its name is known."""
    known = OBSERVED.get(name)
    at = f"{base}/ObservedProperties('{name}')"
    links = {} if known is None else {"@iot.selfLink": at}
    entity = {
        "@iot.id": name, **links, "name": name, "definition": at if known else "unknown",
        "description": known.title if known else "not in the table of properties",
    }  # fmt: skip
    return Item(name, entity, {"id": name, "name": name}, name)


def _links(one: DatastreamTold, base: str) -> dict[str, str]:
    """Where a datastream leads to, if anywhere."""
    thing = {"Thing@iot.navigationLink": f"{base}/Things('{one.asset_id}')"} if one.asset_id else {}
    if one.property not in OBSERVED:
        return thing
    return thing | {"ObservedProperty@iot.navigationLink": f"{base}/ObservedProperties('{one.property}')"}


def observation(row: Row, *, base: str) -> Item:
    """Reading as an Observation; its quality flag is told beside the raw value."""
    key = key_of(row)
    entity = {
        "@iot.id": f"{row.datastream_id}.{key}", "phenomenonTime": iso(row.phenomenon_us),
        "resultTime": iso(row.result_us), "result": _result(row), "resultQuality": row.flag,
        "Datastream@iot.navigationLink": f"{base}/Datastreams({row.datastream_id})",
    }  # fmt: skip
    record = {
        "id": entity["@iot.id"], "phenomenonTime": row.phenomenon_us, "resultTime": row.result_us,
        "result": row.text if row.value is None else row.value, "resultQuality": row.flag,
        "Datastream/id": row.datastream_id, "Datastream/@iot.id": row.datastream_id,
    }  # fmt: skip
    return Item(key, entity, record, row)


def key_of(row: Row) -> str:
    """Key of a reading within its datastream."""
    return f"{row.phenomenon_us}.{row.stream_id}.{row.number}"


def place_of(key: str) -> Place:
    """Place of a key.

    Raises
    ------
    ValueError
        It is none of ours.
    """
    time_us, stream, number = (int(part) for part in key.split("."))
    if not all(-(2**62) < part < 2**62 for part in (time_us, stream, number)):
        raise ValueError(key)
    return Place(time_us, stream, number)


def _result(row: Row) -> Any:
    """Number, text, or components of a vector."""
    if row.text is None or row.value is None:
        return row.text if row.value is None else row.value
    return json.loads(row.text)
