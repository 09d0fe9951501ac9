"""The map: tiles of scenes and rasters, polygons of a run, zones of the twin."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from highwall.core.errors import MissingInputError
from highwall.twin.roles import Action, Person
from highwall.twin.sql import zones
from highwall.twin.sql.zones import Zone
from highwall.web.guards import Served, may
from highwall.web.instants import iso
from highwall.web.schemas.site import Collection, PointCourse
from highwall.web.services import Imagery, RunLayer

router = APIRouter(tags=["map"])
Sees = Annotated[Person, may(Action.SEE_SITE)]
Studies = Annotated[Person, may(Action.SEE_FINDINGS)]
Zoom = Annotated[int, Path(ge=0, le=22)]
Column = Annotated[int, Path(ge=0, lt=2**22)]
Key = Annotated[str, Path(pattern=r"^[a-z0-9_-]{1,40}$")]
_KEPT = {"Cache-Control": "private, max-age=3600"}


@router.get(
    "/tiles/scene/{date}/{z}/{x}/{y}.png", response_class=Response, responses={200: {"content": {"image/png": {}}}}
)
def scene_tile(
    date: Annotated[str, Path(pattern=r"^\d{4}-\d\d-\d\d$")], z: Zoom, x: Column, y: Column, who: Sees, served: Served
) -> Response:
    """Draw a tile of the scene of a date."""
    from highwall.web.tiles import scene_look, tile

    scene = next((one for one in served.imagery.scenes if one.date == date), None)
    if scene is None:
        raise MissingInputError(f"no scene of {date}; GET /api/site lists the dates.")
    options = served.options
    look = scene_look(
        scene.path, scene.bands, low_percent=options.scene_low_percent, high_percent=options.scene_high_percent
    )  # fmt: skip
    return Response(tile(look, z, x, y), media_type="image/png", headers=_KEPT)


@router.get("/tiles/{layer}/{z}/{x}/{y}.png", response_class=Response, responses={200: {"content": {"image/png": {}}}})
def raster_tile(layer: Key, z: Zoom, x: Column, y: Column, who: Sees, served: Served) -> Response:
    """Draw a tile of a raster of the run."""
    from highwall.web.tiles import raster_look, tile

    found = next((one for one in served.imagery.rasters if one.key == layer), None)
    if found is None:
        raise MissingInputError(f"no raster {layer!r}; GET /api/site lists the layers.")
    limits = (float(found.legend["low"]), float(found.legend["high"]))
    look = raster_look(found.path, limits, colormap=str(found.legend["colormap"]))
    return Response(tile(look, z, x, y), media_type="image/png", headers=_KEPT)


@router.get("/api/layers/{key}")
def layer(key: Key, who: Studies, served: Served) -> Collection:
    """Tell the polygons of a layer: patches, permits, findings."""
    from highwall.web.layers import features

    return Collection(features=features(_vector(served.imagery, key).path))


@router.get("/api/layers/{key}/series")
def point_course(
    key: Key,
    who: Studies,
    served: Served,
    lon: Annotated[float, Query(ge=-180, le=180)],
    lat: Annotated[float, Query(ge=-90, le=90)],
) -> PointCourse:
    """Tell how the ground has moved at a place."""
    found = served.point_series(lon, lat) if served.point_series and key.startswith("velocity") else None
    if found is None:
        raise MissingInputError("nothing is known of the motion there; click on coloured ground.")
    return PointCourse(**found)


@router.get("/api/zones")
def all_zones(who: Sees, served: Served) -> Collection:
    """Tell the zones of the twin that hold at present.

    Everybody on the site may know where the ground is dangerous; findings, which are about permits, are for those who
    may see findings.
    """
    kinds = [kind for kind in zones.ZoneKind if kind is not zones.ZoneKind.FINDING or who.may(Action.SEE_FINDINGS)]
    with served.database.read() as store:
        found = zones.open_zones(store, kinds)
    return Collection(features=[_feature(one) for one in found])


def _feature(zone: Zone) -> dict[str, object]:
    """Zone as GeoJSON; a finding's own kind is told as ``what``."""
    said = {"id": zone.id, "kind": zone.kind, "title": zone.title, "source": zone.source, "since": iso(zone.since_us)}
    properties = zone.properties | {"what": zone.properties.get("kind")} | said
    return {"type": "Feature", "id": zone.id, "geometry": zone.geometry, "properties": properties}


def _vector(imagery: Imagery, key: str) -> RunLayer:
    found = next((one for one in imagery.vectors if one.key == key), None)
    if found is None:
        raise MissingInputError(f"no layer {key!r}; GET /api/site lists the layers.")
    return found
