"""`highwall simulate telemetry`: a simulated pit's readings as a file, the truth beside them, and a picture."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, Protocol

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from highwall.core.checks import nearest_name
from highwall.core.errors import InputError
from highwall.io.aside import aside, write_text
from highwall.report.telemetry import WORN_AFTER_S, WORN_BEFORE_S, TelemetryHeard, Track, telemetry_sheet
from highwall.telemetry.messages import Event, Reading
from highwall.twin.simulator import Batch, Scenario, Simulation, SimulationOptions, simulate, truth_of
from highwall.twin.simulator.ground import SENSORS

Format = Literal["parquet", "jsonl"]
SCHEMA: Final = pa.schema(
    [
        ("gateway", pa.dictionary(pa.int8(), pa.string())),
        ("datastream", pa.dictionary(pa.int16(), pa.string())),
        ("phenomenon_us", pa.int64()),
        ("arrives_us", pa.int64()),
        ("value", pa.float64()),
        ("vector", pa.list_(pa.field("element", pa.float64()))),
    ],
    metadata={"simulated": "yes"},
)
"""Of the readings: SI; a vector has no value, and a value no vector; missing ones have neither."""
_STEP_S: Final = 60.0
_GROUP: Final = 200_000
"""Readings in a row group."""


class WrittenTelemetry(NamedTuple):
    """What was written."""

    readings: Path
    events: Path
    truth: Path
    picture: Path
    n_readings: int


_KEYS: Final = {"gateway": "g", "arrives_us": "a", "datastream": "d", "phenomenon_us": "t", "result": "r"}


class _Line(msgspec.Struct, rename=_KEYS):
    """A reading as a line of JSON."""

    gateway: str
    arrives_us: int
    datastream: str
    phenomenon_us: int
    result: Any


class _Writer(Protocol):
    def write(self, gateway: str, arrives_us: int, readings: tuple[Reading, ...]) -> None:
        """Write what arrives together."""


def simulate_telemetry(
    out: Path,
    *,
    options: SimulationOptions | None = None,
    start_us: int = 1_767_225_600_000_000,
    form: Format = "parquet",
    advance: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> WrittenTelemetry:
    """Write a simulated pit's readings, events, truth and picture into a folder.

    Parameters
    ----------
    start_us
        When it starts [µs since 1970 UTC]; by default the beginning of 2026.
    form
        Of the readings: Parquet, or a JSON object a line.

    Raises
    ------
    OutputError
        The folder cannot be written.
    """
    simulation = simulate(options)
    readings, listener = out / f"readings.{form}", _Listener(simulation, start_us)
    with _writer(readings, form) as writer:
        for batch in simulation.play(start_us, step_s=_STEP_S):
            arrives_s = simulation.script.arrives_s(batch.gateway, batch.until_s)
            writer.write(batch.gateway, start_us + round(arrives_s * 1e6), batch.readings)
            listener.hear(batch, arrives_s)
            advance("minutes of telemetry", int(batch.until_s // 60), int(simulation.options.duration_s // 60))
    lines = "".join(msgspec.json.encode(event).decode() + "\n" for event in listener.events)
    truth = json.dumps(truth_of(simulation, start_us=start_us), indent=1) + "\n"
    picture = out / "telemetry.png"
    with aside(picture) as temporary:
        temporary.write_bytes(telemetry_sheet(simulation, listener.heard()))
    return WrittenTelemetry(
        readings, write_text(lines, out / "events.jsonl"), write_text(truth, out / "truth.json"), picture, listener.n
    )


def scenarios_of(names: Sequence[str]) -> tuple[Scenario, ...]:
    """Read the names of scenarios; ``all`` is every one.

    Raises
    ------
    InputError
        There is none of a name.
    """
    if "all" in names:
        return tuple(Scenario)
    known = [scenario.value for scenario in Scenario]
    for name in names:
        if name not in known:
            near = nearest_name(name, known)
            raise InputError(f"scenario {name!r} is not known{near}; there are {', '.join(known)} and all.")
    return tuple(dict.fromkeys(Scenario(name) for name in names))


class _Listener:
    """Keeps what the picture needs of all that passes by."""

    def __init__(self, simulation: Simulation, start_us: int) -> None:
        n_minutes = int(np.ceil(simulation.options.duration_s / 60.0))
        self._start_us = start_us
        self._sensed, self._arrived = np.zeros(n_minutes), np.zeros(n_minutes)
        self._kept: dict[str, list[Reading]] = defaultdict(list)
        self._names = {sensor.datastream for sensor in SENSORS}
        self._worn, self._from_s = _first_fallen(simulation)
        self.events: list[Event] = []
        self.n = 0

    def hear(self, batch: Batch, arrives_s: float) -> None:
        """Take what arrives together."""
        n = len(batch.readings)
        self.n += n
        self.events += batch.events
        self._sensed[int(batch.until_s / 60.0 - 1e-6)] += n
        self._arrived[min(int(arrives_s / 60.0 - 1e-6), len(self._arrived) - 1)] += n
        for reading in batch.readings:
            if reading.datastream in self._names:
                self._kept[reading.datastream].append(reading)
            elif reading.datastream == self._worn and self._is_near(reading):
                self._kept[self._worn].append(reading)

    def heard(self) -> TelemetryHeard:
        """All that was kept, for the picture."""
        worn = self._kept.get(self._worn)
        ground = {name: self._track(self._kept[name]) for name in self._names}
        return TelemetryHeard(ground, self._track(worn) if worn else None, self._sensed, self._arrived)

    def _is_near(self, reading: Reading) -> bool:
        since = (reading.phenomenon_us - self._start_us) / 1e6 - self._from_s
        return -WORN_BEFORE_S <= since <= WORN_AFTER_S

    def _track(self, readings: list[Reading]) -> Track:
        seconds = np.array([reading.phenomenon_us - self._start_us for reading in readings], dtype=np.float64) / 1e6
        return Track(seconds, np.array([reading.result for reading in readings], dtype=np.float64))


def _first_fallen(simulation: Simulation) -> tuple[str, float]:
    """Datastream of the first person to whom something happens, and when; an empty name without one."""
    for incident in simulation.script.incidents[:1]:
        tag = next(b.tag_id for b in simulation.layout.bearers if b.asset_id == incident.asset_id)
        return f"{tag}/acceleration", incident.at_s
    return "", 0.0


@contextmanager
def _writer(path: Path, form: Format) -> Iterator[_Writer]:
    with aside(path) as temporary:
        if form == "jsonl":
            with temporary.open("wb") as file:
                yield _Lines(file)
        else:
            with pq.ParquetWriter(temporary, SCHEMA, compression="zstd") as file:
                rows = _Rows(file)
                yield rows
                rows.flush()


class _Lines:
    """Readings as JSON, one a line."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, gateway: str, arrives_us: int, readings: tuple[Reading, ...]) -> None:
        for one in readings:
            line = _Line(gateway, arrives_us, one.datastream, one.phenomenon_us, one.result)
            self._file.write(msgspec.json.encode(line) + b"\n")


class _Rows:
    """Readings as row groups of Parquet."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._rows: list[tuple[Any, ...]] = []

    def write(self, gateway: str, arrives_us: int, readings: tuple[Reading, ...]) -> None:
        for one in readings:
            value, vector = (None, one.result) if isinstance(one.result, list) else (one.result, None)
            self._rows.append((gateway, one.datastream, one.phenomenon_us, arrives_us, value, vector))
        if len(self._rows) >= _GROUP:
            self.flush()

    def flush(self) -> None:
        """Write what was gathered."""
        if self._rows:
            columns = zip(*self._rows, strict=True)
            arrays = [pa.array(column, kind.type) for column, kind in zip(columns, SCHEMA, strict=True)]
            self._file.write_table(pa.Table.from_arrays(arrays, schema=SCHEMA))
        self._rows = []
