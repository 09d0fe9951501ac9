"""Archives that are known by name, and what is asked of one."""

from typing import Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, field_validator

from highwall.core.checks import nearest_name


class Archive(NamedTuple):
    """A STAC API and what its collections are called; an empty name is a collection that it lacks."""

    url: str
    optical: str = "sentinel-2-l2a"
    radar: str = "sentinel-1-rtc"
    land_cover: str = "esa-worldcover"
    dem: str = "cop-dem-glo-30"
    token_url: str = ""
    """Where a collection's reading token is had without login, for files in Azure's blob storage."""


ARCHIVES: Final[dict[str, Archive]] = {
    "planetary-computer": Archive(
        "https://planetarycomputer.microsoft.com/api/stac/v1",
        token_url="https://planetarycomputer.microsoft.com/api/sas/v1/token",
    ),
    "earth-search": Archive(
        "https://earth-search.aws.element84.com/v1", optical="sentinel-2-c1-l2a", radar="", land_cover=""
    ),
}
"""Public archives. Earth Search's Sentinel-1 is in radar geometry and costs its reader money: it is not used."""

_FIRST_YEAR: Final = 2015
"""Launch of Sentinel-2A."""


class TransferOptions(BaseModel):
    """How files come over."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Literal["auto", "whole", "window"] = Field(
        "auto",
        description="whole: files as they are, held against the archive's checksum; window: only the AOI's pixels, "
        "which no checksum covers; auto: whole up to max_whole_mb, and where a server gives no parts of files",
    )
    max_whole_mb: float = Field(32.0, ge=0, description="size up to which auto takes a whole file [MB]")
    attempts: int = Field(
        5, ge=1, le=50, description="tries of a file before it is given up; each goes on where the last stopped"
    )
    patience_s: float = Field(60.0, gt=0, le=3600, description="time without a byte after which a try ends [s]")
    pause_s: float = Field(2.0, ge=0, le=600, description="pause before the second try; it doubles each time [s]")


class FetchOptions(BaseModel):
    """Which scenes are wanted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    archive: str = Field(
        "planetary-computer", min_length=1, description="name of a known archive, or address of a STAC API"
    )
    optical: str | None = Field(None, description="collection of Sentinel-2 L2A; by default the archive's")
    radar: str | None = Field(None, description="collection of Sentinel-1, terrain-corrected; by default the archive's")
    land_cover: str | None = Field(None, description="collection of ESA WorldCover; by default the archive's")
    dem: str | None = Field(None, description="collection of heights; by default the archive's")
    years: tuple[int, ...] = Field(
        tuple(range(2016, 2023)), min_length=1, description="years, one scene of each; MineCam's are 2016 to 2022"
    )
    months: tuple[int, ...] = Field(
        tuple(range(1, 13)), min_length=1, description="months of which scenes are taken, 1 to 12"
    )
    max_hidden: float = Field(
        0.05,
        ge=0,
        le=1,
        description="share of the AOI under cloud, shadow, snow or no data above which none is taken [1]",
    )
    n_looked_at: int = Field(
        8, ge=1, le=200, description="passes a year whose scene classification is looked at, the least cloudy first"
    )
    radar_days: float = Field(12.0, ge=0, le=366, description="most time between a scene and its radar [day]")
    direction: Literal["ascending", "descending"] | None = Field(
        None, description="flight direction of the radar; None: any"
    )
    with_radar: bool = Field(True, description="fetch Sentinel-1, the nearest in time")
    with_land_cover: bool = Field(True, description="fetch ESA WorldCover, the newest")
    with_dem: bool = Field(True, description="fetch heights")
    transfer: TransferOptions = TransferOptions()

    @field_validator("years")
    @classmethod
    def _are_of_sentinel_2(cls, years: tuple[int, ...]) -> tuple[int, ...]:
        early = [year for year in years if not _FIRST_YEAR <= year < 2100]
        if early:
            raise ValueError(f"{early[0]} is no year of Sentinel-2, which flies since {_FIRST_YEAR}")
        return tuple(sorted(set(years)))

    @field_validator("months")
    @classmethod
    def _are_months(cls, months: tuple[int, ...]) -> tuple[int, ...]:
        if not all(1 <= month <= 12 for month in months):
            raise ValueError("months are numbers from 1 to 12")
        return tuple(sorted(set(months)))

    @field_validator("archive")
    @classmethod
    def _is_known(cls, archive: str) -> str:
        if archive not in ARCHIVES and "/" not in archive:
            raise ValueError(
                f"no archive is called {archive!r}{nearest_name(archive, ARCHIVES)}; give {', '.join(ARCHIVES)}, "
                "or the address of a STAC API"
            )
        return archive

    def shelf(self) -> Archive:
        """Return the archive with the collections that are asked of it; what is not wanted has no name."""
        known = ARCHIVES.get(self.archive) or Archive(self.archive)
        return known._replace(
            optical=self.optical or known.optical,
            radar=(self.radar or known.radar) if self.with_radar else "",
            land_cover=(self.land_cover or known.land_cover) if self.with_land_cover else "",
            dem=(self.dem or known.dem) if self.with_dem else "",
        )
