"""What was fetched for a place, and from where: the file by which an interrupted fetch goes on."""

import datetime as dt
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from highwall.core.errors import InputError
from highwall.io.aside import write_text
from highwall.io.catalog import checksum
from highwall.io.fetching.options import FetchOptions

RECORD: Final = "fetch.json"
DELAY_DIGITS: Final = 2
"""Decimals to which the days from a scene to its radar are noted."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FetchedFile(_Value):
    """One file in the place's folder."""

    checksum: str = Field(description="SHA-256 of our file, as a multihash")
    items: tuple[str, ...] = Field(description="STAC items that it was made of")
    sources: dict[str, str] = Field(description="address of each asset, and what it was held against")
    origin: str = Field(
        "", description="collection and archive that were asked; empty in records of before they were noted"
    )


class FetchedScene(_Value):
    """The scene of a year."""

    date: dt.date
    begin: dt.datetime = Field(description="begin of the pass (UTC)")
    hidden: dict[str, float] = Field(description="share of the AOI under no data, cloud, shadow, snow [1]")
    radar_date: dt.date | None = None
    radar_delay_days: float | None = Field(default=None, description="from the scene to its radar [day]")
    radar_direction: str = Field(default="", description="ascending or descending, where its item says so")

    def against(self, options: FetchOptions) -> str:
        """Why such a scene would not be taken as things are asked now; empty if it would."""
        hidden = sum(self.hidden.values())
        if self.date.month not in options.months:
            return f"is of month {self.date.month}"
        return f"hides {100 * hidden:.1f} % of the AOI" if hidden > options.max_hidden else ""

    def radar_against(self, options: FetchOptions) -> str:
        """Why its radar would not be taken as things are asked now; empty if it would, or there is none."""
        delay = abs(self.radar_delay_days or 0.0)
        if delay > round(options.radar_days, DELAY_DIGITS):
            return f"is {delay:g} days away"
        flown = self.radar_direction
        return f"is of a pass that was {flown}" if flown and options.direction not in {None, flown} else ""


class Record(_Value):
    """All of a place."""

    place: str
    facts: dict[str, str] = Field(default_factory=dict, description="what the table of sites says beside the place")
    archive: str
    crs: str
    bounds: tuple[float, float, float, float] = Field(
        description="west, south, east, north of the grid, in its CRS [m]"
    )
    scenes: dict[int, FetchedScene] = Field(default_factory=dict, description="by year")
    files: dict[str, FetchedFile] = Field(default_factory=dict, description="by name")

    def has(self, folder: Path, name: str) -> bool:
        """Tell whether a file is in ``folder`` as it was written."""
        noted, path = self.files.get(name), folder / name
        return noted is not None and path.is_file() and checksum(path) == noted.checksum

    def with_file(self, name: str, file: FetchedFile) -> "Record":
        """Return the record with a file more."""
        return self.model_copy(update={"files": self.files | {name: file}})

    def with_scene(self, year: int, scene: FetchedScene) -> "Record":
        """Return the record with the scene of a year."""
        return self.model_copy(update={"scenes": dict(sorted((self.scenes | {year: scene}).items()))})

    def write(self, folder: Path) -> Path:
        """Write it as JSON, aside and then renamed."""
        return write_text(self.model_dump_json(indent=2) + "\n", folder / RECORD)

    @classmethod
    def read(cls, path: Path) -> "Record":
        """Read what :meth:`write` left.

        Raises
        ------
        InputError
            It is no record.
        """
        try:
            return cls.model_validate_json(path.read_text(encoding="utf-8"))
        except (ValidationError, UnicodeDecodeError) as error:
            raise InputError(f"{path} is no record of a fetch; remove it and run again.") from error

    def resumed(self, folder: Path) -> "Record":
        """Return what an earlier run noted in ``folder``, or this record where there was none.

        Raises
        ------
        InputError
            The file there is no record, or is that of another area.
        """
        path = folder / RECORD
        if not path.is_file():
            return self
        former = Record.read(path)
        if (former.crs, former.bounds) != (self.crs, self.bounds):
            raise InputError(
                f"{folder} holds scenes of another area ({former.crs}, {former.bounds}); give the site another name, "
                "or choose another folder."
            )
        return former.model_copy(update={"facts": former.facts | self.facts})
