"""Calibration: offsets that make a sensor agree with a reference, kept in a file, added before anything else is done.

What is sent is the reading as calibrated, as of any instrument; each offset was reported when it was set, so that the
uncalibrated value can be worked out again.
"""

import math
import statistics
from collections import deque
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from highwall.core.errors import ConfigError, InputError
from highwall.edge.configuration import replace_file
from highwall.telemetry.messages import Reading

_N_RECENT: Final = 30
_N_LEAST: Final = 5
_MOST_SCATTER: Final = 0.2
"""Largest standard error of the mean of the readings, as a part of the offset, at which they still tell it."""


class Calibration:
    """Offsets of datastreams, and their last readings before the offset."""

    def __init__(self, path: Path) -> None:
        """Read the file, where there is one.

        Raises
        ------
        ConfigError
            It cannot be read.
        """
        self._path = path
        self._recent: dict[str, deque[float]] = {}
        try:
            self._offsets = msgspec.json.decode(path.read_bytes(), type=dict[str, float]) if path.exists() else {}
        except (OSError, msgspec.DecodeError) as error:
            raise ConfigError(f"calibration {path} cannot be read ({error}); delete it and calibrate again.") from error

    def apply(self, readings: Iterable[Reading]) -> list[Reading]:
        """Add to each number its offset."""
        return [self._applied(reading) for reading in readings]

    def calibrate(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Set the offset of a ``datastream`` so that its last readings agree with a ``reference`` [unit of the stream].

        Raises
        ------
        InputError
            The arguments make no sense, too little was heard of it, or it scatters more than the offset.
        """
        datastream, reference = arguments.get("datastream"), arguments.get("reference")
        if not isinstance(datastream, str) or not isinstance(reference, int | float) or isinstance(reference, bool):
            raise InputError("calibrate takes a datastream and a reference, a number in its unit.")
        recent = [value for value in list(self._recent.get(datastream, ())) if math.isfinite(value)]
        if len(recent) < _N_LEAST:
            raise InputError(f"{len(recent)} readings of {datastream!r} were heard; {_N_LEAST} are needed.")
        offset, scatter = reference - statistics.fmean(recent), statistics.stdev(recent) / len(recent) ** 0.5
        if scatter > _MOST_SCATTER * abs(offset):
            raise InputError(f"{datastream!r} scatters by {scatter:g}, too much for an offset of {offset:g}.")
        was = self._offsets.get(datastream, 0.0)
        self._offsets = {**self._offsets, datastream: offset}
        replace_file(self._path, msgspec.json.encode(self._offsets))
        return {"datastream": datastream, "offset": offset, "was": was, "n_readings": len(recent), "scatter": scatter}

    def _applied(self, reading: Reading) -> Reading:
        value = reading.result
        if not isinstance(value, int | float) or isinstance(value, bool):
            return reading
        self._recent.setdefault(reading.datastream, deque(maxlen=_N_RECENT)).append(value)
        offset = self._offsets.get(reading.datastream)
        return reading if offset is None else msgspec.structs.replace(reading, result=value + offset)
