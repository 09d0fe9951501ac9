"""The site itself: what the map begins with; whether the server lives; the description of the interface."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Request

from highwall import __version__
from highwall.twin.roles import Action, Person
from highwall.twin.sql import heartbeats
from highwall.web.guards import Served, may
from highwall.web.instants import iso
from highwall.web.schemas.site import Health, LayerTold, SceneTold, SiteTold
from highwall.web.services import Imagery, Services

router = APIRouter(prefix="/api", tags=["site"])
_LATE_US: Final = 60_000_000


@router.get("/health")
def health(served: Served) -> Health:
    """Answer whoever watches whether the server lives, and its engine works; open to all."""
    now_us = served.clock_us()
    with served.database.read() as store:
        late = [beat.name for beat in heartbeats.heartbeats(store) if now_us - beat.at_us > _LATE_US]
    return Health(ok=not late, at=iso(now_us), version=__version__, login_elsewhere=served.oidc is not None, late=late)


@router.get("/site")
def site(who: Annotated[Person, may(Action.SEE_SITE)], served: Served) -> SiteTold:
    """Tell the site, its scenes and its layers."""
    place, imagery = served.place, served.imagery
    sees_findings = who.may(Action.SEE_FINDINGS)
    return SiteTold(
        name=place.name, title=place.title, time_zone=place.time_zone, center=place.center, bounds=place.bounds,
        scenes=_scenes(imagery), layers=_rasters(served) + (_vectors(imagery) if sees_findings else []),
        login_elsewhere=served.oidc is not None,
    )  # fmt: skip


@router.get("/openapi.json")
def openapi(request: Request, who: Annotated[Person, may(None)]) -> dict[str, Any]:
    """Describe the whole interface (OpenAPI 3.1)."""
    described: dict[str, Any] = request.app.openapi()
    return described


def _scenes(imagery: Imagery) -> list[SceneTold]:
    return [
        SceneTold(date=scene.date, tiles=f"/tiles/scene/{scene.date}/{{z}}/{{x}}/{{y}}.png")
        for scene in imagery.scenes
    ]  # fmt: skip


def _rasters(served: Services) -> list[LayerTold]:
    return [
        LayerTold(
            key=layer.key, title=layer.title, kind="raster", url=f"/tiles/{layer.key}/{{z}}/{{x}}/{{y}}.png",
            legend=dict(layer.legend),
            is_clickable=layer.key.startswith("velocity") and served.point_series is not None,
        )
        for layer in served.imagery.rasters
    ]  # fmt: skip


def _vectors(imagery: Imagery) -> list[LayerTold]:
    return [
        LayerTold(
            key=layer.key, title=layer.title, kind="geojson", url=f"/api/layers/{layer.key}",
            legend=dict(layer.legend),
        )
        for layer in imagery.vectors
    ]  # fmt: skip
