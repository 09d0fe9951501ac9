"""The checks of quality control: each looks at one reading and at a small memory, and gives the memory that follows.

All are pure and take time that does not grow with the series: a window of a few readings, or averages that forget.
"""

from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from highwall.telemetry.qc_options import QcOptions

_MAD_TO_SIGMA: Final = 1.4826
"""Scaled median absolute deviation of a normal distribution is its σ (Hampel 1974)."""
_MEAN_TO_SIGMA: Final = 1.2533
"""The same for the mean absolute deviation, sqrt(pi / 2) (Iglewicz & Hoaglin 1993)."""
_CLIP: Final = 8.0
"""Times the usual at which what moves an average of the present is cut off: no single reading is a change of noise."""
MIN_WINDOW: Final = 5
"""Readings from which a median says something."""


class Reason(StrEnum):
    """What a check found."""

    MISSING = "missing"
    CLOCK = "clock"
    """Its time cannot be: before any clock was set, or after it was received."""
    ORDER = "order"
    """Not after the one before."""
    RANGE = "range"
    """Physically impossible."""
    USUAL_RANGE = "usual_range"
    """Possible, but not here."""
    RATE = "rate"
    SPIKE = "spike"
    STEP = "step"
    """Several spikes that agree: the level has changed at once."""
    STUCK = "stuck"
    DEAD = "dead"
    """Stuck for so long that it cannot be believed."""
    NOISE = "noise"
    DRIFT = "drift"
    """The level leaves what was usual."""
    NEIGHBOURS = "neighbours"
    """It alone leaves what its neighbours lead to expect."""
    GROUND = "ground"
    """Its neighbours confirm the change: not the sensor, what it observes has changed."""


class Timeline(msgspec.Struct, frozen=True, array_like=True):
    """When a datastream spoke."""

    last_us: int = 0
    interval_s: float = 0.0
    """Usual time between readings; 0: not known yet."""
    n_behind: int = 0
    """Readings in a row that came out of order."""


class Order(NamedTuple):
    """How a reading follows the ones before."""

    is_behind: bool
    is_new: bool
    """The past says nothing about it: the first, after a long gap, or on a clock that was put back."""
    elapsed_s: float
    timeline: Timeline


class Window(msgspec.Struct, frozen=True, array_like=True):
    """The last readings that were accepted, and those not accepted since."""

    values: tuple[float, ...] = ()
    outliers: tuple[float, ...] = ()


class Still(msgspec.Struct, frozen=True, array_like=True):
    """How long the value has not changed at all."""

    value: float = 0.0
    n: int = 0
    since_us: int = 0
    longest: int = 0
    """Readings of the longest run that ended before it was suspect."""


class Usual(msgspec.Struct, frozen=True, array_like=True):
    """What is usual, as averages that forget."""

    n: int = 0
    last: float = 0.0
    level: float = 0.0
    """Present level."""
    usual_level: float = 0.0
    leave: float = 0.0
    """Usual distance of the two."""
    noise: float = 0.0
    """Present difference of readings that follow one another, absolute."""
    usual_noise: float = 0.0
    jump: float = 0.0
    """Usual size of a difference that is not zero: what the sensor resolves, if it changes seldom."""


def is_clock_wrong(time_us: int, *, received_us: int | None, options: QcOptions) -> bool:
    """Whether a time lies before any clock was set, or after the reading was received."""
    if time_us < options.earliest_us:
        return True
    return received_us is not None and time_us > received_us + 1e6 * options.max_ahead_s


def range_reason(value: float, options: QcOptions) -> Reason | None:
    """Compare a value with what is possible, then with what is usual at the site."""
    if (options.low is not None and value < options.low) or (options.high is not None and value > options.high):
        return Reason.RANGE
    if options.usual_low is not None and value < options.usual_low:
        return Reason.USUAL_RANGE
    if options.usual_high is not None and value > options.usual_high:
        return Reason.USUAL_RANGE
    return None


def follow(timeline: Timeline, time_us: int, options: QcOptions) -> Order:
    """Tell how a reading follows the last one; times that stay behind for long are believed in the end."""
    last_us, interval_s, n_behind = timeline.last_us, timeline.interval_s, timeline.n_behind
    if not last_us:
        return Order(False, True, 0.0, Timeline(time_us))
    elapsed_s = (time_us - last_us) * 1e-6
    if elapsed_s <= 0.0:
        if n_behind + 1 >= options.max_behind:
            return Order(False, True, 0.0, Timeline(time_us, interval_s))
        return Order(True, False, elapsed_s, Timeline(last_us, interval_s, n_behind + 1))
    if not interval_s:
        return Order(False, False, elapsed_s, Timeline(time_us, elapsed_s))
    longest_s = interval_s * options.max_gap
    usual_s = interval_s + (min(elapsed_s, longest_s) - interval_s) / options.max_gap
    return Order(False, elapsed_s > longest_s, elapsed_s, Timeline(time_us, usual_s))


def is_too_fast(value: float, last: float, elapsed_s: float, options: QcOptions) -> bool:
    """Whether the value changed faster than the property can; less than its resolution is no change."""
    change = abs(value - last)
    return options.max_rate is not None and change > options.resolution and change > options.max_rate * elapsed_s


def spike(window: Window, value: float, options: QcOptions, *, jump: float = 0.0) -> tuple[Reason | None, Window]:
    """Compare a value with the median of the readings accepted before it, in scaled MAD (Hampel's identifier).

    A window that happens to be quiet is no reason to be strict: the unit is at least the resolution and the usual
    size of a change, ``jump``; where none of them is known yet, nothing is a spike. Outliers are kept apart from the
    window. When the last few of them agree with one another the level has changed, and the window begins again with
    them; so it does when outliers have filled a window without agreeing.
    """
    values, outliers = window.values, window.outliers
    if options.spike_factor is None:
        return None, window
    if len(values) < MIN_WINDOW:
        return None, Window((*values, value))
    median, unit = _median_and_mad(values)
    limit = options.spike_factor * max(unit, options.resolution, jump)
    if abs(value - median) <= limit or not limit:
        return None, Window((*values, value)[-options.window :])
    outliers = (*outliers, value)
    recent = outliers[-options.step_readings :]
    if len(recent) == options.step_readings and _agree(recent, median, limit):
        return Reason.STEP, Window(recent)
    if len(outliers) >= options.window:
        return Reason.SPIKE, Window(outliers)
    return Reason.SPIKE, Window(values, outliers)


def stuck(still: Still, value: float, time_us: int, options: QcOptions) -> tuple[Reason | None, Still]:
    """Tell whether a value has stayed exactly the same for longer than time, count and its own past allow."""
    if options.stuck_s is None:
        return None, still
    limit = max(options.stuck_readings, options.stuck_factor * still.longest)
    if value != still.value or not still.n:
        longest = max(still.longest, still.n) if still.n <= limit else still.longest
        return None, Still(value, 1, time_us, longest)
    n = still.n + 1
    following = Still(value, n, still.since_us, still.longest)
    seconds = (time_us - still.since_us) * 1e-6
    if n <= limit or seconds <= options.stuck_s:
        return None, following
    is_dead = n > options.stuck_fail * limit and seconds > options.stuck_fail * options.stuck_s
    return Reason.DEAD if is_dead else Reason.STUCK, following


def unusual(usual: Usual, value: float, options: QcOptions) -> tuple[tuple[Reason, ...], Usual]:
    """Compare noise and level of the present with the usual ones (averages that forget, Roberts 1959).

    While the datastream is being learned every reading counts the same; afterwards averages forget, and a single
    reading moves those of the present by some usual differences at most.
    """
    n = usual.n + 1
    if n == 1:
        return (), Usual(1, value, value, value)
    if options.spike_factor is None and options.noise_factor is None and options.drift_factor is None:
        return (), Usual(min(n, options.learn), value, value, value)
    following = _averaged(usual, value, n, options)
    if n <= options.learn:
        return (), following
    reasons: tuple[Reason, ...] = ()
    least = 0.5 * options.resolution
    if options.noise_factor is not None and following.noise > options.noise_factor * max(usual.usual_noise, least):
        reasons = (Reason.NOISE,)
    if options.drift_factor is not None:
        leaves = abs(following.level - usual.usual_level)
        if leaves > options.drift_factor * max(usual.leave, least):
            reasons = (*reasons, Reason.DRIFT)
    return reasons, following


def jumped(usual: Usual, value: float, options: QcOptions) -> Usual:
    """Learn from a spike no more than that changes may be somewhat larger than they were."""
    difference = abs(value - usual.last)
    unit = _CLIP * max(usual.jump, options.resolution)
    larger = (min(difference, unit) - usual.jump) / max(1, min(usual.n, options.usual_readings))
    return msgspec.structs.replace(usual, jump=usual.jump + max(larger, 0.0))


def _averaged(usual: Usual, value: float, n: int, options: QcOptions) -> Usual:
    slowly, floor = 1.0 / min(n, options.usual_readings), 0.5 * options.resolution
    difference = abs(value - usual.last)
    jump = usual.jump + (difference - usual.jump) * slowly if usual.jump and difference else usual.jump or difference
    present = min(difference, _CLIP * max(usual.usual_noise, floor)) if n > options.learn else difference
    level = usual.level + (value - usual.level) / min(n, options.level_readings)
    leave = abs(level - usual.usual_level)
    if n > options.learn:
        leave = min(leave, _CLIP * max(usual.leave, floor))
    return Usual(
        n if n <= options.usual_readings else usual.n,
        value,
        level,
        usual.usual_level + (value - usual.usual_level) * slowly,
        usual.leave + (leave - usual.leave) * slowly,
        usual.noise + (present - usual.noise) / min(n, options.noise_readings),
        usual.usual_noise + (difference - usual.usual_noise) * slowly,
        jump,
    )


def _median_and_mad(values: tuple[float, ...]) -> tuple[float, float]:
    """Median of a window and the scaled median of the distances from it; their mean where most values are the same."""
    middle = len(values) // 2
    median = sorted(values)[middle]
    distances = sorted([abs(value - median) for value in values])
    mad = distances[middle]
    return median, _MAD_TO_SIGMA * mad if mad else _MEAN_TO_SIGMA * sum(distances) / len(distances)


def _agree(outliers: tuple[float, ...], median: float, limit: float) -> bool:
    low, high = min(outliers), max(outliers)
    return high - low <= limit and (low > median or high < median)
