"""Bounds within which a scene is believed."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator


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


class BackscatterOptions(BaseModel):
    """What is done to radar backscatter before it joins the optical bands."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    floor_db: float = Field(
        -50.0, ge=-80, le=-30, description="backscatter of ground that sends back nothing above the noise [dB]"
    )
    speckle: Literal["none", "lee"] = Field(
        "none", description="none: as delivered, like MineCam; lee: the filter of Lee (1980) on powers"
    )
    window_px: int = Field(5, ge=3, le=15, description="side of the filter's window, odd [pixel]")
    looks: float = Field(4.4, ge=1, le=100, description="equivalent number of looks; 4.4 for GRD, high resolution [1]")

    @field_validator("window_px")
    @classmethod
    def _is_odd(cls, window_px: int) -> int:
        if window_px % 2 == 0:
            raise ValueError(f"{window_px} is even and has no middle; take {window_px + 1}")
        return window_px


class SceneOptions(BaseModel):
    """How a simulated optical scene is taken."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: str = Field("L1C", pattern="^(L1C|L2A)$", description="L1C top of atmosphere, L2A surface reflectance")
    sun_azimuth_deg: float = Field(38.0, ge=0, lt=360, description="direction of the sun, clockwise from north [°]")
    sun_elevation_deg: float = Field(44.0, gt=5, le=90, description="height of the sun above the horizon [°]")
    cloud_share: float = Field(0.0, ge=0, le=0.95, description="share of the scene under opaque cloud [1]")
    haze: float = Field(0.0, ge=0, le=0.3, description="reflectance that haze adds in the blue [1]")
    snow_share: float = Field(0.0, ge=0, le=1, description="share of the scene under snow [1]")
    blur_px: float = Field(0.55, ge=0, le=3, description="standard deviation of the point spread [10 m pixel]")
    noise: float = Field(0.0012, ge=0, le=0.05, description="standard deviation of the sensor's noise [reflectance]")


class VariedSceneOptions(BaseModel):
    """In what seasons and weathers the many simulated sites are seen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: str = Field("L2A", pattern="^(L1C|L2A)$", description="L1C top of atmosphere, L2A surface reflectance")
    season_days: float = Field(25.0, ge=0, le=180, description="spread of dates about the greenest day [day]")
    off_season_share: float = Field(0.2, ge=0, le=1, description="share of scenes at any day of the year [1]")
    hazy_share: float = Field(0.35, ge=0, le=1, description="share of scenes with some haze [1]")
    cloudy_share: float = Field(0.15, ge=0, le=1, description="share of scenes with some clouds and their shadows [1]")
    snowy_share: float = Field(0.08, ge=0, le=1, description="share of scenes with snow, where it may fall [1]")
    gain_spread: float = Field(0.04, ge=0, le=0.5, description="spread of the log gain left by correction [1]")
