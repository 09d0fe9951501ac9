"""Man-down: from the acceleration of a worn tag to fall, pre-alarm and down, one second at a time.

::

               impact                     motionless, turned          not answered
      steady ────────► fallen ──────────────────────────► pre_alarm ──────────────► down
        ▲  ▲             │ up again, or watched long enough    │  ▲                   │
        │  └─────────────┘                                     │  │                   │
        │◄─────────── cancelled by the person, up again ───────┘  │                   │
        │◄──────────────────────── stood down by people ──────────┼───────────────────┘
        └────────── motionless beyond the fainting limit ─────────┘

A pre-alarm can be cancelled by its person; *down* stays until people stand it down, even if the tag moves or falls
silent. An impact that silence follows counts as a fall: the tag may be broken. The clock is the phenomenon time.

The *fainting detection limit* is one of the sensitivities that Yu et al. (2023), 3.1.3, name without defining it; here
it is the time without motion, and without an impact before, until the pre-alarm.
"""

from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from highwall.core.errors import InputError
from highwall.telemetry.acceleration import SECOND_US, Gathering, Second, Vector, angle, gather, summed_up
from highwall.telemetry.messages import Event
from highwall.telemetry.tag_options import ManDownOptions

EVENT: Final = "man_down"
"""Kind of the event that tells a change."""
_N_BEFORE: Final = 4
"""Seconds remembered to know how a person stood before an impact; the two oldest tell, the others may hold the fall."""


class Phase(StrEnum):
    """Where a person is in the life of an alarm."""

    SILENT = "silent"
    STEADY = "steady"
    FALLEN = "fallen"
    PRE_ALARM = "pre_alarm"
    DOWN = "down"


class Cause(StrEnum):
    """What led to an alarm."""

    FALL = "fall"
    NO_MOTION = "no_motion"


HEALTH: Final = {
    Phase.SILENT: "unknown",
    Phase.STEADY: "ok",
    Phase.FALLEN: "ok",
    Phase.PRE_ALARM: "pre_alarm",
    Phase.DOWN: "down",
}
"""A phase as an asset's state tells it."""


class Watch(msgspec.Struct, frozen=True):
    """All that is remembered of one person between two samples; a fresh one has heard nothing yet."""

    phase: Phase = Phase.SILENT
    since_us: int = 0
    """When the phase began."""
    cause: Cause | None = None
    gathering: Gathering | None = None
    heard_us: int = 0
    """End of the last second that was judged."""
    still_s: int = 0
    """Seconds in a row that are still enough for somebody who lies after an impact."""
    rest_s: int = 0
    """Seconds in a row without any motion."""
    moving_s: int = 0
    """Other seconds in a row."""
    before: tuple[Vector, ...] = ()
    """Mean accelerations of the last seconds; from an impact on, of those before it."""


class Change(NamedTuple):
    """A person's phase changed."""

    at_us: int
    phase: Phase
    was: Phase
    cause: Cause | None
    """Of a fall, a pre-alarm or a person down."""
    why: str


class Step(NamedTuple):
    """What an observation leads to."""

    watch: Watch
    changes: tuple[Change, ...] = ()


def observe(watch: Watch, at_us: int, sample: Vector, *, options: ManDownOptions) -> Step:
    """Take one sample of acceleration [m s⁻²] in; samples older than the present second are too late to count."""
    gathered = gather(watch.gathering, at_us, sample)
    watch = msgspec.structs.replace(watch, gathering=gathered.gathering)
    return Step(watch) if gathered.second is None else observe_second(watch, gathered.second, options=options)


def observe_second(watch: Watch, second: Second, *, options: ManDownOptions) -> Step:
    """Take a second in that is over, as of a tag that sums up by itself."""
    waited = advance(watch, second.start_us, options=options)
    judged = _judged(waited.watch, second, options=options)
    return Step(judged.watch, waited.changes + judged.changes)


def advance(watch: Watch, now_us: int, *, options: ManDownOptions) -> Step:
    """Let time pass without a sample: pre-alarms that nobody answered, tags that fell silent.

    Changes carry the time at which they were due, so that it does not matter how often this is called.
    """
    changes: tuple[Change, ...] = ()
    while (at_us := due_us(watch, options=options)) is not None and at_us <= now_us:
        due = _due(watch, at_us, options=options)
        watch, changes = due.watch, changes + due.changes
    return Step(watch, changes)


def due_us(watch: Watch, *, options: ManDownOptions) -> int | None:
    """When time alone brings something, if no more samples come; None: never."""
    if watch.phase is Phase.PRE_ALARM:
        return watch.since_us + round(options.answer_s * SECOND_US)
    last_us = watch.heard_us if watch.gathering is None else watch.gathering.start_us + SECOND_US
    if watch.phase in (Phase.FALLEN, Phase.STEADY) or (watch.phase is Phase.SILENT and watch.gathering is not None):
        return last_us + round(options.silence_s * SECOND_US)
    return None


def finish(watch: Watch, *, options: ManDownOptions) -> Step:
    """Judge the second that is going on, as at the end of a record."""
    second = None if watch.gathering is None else summed_up(watch.gathering)
    watch = msgspec.structs.replace(watch, gathering=None)
    return Step(watch) if second is None else observe_second(watch, second, options=options)


def set_back(watch: Watch, by_us: int) -> Watch:
    """Go on where the clock of the samples was set back: what had lasted for some time has lasted for as long.

    Whole seconds stay whole: it is set back by up to a second more.
    """
    by_us = -(-by_us // SECOND_US) * SECOND_US
    gathering = watch.gathering
    if gathering is not None:
        gathering = msgspec.structs.replace(gathering, start_us=gathering.start_us - by_us)
    return msgspec.structs.replace(
        watch, since_us=watch.since_us - by_us, heard_us=watch.heard_us - by_us, gathering=gathering
    )


def cancel(watch: Watch, at_us: int) -> Step:
    """Take a pre-alarm back, as its person does.

    Raises
    ------
    InputError
        There is none: a person who is down is stood down by others.
    """
    if watch.phase is not Phase.PRE_ALARM:
        raise InputError(f"no pre-alarm to cancel: the person is {watch.phase}.")
    return _to(_forgetful(watch), Phase.STEADY, at_us, why="cancelled by the person")


def stand_down(watch: Watch, at_us: int) -> Step:
    """End a pre-alarm or a person's being down, as people do who have looked.

    Raises
    ------
    InputError
        There is nothing to end.
    """
    if watch.phase not in (Phase.PRE_ALARM, Phase.DOWN):
        raise InputError(f"nobody is down: the person is {watch.phase}.")
    return _to(_forgetful(watch), Phase.STEADY, at_us, why="stood down")


def as_event(thing: str, change: Change) -> Event:
    """Tell a change as an event; ``health`` in it is that of the asset's state."""
    data = {
        "health": HEALTH[change.phase], "phase": str(change.phase), "was": str(change.was),
        "cause": None if change.cause is None else str(change.cause), "why": change.why,
    }  # fmt: skip
    return Event(EVENT, change.at_us, thing, data)


def _due(watch: Watch, at_us: int, *, options: ManDownOptions) -> Step:
    """What time alone brings; of a tag that fell silent its last second is judged first: it may hold the impact."""
    if watch.phase is Phase.PRE_ALARM:
        return _to(watch, Phase.DOWN, at_us, cause=watch.cause, why="the pre-alarm was not answered")
    if watch.gathering is not None:
        return finish(watch, options=options)
    if watch.phase is Phase.FALLEN:
        return _to(watch, Phase.PRE_ALARM, at_us, cause=Cause.FALL, why="silence after an impact")
    return _to(_forgetful(watch), Phase.SILENT, at_us, why=f"no sample for {options.silence_s:g} s")


def _judged(watch: Watch, second: Second, *, options: ManDownOptions) -> Step:
    """Judge a second that is over."""
    watch = _counted(watch, second, options=options)
    heard = _heard(watch, second)
    watch = heard.watch
    if watch.phase is Phase.STEADY:
        step = _while_steady(watch, second, options=options)
    elif watch.phase is Phase.FALLEN:
        step = _while_fallen(watch, second, options=options)
    elif watch.phase is Phase.PRE_ALARM:
        step = _while_pre_alarm(watch, second, options=options)
    else:
        step = Step(watch)
    return Step(step.watch, heard.changes + step.changes)


def _counted(watch: Watch, second: Second, *, options: ManDownOptions) -> Watch:
    """Count the second in; one with too few samples (no unrest) neither breaks nor lengthens a run."""
    if second.unrest is None:
        return msgspec.structs.replace(watch, heard_us=second.start_us + SECOND_US)
    return msgspec.structs.replace(
        watch,
        heard_us=second.start_us + SECOND_US,
        still_s=watch.still_s + 1 if second.unrest < options.still_limit else 0,
        rest_s=watch.rest_s + 1 if second.unrest < options.rest_limit else 0,
        moving_s=watch.moving_s + 1 if second.unrest >= options.still_limit else 0,
    )


def _heard(watch: Watch, second: Second) -> Step:
    if watch.phase is not Phase.SILENT:
        return Step(watch)
    return _to(watch, Phase.STEADY, second.start_us, why="the tag is heard")


def _while_steady(watch: Watch, second: Second, *, options: ManDownOptions) -> Step:
    if second.peak >= options.impact_limit:
        why = f"an impact of {second.peak:.1f} m s⁻²"
        return _to(watch, Phase.FALLEN, second.start_us, cause=Cause.FALL, why=why)
    watch = msgspec.structs.replace(watch, before=(*watch.before, second.mean)[-_N_BEFORE:])
    if watch.rest_s >= options.fainting_limit_s:
        why = f"no motion for {watch.rest_s} s"
        return _to(watch, Phase.PRE_ALARM, watch.heard_us, cause=Cause.NO_MOTION, why=why)
    return Step(watch)


def _while_fallen(watch: Watch, second: Second, *, options: ManDownOptions) -> Step:
    if second.peak >= options.impact_limit:
        return Step(msgspec.structs.replace(watch, since_us=second.start_us))
    turned = _is_turned(watch, second, options=options)
    if turned and watch.still_s >= options.fallen_limit_s:
        why = f"no motion for {watch.still_s} s after an impact"
        return _to(watch, Phase.PRE_ALARM, watch.heard_us, cause=Cause.FALL, why=why)
    if not turned and watch.moving_s >= options.recovery_s:
        return _to(_forgetful(watch), Phase.STEADY, watch.heard_us, why="up and moving after an impact")
    if watch.heard_us - watch.since_us >= options.watch_s * SECOND_US:
        return _to(_forgetful(watch), Phase.STEADY, watch.heard_us, why=f"nothing within {options.watch_s:g} s")
    return Step(watch)


def _while_pre_alarm(watch: Watch, second: Second, *, options: ManDownOptions) -> Step:
    down = watch.cause is Cause.FALL and options.turn_limit > 0.0 and _is_turned(watch, second, options=options)
    if watch.moving_s >= options.recovery_s and not down:
        return _to(_forgetful(watch), Phase.STEADY, watch.heard_us, why="moving again")
    return Step(watch)


def _is_turned(watch: Watch, second: Second, *, options: ManDownOptions) -> bool:
    """Whether the body lies otherwise than before the impact; so it is if nothing is known of that."""
    if not watch.before:
        return True
    known = watch.before[:2]
    stood = tuple(sum(parts) / len(known) for parts in zip(*known, strict=True))
    return angle((stood[0], stood[1], stood[2]), second.mean) >= options.turn_limit


def _forgetful(watch: Watch) -> Watch:
    """Begin counting anew."""
    return msgspec.structs.replace(watch, still_s=0, rest_s=0, moving_s=0, before=())


def _to(watch: Watch, phase: Phase, at_us: int, *, why: str, cause: Cause | None = None) -> Step:
    changed = msgspec.structs.replace(watch, phase=phase, since_us=at_us, cause=cause)
    return Step(changed, (Change(at_us, phase, watch.phase, cause, why),))
