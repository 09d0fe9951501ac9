"""Inputs of a watch's leaves: a reading that is compared, with hysteresis and persistence, or a word that is told."""

import math
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from highwall.twin.conditions import ReadingIs, Verdict
from highwall.twin.watch import Input, WatchMemory

_TRUE: Final = Verdict.TRUE
_USABLE: Final = 2
"""Greatest QC flag of a reading that nothing speaks against (1 pass, 2 not evaluated)."""
_SUSPECT: Final = 3
_UNTOLD: Final = Input()


def sensed(leaf: ReadingIs, known: Input | None, value: float, *, flag: int, at_us: int, now_us: int) -> Input:
    """Take a reading into a leaf's input: hysteresis and persistence happen here.

    Parameters
    ----------
    value
        What the leaf compares [SI unit]; one that is not finite cannot be told, as a statistic of too few readings.
    flag
        Of quality control; a reading that failed leaves the truth as it is, and the sensor closer to blind.
    """
    known = known or _UNTOLD
    if flag > _USABLE and not (flag == _SUSPECT and leaf.is_suspect_enough):
        good_us = known.good_us or now_us
        return Input(known.truth, known.run, known.value, known.at_us, good_us, now_us, True)
    late = at_us < known.at_us and leaf.over_s is None
    if late or not math.isfinite(value):
        return Input(known.truth, known.run, known.value, max(at_us, known.at_us), now_us, now_us, False)
    held = known.truth == _TRUE
    past = leaf.holds(value, held=held)
    run = known.run + 1 if past else 0
    truth = int(past and (held or run >= leaf.in_a_row))
    return Input(truth, min(run, leaf.in_a_row), value, at_us, now_us, now_us, False)


def told(is_true: bool, *, at_us: int, now_us: int, value: float = 0.0) -> Input:
    """Input of a leaf that is simply told whether it holds of something."""
    return Input(int(is_true), 0, value, at_us, now_us, now_us, False)


def with_input(memory: WatchMemory, leaf_number: int, key: str, given: Input, *, now_us: int) -> WatchMemory:
    """Replace one input; the latest event time moves on with it."""
    return with_inputs(memory, [(leaf_number, given)], key=key, now_us=now_us)


def with_inputs(memory: WatchMemory, given: Sequence[tuple[int, Input]], *, key: str, now_us: int) -> WatchMemory:
    """Replace the inputs of one name, leaf by leaf; the latest event time moves on with them."""
    inputs, event_us, seen_us = list(memory.inputs), memory.event_us, memory.seen_us
    for number, one in given:
        inputs[number] = {**inputs[number], key: one}
        if one.at_us > event_us:
            event_us, seen_us = one.at_us, now_us
    return WatchMemory(
        memory.fingerprint, memory.started_us, tuple(inputs), memory.levels, memory.level, memory.is_blind, event_us,
        seen_us, memory.due_us, memory.is_quiet, memory.is_covered,
    )  # fmt: skip


def without_input(memory: WatchMemory, leaf_number: int, key: str) -> WatchMemory:
    """Forget one input: it is no longer of the subject."""
    kept = {name: given for name, given in memory.inputs[leaf_number].items() if name != key}
    inputs = (*memory.inputs[:leaf_number], kept, *memory.inputs[leaf_number + 1 :])
    return msgspec.structs.replace(memory, inputs=inputs)


def scalar(result: Any, component: int | None) -> float | None:
    """Give the number of a result that a leaf compares: itself, a component, or the length of a vector."""
    if isinstance(result, (int, float)):
        return float(result)
    if not isinstance(result, list) or not result:
        return None
    if component is not None:
        return result[component] if component < len(result) else None
    return float(sum(part * part for part in result) ** 0.5)
