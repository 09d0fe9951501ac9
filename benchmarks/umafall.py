"""Trials of UMAFall: two people with a phone in the pocket and tags on chest, waist, wrist and ankle."""

import gzip
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from highwall.telemetry.acceleration import GRAVITY, Second, gather, summed_up

POSITIONS = ("pocket", "chest", "waist", "wrist", "ankle")
"""In the order of the files' sensor ids; the phone in the pocket gives 200 samples a second, the others 20."""
_NAME = re.compile(r"UMAFall_Subject_(\d+)_(ADL|Fall)_(.+)_(\d+)_\d{4}-")
_TIME_MS, _SENSOR_TYPE, _SENSOR_ID = 0, 5, 6
_AXES = slice(2, 5)
_ACCELEROMETER = 0


@dataclass(frozen=True)
class Trial:
    """One recorded movement."""

    subject: str
    movement: str
    is_fall: bool
    seconds: dict[str, list[Second]]
    """By position; a position that was not recorded is absent."""
    duration_s: float


def read_trials(folder: Path) -> list[Trial]:
    """Every trial of a folder."""
    return [_read(path) for path in sorted(folder.glob("UMAFall_*.csv.gz"))]


def _read(path: Path) -> Trial:
    subject, kind, movement, _ = _NAME.match(path.name).groups()
    with gzip.open(path, "rt", encoding="utf-8", errors="replace") as file:
        rows = np.array([line.split(";")[:7] for line in file if line[0].isdigit()], dtype=np.float64)
    felt = rows[rows[:, _SENSOR_TYPE] == _ACCELEROMETER]
    seconds = {}
    for number, position in enumerate(POSITIONS):
        samples = felt[felt[:, _SENSOR_ID] == number]
        if len(samples):
            seconds[position] = _seconds(samples)
    return Trial(subject, movement, kind == "Fall", seconds, float(np.ptp(felt[:, _TIME_MS])) / 1000.0)


def _seconds(samples: np.ndarray) -> list[Second]:
    gathering, found = None, []
    for time_ms, (x, y, z) in zip(samples[:, _TIME_MS], samples[:, _AXES] * GRAVITY, strict=True):
        gathering, second = gather(gathering, int(time_ms) * 1000, (x, y, z))
        found += [second] if second else []
    last = summed_up(gathering)
    return found + ([last] if last else [])
