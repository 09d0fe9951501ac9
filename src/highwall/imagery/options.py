"""Bounds within which a scene is believed."""

from pydantic import BaseModel, ConfigDict, Field


class QualityOptions(BaseModel):
    """When a pixel is flagged and a scene refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_nodata: float = Field(0.5, ge=0, le=1, description="share of the AOI without data above which a scene fails")
    max_cloud: float = Field(0.2, ge=0, le=1, description="share of cloudy pixels above which a scene fails")
    max_snow: float = Field(0.1, ge=0, le=1, description="share of snowy pixels above which a scene fails")
    max_haze: float = Field(0.5, ge=0, le=1, description="share of hazy pixels above which a scene fails")
    max_dark: float = Field(0.6, ge=0, le=1, description="share of dark pixels (shadow, night) above which it fails")
    haze_hot: float = Field(0.10, gt=0, le=0.5, description="haze-optimised transform above which a pixel is hazy [1]")
    dark_visible: float = Field(0.02, gt=0, le=0.2, description="mean visible reflectance below which it is dark [1]")
    dark_nir: float = Field(0.06, gt=0, le=0.3, description="B08 reflectance below which a dry pixel is dark [1]")
    keep_refused: bool = Field(False, description="use scenes that fail, flagged, instead of setting them aside")


class AtmosphereOptions(BaseModel):
    """The clear sky through which an L2A scene is put back to the top of the atmosphere."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sun_zenith_deg: float = Field(35.0, ge=0, lt=75, description="angle of the sun from the zenith [°]")
    aerosol_depth_550: float = Field(0.1, ge=0, le=2, description="optical depth of aerosol at 0.55 µm [1]")
    ozone_du: float = Field(270.0, ge=0, le=600, description="column of ozone [Dobson unit]")
