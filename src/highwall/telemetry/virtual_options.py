"""What can be chosen about virtual sensors and about telling a sensor's fault from a change of the ground."""

from pydantic import BaseModel, ConfigDict, Field


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class VirtualOptions(_Options):
    """How a sensor's neighbours learn to stand in for it."""

    interval_s: float = Field(900.0, gt=0.0, le=86_400.0, description="time between rows of the group [s]")
    n_lags: int = Field(2, ge=0, le=48, description="rows before the present that are used too [1]")
    penalties: tuple[float, ...] = Field(
        (1e-3, 1e-2, 1e-1, 1.0), min_length=1, description="ridge penalties tried, per row and unit variance [1]"
    )
    n_folds: int = Field(4, ge=2, le=20, description="runs of rows that are held out in turn [1]")
    margin: float = Field(
        1.25,
        ge=1.0,
        le=10.0,
        description="limits are so many times the largest difference held out [1]; source: chosen",
    )
    weak_rows: int = Field(32, ge=4, le=1000, description="memory of the average that shows weak faults [row]")


class NeighbourOptions(_Options):
    """When neighbours are heard."""

    min_skill: float = Field(
        0.5, ge=0.0, lt=1.0, description="least share of a sensor's variance that its neighbours explain [1]"
    )
    min_neighbours: int = Field(2, ge=2, le=100, description="neighbours that must speak for an opinion [1]")
    min_lead: float = Field(
        1.2, ge=1.0, le=10.0, description="by which a lone sensor exceeds the next that explains as much [1]; chosen"
    )
    max_age: float = Field(
        3.0, ge=1.0, le=1000.0, description="intervals after which a neighbour's last word no longer counts [1]"
    )
