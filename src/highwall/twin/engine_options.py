"""What can be chosen about the engine."""

from pydantic import BaseModel, ConfigDict, Field

from highwall.telemetry.tag_options import ManDownOptions, RssiOptions


class EngineOptions(BaseModel):
    """Pace of the engine, and how it follows people."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    settle_s: float = Field(
        0.2, ge=0, le=10,
        description="the engine's clock stays so far behind, for messages of one moment to be committed by all "
        "workers [s]",
    )  # fmt: skip
    beat_s: float = Field(
        1.0, ge=0, le=10, description="while nothing happens it says so often that it works [s]"
    )  # fmt: skip
    entries: int = Field(200, ge=1, le=100_000, description="journal rows taken from one stream in one step")
    man_down: ManDownOptions = ManDownOptions()
    rssi: RssiOptions = RssiOptions()
    fix_every_s: float = Field(
        5.0, ge=0.1, le=600, description="a place is worked out from beacons at most so often, per tag [s]"
    )
    radius_m: float = Field(25.0, gt=0, le=1000, description="radius of a position that came without one [m]")
    registry_s: float = Field(2.0, ge=0, le=600, description="how often the registry is read anew [s]")
