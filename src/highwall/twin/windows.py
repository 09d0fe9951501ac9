"""Windows of a datastream: mean, extremes and rate of change over a stretch of phenomenon time.

A window is kept as :data:`N_BUCKETS` sums, not as readings: 20 readings a second over a week cost what 20 cost, and a
reading that comes late still falls into its place. The window's length is exact to one bucket.
"""

import math
from typing import Final, Literal

import msgspec

N_BUCKETS: Final = 32
"""Into how many parts a window is cut: its length is true to 3 %."""
LEAST_SHARE: Final = 0.5
"""Share of the window that readings must span before a rate is told [1]."""
MOST_SPEED_UP: Final = 1e6
"""Speed-up of what began to move out of rest [1]: a number, because what is remembered is JSON, without infinity."""
LEAST_N: Final = 3
"""Readings that a rate needs [1]; two always lie on a line, and tell nothing of noise."""

Statistic = Literal["mean", "low", "high", "range", "rate", "speed_up"]


class Bucket(msgspec.Struct, frozen=True, array_like=True):
    """Sums over the readings of one part of a window; times are seconds since the part's start."""

    index: int
    """Which part, counted from 1970."""
    n: int
    t: float
    v: float
    tt: float
    tv: float
    low: float
    high: float


class Window(msgspec.Struct, frozen=True):
    """The newest parts of a datastream's past, oldest first."""

    width_us: int
    """Length of a part."""
    buckets: tuple[Bucket, ...] = ()
    total: Bucket | None = None
    """Sums over all parts, with times since the start of the oldest; kept along, so that a rate costs no loop."""

    @property
    def over_s(self) -> float:
        """Length of the window [s]."""
        return self.width_us * N_BUCKETS / 1e6


def empty_window(over_s: float) -> Window:
    """Give a window of this length [s] without readings."""
    return Window(max(1, round(over_s * 1e6 / N_BUCKETS)))


def with_reading(window: Window, at_us: int, value: float) -> Window:
    """Add a reading; one older than the window leaves it as it is."""
    width_us, kept, total = window.width_us, window.buckets, window.total
    index, within_us = divmod(at_us, width_us)
    one = _bucket(index, within_us / 1e6, value)
    if not kept or total is None:
        return Window(width_us, (one,), one)
    newest = kept[-1].index
    if index == newest:
        shifted = _bucket(total.index, (index - total.index) * width_us / 1e6 + one.t, value)
        return Window(width_us, (*kept[:-1], _joined(kept[-1], one)), _joined(total, shifted))
    if index <= newest - N_BUCKETS:
        return window
    buckets = (*kept, one) if index > newest else _inserted(kept, one)
    oldest = buckets[-1].index - N_BUCKETS
    while buckets[0].index <= oldest:
        buckets = buckets[1:]
    return Window(width_us, buckets, _summed(buckets, width_us))


def value_of(window: Window, statistic: Statistic) -> float:
    """Value of a statistic; NaN while there are too few readings.

    ``rate`` is the slope of the least-squares line [unit s⁻¹]; ``speed_up`` the rate of the window's later half over
    that of its earlier half [1], :data:`MOST_SPEED_UP` where only the later half moves.
    """
    buckets = window.buckets
    if not buckets:
        return math.nan
    if statistic == "low":
        return min(each.low for each in buckets)
    if statistic == "high":
        return max(each.high for each in buckets)
    if statistic == "range":
        return max(each.high for each in buckets) - min(each.low for each in buckets)
    if statistic == "mean":
        return sum(each.v for each in buckets) / sum(each.n for each in buckets)
    return _rate_of(window) if statistic == "rate" else _speed_up(window)


def _rate_of(window: Window) -> float:
    total, buckets = window.total, window.buckets
    span_s = (buckets[-1].index - buckets[0].index + 1) * window.width_us / 1e6
    if total is None or total.n < LEAST_N or span_s < LEAST_SHARE * window.over_s:
        return math.nan
    return _slope(total)


def _speed_up(window: Window) -> float:
    """Compare the slopes of the later and the earlier half."""
    middle, width_us = window.buckets[-1].index - N_BUCKETS // 2, window.width_us
    slopes = []
    for is_late in (False, True):
        half = tuple(each for each in window.buckets if (each.index > middle) is is_late)
        least = LEAST_SHARE * N_BUCKETS // 2
        if not half or half[-1].index - half[0].index + 1 < least or sum(each.n for each in half) < LEAST_N:
            return math.nan
        slopes.append(abs(_slope(_summed(half, width_us))))
    before, after = slopes
    if before == 0.0:
        return MOST_SPEED_UP if after > 0.0 else 1.0
    return min(after / before, MOST_SPEED_UP)


def _slope(sums: Bucket) -> float:
    """Slope of the least-squares line [unit s⁻¹]; NaN if all readings are of one time."""
    spread = sums.n * sums.tt - sums.t * sums.t
    return (sums.n * sums.tv - sums.t * sums.v) / spread if spread > 0.0 else math.nan


def _summed(buckets: tuple[Bucket, ...], width_us: int) -> Bucket:
    """Sums over several parts, with times since the start of the first."""
    origin, width_s = buckets[0].index, width_us / 1e6
    n, t, v, tt, tv = 0, 0.0, 0.0, 0.0, 0.0
    for each in buckets:
        shift, many, begun = (each.index - origin) * width_s, each.n, each.t
        n += many
        v += each.v
        t += begun + shift * many
        tt += each.tt + shift * (2.0 * begun + shift * many)
        tv += each.tv + shift * each.v
    return Bucket(origin, n, t, v, tt, tv, 0.0, 0.0)


def _bucket(index: int, t: float, value: float) -> Bucket:
    return Bucket(index, 1, t, value, t * t, t * value, value, value)


def _joined(a: Bucket, b: Bucket) -> Bucket:
    low = a.low if a.low < b.low else b.low
    high = a.high if a.high > b.high else b.high
    return Bucket(a.index, a.n + b.n, a.t + b.t, a.v + b.v, a.tt + b.tt, a.tv + b.tv, low, high)


def _inserted(kept: tuple[Bucket, ...], one: Bucket) -> tuple[Bucket, ...]:
    """Put a late reading's bucket where it belongs."""
    for place, each in enumerate(kept):
        if each.index == one.index:
            return (*kept[:place], _joined(each, one), *kept[place + 1 :])
        if each.index > one.index:
            return (*kept[:place], one, *kept[place:])
    return (*kept, one)
