"""Which sensor is wrong, or has the ground changed? The neighbours of a sensor are asked at every row of its group.

A *lone* sensor is one without which all the others follow from one another again. When several leave what was expected
and no single one explains it, or when those that stand apart have left in the same sense, they change *together*: that
is the ground. When two explain a row about as well, nothing is concluded. Weak faults (a drift, a small bias) show in
an average of the differences long before one reading does.

A lone sensor may still tell the truth: a crack may open beside it alone. It becomes suspect, never silent.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np

from highwall.telemetry.messages import Reading
from highwall.telemetry.qc import Agreement, Opinion
from highwall.telemetry.virtual import Estimate, Floats, SensorGroup, VirtualSensors
from highwall.telemetry.virtual_options import NeighbourOptions

_SILENT: Final = Opinion(Agreement.UNKNOWN)
_DEFAULT: Final = NeighbourOptions()


class GroupState(msgspec.Struct, frozen=True, array_like=True):
    """What is remembered of a group of sensors."""

    row_us: int = 0
    """Time of the next row."""
    n_rows: int = 0
    """Rows closed; counted until there are as many as an opinion needs."""
    values: tuple[float, ...] = ()
    """Last standardised value of each sensor; its mean, 0, until it speaks."""
    heard_us: tuple[int, ...] = ()
    """When it held; 0: never."""
    rows: tuple[tuple[float, ...], ...] = ()
    """The last rows, newest first."""
    average: tuple[float, ...] = ()
    """Of the features (those of :attr:`SensorGroup.correlation`), forgetting."""
    agreement: tuple[Agreement, ...] = ()
    """What was last concluded about each sensor."""


class Isolation(NamedTuple):
    """What explains a row."""

    lone: int | None = None
    """The one sensor without which the others agree."""
    together: tuple[int, ...] = ()
    """Sensors that leave what was expected, when no single one explains it."""
    undecided: tuple[int, ...] = ()
    """Sensors of which each would explain it about as well."""


def start(group: SensorGroup) -> GroupState:
    """State of a group that has not spoken yet."""
    n = len(group.sensors)
    zero = (0.0,) * n
    return GroupState(0, 0, zero, (0,) * n, (zero,) * group.n_lags, zero * (group.n_lags + 1), (Agreement.UNKNOWN,) * n)


def consult(
    virtual: VirtualSensors, state: GroupState, reading: Reading, *, options: NeighbourOptions = _DEFAULT
) -> tuple[Opinion, GroupState]:
    """Ask the neighbours of a sensor about its reading.

    Rows close at their time: what a row concludes holds until the next one. Between rows a reading that leaves its
    estimate is not confirmed, and not yet called alone. One that comes late, as after a cut link, is not compared with
    neighbours who have gone on.
    """
    sensor = virtual.index.get(reading.datastream)
    if sensor is None or not isinstance(reading.result, float) or not math.isfinite(reading.result):
        return _SILENT, state
    state = _rows_until(virtual, state, reading.phenomenon_us, options)
    if reading.phenomenon_us < max(state.heard_us[sensor], _oldest_us(virtual, state, options)):
        return _SILENT, state
    value = (reading.result - virtual.group.mean[sensor]) / virtual.group.scale[sensor]
    state = _heard(state, sensor, value, reading.phenomenon_us)
    return _opinion(virtual, state, sensor, options), state


def isolate(
    virtual: VirtualSensors,
    features: Floats,
    *,
    limits: Sequence[float],
    absent: frozenset[int],
    options: NeighbourOptions,
) -> Isolation:
    """Find the one sensor that explains why a row is not as expected, or those that changed together.

    Under a normal distribution the difference of a sensor from its estimate, squared and in standard errors, is what
    the distance of the whole row loses when that sensor is left out: the largest one is the likeliest single fault.

    Parameters
    ----------
    features : (feature,)
        Standardised values of the present row and those before, or averages of them.
    limits : (sensor,)
        Largest difference that is usual, in standard errors.
    absent
        Sensors that say nothing, or are known to be wrong.
    """
    strange = _departures(virtual, features, limits, absent, options)
    explaining = [
        sensor for sensor in strange if not _departures(virtual, features, limits, absent | {sensor}, options)
    ]  # fmt: skip
    if not explaining:
        return Isolation(together=tuple(strange))
    explaining.sort(key=lambda sensor: -strange[sensor])
    if len(explaining) > 1 and strange[explaining[0]] < options.min_lead * strange[explaining[1]]:
        return Isolation(undecided=tuple(explaining))
    return Isolation(lone=explaining[0])


def _departures(
    virtual: VirtualSensors,
    features: Floats,
    limits: Sequence[float],
    absent: frozenset[int],
    options: NeighbourOptions,
) -> dict[int, float]:
    """Sensors beyond their limit, and how far they are from their estimates, in standard errors."""
    found = {}
    for sensor, limit in enumerate(limits):
        if sensor not in absent:
            size = abs(_difference(virtual, features, sensor, absent))
            if size > limit and _is_skilled(virtual.estimate(features, sensor, absent), options):
                found[sensor] = size
    return found


def _is_skilled(estimate: Estimate, options: NeighbourOptions) -> bool:
    """Whether an estimate explains enough of its sensor's variance to say anything about it."""
    return 1.0 - estimate.error**2 >= options.min_skill


def _rows_until(virtual: VirtualSensors, state: GroupState, time_us: int, options: NeighbourOptions) -> GroupState:
    """Close every row up to a time; a long silence closes as many as the memory holds, not more."""
    interval_us = round(virtual.group.interval_s * 1e6)
    reach_us = interval_us * (virtual.group.n_lags + virtual.group.weak_rows)
    if not state.row_us:
        return msgspec.structs.replace(state, row_us=(time_us // interval_us + 1) * interval_us)
    if state.row_us < time_us - reach_us:
        state = msgspec.structs.replace(state, row_us=(time_us - reach_us) // interval_us * interval_us)
    while state.row_us <= time_us:
        state = _close_row(virtual, state, interval_us, options)
    return state


def _close_row(virtual: VirtualSensors, state: GroupState, interval_us: int, options: NeighbourOptions) -> GroupState:
    group = virtual.group
    features = _features(state)
    average = np.array(state.average)
    average += (features - average) / group.weak_rows
    silent = _silent(virtual, state, options)
    agreement = (Agreement.UNKNOWN,) * len(group.sensors)
    if state.n_rows > group.n_lags and len(group.sensors) - len(silent) > options.min_neighbours:
        agreement = _conclude(virtual, state, features, average, silent, options)
    rows = (state.values, *state.rows)[: group.n_lags]
    following_us, n_rows = state.row_us + interval_us, min(state.n_rows, group.n_lags) + 1
    return GroupState(following_us, n_rows, state.values, state.heard_us, rows, tuple(average.tolist()), agreement)


def _conclude(
    virtual: VirtualSensors,
    state: GroupState,
    features: Floats,
    average: Floats,
    silent: frozenset[int],
    options: NeighbourOptions,
) -> tuple[Agreement, ...]:
    """Conclude about each sensor from the row and from its average.

    Who was found apart before is left out of the others' estimates as long as it stays apart.
    """
    n = len(virtual.group.sensors)
    apart = _still_apart(virtual, state, features, average, silent)
    agreement = [Agreement.UNKNOWN if sensor in silent else Agreement.AGREE for sensor in range(n)]
    for values, limits in ((average, virtual.group.weak_limit), (features, virtual.group.limit)):
        absent = silent.union(apart)
        if n - len(absent) <= options.min_neighbours:
            break
        found = isolate(virtual, values, limits=limits, absent=absent, options=options)
        leaving = found.together if found.lone is None else (found.lone,)
        for sensor in leaving:
            apart[sensor] = _difference(virtual, values, sensor, absent)
        for sensor in found.undecided:
            agreement[sensor] = Agreement.UNKNOWN
    for sensor in apart:
        agreement[sensor] = Agreement.TOGETHER if _has_company(virtual, sensor, apart) else Agreement.LONE
    return tuple(agreement)


def _still_apart(
    virtual: VirtualSensors, state: GroupState, features: Floats, average: Floats, silent: frozenset[int]
) -> dict[int, float]:
    """Sensors apart before that are beyond half a limit yet, and how far they are, signed, in standard errors."""
    group = virtual.group
    before = frozenset([sensor for sensor, found in enumerate(state.agreement) if found >= Agreement.LONE]) - silent
    apart = {}
    for sensor in sorted(before):
        for values, limits in ((average, group.weak_limit), (features, group.limit)):
            difference = _difference(virtual, values, sensor, silent | before)
            if abs(difference) > 0.5 * limits[sensor]:
                apart[sensor] = difference
                break
    return apart


def _has_company(virtual: VirtualSensors, sensor: int, apart: dict[int, float]) -> bool:
    """Whether another sensor that stands apart has left in the same sense, as the two usually move."""
    usual = virtual.group.correlation[sensor]
    return any(usual[other] * apart[sensor] * apart[other] > 0.0 for other in apart if other != sensor)


def _difference(virtual: VirtualSensors, values: Floats, sensor: int, absent: frozenset[int]) -> float:
    """How far a sensor is from its estimate, in standard errors."""
    estimate = virtual.estimate(values, sensor, absent - {sensor})
    return (float(values[sensor]) - estimate.value) / estimate.error


def _opinion(virtual: VirtualSensors, state: GroupState, sensor: int, options: NeighbourOptions) -> Opinion:
    group = virtual.group
    apart = frozenset([other for other, found in enumerate(state.agreement) if found >= Agreement.LONE])
    absent = (_silent(virtual, state, options) | apart) - {sensor}
    if state.n_rows <= group.n_lags or len(group.sensors) - 1 - len(absent) < options.min_neighbours:
        return _SILENT
    features = _features(state)
    estimate = virtual.estimate(features, sensor, absent)
    if not _is_skilled(estimate, options):
        return _SILENT
    agreement = state.agreement[sensor]
    if agreement is Agreement.AGREE:
        departs = abs(float(features[sensor]) - estimate.value) > group.limit[sensor] * estimate.error
        agreement = Agreement.UNKNOWN if departs else Agreement.AGREE
    scale, mean = group.scale[sensor], group.mean[sensor]
    return Opinion(agreement, estimate.value * scale + mean, estimate.error * scale)


def _silent(virtual: VirtualSensors, state: GroupState, options: NeighbourOptions) -> frozenset[int]:
    """Sensors whose last word is too old."""
    oldest_us = _oldest_us(virtual, state, options)
    return frozenset([sensor for sensor, heard in enumerate(state.heard_us) if heard < oldest_us])


def _oldest_us(virtual: VirtualSensors, state: GroupState, options: NeighbourOptions) -> float:
    """Before it a word no longer counts."""
    return state.row_us - options.max_age * virtual.group.interval_s * 1e6


def _features(state: GroupState) -> Floats:
    return np.array(sum(state.rows, start=state.values))


def _heard(state: GroupState, sensor: int, value: float, time_us: int) -> GroupState:
    """Take in the newest value of a sensor."""
    values = (*state.values[:sensor], value, *state.values[sensor + 1 :])
    heard = (*state.heard_us[:sensor], time_us, *state.heard_us[sensor + 1 :])
    return GroupState(state.row_us, state.n_rows, values, heard, state.rows, state.average, state.agreement)
