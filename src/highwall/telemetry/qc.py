"""Quality control: a flag beside every reading, and why; the reading itself is never changed.

``judge`` is pure and takes a reading at a time: judging a series at once is judging its readings one after the other.
What it remembers of a datastream is a small :class:`QcState`, which is JSON between two runs. A *suspect* reading still
counts: only *fail* means that nothing can be concluded from it.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from types import MappingProxyType
from typing import Final, NamedTuple

import msgspec

from highwall.telemetry import qc_checks as checks
from highwall.telemetry.messages import Reading
from highwall.telemetry.qc_checks import Reason, Still, Timeline, Usual, Window
from highwall.telemetry.qc_options import QcOptions, options_for


class Flag(IntEnum):
    """Quality of a reading, as QARTOD numbers it (IOOS 2020)."""

    PASS = 1
    NOT_EVALUATED = 2
    SUSPECT = 3
    FAIL = 4
    MISSING = 9


FAILURES: Final = frozenset({Reason.CLOCK, Reason.RANGE, Reason.DEAD})
"""Reasons that make a reading useless; the others make it suspect."""
CHANGES: Final = frozenset({Reason.RATE, Reason.SPIKE, Reason.STEP, Reason.DRIFT, Reason.USUAL_RANGE})
"""Reasons that a real change gives too: neighbours that confirm it lift them."""


class QcState(msgspec.Struct, frozen=True, array_like=True):
    """What is remembered of one datastream."""

    timeline: Timeline = Timeline()
    window: Window = Window()
    still: Still = Still()
    usual: Usual = Usual()


class Agreement(IntEnum):
    """What the neighbours of a sensor say about it."""

    UNKNOWN = 0
    """Too few of them speak."""
    AGREE = 1
    LONE = 2
    """It alone leaves what they lead to expect."""
    TOGETHER = 3
    """It leaves that with others: the ground, not a sensor."""


class Opinion(NamedTuple):
    """What the neighbours of a sensor say about its reading (``isolation``)."""

    agreement: Agreement
    estimate: float | None = None
    """What they lead to expect, in the unit of the property."""
    std: float | None = None
    """Standard error of the estimate, measured on data that it was not fitted to."""


class Verdict(NamedTuple):
    """What quality control says about one reading."""

    flag: Flag
    reasons: tuple[Reason, ...]
    state: QcState
    estimate: float | None = None
    """What the neighbours of a reading that is not passed lead to expect; shown as an estimate, never stored as raw."""
    std: float | None = None


NEW: Final = QcState()
"""State of a datastream that has not spoken yet."""


def judge(
    state: QcState,
    reading: Reading,
    *,
    options: QcOptions | None = None,
    received_us: int | None = None,
    opinion: Opinion | None = None,
) -> Verdict:
    """Judge one reading of one datastream.

    Parameters
    ----------
    options
        Limits; the defaults of the datastream's property if none are given.
    received_us
        When the reading reached a clock that is right [µs]; without it no time is too late.
    opinion
        What the neighbours say.

    Returns
    -------
    A flag with its reasons, and the state for the next reading. A number is judged by all checks, a vector by its
    clock, by the range of its components and by its length, a text or a state by its clock alone.
    """
    options = options or options_for(reading.datastream)
    if checks.is_clock_wrong(reading.phenomenon_us, received_us=received_us, options=options):
        return Verdict(Flag.FAIL, (Reason.CLOCK,), state)
    value = _number(reading.result)
    if value is None:
        return Verdict(Flag.NOT_EVALUATED, (), state)
    if not math.isfinite(value):
        return Verdict(Flag.MISSING, (Reason.MISSING,), state)
    reason = _range_reason(reading.result, value, options)
    if reason is Reason.RANGE:
        return _concluded((reason,), state, opinion)
    usual_level = state.usual.usual_level
    reasons, state = _series(state, value, reading.phenomenon_us, options)
    if reason is not None:
        reasons = (reason, *reasons)
    if opinion is not None:
        reasons = _heard(reasons, value, usual_level, opinion)
    if not reasons and options.low is None and options.high is None and len(state.window.values) < checks.MIN_WINDOW:
        return Verdict(Flag.NOT_EVALUATED, (), state)
    return _concluded(reasons, state, opinion)


def judge_all(
    readings: Iterable[Reading],
    *,
    states: Mapping[str, QcState] = MappingProxyType({}),
    options: Mapping[str, QcOptions] = MappingProxyType({}),
) -> list[Verdict]:
    """Judge readings of any datastreams in the order in which they come.

    Parameters
    ----------
    states, options
        By datastream: what is remembered from before, and limits other than the defaults.
    """
    known = dict(states)
    verdicts = []
    for reading in readings:
        name = reading.datastream
        verdict = judge(known.get(name, NEW), reading, options=options.get(name))
        known[name] = verdict.state
        verdicts.append(verdict)
    return verdicts


def _number(result: object) -> float | None:
    """One number for a result: itself, the length of a vector, NaN for what is missing, None for texts and states."""
    if isinstance(result, float):
        return result
    if result is None:
        return math.nan
    if isinstance(result, bool | str):
        return None
    if isinstance(result, Sequence):
        return math.hypot(*result) if result else math.nan
    return float(result) if isinstance(result, int) else None


def _range_reason(result: object, value: float, options: QcOptions) -> Reason | None:
    """Reason of the first component that is out of range; a number is its own component."""
    if isinstance(result, list):
        found = {checks.range_reason(component, options) for component in result}
        return next((reason for reason in (Reason.RANGE, Reason.USUAL_RANGE) if reason in found), None)
    return checks.range_reason(value, options)


def _series(state: QcState, value: float, time_us: int, options: QcOptions) -> tuple[tuple[Reason, ...], QcState]:
    """Judge a number by those before it; one that comes out of order is judged by none."""
    order = checks.follow(state.timeline, time_us, options)
    if order.is_behind:
        return (Reason.ORDER,), QcState(order.timeline, state.window, state.still, state.usual)
    window, still, usual = state.window, state.still, state.usual
    reasons: tuple[Reason, ...] = ()
    if order.is_new:
        window, still = Window(), Still(longest=still.longest)
    elif usual.n and checks.is_too_fast(value, usual.last, order.elapsed_s, options):
        reasons = (Reason.RATE,)
    sudden, window = checks.spike(window, value, options, jump=usual.jump)
    unmoved, still = checks.stuck(still, value, time_us, options)
    if unmoved is not None:
        reasons = (*reasons, unmoved)
    if sudden is not None:
        return (*reasons, sudden), QcState(order.timeline, window, still, checks.jumped(usual, value, options))
    unlike, usual = checks.unusual(usual, value, options)
    return reasons + unlike, QcState(order.timeline, window, still, usual)


def _heard(reasons: tuple[Reason, ...], value: float, usual_level: float, opinion: Opinion) -> tuple[Reason, ...]:
    """Add what the neighbours say: alone, or, where a change was found and they have changed too, the ground."""
    if opinion.agreement is Agreement.LONE:
        return (*reasons, Reason.NEIGHBOURS)
    if opinion.agreement is Agreement.TOGETHER:
        return (*reasons, Reason.GROUND)
    if opinion.agreement is Agreement.AGREE and opinion.estimate is not None and not CHANGES.isdisjoint(reasons):
        have_changed = abs(value - opinion.estimate) < abs(opinion.estimate - usual_level)
        return (*reasons, Reason.GROUND) if have_changed else reasons
    return reasons


def _concluded(reasons: tuple[Reason, ...], state: QcState, opinion: Opinion | None) -> Verdict:
    """Flag by the gravest reason, with the neighbours' estimate where the reading itself is in doubt."""
    flag = Flag.PASS if not reasons else _flag(reasons)
    if opinion is None or flag is Flag.PASS:
        return Verdict(flag, reasons, state)
    return Verdict(flag, reasons, state, opinion.estimate, opinion.std)


def _flag(reasons: tuple[Reason, ...]) -> Flag:
    if not FAILURES.isdisjoint(reasons):
        return Flag.FAIL
    lifted = CHANGES | {Reason.GROUND} if Reason.GROUND in reasons else frozenset()
    return Flag.PASS if lifted.issuperset(reasons) else Flag.SUSPECT
