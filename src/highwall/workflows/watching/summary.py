"""``summary.json``: a run for machines. The model below is its documented schema."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SiteSummary(_Part):
    """The site."""

    name: str
    crs: str = Field(description="projected CRS in which areas are measured")
    minerals: list[str]
    mine_type: str | None = Field(description="OC, OP or MT")


class SceneSummary(_Part):
    """The scene that was classed."""

    scene_id: str
    acquired: str = Field(description="ISO date, or 'unknown'")
    level: str = Field(description="L1C, L2A or unknown")
    simulated: bool = Field(description="whether the scene says that it is simulated")
    resampling: str = Field(description="how it was brought to the site's grid; 'none' where it was only cut")
    quality: dict[str, float] = Field(description="share of pixels with each complaint, 0 to 1")
    not_evaluated: list[str] = Field(description="complaints for which the scene lacks bands")


class PatchSummary(_Part):
    """One mine patch."""

    patch_id: str
    mine_class: str | None = Field(
        description="industrial_mine or artisanal_mine; of a bundle, a land-cover class; None where outlines say none"
    )
    area_m2: float = Field(description="area on the map [m²], with the errors of one classed scene")
    probability_mean: float | None = Field(description="mean mine probability, 0 to 1; None where outlines say none")
    motion_class: str = Field(description="uplift, subsidence, decorrelated, none or not_measured")
    fastest_velocity: float | None = Field(description="fastest significant vertical velocity [m year⁻¹], positive up")
    activity: str = Field(
        description="what goes on there: continued_mining, dumping, restoration, inactive, unknown, …"
    )
    activity_probability: float = Field(description="probability of that activity, 0 to 1")
    optical_change: str | None = Field(description="change since the earlier run; None where none was given")
    restoration_state: str | None = Field(description="active, idle, levelled, revegetating or restored")
    permit_status: str = Field(description="inside, a kind of finding, undetermined or not_checked")


class FindingSummary(_Part):
    """One finding."""

    finding_id: str = Field(description="stays the same when the same ground is found again")
    kind: str = Field(description="such as beyond_boundary, outside_any_permit or permit_expired")
    patch_id: str | None = Field(description="None of motion where no patch need be")
    statement: str
    observed: str = Field(description="ISO date of the scene")
    probability: float = Field(description="that the ground lies where the finding says and is a mine, 0 to 1")
    area_m2: float = Field(description="area as drawn [m²]")
    least_m2: float = Field(description="area that it has with 95 % certainty, or what activity.certainty says [m²]")
    depth_m: float = Field(description="farthest distance past the boundary [m]; 0 where there is none")
    permit_id: str | None


class MotionSummary(_Part):
    """The radar's part."""

    n_epochs: int
    n_pairs: int
    n_components: int = Field(description="pieces of the pair network; more than 1 is a split network")
    first: str = Field(description="ISO date")
    last: str = Field(description="ISO date")
    velocity_min: float | None = Field(
        description="least line-of-sight velocity of pixels that did not decorrelate [m year⁻¹]"
    )
    velocity_max: float | None = Field(description="greatest, positive toward the satellite [m year⁻¹]")
    reference: str = Field(description="where motion is zero by definition, and why there")


class Summary(_Part):
    """What a run concluded."""

    schema_version: int = 1
    software: str = Field(description="name and version")
    site: SiteSummary
    scene: SceneSummary | None
    area_m2: dict[str, float] | None = Field(description="area of each mine class [m²]")
    patches: list[PatchSummary] | None
    motion: MotionSummary | None
    findings: list[FindingSummary] | None = Field(
        description="None when there was nothing to check against: no permits, no zones, or no date"
    )
    missing: list[str] = Field(description="what was not given or could not be used")
    set_aside: list[dict[str, str]] = Field(description="inputs left out: name and reason")
    files: dict[str, str] = Field(description="files of the run and their checksums (multihash, SHA-256)")


def schema() -> dict[str, Any]:
    """JSON Schema of ``summary.json``."""
    return Summary.model_json_schema()
