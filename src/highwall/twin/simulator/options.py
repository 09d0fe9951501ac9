"""What is simulated: how many of each, how often they speak, what goes wrong."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class Scenario(StrEnum):
    """What goes wrong on purpose."""

    CRACK = "crack"
    """A crack at the crest opens slowly, accelerates by the inverse-velocity law and fails."""
    FALL = "fall"
    """One person falls, one faints, one stumbles and gets up."""
    CUT_LINK = "cut-link"
    """A gateway loses its link; what it gathers arrives late."""
    FLOOD = "flood"
    """A logger babbles."""


class FaultKind(StrEnum):
    """How a sensor fails."""

    DRIFT = "drift"
    """An error that grows with time."""
    STUCK = "stuck"
    """The value of one moment again and again."""
    LIE = "lie"
    """Plausible values of a place that is not there: less motion, elsewhere."""
    SPIKE = "spike"
    """Now and then a value far off."""
    NOISE = "noise"
    """Ten times the noise."""
    DROP = "drop"
    """Readings that never come."""
    CLOCK = "clock"
    """Times that are wrong."""


class SimulationOptions(BaseModel):
    """Options of the simulated pit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(default=1, ge=0, description="From which all chance is drawn")
    hours: float = Field(default=1.0, gt=0.0, le=24 * 366, description="Duration [h]")
    lon: float = Field(default=-44.05, ge=-180.0, le=180.0, description="Longitude of the pit's centre [degree]")
    lat: float = Field(default=-20.05, ge=-85.0, le=85.0, description="Latitude of the pit's centre [degree]")
    n_people: int = Field(default=8, ge=0, le=500, description="People with a tag")
    n_machines: int = Field(default=4, ge=0, le=200, description="Machines; every third is an excavator")
    scenarios: tuple[Scenario, ...] = Field(default=(), description="What goes wrong on purpose")
    first_event_s: float | None = Field(
        default=None, ge=0.0, description="When the first thing goes wrong [s]; by default after two fifths of the time"
    )
    faults: tuple[FaultKind, ...] = Field(default=tuple(FaultKind), description="Faults, one sensor each")
    people_hz: float = Field(default=20.0, gt=0.0, le=200.0, description="Accelerations of a person [1/s]")
    machine_hz: float = Field(default=5.0, gt=0.0, le=200.0, description="Accelerations of a machine [1/s]")
    rssi_interval_s: float = Field(default=2.0, ge=0.1, le=3600.0, description="Between scans for beacons [s]")
    position_interval_s: float = Field(default=2.0, ge=0.1, le=3600.0, description="Between positions of a machine [s]")
    ground_interval_s: float = Field(default=60.0, ge=1.0, le=86_400.0, description="Between readings of ground [s]")
    housekeeping_interval_s: float = Field(
        default=300.0, ge=1.0, le=86_400.0, description="Between battery and temperature of a tag [s]"
    )
    flood_hz: float = Field(default=500.0, gt=0.0, le=50_000.0, description="Readings of the logger that babbles [1/s]")

    @property
    def duration_s(self) -> float:
        """Duration [s]."""
        return self.hours * 3600.0

    @property
    def trouble_s(self) -> float:
        """When the first thing goes wrong [s]."""
        return 0.4 * self.duration_s if self.first_event_s is None else self.first_event_s
