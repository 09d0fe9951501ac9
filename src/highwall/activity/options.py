"""Bounds on what is concluded."""

import math

from pydantic import BaseModel, ConfigDict, Field


class ActivityOptions(BaseModel):
    """When motion counts, and when digging is beyond a permit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    radius_m: float = Field(500.0, ge=0, description="motion within this distance belongs to a patch [m]")
    motion_m_per_year: float = Field(0.005, gt=0, description="vertical rate from which ground moves [m year⁻¹]")
    probability: float = Field(0.95, gt=0.5, lt=1, description="certainty that a pixel's rate exceeds that bound")
    min_pixels: int = Field(4, ge=1, description="smallest number of moving pixels that make a patch move")
    decorrelated_share: float = Field(
        0.5, gt=0, le=1, description="share of a patch's own pixels without coherence that makes it decorrelated"
    )
    outline_std_m: float = Field(
        30.0, ge=0, description="standard error of an outline drawn from a scene: three pixels of Sentinel-2 [m]"
    )
    scene_std_m: float = Field(6.0, ge=0, description="standard error of the scene's geolocation [m]")
    permit_std_m: float = Field(10.0, ge=0, description="standard error of the survey of permits [m]")
    certainty: float = Field(
        0.95, gt=0.5, lt=1, description="certainty with which ground must lie past a boundary, and of least areas [1]"
    )
    min_outside_m2: float = Field(10_000.0, ge=0, description="smallest area past a boundary that is a finding [m²]")
    touching_share: float = Field(
        0.05, ge=0, lt=1, description="share of a patch inside a permit up to which it counts as outside of it"
    )
    min_clear_share: float = Field(
        0.5,
        gt=0,
        le=1,
        description="share of a patch that must be clear at both dates to tell that nothing changed [1]",
    )
    min_change_px: int = Field(20, ge=1, description="changed pixels that are as likely chance as change [px]")
    green_ndvi: float = Field(0.4, gt=-1, lt=1, description="NDVI from which ground is green [1]")
    bare_bsi: float = Field(0.05, gt=-1, lt=1, description="bare soil index above which ground is bare [1]")
    reworked_bsi: float = Field(
        0.08,
        gt=0,
        lt=1,
        description="departure of a bare pixel's change of BSI from its patch's that is moved ground [1]",
    )
    n_confirming: int = Field(
        2, ge=1, description="clear readings in a row that move a patch toward restoration; one opens it again [1]"
    )
    green_recovery: float = Field(
        0.5, gt=0, lt=2, description="NDVI against the surroundings from which ground is revegetating [1]"
    )
    revegetating_open_share: float = Field(
        0.5, ge=0, le=1, description="share still bare up to which ground is revegetating, and not bare [1]"
    )
    restored_recovery: float = Field(0.85, gt=0, lt=2, description="the same from which it is restored [1]")
    restored_open_share: float = Field(0.1, ge=0, le=1, description="share still bare of ground that is restored [1]")

    @property
    def position_std_m(self) -> float:
        """Standard error of an outline against a boundary [m]."""
        return math.hypot(self.outline_std_m, self.scene_std_m, self.permit_std_m)
