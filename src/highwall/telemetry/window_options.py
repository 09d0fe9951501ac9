"""Which sensors stand beside a crack, and how their readings become windows."""

from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

CHANNELS: Final = ("strain", "opening", "tilt", "temperature")
"""Channels of a window in their order; units 1, m, rad, K. Tension and opening are positive."""
GROUND: Final = CHANNELS[:3]
"""Channels that feel a crack; temperature alone tells nothing."""


class CrackPlace(BaseModel):
    """Sensors beside one crack, or beside ground that may crack: datastreams by channel; none: not measured."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    thing: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$", description="its probability is THING/crack_probability")
    strain: str | None = Field(None, min_length=3, description="datastream of strain [1]")
    opening: str | None = Field(None, min_length=3, description="datastream of crack width or elongation [m]")
    tilt: str | None = Field(None, min_length=3, description="datastream of tilt [rad]")
    temperature: str | None = Field(None, min_length=3, description="datastream of temperature [K]")

    @model_validator(mode="after")
    def _feels_something(self) -> Self:
        if not any(getattr(self, channel) for channel in GROUND):
            raise ValueError("name a datastream of strain, opening or tilt; temperature alone tells nothing")
        return self

    def streams(self) -> dict[str, int]:
        """Number of the channel by datastream."""
        named = {channel: getattr(self, channel) for channel in CHANNELS}
        return {stream: CHANNELS.index(channel) for channel, stream in named.items() if stream}


class WindowOptions(BaseModel):
    """How readings become windows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n_hours: int = Field(96, ge=24, le=24 * 30, description="length of a window, as the classifier learned it [h]")
    least_share: float = Field(
        0.5, gt=0.0, le=1.0, description="share of hours with a reading of the ground, below it nothing is said [1]"
    )
    settle_s: float = Field(
        120.0, ge=0.0, le=3600.0, description="so long after an hour its late readings are waited for [s]"
    )
