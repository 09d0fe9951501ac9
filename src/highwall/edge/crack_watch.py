"""Cracks from sensors as they are read: the classifier of windows, run every hour, at a gateway or at the server.

What it says is a reading like any other, ``THING/crack_probability``, which criteria can be set on.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, Protocol, TypeGuard

import msgspec
import numpy as np
from numpy.typing import NDArray

from highwall.core.errors import InputError
from highwall.telemetry.live_windows import Record, Window, due, take
from highwall.telemetry.messages import Reading, Result
from highwall.telemetry.window_options import CrackPlace, WindowOptions

PROPERTY: Final = "crack_probability"
_AHEAD_US: Final = 60_000_000
"""How far a sensor's clock may be ahead; a reading of next year would push out all that is remembered."""


class WindowClassifier(Protocol):
    """Tells cracks from windows of sensors, as ``classification.crack_windows`` has it."""

    @property
    def n_samples(self) -> int:
        """Hours of a window."""

    def probability(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, n_samples, channel) → (N,) probability of a crack; NaN: not known."""


class _Part(NamedTuple):
    """For which place and channel a datastream speaks."""

    thing: str
    channel: int


def is_number(result: Result) -> TypeGuard[float]:
    """Whether a result is one number."""
    return isinstance(result, int | float) and not isinstance(result, bool)


class CrackWatch:
    """Watches places for cracks; :meth:`memory` and :meth:`recall` carry it over a restart."""

    def __init__(
        self, classifier: WindowClassifier, places: Sequence[CrackPlace], *, options: WindowOptions | None = None
    ) -> None:
        """Begin with nothing read; windows are as long as the classifier learned them.

        Raises
        ------
        InputError
            Two places have one name, or the options ask for windows of another length.
        """
        self._classifier = classifier
        self._options = options or WindowOptions(n_hours=classifier.n_samples)
        if self._options.n_hours != classifier.n_samples:
            raise InputError(
                f"windows of {self._options.n_hours} h were asked for; the classifier learned {classifier.n_samples} h."
            )
        self._parts: dict[str, list[_Part]] = {}
        self._records: dict[str, Record] = {}
        for place in places:
            if place.thing in self._records:
                raise InputError(f"two places are called {place.thing!r}; give each its own name.")
            self._records[place.thing] = Record()
            for stream, channel in place.streams().items():
                self._parts.setdefault(stream, []).append(_Part(place.thing, channel))

    def take(self, readings: Iterable[Reading], *, now_us: int) -> None:
        """Take readings in, in any order; those of other datastreams, of the future or no numbers are passed over."""
        for reading in readings:
            for part in self._parts.get(reading.datastream, ()):
                if is_number(reading.result) and reading.phenomenon_us <= now_us + _AHEAD_US:
                    self._records[part.thing] = take(
                        self._records[part.thing], reading.phenomenon_us, part.channel, reading.result,
                        options=self._options,
                    )  # fmt: skip

    def due(self, now_us: int) -> list[Reading]:
        """Give the probability for each place and each hour that is over and was not yet told."""
        asked: list[tuple[str, Window]] = []
        for thing, record in self._records.items():
            self._records[thing], windows = due(record, now_us, options=self._options)
            asked += [(thing, window) for window in windows]
        if not asked:
            return []
        said = self._classifier.probability(np.stack([window.values for _, window in asked]))
        return [
            Reading(f"{thing}/{PROPERTY}", window.end_us, round(float(probability), 6))
            for (thing, window), probability in zip(asked, said, strict=True)
            if np.isfinite(probability)
        ]

    def memory(self) -> bytes:
        """All that is remembered."""
        return msgspec.msgpack.encode(self._records)

    def recall(self, memory: bytes) -> None:
        """Go on from what was remembered; places that are no longer watched are forgotten."""
        known = msgspec.msgpack.decode(memory, type=dict[str, Record])
        self._records.update({thing: record for thing, record in known.items() if thing in self._records})
