"""What can be chosen when a segmentation is judged, and in the rules that may follow a prediction."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

RuleName = Literal["preparatory_work", "dam", "slope", "land_cover", "unclear"]


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EvaluationOptions(_Options):
    """How scores are counted."""

    blank: Literal["background", "ignored"] = Field(
        "background", description="ground drawn as blank: certainly no mine, or not counted"
    )
    n_resamples: int = Field(1000, ge=1, le=100_000, description="resamples of whole sites behind an interval [1]")
    coverage: float = Field(0.95, gt=0.0, lt=1.0, description="probability that an interval is meant to hold [1]")
    n_bins: int = Field(15, ge=2, le=100, description="bins of probability for the calibration error [1]")


class RuleOptions(_Options):
    """Rules after a prediction. None is applied unless it is named."""

    names: tuple[RuleName, ...] = Field((), description="rules to apply, in the order of segmentation.rules.RULES")
    max_gap_m: float = Field(
        30.0, ge=0.0, le=1000.0, description="gap across which two classes still adjoin [m]; labels are good to 30 m"
    )
    land_cover_share: float = Field(
        0.8, gt=0.0, le=1.0, description="share of a patch under a vetoed land cover from which it is no mine [1]"
    )
    vetoed_land_cover: tuple[str, ...] = Field(
        ("tree_cover", "cropland", "snow_and_ice", "mangroves", "moss_and_lichen"),
        description="land covers, by WorldCover's names, that a mine cannot be",
    )
    max_unclear: float = Field(
        0.5, ge=0.0, le=1.0, description="share of cloud and snow from which nothing is said of a scene [1]"
    )
