"""What an archive holds for a place, and what is to be made of it: values that are kept as JSON."""

import datetime as dt
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from highwall.core.errors import InputError, MissingInputError
from highwall.io.aside import write_text

Direction = Literal["ascending", "descending"]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Scene(_Value):
    """One granule of the archive: a slice of a pass (SLC), or a burst of it."""

    name: str
    start: dt.datetime = Field(description="begin of the acquisition (UTC)")
    stop: dt.datetime
    platform: str = Field(description="Sentinel-1A, Sentinel-1B, …")
    track: int = Field(description="relative orbit")
    orbit: int = Field(description="absolute orbit")
    frame: int | None = None
    burst: str | None = Field(default=None, description="full burst number (track_number_swath), of bursts only")
    direction: Direction
    polarization: str
    footprint: str = Field(description="outline as WKT, EPSG:4326")
    bperp_m: float | None = Field(default=None, description="perpendicular baseline to its track's first pass [m]")
    url: str | None = None


class Acquisition(_Value):
    """One pass over the AOI."""

    date: dt.date
    scenes: tuple[Scene, ...] = Field(description="in the order of flight")
    bperp_m: float | None = Field(default=None, description="perpendicular baseline to its track's first pass [m]")

    @property
    def start(self) -> dt.datetime:
        """When the pass began (UTC)."""
        return self.scenes[0].start


class PlannedPair(_Value):
    """Two acquisitions to be made an interferogram."""

    first: dt.date
    second: dt.date
    bperp_m: float | None = None

    @property
    def name(self) -> str:
        """``20180106_20180130``."""
        return f"{self.first:%Y%m%d}_{self.second:%Y%m%d}"


class GacosRequest(_Value):
    """One filling of the form of the GACOS web service."""

    dates: tuple[str, ...] = Field(description="YYYYMMDD")
    time_utc: str = Field(description="HH:MM of the acquisitions")
    north: float = Field(description="[degree]")
    west: float = Field(description="[degree]")
    east: float = Field(description="[degree]")
    south: float = Field(description="[degree]")


class ArchivePlan(_Value):
    """Everything that a stack over an AOI needs: scenes, pairs, orbits, DEM, delays."""

    name: str
    aoi: str = Field(description="WKT, EPSG:4326")
    bbox: tuple[float, float, float, float] = Field(description="west, south, east, north [degree]")
    track: int
    direction: Direction
    reference: dt.date = Field(description="date that the others are coregistered to")
    acquisitions: tuple[Acquisition, ...]
    pairs: tuple[PlannedPair, ...]
    orbits: tuple[str, ...] = Field(description="patterns of the names of the precise orbit files")
    dem_tiles: tuple[str, ...] = Field(description="Copernicus GLO-30 tiles")
    gacos: tuple[GacosRequest, ...]

    def acquisition(self, date: dt.date) -> Acquisition:
        """Return the pass of a date.

        Raises
        ------
        InputError
            The plan has none.
        """
        for acquisition in self.acquisitions:
            if acquisition.date == date:
                return acquisition
        raise InputError(f"the plan has no acquisition of {date}, which a pair names; make the plan anew.")

    def write(self, path: Path) -> Path:
        """Write it as JSON."""
        return write_text(self.model_dump_json(indent=2) + "\n", path)

    @classmethod
    def read(cls, path: Path) -> "ArchivePlan":
        """Read what :meth:`write` left.

        Raises
        ------
        MissingInputError
            There is no such file.
        InputError
            It is no plan.
        """
        if not path.is_file():
            raise MissingInputError(f"{path} does not exist; make a plan with `highwall radar search`.")
        try:
            return cls.model_validate_json(path.read_text(encoding="utf-8"))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the file"
            raise InputError(
                f"{path} is no plan: {where}: {first['msg']}; make it with `highwall radar search`."
            ) from error
