"""What can be chosen when labels are checked, compared and gathered into a dataset."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float, Field(ge=0.0, le=1.0)]


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LabelCheckOptions(_Options):
    """How much of a fault is one."""

    least_area_m2: float = Field(100.0, ge=0.0, description="a polygon below this is told of: a pixel of 10 m [m²]")
    least_overlap_m2: float = Field(
        500.0, ge=0.0, description="classes of one subset overlap when they share more than this [m²]"
    )
    most_outside: float = Field(
        0.1, ge=0.0, le=1.0, description="share of a polygon that may stand out of its container or the scene [1]"
    )
    same_iou: float = Field(
        0.95, gt=0.5, le=1.0, description="two polygons of one class with at least this IoU are one drawn twice [1]"
    )


class AgreementOptions(_Options):
    """How the drawings of two annotators are compared, and what becomes of what they disagree on."""

    n_resamples: int = Field(1000, ge=100, le=100_000, description="resamples of the scenes for the intervals")
    seed: int = Field(0, ge=0, description="seed of the resamples")
    least_area_m2: float = Field(
        1000.0, ge=0.0, description="disagreements below this are left out of the list [m²]; ten pixels of 10 m"
    )
    boundary_m: float = Field(
        60.0,
        ge=0.0,
        description="a disagreement nowhere wider than this is one of boundaries [m]; each is good to 30 m",
    )
    pixel_m: float = Field(10.0, gt=0.0, description="pixel on which drawings are counted that have no scene [m]")
    undecided: Literal["unsure", "yes", "no"] = Field(
        "unsure",
        description="what the adjudicated copy makes of a disagreement that nobody decided: not counted, of the class, "
        "or not",
    )


class DatasetOptions(_Options):
    """How scenes become chips, and sites splits."""

    bands: str = Field("RGB", min_length=1, description="configuration of core.bands, or bands with commas between")
    format: Literal["geotiff", "zarr"] = Field("geotiff", description="a file a chip, or all in one store")
    chip_px: int = Field(512, ge=32, le=4096, multiple_of=32, description="side of a chip [px]")
    step_px: int | None = Field(None, ge=16, description="step from chip to chip [px]; a whole chip by default")
    least_valid: Share = Field(0.25, description="share of a chip that must have data [1]; missing cells are padded")
    keep_unlabelled: bool = Field(True, description="keep chips on which nothing was drawn: they teach background")
    training: Share = Field(0.70, description="share of the sites for training [1]")
    validation: Share = Field(0.15, description="share of the sites for validation [1]")
    test: Share = Field(0.15, description="share of the sites for the test [1]")
    near_m: float = Field(5000.0, ge=0.0, description="sites with at most this gap stay in one split [m]")
    seed: int = Field(0, ge=0, description="seed of the split")
    level: Literal["L1C", "L2A"] | None = Field(None, description="processing level of files that do not say it")

    @model_validator(mode="after")
    def _all_shared_out(self) -> Self:
        total = self.training + self.validation + self.test
        if abs(total - 1.0) > 1e-6:
            raise ValueError(f"training, validation and test add up to {total:g}; they must add up to 1")
        if self.step_px is not None and self.step_px > self.chip_px:
            raise ValueError(f"step_px {self.step_px} leaves gaps between chips of {self.chip_px} px; make it smaller")
        return self

    @property
    def shares(self) -> dict[str, float]:
        """Share of each split."""
        return {"training": self.training, "validation": self.validation, "test": self.test}
