"""Readings of sensors beside a crack → a window every hour, as the classifiers of windows learned them.

An hour of a channel is the mean of its readings in that hour; readings that failed their checks are left out by whoever
hands them over. A reading that comes late joins its hour as long as that lies within the window, whatever the order.
"""

import math
from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from highwall.telemetry.window_options import CHANNELS, GROUND, WindowOptions

HOUR_US: Final = 3_600_000_000
_SPARE: Final = 2
"""Hours kept beside a window's: the one that goes on, and one whose late readings are waited for."""


class Hour(msgspec.Struct, frozen=True, array_like=True):
    """What was read within an hour, by channel."""

    total: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    n: tuple[int, int, int, int] = (0, 0, 0, 0)


class Record(msgspec.Struct, frozen=True):
    """What is remembered of one place; a fresh one has read nothing."""

    hours: dict[int, Hour] = {}
    """By number of the hour since 1970."""
    told: int = -1
    """Last hour up to which windows were given."""


class Window(NamedTuple):
    """What a classifier is asked about."""

    end_us: int
    """End of its last hour."""
    values: NDArray[np.float32]
    """(n_hours, channel) in the order of ``CHANNELS``; NaN is missing."""


class Windowed(NamedTuple):
    """What the passing of time leads to."""

    record: Record
    windows: tuple[Window, ...]


def take(record: Record, at_us: int, channel: int, value: float, *, options: WindowOptions) -> Record:
    """Take one reading in; one that is older than the window reaches, or no number, changes nothing."""
    number = at_us // HOUR_US
    oldest = max((number, *record.hours)) - options.n_hours - _SPARE + 1
    if not math.isfinite(value) or number < oldest:
        return record
    kept = {each: hour for each, hour in record.hours.items() if each >= oldest}
    kept[number] = _added(kept.get(number, Hour()), channel, value)
    return Record(kept, record.told)


def due(record: Record, now_us: int, *, options: WindowOptions) -> Windowed:
    """Give a window for each hour that is over and was not yet given, oldest first.

    Windows with too few readings of the ground are left out: what is not known has no probability. So are those that
    reach back to what is forgotten, after much came at once.
    """
    last = (now_us - round(options.settle_s * 1e6)) // HOUR_US - 1
    if not record.hours or last <= record.told:
        return Windowed(record, ())
    first = max(record.told + 1, min(record.hours), max(record.hours) - _SPARE)
    found = (window_of(record.hours, number, options=options) for number in range(first, last + 1))
    return Windowed(Record(record.hours, last), tuple(window for window in found if window is not None))


def window_of(hours: Mapping[int, Hour], last: int, *, options: WindowOptions) -> Window | None:
    """Window that ends with an hour; None if too little of the ground was read in it."""
    values = np.full((options.n_hours, len(CHANNELS)), np.nan, np.float32)
    for row, number in enumerate(range(last - options.n_hours + 1, last + 1)):
        hour = hours.get(number)
        if hour is not None:
            values[row] = [total / n if n else math.nan for total, n in zip(hour.total, hour.n, strict=True)]
    known = np.isfinite(values[:, : len(GROUND)]).any(axis=1)
    return Window((last + 1) * HOUR_US, values) if known.mean() >= options.least_share else None


def _added(hour: Hour, channel: int, value: float) -> Hour:
    total, n = list(hour.total), list(hour.n)
    total[channel] += value
    n[channel] += 1
    return Hour((total[0], total[1], total[2], total[3]), (n[0], n[1], n[2], n[3]))
