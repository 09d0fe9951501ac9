"""Groups of sensors that stand together: learned from the store's history, kept in a file, read by the server."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from highwall.core.errors import ConfigError, InputError, MissingInputError, OutputError
from highwall.telemetry.neighbourhoods import Neighbourhoods
from highwall.telemetry.observed import OBSERVED, stream_name
from highwall.telemetry.virtual import SensorGroup, fit_group
from highwall.telemetry.virtual_options import NeighbourOptions, VirtualOptions
from highwall.twin.sql.datastreams import is_usable_name
from highwall.twin.sql.regular import last_of_each
from highwall.twin.world import ESTIMATE

_ALL_US: Final = 2**60
_decode: Final = msgspec.json.Decoder(dict[str, SensorGroup]).decode


class Learned(NamedTuple):
    """How well the neighbours of a sensor stand in for it."""

    group: str
    sensor: str
    error: float
    """Root mean square error on runs held out, in the unit that people read."""
    unit: str
    skill: float
    """Share of the sensor's variance that its neighbours explain on the same runs."""

    def __str__(self) -> str:
        """Tell it in a line."""
        heard = "" if self.skill >= NeighbourOptions().min_skill else "; too little: no opinion is given about it"
        unit = f" {self.unit}" if self.unit not in ("", "1") else ""
        return f"{self.group}: {self.sensor} ± {self.error:.3g}{unit}, {self.skill:.0%} explained{heard}"


def read_groups(path: Path) -> dict[str, SensorGroup]:
    """Read a file of groups.

    Raises
    ------
    MissingInputError
        There is no such file.
    ConfigError
        It is not what ``highwall sensors neighbours`` writes.
    InputError
        A sensor is in two groups, or the name of its estimate cannot be stored.
    """
    if not path.is_file():
        raise MissingInputError(f"no groups of sensors at {path}; make them with highwall sensors neighbours.")
    try:
        groups = _decode(path.read_bytes())
    except msgspec.DecodeError as error:
        raise ConfigError(f"{path.name} holds no groups: {error}; learn them again.") from error
    for name, group in groups.items():
        if not _is_whole(group):
            raise ConfigError(f"group {name!r} of {path.name} was cut or changed by hand; learn it again.")
    _check(groups)
    return groups


def write_groups(path: Path, groups: Mapping[str, SensorGroup]) -> None:
    """Write a file of groups, whole or not at all.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(msgspec.json.encode(groups))
        part.replace(path)
    except OSError as error:
        raise OutputError(f"groups cannot be written to {path}: {error}.") from error


def learn_groups(
    connection: Connection,
    members: Mapping[str, Sequence[str]],
    *,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    options: VirtualOptions | None = None,
) -> dict[str, SensorGroup]:
    """Learn groups from a span of history without faults and without a change of the ground.

    Parameters
    ----------
    members
        Datastreams of each group.
    since, until
        With their offset; by default all of the history.

    Raises
    ------
    InputError
        A group is too small, shares a sensor with another, or its history has fewer than 100 rows without a gap.
    """
    options = options or VirtualOptions()
    span = _us(since, 0), _us(until, _ALL_US)
    groups = {}
    for name, sensors in members.items():
        values = _rows(connection, sensors, span=span, options=options)
        try:
            groups[name] = fit_group(values, sensors, options)
        except InputError as error:
            raise InputError(f"group {name!r}: {error}") from error
    _check(groups)
    return groups


def errors_of(groups: Mapping[str, SensorGroup]) -> list[Learned]:
    """Tell of each sensor how well its neighbours stood in for it on runs held out."""
    return [
        _learned(name, group, number) for name, group in groups.items() for number in range(len(group.sensors))
    ]  # fmt: skip


def _learned(name: str, group: SensorGroup, number: int) -> Learned:
    sensor, skill = group.sensors[number], group.skill[number]
    known = OBSERVED.get(stream_name(sensor).observed)
    error = group.scale[number] * (1.0 - skill) ** 0.5
    if known is None:
        return Learned(name, sensor, error, "", skill)
    return Learned(name, sensor, error * known.shown_scale, known.shown_unit or known.unit, skill)


def _rows(
    connection: Connection, sensors: Sequence[str], *, span: tuple[int, int], options: VirtualOptions
) -> NDArray[np.float64]:
    """Values of sensors side by side as the engine hears them, (row, sensor): a word counts until it is too old."""
    interval_us = round(options.interval_s * 1e6)
    found = [
        last_of_each(connection, name, interval_us=interval_us, from_us=span[0], to_us=span[1]) for name in sensors
    ]
    for name, of_sensor in zip(sensors, found, strict=True):
        if not of_sensor:
            raise InputError(f"the store holds no usable reading of {name!r} in this span; look at its name.")
    first, last = max(map(min, found)), min(map(max, found))
    numbers = range(first, last + 1)
    if not numbers:
        raise InputError(f"sensors {list(sensors)} never spoke within one time; choose others, or another span.")
    return np.column_stack([_held(of_sensor, numbers) for of_sensor in found])


def _held(found: Mapping[int, float], numbers: range) -> NDArray[np.float64]:
    """Last word of each row, (row,); NaN where the last was so long ago that the engine would take it for silent."""
    max_age = int(NeighbourOptions().max_age)
    return np.array(
        [next((found[one] for one in range(row, row - max_age, -1) if one in found), np.nan) for row in numbers]
    )


def _us(when: dt.datetime | None, default: int) -> int:
    return default if when is None else round(when.timestamp() * 1e6)


def _check(groups: Mapping[str, SensorGroup]) -> None:
    """Refuse what the engine could not use: a sensor in two groups, or one whose estimate cannot be named."""
    Neighbourhoods(groups)
    for group in groups.values():
        for sensor in group.sensors:
            if not is_usable_name(f"{sensor}/{ESTIMATE}"):
                raise InputError(f"sensor {sensor[:200]!r}: its name has blanks or is too long for {ESTIMATE!r} after.")


def _is_whole(group: SensorGroup) -> bool:
    """Whether every part of a group is as long as it must be."""
    n, n_features = len(group.sensors), len(group.sensors) * (group.n_lags + 1)
    parts = group.mean, group.scale, group.skill, group.variance, group.doubt, group.limit, group.weak_limit
    return (
        n >= 3 and group.interval_s > 0.0 and group.n_lags >= 0 and group.weak_rows > 0
        and all(len(part) == n for part in parts) and min(group.scale) > 0.0
        and [len(row) for row in group.correlation] == [n_features] * n_features
    )  # fmt: skip
