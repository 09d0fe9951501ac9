"""One reading as conditions compare it: the value, its size, or a statistic of the window that it falls into."""

import math

from highwall.twin.conditions import ReadingIs
from highwall.twin.inputs import scalar
from highwall.twin.sightings import Seen
from highwall.twin.windows import Window, empty_window, value_of, with_reading

_USABLE, _SUSPECT, _MISSING = 2, 3, 9
"""Quality flags: the greatest that nothing speaks against, suspect, missing."""


class Measure:
    """One reading, as each leaf compares it: what several ask for is worked out once."""

    def __init__(self, windows: dict[str, Window], dirty: set[str], seen: Seen, *, is_new: bool) -> None:
        """Begin to measure.

        Parameters
        ----------
        windows, dirty
            Windows by name, and the names of those that changed; both are brought up to date.
        """
        self._kept, self._dirty, self._seen, self._is_new = windows, dirty, seen, is_new
        self._windows: dict[str, Window | None] = {}
        self._values: dict[tuple[str, str], float] = {}

    def of(self, leaf: ReadingIs, window: str) -> tuple[float, int]:
        """Value that a leaf compares, and its quality flag; NaN is a statistic that cannot be told yet."""
        seen = self._seen
        result = seen.result
        value = result if type(result) is float else scalar(result, leaf.component)
        if value is None or value != value:
            return 0.0, _MISSING
        if not window:
            return abs(value) if leaf.of == "size" else value, seen.flag
        known = self._values.get((window, leaf.of))
        if known is None:
            known = self._values[window, leaf.of] = self._statistic(leaf, window, value)
        return known, seen.flag

    def _statistic(self, leaf: ReadingIs, name: str, value: float) -> float:
        if name not in self._windows:
            self._windows[name] = self._widened(leaf, name, value)
        window = self._windows[name]
        if window is None or leaf.of == "value" or leaf.of == "size":
            return math.nan
        return value_of(window, leaf.of)

    def _widened(self, leaf: ReadingIs, name: str, value: float) -> Window | None:
        """Window with this reading in it, if it is one that counts."""
        known = self._kept.get(name)
        counts = self._seen.flag <= (_SUSPECT if leaf.is_suspect_enough else _USABLE)
        if not counts or (known is not None and not self._is_new):
            return known
        self._kept[name] = widened = with_reading(known or empty_window(leaf.over_s or 0.0), self._seen.at_us, value)
        self._dirty.add(name)
        return widened
