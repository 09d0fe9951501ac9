"""Our detectors on series, at one severity after the other: every limit of the options times the same factor."""

import numpy as np

from highwall.telemetry.isolation import consult, start
from highwall.telemetry.messages import Reading
from highwall.telemetry.qc import NEW, Agreement, Flag, judge
from highwall.telemetry.qc_options import QcOptions, options_for
from highwall.telemetry.virtual import VirtualSensors, fit_group
from highwall.telemetry.virtual_options import VirtualOptions
from telemetry_qc_series import Series

FACTORS = np.geomspace(0.35, 5.6, 13)
"""Of the limits that are tried."""
GROUP_FACTORS = (1.0, 1.4, 2.0)
_SCALED = ("spike_factor", "noise_factor", "drift_factor")
_LEAST = 1.01


def scaled(options: QcOptions, factor: float) -> QcOptions:
    """Widen or narrow the limits that a series itself sets."""
    given = {name: getattr(options, name) for name in _SCALED}
    return options.model_copy(
        update={name: max(_LEAST, limit * factor) for name, limit in given.items() if limit is not None}
    )


def flags(series: Series, *, factor: float = 1.0) -> np.ndarray:
    """Flag of every reading: (time, sensor)."""
    table = np.zeros(series.values.shape, int)
    times_us = series.times_us.tolist()
    for number, sensor in enumerate(series.sensors):
        options, state = scaled(options_for(sensor), factor), NEW
        for row, (time_us, value) in enumerate(zip(times_us, series.values[:, number].tolist(), strict=True)):
            verdict = judge(state, Reading(sensor, time_us, value), options=options)
            state = verdict.state
            table[row, number] = verdict.flag
    return table


def alarms(series: Series, *, factor: float = 1.0) -> np.ndarray:
    """Whether any sensor is suspect or worse: (time,)."""
    return np.isin(flags(series, factor=factor), (Flag.SUSPECT, Flag.FAIL)).any(axis=1)


def departures(series: Series, *, factor: float = 1.0) -> np.ndarray:
    """Whether the sensors of a series leave what they led one another to expect in its first part: (time,)."""
    start_values = series.values[: series.n_learn]
    changing = np.flatnonzero(start_values.std(axis=0) > 0.0)
    sensors = [series.sensors[sensor] for sensor in changing]
    interval_s = float(np.median(np.diff(series.times_us))) * 1e-6
    group = fit_group(start_values[:, changing], sensors, VirtualOptions(interval_s=interval_s))
    virtual = VirtualSensors(_widened(group, factor))
    state, alarm = start(group), np.zeros(len(series.values), bool)
    for row, time_us in enumerate(series.times_us.tolist()):
        for number, sensor in zip(changing, sensors, strict=True):
            opinion, state = consult(virtual, state, Reading(sensor, time_us, float(series.values[row, number])))
            alarm[row] |= opinion.agreement >= Agreement.LONE
    return alarm


def _widened(group, factor):
    limits = {name: tuple(factor * limit for limit in getattr(group, name)) for name in ("limit", "weak_limit")}
    return type(group)(**{name: limits.get(name, getattr(group, name)) for name in group.__struct_fields__})
