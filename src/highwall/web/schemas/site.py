"""The site and what its map shows."""

from typing import Any, Literal

from highwall.web.schemas.base import Told


class SceneTold(Told):
    """A scene as the base of the map."""

    date: str
    tiles: str


class LayerTold(Told):
    """Something that can be laid over it."""

    key: str
    title: str
    kind: Literal["raster", "geojson"]
    url: str
    legend: dict[str, Any]
    is_clickable: bool = False


class SiteTold(Told):
    """The site."""

    name: str
    title: str
    time_zone: str
    center: tuple[float, float]
    bounds: tuple[float, float, float, float]
    scenes: list[SceneTold]
    layers: list[LayerTold]
    login_elsewhere: bool


class Collection(Told):
    """GeoJSON in degrees."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[dict[str, Any]]


class PointCourse(Told):
    """Motion of the ground at a place."""

    title: str
    unit: str
    t: list[int]
    value: list[float | None]
    std: list[float | None] | None = None


class Health(Told):
    """Whether the server lives."""

    ok: bool
    at: str
    version: str
    late: list[str]
    """Parts of the twin that have not said for a minute that they work."""
    login_elsewhere: bool
