"""Series of sensors with labelled faults, and without, as the quality control benchmarks take them."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from harness import SHARED
from highwall.telemetry.logger_units import STATIONS, air_pressure, convert_lines

SENSORS = SHARED / "data" / "sensors"
NAB = ("machine_temperature_system_failure", "ambient_temperature_system_failure")
_NAB_FILES = SENSORS / "nab"
_USGS_FILES = {"ls-a": "waWatertonA", "vh": "waMVD116", "ls-b": "waWatertonB"}
_SKAB_CHANNELS = {
    "Accelerometer1RMS": ("vibration/1", 1.0, 0.0),
    "Accelerometer2RMS": ("vibration/2", 1.0, 0.0),
    "Current": ("current", 1.0, 0.0),
    "Pressure": ("pressure", 1e5, 0.0),
    "Temperature": ("temperature/body", 1.0, 273.15),
    "Thermocouple": ("temperature/fluid", 1.0, 273.15),
    "Voltage": ("voltage", 1.0, 0.0),
    "Volume Flow RateRMS": ("flow", 1e-3 / 60.0, 0.0),
}
"""Datastream of each channel, and what turns it into SI units."""
_SETTLE_US = 600_000_000
"""Ten minutes: no experiment of SKAB goes on for longer once its fault has ended."""


class Series(NamedTuple):
    """Readings of some sensors at the same times, and where something was wrong."""

    name: str
    sensors: tuple[str, ...]
    times_us: np.ndarray
    """(time,)"""
    values: np.ndarray
    """(time, sensor), SI units."""
    windows: tuple[tuple[int, int], ...]
    """From and until when something was wrong [µs]."""
    n_learn: int
    """Readings at the beginning that may be learned from and are not scored."""
    settle_us: int = 0
    """After a fault has ended: neither fault nor normal."""


def nab(name: str) -> Series:
    """One series of the Numenta Anomaly Benchmark; as there, the first 15 % are not scored."""
    rows = _rows(_NAB_FILES / "data" / "realKnownCause" / f"{name}.csv", ",")[1:]
    times_us = _times([row[0] for row in rows])
    fahrenheit = np.array([float(row[1]) for row in rows])
    labels = json.loads((_NAB_FILES / "labels" / "combined_windows.json").read_text())[f"realKnownCause/{name}.csv"]
    windows = tuple((int(first), int(last)) for first, last in (_times(pair) for pair in labels))
    kelvin = (fahrenheit + 459.67) * 5.0 / 9.0
    return Series(name, (f"{name}/temperature",), times_us, kelvin[:, None], windows, int(0.15 * len(kelvin)))


def nab_scores(name: str) -> dict[str, np.ndarray]:
    """Scores that the benchmark publishes of its detectors, by name: (time,)."""
    paths = sorted((_NAB_FILES / "results").glob(f"*/realKnownCause/*{name}.csv"))
    return {path.parts[-3]: np.array([float(row[2]) for row in _rows(path, ",")[1:]]) for path in paths}


def skab() -> Iterator[Series]:
    """Every experiment of the Skoltech Anomaly Benchmark; as there, the first 400 rows are for learning."""
    for path in sorted((SENSORS / "skab" / "data").glob("*/*.csv")):
        if path.parent.name != "anomaly-free":
            yield _rig(path)


def rig_without_faults() -> Series:
    """The benchmark's long run without faults."""
    return _rig(SENSORS / "skab" / "data" / "anomaly-free" / "anomaly-free.csv")


def slopes() -> Series:
    """All channels of the three slopes at Mukilteo, two weeks at 15 minutes; nobody has labelled faults."""
    air: dict[int, float] = {}
    columns: dict[str, list[float]] = {}
    for thing, file in _USGS_FILES.items():
        text = (SENSORS / "usgs-mukilteo" / "data" / "RALHS" / f"{file}_14d.txt").read_text()
        readings = convert_lines(text.splitlines(), STATIONS[thing], air=air).readings
        air = air or air_pressure(readings)
        for reading in readings:
            columns.setdefault(reading.datastream, []).append(float(reading.result))
    times_us = np.array(sorted(air))
    return Series("Mukilteo", tuple(columns), times_us, np.array(list(columns.values())).T, (), 0)


def chosen(series: Series, sensors: list[str]) -> Series:
    """Keep some sensors of a series."""
    kept = [series.sensors.index(sensor) for sensor in sensors]
    return series._replace(sensors=tuple(sensors), values=series.values[:, kept])


def _rig(path: Path) -> Series:
    rows = _rows(path, ";")
    names = list(_SKAB_CHANNELS)
    columns = [rows[0].index(name) for name in names]
    scale = np.array([_SKAB_CHANNELS[name][1] for name in names])
    offset = np.array([_SKAB_CHANNELS[name][2] for name in names])
    values = np.array([[float(row[column]) for column in columns] for row in rows[1:]]) * scale + offset
    times_us = _times([row[0] for row in rows[1:]])
    is_wrong = np.zeros(len(times_us), bool)
    if "anomaly" in rows[0]:
        is_wrong = np.array([float(row[rows[0].index("anomaly")]) > 0 for row in rows[1:]])
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_wrong, [False]]).astype(int))).reshape(-1, 2)
    windows = tuple((int(times_us[first]), int(times_us[last - 1])) for first, last in edges)
    sensors = tuple(f"rig/{_SKAB_CHANNELS[name][0]}" for name in names)
    return Series(f"{path.parent.name}/{path.stem}", sensors, times_us, values, windows, 400, _SETTLE_US)


def _rows(path: Path, delimiter: str) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter=delimiter))


def _times(texts: list[str]) -> np.ndarray:
    return np.array([text.partition(".")[0] for text in texts], dtype="datetime64[us]").astype(np.int64)
