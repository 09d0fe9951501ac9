"""What can be chosen when whole scenes are mapped, and when two maps are compared."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from highwall.segmentation.evaluation_options import RuleOptions

MAP_WINDOW_PX = 4096
"""px, largest side of a window."""


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SegmentOptions(_Options):
    """How a network goes over a scene, and what its probabilities become."""

    window_px: int | None = Field(
        None, ge=32, le=MAP_WINDOW_PX, description="side of a window; by default that of the network's training [px]"
    )
    overlap_px: int | None = Field(
        None, ge=0, description="overlap of neighbouring windows; by default a quarter of a window [px]"
    )
    blending: Literal["cosine", "gaussian"] = Field(
        "cosine", description="how a window's weight falls toward its edge: over the overlap, or all the way"
    )
    batch: int = Field(1, ge=1, le=256, description="windows that the network is asked at once [1]")
    strip_px: int = Field(256, ge=32, le=8192, description="rows of the map that are finished and kept together [px]")
    panel_px: int = Field(11_264, ge=256, description="columns done together; memory grows with it [px]")
    threads: int = Field(2, ge=1, le=256, description="threads of the network [1]")
    threshold: float | None = Field(
        None, gt=0.0, lt=1.0,
        description="probability from which a class is said; by default the network's own, else the most probable [1]",
    )  # fmt: skip
    min_area_m2: float = Field(
        1000.0, ge=0.0, description="smaller polygons are left out, and smaller holes filled; the rasters keep all [m²]"
    )
    simplify_m: float | None = Field(
        None, ge=0.0,
        description="corners whose triangle has an area below this squared are left out; by default a pixel's side [m]",
    )  # fmt: skip
    rules: RuleOptions = Field(RuleOptions(), description="rules that follow the prediction; none unless named")


class ChangeOptions(_Options):
    """What counts as a change between two maps."""

    min_area_m2: float = Field(5000.0, ge=0.0, description="smaller patches of change are left out of the table [m²]")
    simplify_m: float | None = Field(
        None, ge=0.0, description="as for a map; by default a pixel's side [m]"
    )  # fmt: skip
