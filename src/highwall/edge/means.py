"""Aggregation: of quick datastreams only the mean over some seconds is sent, and of vectors the largest as well."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from highwall.telemetry.messages import Reading
from highwall.telemetry.observed import stream_name

PEAK: Final = "peak"
"""Qualifier of the largest vector of a stretch."""
_S: Final = 1_000_000


class Means:
    """Stretches of whole multiples of their length, in the time of the readings, which are going on."""

    def __init__(self, over_s: Mapping[str, float]) -> None:
        self._over_us = {observed: round(seconds * _S) for observed, seconds in over_s.items()}
        self._going: dict[str, list[Reading]] = {}

    def take(self, readings: Iterable[Reading]) -> Iterator[Reading]:
        """Give what is to be sent: other datastreams as they come, means when their stretch is over."""
        for reading in readings:
            over_us = self._over_us.get(stream_name(reading.datastream).observed)
            if (
                over_us is None
                or not isinstance(reading.result, int | float | list)
                or isinstance(reading.result, bool)
            ):
                yield reading
                continue
            going = self._going.setdefault(reading.datastream, [])
            if going and reading.phenomenon_us // over_us != going[0].phenomenon_us // over_us:
                yield from _summed_up(going)
                going.clear()
            going.append(reading)

    def finish(self) -> Iterator[Reading]:
        """Give the means of what is going on, as when the options change or the gateway stops."""
        for going in self._going.values():
            yield from _summed_up(going)
        self._going.clear()


def _summed_up(going: list[Reading]) -> Iterator[Reading]:
    if not going:
        return
    last = going[-1]
    vectors = [reading.result for reading in going if isinstance(reading.result, list)]
    if vectors:
        alike = [vector for vector in vectors if len(vector) == len(vectors[0])]
        mean = [sum(parts) / len(alike) for parts in zip(*alike, strict=True)]
        yield Reading(last.datastream, last.phenomenon_us, mean)
        peak = max(vectors, key=lambda vector: sum(part * part for part in vector))
        yield Reading(f"{last.datastream}/{PEAK}", last.phenomenon_us, peak)
        return
    numbers = [float(reading.result) for reading in going if isinstance(reading.result, int | float)]
    yield Reading(last.datastream, last.phenomenon_us, sum(numbers) / len(numbers))
