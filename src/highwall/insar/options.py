"""What a user may choose in the inversion, and within which bounds."""

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

_FROZEN = ConfigDict(frozen=True, extra="forbid")


class AutomaticReference(BaseModel):
    """A small window of coherent pixels that close and stay still, away from what is measured."""

    model_config = _FROZEN

    kind: Literal["automatic"] = "automatic"
    radius_px: int = Field(
        default=2, ge=0, le=100, description="half width of the square whose fit pixels are averaged [px]"
    )
    margin_px: float = Field(default=10.0, ge=0, le=10_000, description="least distance from the places to avoid [px]")


class PixelReference(BaseModel):
    """A pixel of the stack's grid, or a square around it."""

    model_config = _FROZEN

    kind: Literal["pixel"] = "pixel"
    row: int = Field(ge=0, description="row from the top, 0 first [px]")
    col: int = Field(ge=0, description="column from the left, 0 first [px]")
    half_width_px: int = Field(
        default=0, ge=0, le=1000, description="pixels around it on each side that are averaged [px]"
    )


class PointReference(BaseModel):
    """A place on the ground; the pixel that holds it, or a square around that pixel."""

    model_config = _FROZEN

    kind: Literal["point"] = "point"
    x: float = Field(description="longitude [degree], or easting in the units of `crs`")
    y: float = Field(description="latitude [degree], or northing in the units of `crs`")
    crs: str = Field(default="EPSG:4326", description="CRS of x and y")
    half_width_px: int = Field(
        default=0, ge=0, le=1000, description="pixels around it on each side that are averaged [px]"
    )


class AreaReference(BaseModel):
    """A rectangle on the ground that is taken as still; its pixels are averaged."""

    model_config = _FROZEN

    kind: Literal["area"] = "area"
    left: float = Field(description="least x, in the units of `crs`")
    bottom: float = Field(description="least y, in the units of `crs`")
    right: float = Field(description="greatest x, in the units of `crs`")
    top: float = Field(description="greatest y, in the units of `crs`")
    crs: str = Field(default="EPSG:4326", description="CRS of the four bounds")

    @model_validator(mode="after")
    def _has_area(self) -> "AreaReference":
        if self.left >= self.right or self.bottom >= self.top:
            raise ValueError("the reference area is empty: left must be less than right, bottom less than top")
        return self


class AlreadyReferenced(BaseModel):
    """The stack is referenced already; its phases are taken as they are."""

    model_config = _FROZEN

    kind: Literal["none"] = "none"


Reference = Annotated[
    AutomaticReference | PixelReference | PointReference | AreaReference | AlreadyReferenced,
    Field(discriminator="kind"),
]
"""Where the ground is taken to be still."""


class InversionOptions(BaseModel):
    """How the network of interferograms is inverted."""

    model_config = _FROZEN

    reference: Reference = Field(default=AutomaticReference(), description="where the ground is taken to be still")
    weighting: Literal["coherence", "none"] = Field(
        default="coherence",
        description="`coherence`: inverse phase variance from coherence and looks; `none`: all pairs alike",
    )
    looks: float | None = Field(
        default=None,
        gt=0,
        le=1e4,
        description="independent looks averaged in each interferogram; None: what the stack says, or else 20 [1]",
    )
    min_coherence: float = Field(
        default=0.0, ge=0, le=0.99, description="coherence below which a phase is left out [1]"
    )
    min_pairs: int = Field(default=1, ge=1, le=32767, description="pairs below which a pixel is not inverted [1]")
    norm: Literal["L2", "L1"] = Field(
        default="L2",
        description="`L2`: least squares; `L1`: least sum of sizes, which a few blunders of 2π do not move",
    )
    reweighings: int = Field(
        default=20, ge=1, le=200, description="rounds of reweighing toward the L1 norm, each an inversion [1]"
    )


class NetworkOptions(BaseModel):
    """Which pairs are used."""

    model_config = _FROZEN

    max_btemp_days: float | None = Field(default=None, gt=0, description="longest temporal baseline [day]; None: any")
    max_bperp_m: float | None = Field(default=None, gt=0, description="longest perpendicular baseline [m]; None: any")
    keep_unknown_bperp: bool = Field(default=True, description="keep pairs whose perpendicular baseline is unknown")
    n_nearest: int | None = Field(
        default=None, ge=1, le=1000, description="later epochs that each epoch is paired with at most [1]; None: all"
    )
    min_mean_coherence: float = Field(
        default=0.0, ge=0, lt=1, description="mean coherence below which a pair is left out [1]"
    )
    exclude_dates: tuple[dt.date, ...] = Field(default=(), description="acquisitions left out")
    exclude_pairs: tuple[tuple[dt.date, dt.date], ...] = Field(default=(), description="pairs left out, by their dates")
    min_degree: int = Field(
        default=1, ge=0, le=100, description="pairs that each epoch keeps, shortest first, if it has so many [1]"
    )
    keep_connected: bool = Field(default=True, description="bring back the best pairs that join a split network")
    super_master: dt.date | None = Field(default=None, description="reference epoch; None: least total baseline")


class RepairOptions(BaseModel):
    """How phases that are off by whole turns are mended."""

    model_config = _FROZEN

    method: Literal["none", "closure", "bridging", "both"] = Field(
        default="closure",
        description="`closure`: triplets of each pixel; `bridging`: components of each pair, needs `conncomp`; "
        "`both`: bridging, then closure; `none`: count only",
    )
    min_margin: int = Field(
        default=1, ge=1, le=100, description="triplets that a move must close beyond what any rival would [1]"
    )
    max_left_share: float = Field(
        default=0.1, ge=0, le=1, description="share of a pixel's triplets that may stay open if it is repaired [1]"
    )
    min_component_px: int = Field(
        default=50, ge=1, le=1_000_000, description="size below which a component is not bridged [px]"
    )
    max_gap_px: float = Field(default=50.0, gt=0, le=10_000, description="widest gap that is bridged [px]")
    max_misfit_rad: float = Field(
        default=2.0,
        gt=0,
        le=3.2,
        description="distance of a step from a whole turn beyond which it is not believed [rad]",
    )

    @property
    def bridges(self) -> bool:
        """Whether components are bridged."""
        return self.method in ("bridging", "both")

    @property
    def closes(self) -> bool:
        """Whether pixels are mended by their triplets."""
        return self.method in ("closure", "both")


class QualityOptions(BaseModel):
    """When the quality layer says that motion may mislead."""

    model_config = _FROZEN

    max_share_open: float = Field(
        default=0.0, ge=0, le=1, description="share of open triplets above which a pixel is flagged [1]"
    )
    min_temporal_coherence: float = Field(
        default=0.7, ge=0, le=1, description="temporal coherence below which a pixel is flagged [1]"
    )
    max_residual_rad: float = Field(
        default=1.5, gt=0, le=100, description="root mean square residual above which a pixel is flagged [rad]"
    )
    max_velocity_std: float = Field(
        default=0.01, gt=0, description="standard error of velocity above which a pixel is flagged [m year⁻¹]"
    )


class DecorrelationOptions(BaseModel):
    """When a pixel is called decorrelated."""

    model_config = _FROZEN

    min_mean_coherence: float = Field(
        default=0.3, ge=0, le=1, description="mean coherence below which a pixel has lost it [1]"
    )
    min_valid_share: float = Field(
        default=0.5, ge=0, le=1, description="share of the pairs below which a pixel has too few [1]"
    )


class VelocityOptions(BaseModel):
    """What a pixel's series is taken to be made of."""

    model_config = _FROZEN

    season: Literal["none", "annual", "semi-annual"] = Field(
        default="none", description="cycles fitted beside the velocity: none, one a year, or one and two a year"
    )
    steps: tuple[dt.date, ...] = Field(
        default=(), max_length=20, description="dates of sudden motion, such as an earthquake; a pass on it comes after"
    )


class CorrectionOptions(BaseModel):
    """What is taken from the displacement besides the motion of the ground."""

    model_config = _FROZEN

    gacos: bool = Field(default=False, description="take off the delay of GACOS maps; every epoch needs one")
    tide: bool = Field(default=False, description="take off the solid-earth tide; needs `pass_time_utc` and pysolid")
    stratified: bool = Field(default=False, description="take off delay that follows height, epoch by epoch")
    ramp: Literal["none", "plane", "quadratic"] = Field(
        default="none", description="surface over the scene that is taken off, epoch by epoch"
    )
    dem_error: bool = Field(default=False, description="estimate the error of the height model and take off its effect")
    min_temporal_coherence: float = Field(
        default=0.7, ge=0, le=1, description="temporal coherence below which a pixel is left out of scene-wide fits [1]"
    )
    max_velocity_m_year: float | None = Field(
        default=0.02, gt=0, le=10,
        description="speed beyond which a pixel is left out of scene-wide fits, besides those that differ [m year⁻¹]",
    )  # fmt: skip
    level: bool | None = Field(
        default=None,
        description="take still ground as a whole, instead of the reference alone, as the place that does not move; "
        "None: where the reference is automatic",
    )
    keep_velocity: bool = Field(
        default=False,
        description="leave in the steady part of ramp and stratified delay, so that they cannot take motion for delay",
    )
    slant_range_m: float | None = Field(
        default=None, ge=1e3, le=3e6,
        description="distance to the satellite [m]; computed for Sentinel-1 when neither this nor the stack says it",
    )  # fmt: skip
    pass_time_utc: dt.time | None = Field(default=None, description="time of day of the passes, UTC, for the tide")


class InterferogramOptions(BaseModel):
    """How single-look images become interferograms."""

    model_config = _FROZEN

    looks_y: int = Field(default=2, ge=1, le=200, description="samples averaged along azimuth, rows [px]")
    looks_x: int = Field(default=8, ge=1, le=200, description="samples averaged along range, columns [px]")
    samples_per_look: float = Field(
        default=2.0,
        ge=1,
        le=20,
        description="samples that share one independent look, resolution over spacing in both directions; about 2 for "
        "Sentinel-1 IW (3.1 m × 22 m over 2.3 m × 14 m) [1]",
    )
    coherence_window_px: int = Field(
        default=3,
        ge=1,
        le=31,
        description="side of the square of multilooked pixels, odd, over which coherence is estimated; 1: from each "
        "pixel's own looks [px]",
    )
    corrects_bias: bool = Field(
        default=False, description="take the bias of few looks out of coherence (Touzi et al. 1999)"
    )
    min_valid_share: float = Field(
        default=0.5, gt=0, le=1, description="share of a pixel's samples that must be valid [1]"
    )
    topography: Literal["auto", "remove", "keep"] = Field(
        default="auto",
        description="phase of height and orbits: `auto` takes it out where the images carry it and geometry is given; "
        "`remove` insists on it; `keep` leaves it in",
    )
    filter_alpha: float | Literal["coherence"] = Field(
        default=0.0,
        description="strength of the Goldstein filter from 0 (off) to 1 [1], or `coherence`: one less the mean "
        "coherence of each window (Baran et al. 2003)",
    )
    filter_window_px: int = Field(
        default=32, ge=8, le=256, multiple_of=4, description="side of the Goldstein filter's window [px]"
    )

    @field_validator("filter_alpha")
    @classmethod
    def _is_share(cls, alpha: float | str) -> float | str:
        if not isinstance(alpha, str) and not 0.0 <= alpha <= 1.0:
            raise ValueError("the strength of the filter lies between 0 and 1")
        return alpha

    @field_validator("coherence_window_px")
    @classmethod
    def _is_odd(cls, side: int) -> int:
        if side % 2 == 0:
            raise ValueError("the coherence window has a pixel in its middle: its side is odd")
        return side

    @property
    def equivalent_looks(self) -> float:
        """Independent looks averaged in each pixel of an interferogram [1]."""
        return max(self.looks_y * self.looks_x / self.samples_per_look, 1.0)

    @property
    def coherence_looks(self) -> float:
        """Independent looks behind each estimate of coherence [1]."""
        return max(self.looks_y * self.looks_x * self.coherence_window_px**2 / self.samples_per_look, 1.0)


class UnwrappingOptions(BaseModel):
    """How interferograms are unwrapped."""

    model_config = _FROZEN

    method: Literal["whirlwind", "spanning_tree", "snaphu"] = Field(
        default="whirlwind",
        description="`whirlwind`: minimum-cost flow; `spanning_tree`: small and pure, for clean phase; `snaphu`: the "
        "statistical-cost flow of Chen & Zebker, an extra whose licence has non-commercial parts",
    )
    min_coherence: float = Field(
        default=0.0, ge=0, le=0.99, description="coherence below which a pixel is not unwrapped [1]"
    )
    min_component_px: int = Field(
        default=100, ge=1, le=10**6, description="size below which a connected component is not labelled [px]"
    )
