"""Motion state of a person or a machine: idle, working or moving, from the acceleration of its tag and its speed.

Nothing shakes: *idle*. A speed from positions above the limit, or a person's steady steps: *moving*. Else: *working*.
A state is taken over once it has lasted for some seconds, so that a stumble is no walk.
"""

import statistics
from enum import StrEnum
from typing import NamedTuple

import msgspec

from highwall.telemetry.acceleration import SECOND_US, Gathering, Second, Vector, gather
from highwall.telemetry.tag_options import MotionOptions


class Motion(StrEnum):
    """What something does."""

    UNKNOWN = "unknown"
    IDLE = "idle"
    WORKING = "working"
    MOVING = "moving"


class Moving(msgspec.Struct, frozen=True):
    """All that is remembered between two samples."""

    motion: Motion = Motion.UNKNOWN
    since_us: int = 0
    gathering: Gathering | None = None
    recent: tuple[Second, ...] = ()
    """The window's seconds."""
    other: Motion = Motion.UNKNOWN
    """What the last seconds say, if it is something else."""
    other_s: int = 0
    """For how many seconds they say so."""
    speed: float | None = None
    """Last known speed [m s⁻¹]."""
    speed_us: int = 0


class Moved(NamedTuple):
    """What an observation leads to."""

    moving: Moving
    changed: bool
    """Whether the motion state is another one now."""


def observe(moving: Moving, at_us: int, sample: Vector, *, options: MotionOptions) -> Moved:
    """Take one sample of acceleration [m s⁻²] in."""
    gathered = gather(moving.gathering, at_us, sample)
    moving = msgspec.structs.replace(moving, gathering=gathered.gathering)
    if gathered.second is None:
        return Moved(moving, False)
    kept = _within(moving.recent, gathered.second, options=options)
    return _taken_over(msgspec.structs.replace(moving, recent=kept), options=options)


def observe_speed(moving: Moving, at_us: int, speed: float) -> Moving:
    """Take a speed over ground in [m s⁻¹]; an older one than the last is left out."""
    if at_us < moving.speed_us:
        return moving
    return msgspec.structs.replace(moving, speed=speed, speed_us=at_us)


def motion_of(seconds: tuple[Second, ...], *, speed: float | None, options: MotionOptions) -> Motion:
    """What seconds of acceleration, and a speed [m s⁻¹] where one is known, say.

    Returns
    -------
    Motion
        Unknown without a second that holds enough samples, and without a speed.
    """
    if speed is not None and speed >= options.speed_limit:
        return Motion.MOVING
    known = [(second.unrest, second.n_swings) for second in seconds if second.unrest is not None]
    if not known:
        return Motion.UNKNOWN if speed is None else Motion.IDLE
    unrest = statistics.median(unrest for unrest, _ in known)
    if unrest < options.idle_limit:
        return Motion.IDLE
    rate = sum(n_swings for _, n_swings in known) / len(known)
    walks = options.walks and unrest >= options.walk_limit and options.steps_low <= rate <= options.steps_high
    return Motion.MOVING if walks else Motion.WORKING


def _within(recent: tuple[Second, ...], second: Second, *, options: MotionOptions) -> tuple[Second, ...]:
    since_us = second.start_us - (options.window_s - 1) * SECOND_US
    return (*(each for each in recent if each.start_us >= since_us), second)


def _taken_over(moving: Moving, *, options: MotionOptions) -> Moved:
    now_us = moving.recent[-1].start_us + SECOND_US
    fresh = moving.speed is not None and now_us - moving.speed_us <= options.window_s * SECOND_US
    found = motion_of(moving.recent, speed=moving.speed if fresh else None, options=options)
    if found is moving.motion:
        return Moved(msgspec.structs.replace(moving, other=found, other_s=0), False)
    lasted = moving.other_s + 1 if found is moving.other else 1
    if moving.motion is not Motion.UNKNOWN and lasted < options.hold_s:
        return Moved(msgspec.structs.replace(moving, other=found, other_s=lasted), False)
    return Moved(msgspec.structs.replace(moving, motion=found, since_us=now_us, other=found, other_s=0), True)
