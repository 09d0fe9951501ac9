"""Virtual sensors: what the neighbours of a sensor, now and a little before, lead to expect of it.

Each sensor of a group is estimated from the others by ridge regression on standardised values. All regressions come
from one correlation matrix, so that a neighbour that is silent or at fault is left out without being fitted again. How
far an estimate can be trusted is measured on runs of data held out, never on those that it was fitted to; it is trusted
less the further its neighbours are from all that was seen together. A sensor's own past is no input: it would follow
the sensor into its fault.

Source: Hoerl & Kennard 1970 (ridge); Darvishi et al. 2020 (virtual sensors for faults of a digital twin's sensors).
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from highwall.core.errors import InputError
from highwall.telemetry.virtual_options import VirtualOptions

_FEWEST_ROWS: Final = 100
"""Rows without a gap that a group needs to be learned from; source: chosen, 25 a fold."""
_STILL: Final = 1e-9
"""Spread, relative to the mean, below which a sensor says nothing."""
_DOUBTS: Final = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
"""Growth of the variance with the distance of the neighbours from what was seen, tried on runs held out."""
Floats = NDArray[np.float64]


class SensorGroup(msgspec.Struct, frozen=True):
    """What was learned about the sensors of a group; JSON as it stands."""

    sensors: tuple[str, ...]
    """Datastreams, in the order of every tuple below."""
    interval_s: float
    n_lags: int
    weak_rows: int
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    """Standard deviation, in the unit of each sensor."""
    correlation: tuple[tuple[float, ...], ...]
    """(feature, feature); features are the sensors' standardised values now, then one row before, and so on."""
    penalty: float
    skill: tuple[float, ...]
    """Share of each sensor's variance that its neighbours explain on runs held out; 0 where they explain none."""
    variance: tuple[float, ...]
    """Of each estimate whose neighbours are at their means, in variances of the sensor."""
    doubt: tuple[float, ...]
    """How that grows with the squared distance of the neighbours from what was seen [1]; at least as theory has it."""
    limit: tuple[float, ...]
    """Difference of one row that nothing held out reached, in standard errors."""
    weak_limit: tuple[float, ...]
    """The same of the average of rows that forgets."""


class Estimate(NamedTuple):
    """What neighbours lead to expect of a sensor."""

    value: float
    """In standard deviations from the sensor's mean."""
    error: float
    """Standard error, in the same."""


class _Solved(NamedTuple):
    """Ridge regression of one sensor on some of its neighbours; zeros stand for the features left out."""

    weights: Floats
    """(feature,)"""
    precision: Floats
    """(feature, feature): with it a row's squared distance from what was seen is worked out."""
    inflation: float
    """Variance, over that with all neighbours."""


class _Trial(NamedTuple):
    """What regressions said about runs that they did not see."""

    difference: Floats
    """(row, sensor), between sensor and estimate."""
    distance: Floats
    """(row, sensor), squared, of the neighbours from what was seen."""
    weak_difference: Floats
    weak_distance: Floats
    """The same of averages that forget."""


def fit_group(values: NDArray[Any], sensors: Sequence[str], options: VirtualOptions) -> SensorGroup:
    """Learn how the sensors of a group follow from one another.

    Parameters
    ----------
    values : (row, sensor)
        In SI units, rows at ``options.interval_s``; NaN is missing. Without faults and without a change of the ground:
        what happens here is what will be taken for usual.

    Raises
    ------
    InputError
        Fewer than three sensors, fewer than 100 rows without a gap, or a sensor that never changes.
    """
    _check(values, sensors)
    mean, scale = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    if (still := scale <= _STILL * np.abs(mean)).any():
        names = [name for name, is_still in zip(sensors, still, strict=True) if is_still]
        raise InputError(f"sensors {names} never change; leave them out of the group.")
    rows = _with_lags((values - mean) / scale, options.n_lags)
    rows = rows[np.isfinite(rows).all(axis=1)]
    if len(rows) < _FEWEST_ROWS:
        raise InputError(f"{len(rows)} rows without a gap; a group needs {_FEWEST_ROWS} to be learned.")
    trials = {penalty: _try(rows, len(sensors), penalty, options) for penalty in options.penalties}
    penalty = min(trials, key=lambda tried: float(np.mean(trials[tried].difference ** 2)))
    trial = trials[penalty]
    variance, doubt = _variance_model(trial)
    doubt = np.maximum(doubt, 1.0 / len(rows))
    return SensorGroup(
        tuple(sensors), options.interval_s, options.n_lags, options.weak_rows, _plain(mean), _plain(scale),
        tuple(_plain(row) for row in _moments(rows)), penalty,
        _plain(np.maximum(0.0, 1.0 - np.mean(trial.difference**2, axis=0))), _plain(variance), _plain(doubt),
        _plain(options.margin * _largest(trial.difference, trial.distance, variance, doubt)),
        _plain(options.margin * _largest(trial.weak_difference, trial.weak_distance, variance, doubt)),
    )  # fmt: skip


class VirtualSensors:
    """Estimates of a group, with the regressions solved once for each set of neighbours that speaks."""

    def __init__(self, group: SensorGroup) -> None:
        self.group = group
        self.index = {name: number for number, name in enumerate(group.sensors)}
        self._correlation = np.array(group.correlation)
        self._solved: dict[tuple[int, frozenset[int]], _Solved] = {}

    def estimate(self, features: Floats, sensor: int, absent: frozenset[int] = frozenset()) -> Estimate:
        """Estimate one sensor from the others but the absent ones.

        Parameters
        ----------
        features : (feature,)
            Standardised values, in the order of :attr:`SensorGroup.correlation`.
        """
        solved = self._solved.get((sensor, absent)) or self._solve(sensor, absent)
        distance = float(features @ solved.precision @ features)
        group = self.group
        variance = group.variance[sensor] * solved.inflation * (1.0 + group.doubt[sensor] * distance)
        return Estimate(float(solved.weights @ features), variance**0.5)

    def _solve(self, sensor: int, absent: frozenset[int]) -> _Solved:
        """Solve for a set of neighbours; its variance is the measured one, scaled as theory says for fewer of them."""
        features = _others(len(self.group.sensors), self.group.n_lags, absent | {sensor})
        weights, precision = _ridge(self._correlation, features, sensor, self.group.penalty)
        whole = weights
        if absent - {sensor}:
            all_others = _others(len(self.group.sensors), self.group.n_lags, frozenset({sensor}))
            whole, _ = _ridge(self._correlation, all_others, sensor, self.group.penalty)
        solved = _Solved(weights, precision, self._within(sensor, weights) / self._within(sensor, whole))
        self._solved[sensor, absent] = solved
        return solved

    def _within(self, sensor: int, weights: Floats) -> float:
        """Variance of the difference on the rows that the correlation was worked out from."""
        correlation = self._correlation
        cross = weights @ correlation[:, sensor]
        return max(float(correlation[sensor, sensor] - 2.0 * cross + weights @ correlation @ weights), _STILL)


def _check(values: NDArray[Any], sensors: Sequence[str]) -> None:
    if values.ndim != 2 or values.shape[1] != len(sensors):
        raise InputError(f"values of shape {values.shape} for {len(sensors)} sensors; give (row, sensor).")
    if len(sensors) < 3 or len(set(sensors)) < len(sensors):
        raise InputError(f"sensors {list(sensors)}: a group has three different ones or more.")


def _with_lags(values: NDArray[Any], n_lags: int) -> Floats:
    """(row, sensor) -> (row - n_lags, (n_lags + 1) * sensor), the present first."""
    n = len(values) - n_lags
    return np.concatenate([values[n_lags - lag : n_lags - lag + n] for lag in range(n_lags + 1)], axis=1)


def _others(n_sensors: int, n_lags: int, left_out: frozenset[int]) -> list[int]:
    """Features of the sensors that are not left out."""
    kept = [sensor for sensor in range(n_sensors) if sensor not in left_out]
    return [lag * n_sensors + sensor for lag in range(n_lags + 1) for sensor in kept]


def _moments(rows: Floats) -> Floats:
    """Second moments about the mean of the group: (feature, feature)."""
    return rows.T @ rows / len(rows)


def _ridge(moments: Floats, features: list[int], sensor: int, penalty: float) -> tuple[Floats, Floats]:
    """Weights of some features for a sensor, (feature,), and the inverse of their moments, (feature, feature)."""
    weights, precision = np.zeros(len(moments)), np.zeros(moments.shape)
    within = np.ix_(features, features)
    precision[within] = np.linalg.inv(moments[within] + penalty * np.eye(len(features)))
    weights[features] = precision[within] @ moments[features, sensor]
    return weights, precision


def _try(rows: Floats, n_sensors: int, penalty: float, options: VirtualOptions) -> _Trial:
    """Hold out one run of rows after the other, and estimate it by what the rest teaches."""
    trial = _Trial(*(np.empty((len(rows), n_sensors)) for _ in _Trial._fields))
    for fold in np.array_split(np.arange(len(rows)), options.n_folds):
        moments = _moments(np.delete(rows, fold, axis=0))
        average = _averaged(rows[fold], options.weak_rows)
        for sensor in range(n_sensors):
            others = _others(n_sensors, options.n_lags, frozenset({sensor}))
            weights, precision = _ridge(moments, others, sensor, penalty)
            for values, difference, distance in (
                (rows[fold], trial.difference, trial.distance),
                (average, trial.weak_difference, trial.weak_distance),
            ):
                difference[fold, sensor] = values[:, sensor] - values @ weights
                distance[fold, sensor] = np.einsum("ij,jk,ik->i", values, precision, values)
    return trial


def _averaged(rows: Floats, n_rows: int) -> Floats:
    """Average that forgets, along rows; it begins with the first one."""
    averages = np.empty_like(rows)
    average = rows[0]
    for number, row in enumerate(rows):
        average = average + (row - average) / n_rows
        averages[number] = average
    return averages


def _variance_model(trial: _Trial) -> tuple[Floats, Floats]:
    """Variance at no distance, and its growth with distance: the likeliest under a normal distribution, (sensor,)."""
    squares = trial.difference**2
    variances = np.array([np.mean(squares / (1.0 + doubt * trial.distance), axis=0) for doubt in _DOUBTS])
    variances = np.maximum(variances, _STILL)
    growth = np.array([np.mean(np.log(1.0 + doubt * trial.distance), axis=0) for doubt in _DOUBTS])
    best = np.argmin(np.log(variances) + growth, axis=0)
    return variances[best, np.arange(len(best))], np.array(_DOUBTS)[best]


def _largest(difference: Floats, distance: Floats, variance: Floats, doubt: Floats) -> Floats:
    """Largest difference in standard errors: (sensor,)."""
    return np.asarray((np.abs(difference) / np.sqrt(variance * (1.0 + doubt * distance))).max(axis=0))


def _plain(values: NDArray[Any]) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
