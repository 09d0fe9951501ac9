"""Aggregation: of quick datastreams only the mean over some seconds is sent, and of vectors the largest as well.

A stretch is over when a reading of the next one comes. A sensor may fall silent, or its clock stand still: then the
gateway's clock ends it. What is going on outlives the process, all but its last second.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Self

import msgspec

from highwall.telemetry.messages import Reading, Result
from highwall.telemetry.observed import stream_name

PEAK: Final = "peak"
"""Qualifier of the largest vector of a stretch."""
_LATE_US: Final = 10_000_000
"""How much longer than its length a stretch may take by the gateway's clock: readings may be on the way for so long."""
_KEPT_US: Final = 1_000_000
"""What is going on is written down so often: so much of a mean a kill may cost."""
_S: Final = 1_000_000


class Stretch(msgspec.Struct, frozen=True):
    """What was gathered of one datastream."""

    number: int
    """How many whole stretches lie before it, in the time of the readings."""
    width: int
    """Length of the vectors; 0: they are numbers."""
    began_us: int
    """When its first reading came, by the gateway's clock."""
    last_us: int = 0
    """Time of its last reading."""
    n: int = 0
    total: tuple[float, ...] = ()
    peak: tuple[float, ...] = ()

    def with_reading(self, at_us: int, parts: tuple[float, ...]) -> Self:
        """Take a reading in."""
        total = tuple(map(sum, zip(self.total, parts, strict=True))) if self.n else parts
        peak = parts if math.hypot(*parts) > math.hypot(*self.peak) or not self.n else self.peak
        return msgspec.structs.replace(self, last_us=at_us, n=self.n + 1, total=total, peak=peak)

    def summed_up(self, datastream: str) -> Iterator[Reading]:
        """Give its mean, and of vectors the largest."""
        mean = [part / self.n for part in self.total]
        if not self.width:
            yield Reading(datastream, self.last_us, mean[0])
            return
        yield Reading(datastream, self.last_us, mean)
        yield Reading(f"{datastream}/{PEAK}", self.last_us, list(self.peak))


class Means:
    """Stretches of whole multiples of their length, in the time of the readings, which are going on.

    :meth:`memory` and :meth:`recall` carry them over a kill.
    """

    def __init__(self, over_s: Mapping[str, float]) -> None:
        self._over_us = _in_us(over_s)
        self._going: dict[str, Stretch] = {}
        self._kept_us: dict[str, int] = {}
        self._changed: set[str] = set()

    def take(self, readings: Iterable[Reading], now_us: int) -> Iterator[Reading]:
        """Give what is to be sent: other datastreams as they come, means when their stretch is over."""
        for reading in readings:
            over_us, parts = self._length_us(reading.datastream), _parts(reading.result)
            if over_us and parts:
                yield from self._gather(reading, parts, number=reading.phenomenon_us // over_us, now_us=now_us)
            else:
                yield reading
        for datastream, going in list(self._going.items()):
            over_us = self._length_us(datastream)
            if not over_us or not 0 <= now_us - going.began_us < over_us + _LATE_US:
                yield from self._ended(datastream)

    def finish(self) -> Iterator[Reading]:
        """Give the means of what is going on, as when the gateway stops."""
        for datastream in list(self._going):
            yield from self._ended(datastream)

    def change(self, over_s: Mapping[str, float]) -> list[Reading]:
        """Go on over other times; gives the means that were going on."""
        left = list(self.finish())
        self._over_us = _in_us(over_s)
        return left

    def memory(self) -> dict[str, bytes]:
        """What must be kept together with what was given, by datastream; empty: it is over."""
        changed, self._changed = self._changed, set()
        going = self._going
        return {name: msgspec.msgpack.encode(going[name]) if name in going else b"" for name in changed}

    def recall(self, memory: Mapping[str, bytes]) -> None:
        """Go on from what was kept."""
        decode = msgspec.msgpack.Decoder(Stretch).decode
        self._going.update((datastream, decode(kept)) for datastream, kept in memory.items())

    def _gather(self, reading: Reading, parts: tuple[float, ...], *, number: int, now_us: int) -> Iterator[Reading]:
        datastream, width = reading.datastream, len(parts) if isinstance(reading.result, list) else 0
        going = self._going.get(datastream)
        if going is not None and (going.number, going.width) != (number, width):
            yield from self._ended(datastream)
            going = None
        if going is None or not 0 <= now_us - self._kept_us.get(datastream, 0) < _KEPT_US:
            self._changed.add(datastream)
            self._kept_us[datastream] = now_us
        going = going or Stretch(number, width, now_us)
        self._going[datastream] = going.with_reading(reading.phenomenon_us, parts)

    def _ended(self, datastream: str) -> Iterator[Reading]:
        self._changed.add(datastream)
        self._kept_us.pop(datastream, None)
        yield from self._going.pop(datastream).summed_up(datastream)

    def _length_us(self, datastream: str) -> int:
        """How long stretches of a datastream are; 0: it is sent as it comes."""
        return self._over_us.get(stream_name(datastream).observed, 0)


def _in_us(over_s: Mapping[str, float]) -> dict[str, int]:
    return {observed: round(seconds * _S) for observed, seconds in over_s.items()}


def _parts(result: Result) -> tuple[float, ...]:
    """Numbers of a result; empty: it is none."""
    if isinstance(result, list):
        return tuple(result)
    return (float(result),) if isinstance(result, int | float) and not isinstance(result, bool) else ()
