"""Evidence in words: what made a condition true, or why it cannot be judged, in the units that people read."""

import math

from highwall.telemetry.observed import OBSERVED
from highwall.twin.conditions import FindingIs, Inside, Leaf, Present, ReadingIs, Silent, StateIs
from highwall.twin.windows import MOST_SPEED_UP

_PER: dict[str, tuple[float, str]] = {"rate": (86_400.0, "/day")}
"""Rates are kept a second and read a day."""
_SPANS = ((86_400.0, "day"), (3600.0, "h"), (60.0, "min"))


def reading_words(leaf: ReadingIs, datastream: str, value: float) -> str:
    """Tell what a datastream reads and which bound that is past."""
    kind = "" if leaf.of == "value" else f"{leaf.of.replace('_', ' ')} "
    over = "" if leaf.over_s is None else f" over {span_words(leaf.over_s)}"
    side = "above" if leaf.above is not None else "below"
    return f"{datastream}: {kind}{_shown(leaf, value)}{over}, {side} {_shown(leaf, leaf.bound)}"


def blind_words(datastream: str, *, is_failed: bool, silent_after_s: float) -> str:
    """Tell why a datastream cannot be judged by."""
    why = "its readings fail quality control" if is_failed else "nothing usable came"
    return f"{datastream}: {why} for {span_words(silent_after_s)}"


def leaf_words(leaf: Leaf, key: str) -> str:
    """Tell any other leaf that holds; ``key`` names what it holds of."""
    if isinstance(leaf, StateIs):
        return f"{key}: {leaf.state} is {' or '.join(leaf.among)}"
    if isinstance(leaf, Inside):
        return f"{leaf.certainty} in zone {key}"
    if isinstance(leaf, Present):
        return f"{key} is {leaf.certainty} in it"
    if isinstance(leaf, FindingIs):
        return f"finding {key}"
    if isinstance(leaf, Silent):
        what = "no word" if leaf.silent == "word" else "no recent data"
        return f"{key}: {what} for {span_words(leaf.for_s)}"
    return key


def span_words(seconds: float) -> str:
    """Tell a length of time in the largest unit in which it is 1 or more."""
    for size, unit in _SPANS:
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def _shown(leaf: ReadingIs, value: float) -> str:
    if leaf.of == "speed_up":
        return "from rest" if value >= MOST_SPEED_UP else f"{value:.2g} times"
    row = OBSERVED[leaf.reading]
    scale, unit = row.shown_scale, row.shown_unit or row.unit
    per, behind = _PER.get(leaf.of, (1.0, ""))
    offset = row.shown_offset if leaf.of in ("value", "size", "mean", "low", "high") else 0.0
    if not math.isfinite(value):
        return "not known"
    return f"{value * scale * per + offset:.4g} {unit}{behind}".strip()
