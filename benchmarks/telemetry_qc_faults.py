"""Faults put into series of sensors that stand together, and changes of the ground: who is told from whom?"""

from typing import NamedTuple

import numpy as np

from highwall.telemetry.isolation import consult, start
from highwall.telemetry.messages import Reading
from highwall.telemetry.qc import Agreement
from highwall.telemetry.virtual import VirtualSensors, fit_group
from highwall.telemetry.virtual_options import VirtualOptions
from telemetry_qc_series import Series

KINDS = ("bias", "drift", "noise", "stuck")
SIZES = (3.0, 6.0, 12.0)
"""Of faults, in standard errors of the virtual sensor."""
_BEGIN = 96
"""Rows before a fault begins: a day."""
_T0 = 1_600_000_000_000_000


class Found(NamedTuple):
    """What became of one kind of fault."""

    n_found: int
    n_faults: int
    n_others: int
    """Faults during which another sensor was called alone that was not so without the fault."""
    median_rows: float
    """Until it was found, of those found."""


def simulated_slope(seed: int, *, n: int = 4000, n_sensors: int = 6) -> Series:
    """Extensometers on one slope: wandering ground, a day's warmth, noise of 0.1 mm [m]. Simulated."""
    random = np.random.default_rng(seed)
    wandering = np.zeros(n)
    for row in range(1, n):
        wandering[row] = 0.998 * wandering[row - 1] + random.normal(0.0, 2e-4)
    day = 3e-4 * np.sin(2.0 * np.pi * np.arange(n) / 96.0)
    share = random.uniform(0.5, 1.5, (2, n_sensors))
    values = np.outer(wandering, share[0]) + np.outer(day, share[1]) + random.normal(0.0, 1e-4, (n, n_sensors))
    sensors = tuple(f"ext-{number}/displacement" for number in range(n_sensors))
    return Series(f"simulated slope {seed}", sensors, _T0 + 900_000_000 * np.arange(n), values, (), 0)


def learned(series: Series, share: float) -> tuple[VirtualSensors, np.ndarray]:
    """Virtual sensors of the first share of a series, and the rest of it."""
    cut = int(share * len(series.values))
    group = fit_group(series.values[:cut], series.sensors, VirtualOptions())
    return VirtualSensors(group), series.values[cut:]


def agreements(virtual: VirtualSensors, values: np.ndarray) -> np.ndarray:
    """What the neighbours say about each reading: (row, sensor)."""
    state, table = start(virtual.group), np.zeros(values.shape, int)
    interval_us = round(virtual.group.interval_s * 1e6)
    for row, line in enumerate(values):
        for sensor, value in enumerate(line):
            reading = Reading(virtual.group.sensors[sensor], _T0 + row * interval_us + sensor, float(value))
            opinion, state = consult(virtual, state, reading)
            table[row, sensor] = opinion.agreement
    return table


def with_fault(values: np.ndarray, sensor: int, *, kind: str, size: float) -> np.ndarray:
    """Put a fault into one sensor, from the end of the first day on; ``size`` in the sensor's unit."""
    faulty = values.copy()
    n = len(values) - _BEGIN
    if kind == "stuck":
        faulty[_BEGIN:, sensor] = faulty[_BEGIN, sensor]
        return faulty
    faulty[_BEGIN:, sensor] += {
        "bias": np.full(n, size),
        "drift": np.linspace(0.0, size, n),
        "noise": np.random.default_rng(sensor).normal(0.0, size, n),
    }[kind]
    return faulty


def isolated(virtual: VirtualSensors, values: np.ndarray, *, kind: str, size: float, min_skill: float = 0.5) -> Found:
    """Put a fault into each sensor that its neighbours can stand in for, one at a time, and see who is called alone."""
    group = virtual.group
    before = (agreements(virtual, values) == Agreement.LONE).any(axis=0)
    rows, n_others, n_faults = [], 0, 0
    for sensor in range(len(group.sensors)):
        if group.skill[sensor] < min_skill:
            continue
        unit = group.variance[sensor] ** 0.5 * group.scale[sensor]
        lone = agreements(virtual, with_fault(values, sensor, kind=kind, size=size * unit)) == Agreement.LONE
        n_faults += 1
        n_others += bool((np.delete(lone[_BEGIN:].any(axis=0) & ~before, sensor)).any())
        if lone[_BEGIN:, sensor].any():
            rows.append(int(np.argmax(lone[_BEGIN:, sensor])))
    return Found(len(rows), n_faults, n_others, float(np.median(rows)) if rows else float("nan"))


def moved(values: np.ndarray, sensors: slice, *, size: float) -> np.ndarray:
    """Let the ground under some sensors accelerate to ``size`` of their spreads, from the end of the first day on."""
    later = np.linspace(0.0, 1.0, len(values) - _BEGIN)[:, None] ** 2
    changed = values.copy()
    changed[_BEGIN:, sensors] += later * size * values.std(axis=0)[sensors]
    return changed
