"""What a user may choose in the inversion, and within which bounds."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

_FROZEN = ConfigDict(frozen=True, extra="forbid")


class AutomaticReference(BaseModel):
    """The pixel of highest mean coherence among those that have the most pairs."""

    model_config = _FROZEN

    kind: Literal["automatic"] = "automatic"


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
    looks: float = Field(default=20.0, gt=0, le=1e4, description="independent looks averaged in each interferogram [1]")
    min_coherence: float = Field(
        default=0.0, ge=0, le=0.99, description="coherence below which a phase is left out [1]"
    )
    min_pairs: int = Field(default=1, ge=1, le=32767, description="pairs below which a pixel is not inverted [1]")


class DecorrelationOptions(BaseModel):
    """When a pixel is called decorrelated."""

    model_config = _FROZEN

    min_mean_coherence: float = Field(
        default=0.3, ge=0, le=1, description="mean coherence below which a pixel has lost it [1]"
    )
    min_valid_share: float = Field(
        default=0.5, ge=0, le=1, description="share of the pairs below which a pixel has too few [1]"
    )
