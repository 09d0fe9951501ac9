"""History of sensors → windows to train on: ``highwall sensors windows``, then ``highwall train crack-windows``."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from highwall.core.errors import ConfigError, InputError, MissingInputError
from highwall.telemetry.live_windows import HOUR_US, Hour, window_of
from highwall.telemetry.window_options import CHANNELS, CrackPlace, WindowOptions
from highwall.twin.sql.history import read
from highwall.twin.sql.hourly import USABLE

MIN_AGE_H: Final = 6
"""Age from which a crack counts as present [h], as in the simulated windows."""
_Model = TypeVar("_Model", bound=BaseModel)


class KnownPlace(CrackPlace):
    """A place of which people know whether, and when, a crack opened there."""

    site: str = Field(min_length=1, description="places of one site are judged together; windows of it are never split")
    opened: dt.datetime | None = Field(
        None, description="when a crack opened beside the sensors, with its offset; none"
    )

    @field_validator("opened")
    @classmethod
    def _with_offset(cls, opened: dt.datetime | None) -> dt.datetime | None:
        if opened is not None and opened.tzinfo is None:
            raise ValueError("give the time with its offset, as 2026-05-03T12:00:00Z")
        return opened


class KnownPlaces(BaseModel):
    """A file of known places."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    places: tuple[KnownPlace, ...] = Field(min_length=1)


class CutWindows(NamedTuple):
    """What was written."""

    path: Path
    n_windows: int
    n_with_crack: int
    n_left_out: int
    """Windows of which too little was read."""


class _Labelled(NamedTuple):
    values: list[NDArray[np.float32]]
    is_crack: list[bool]
    opens: list[bool]
    site: list[str]


def read_places(path: Path, *, of: type[_Model]) -> _Model:
    """Read a file of places.

    Raises
    ------
    MissingInputError
        There is no such file.
    ConfigError
        It is no YAML, or a place makes no sense.
    """
    if not path.is_file():
        raise MissingInputError(f"no file at {path} that names places and their datastreams.")
    try:
        return of.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name} is no YAML: {error}.") from error
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise ConfigError(f"{path.name} cannot be used: {faults}.") from error


def cut_history(
    history: Path, places: Sequence[KnownPlace], out: Path, *, options: WindowOptions | None = None
) -> CutWindows:
    """Cut the history of known places into windows side by side, with what is known of each.

    Parameters
    ----------
    history
        Parquet file, or folder of them, as ``twin.sql.history`` exports.
    out
        NPZ file for ``highwall train crack-windows``.

    Raises
    ------
    MissingInputError
        There is no history.
    InputError
        No place has a window with enough readings.
    """
    options = options or WindowOptions()
    kept, n_left_out = _Labelled([], [], [], []), 0
    for place in places:
        n_left_out += _cut(_hours(history, place.streams()), place, kept, options=options)
    if not kept.values:
        raise InputError(
            f"no window of {options.n_hours} h holds enough readings of any place; look at their datastreams."
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("wb") as file:
        np.savez_compressed(
            file, values=np.stack(kept.values), is_crack=np.array(kept.is_crack), opens=np.array(kept.opens),
            site=np.array(kept.site),
        )  # fmt: skip
    return CutWindows(out, len(kept.values), sum(kept.is_crack), n_left_out)


def _cut(hours: Mapping[int, Hour], place: KnownPlace, kept: _Labelled, *, options: WindowOptions) -> int:
    """Add the windows of one place, and count those that were left out."""
    n_left_out = 0
    for last in _lasts(hours, options.n_hours):
        window = window_of(hours, last, options=options)
        if window is None:
            n_left_out += 1
            continue
        age_h = np.inf if place.opened is None else (window.end_us / 1e6 - place.opened.timestamp()) / 3600.0
        is_crack = place.opened is not None and age_h >= MIN_AGE_H
        kept.values.append(window.values)
        kept.is_crack.append(bool(is_crack))
        kept.opens.append(bool(is_crack and age_h <= options.n_hours))
        kept.site.append(place.site)
    return n_left_out


def _lasts(hours: Mapping[int, Hour], n_hours: int) -> Iterator[int]:
    """Last hours of windows side by side that fit into a record."""
    if hours:
        yield from range(min(hours) + n_hours - 1, max(hours) + 1, n_hours)


def _hours(history: Path, streams: Mapping[str, int]) -> dict[int, Hour]:
    sums: dict[int, NDArray[np.float64]] = {}
    for stream, channel in streams.items():
        for past in read(history, datastream=stream):
            if past.flag <= USABLE and past.value is not None:
                both = sums.setdefault(past.phenomenon_us // HOUR_US, np.zeros((2, len(CHANNELS))))
                both[:, channel] += past.value, 1.0
    return {number: _hour(both) for number, both in sums.items()}


def _hour(both: NDArray[np.float64]) -> Hour:
    total, n = both[0].tolist(), both[1].astype(int).tolist()
    return Hour((total[0], total[1], total[2], total[3]), (n[0], n[1], n[2], n[3]))
