"""What counts as a patch."""

from pydantic import BaseModel, ConfigDict, Field, model_validator


class PatchOptions(BaseModel):
    """From probability to outline."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    threshold: float = Field(0.5, gt=0, lt=1, description="mine probability from which a pixel belongs to a patch")
    seed: float = Field(0.7, gt=0, lt=1, description="probability that a patch must reach somewhere to be kept")
    min_area_m2: float = Field(20_000.0, ge=0, description="smallest patch kept, a dozen cells of the network [m²]")
    max_hole_m2: float = Field(5_000.0, ge=0, description="holes up to this area are filled, larger ones kept [m²]")
    veto: tuple[str, ...] = Field(
        ("built_up", "cropland", "permanent_water"),
        description="land-cover classes that are no mine; a patch mostly on them is dropped",
    )
    max_veto_share: float = Field(0.5, gt=0, le=1, description="share of vetoed land cover above which it is dropped")

    @model_validator(mode="after")
    def _seed_is_not_below_threshold(self) -> "PatchOptions":
        if self.seed < self.threshold:
            raise ValueError(f"seed {self.seed} is below threshold {self.threshold}; raise it to at least that")
        return self
