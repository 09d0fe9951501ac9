"""A gateway's rounds of the ground that may crack: when the watch is asked, and what of it is kept."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from highwall.edge.crack_watch import CrackWatch
from highwall.telemetry.messages import Reading

FAILED: Final = "crack_watch_failed"
"""Kind of the event that tells that a gateway cannot judge the ground as its configuration asks."""
_ROUND_US: Final = 10_000_000
"""Between two looks whether an hour is over."""
_KEPT_US: Final = 600_000_000
"""What was read is written down at least so often: so much of an hour's mean a kill may cost."""


class Round(NamedTuple):
    """What a round leads to."""

    readings: list[Reading]
    """Probabilities of the hours that are over."""
    memory: bytes | None
    """To be kept together with them; None: not now."""


class CrackRounds:
    """Feeds a watch, and asks it in time."""

    def __init__(self, watch: CrackWatch, *, memory: bytes | None, now_us: int) -> None:
        self._watch = watch
        if memory is not None:
            watch.recall(memory)
        self._looked_us = now_us - _ROUND_US
        self._kept_us = now_us

    def go(self, readings: Iterable[Reading], now_us: int) -> Round:
        """Take readings in, and give what is due."""
        self._watch.take(readings, now_us=now_us)
        if 0 <= now_us - self._looked_us < _ROUND_US:
            return Round([], None)
        self._looked_us = now_us
        said = self._watch.due(now_us)
        if not said and 0 <= now_us - self._kept_us < _KEPT_US:
            return Round([], None)
        self._kept_us = now_us
        return Round(said, self._watch.memory())
