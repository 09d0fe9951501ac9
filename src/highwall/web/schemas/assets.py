"""Assets, locations and their states."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from highwall.twin.sql.things import AssetKind
from highwall.web.instants import Instant
from highwall.web.schemas.base import Given, Line, Name, Told

ExternalId = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f/]+$")]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Height = Annotated[float, Field(ge=-2000, le=10_000)]


class PositionTold(Told):
    """Where something is."""

    lon: float
    lat: float
    height_m: float | None
    radius_m: float | None
    at: Instant | None = Field(description="null: it never moves")


class StateTold(Told):
    """What is known of an asset at present."""

    position: PositionTold | None
    motion: str
    health: str
    battery_v: float | None
    last_heard: Instant | None
    silent: bool


class AssetTold(Told):
    """An asset."""

    id: str
    kind: AssetKind
    name: str
    location_id: str | None
    tag_id: str | None
    external_id: str | None
    state: StateTold


class AssetPage(Told):
    """Assets in the order of their ids."""

    assets: list[AssetTold]
    next: str | None = Field(description="give it as ``after`` for the page that follows")


class AssetGiven(Given):
    """An asset to be made or changed."""

    kind: AssetKind
    name: Line
    location_id: Name | None = None
    external_id: ExternalId | None = None
    lon: Longitude | None = None
    lat: Latitude | None = None
    height_m: Height | None = None


class SyncedAsset(AssetGiven):
    """An asset as another system knows it."""

    external_id: None = None
    id: Name | None = Field(None, description="our id for it; by default made from the external one")


class TrackTold(Told):
    """Where an asset was."""

    asset_id: str
    positions: list[PositionTold] = Field(description="at most 2000, the first of each of as many spans")


class LocationTold(Told):
    """A place with a name."""

    id: str
    name: str
    polygon: dict[str, Any] | None
    staff_count: int = Field(description="people present: inside its polygon, or else of those who belong to it")
    expected_staff: int | None
    procedure_id: str | None
    external_id: str | None


class Locations(Told):
    """All locations within reach."""

    locations: list[LocationTold]


class Ring(Given):
    """GeoJSON polygon in degrees."""

    type: Annotated[str, StringConstraints(pattern="^Polygon$")] = "Polygon"
    coordinates: list[Annotated[list[tuple[Longitude, Latitude]], Field(min_length=4, max_length=5000)]] = Field(
        min_length=1, max_length=100
    )


class LocationGiven(Given):
    """A location to be made or changed."""

    name: Line
    polygon: Ring | None = None
    expected_staff: int | None = Field(None, ge=0, le=100_000)
    procedure_id: Line | None = None
    external_id: ExternalId | None = None


class SyncedLocation(LocationGiven):
    """A location as another system knows it."""

    external_id: None = None
    id: Name | None = None
