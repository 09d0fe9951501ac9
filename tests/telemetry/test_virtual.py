"""Virtual sensors: estimates that equal their definition, and errors that hold on data not seen."""

import msgspec
import numpy as np
import pytest

from highwall.core.errors import InputError
from highwall.telemetry.virtual import SensorGroup, VirtualSensors, fit_group
from highwall.telemetry.virtual_options import VirtualOptions

from .slope import NAMES, learned, movement


@pytest.fixture(scope="module")
def values():
    return movement(3000, seed=1)


@pytest.fixture(scope="module")
def virtual(values):
    return learned(values[:1500])


def standardised(virtual, values):
    return (values - np.array(virtual.group.mean)) / np.array(virtual.group.scale)


def features(virtual, values):
    rows = standardised(virtual, values)
    lags = virtual.group.n_lags
    return np.array([np.concatenate([rows[at - lag] for lag in range(lags + 1)]) for at in range(lags, len(rows))])


def test_estimate_is_the_ridge_regression_of_its_definition(virtual, values):
    rows = features(virtual, values[:1500])
    others = [feature for feature in range(rows.shape[1]) if feature % 5 != 2]
    x, y = rows[:, others], rows[:, 2]
    penalty = virtual.group.penalty * len(rows)
    weights = np.linalg.solve(x.T @ x + penalty * np.eye(len(others)), x.T @ y)
    for row in rows[::300]:
        assert virtual.estimate(row, 2).value == pytest.approx(row[others] @ weights, abs=1e-8)


def test_a_sensor_does_not_hear_itself_nor_the_absent(virtual, values):
    row = features(virtual, values[1500:1510])[0]
    loud = row.copy()
    loud[[2, 7, 12]] += 100.0  # sensor 2, now and before
    loud[[4, 9, 14]] -= 50.0  # sensor 4
    assert virtual.estimate(loud, 2, frozenset({4})) == virtual.estimate(row, 2, frozenset({4}))
    assert virtual.estimate(loud, 1).value != pytest.approx(virtual.estimate(row, 1).value)


def test_errors_hold_on_rows_not_seen(virtual, values):
    rows = features(virtual, values[1500:])
    estimates = [[virtual.estimate(row, sensor) for sensor in range(5)] for row in rows]
    strange = np.array(
        [[(row[s] - one[s].value) / one[s].error for s in range(5)] for row, one in zip(rows, estimates, strict=True)]
    )
    # χ²/n of 1500 rows: 1 ± 0.04 if nothing wandered; the ground wanders beyond what half the record has shown.
    assert np.all(np.abs(np.mean(strange**2, axis=0) - 1.0) < 0.35)


def test_estimates_are_trusted_less_far_from_what_was_seen(virtual):
    near, far = np.zeros(15), np.zeros(15)
    far[0], far[1] = 6.0, -6.0  # two that always moved alike
    assert virtual.estimate(far, 3).error > 1.5 * virtual.estimate(near, 3).error


def test_fewer_neighbours_make_a_larger_error(virtual):
    row = np.zeros(15)
    errors = [virtual.estimate(row, 0, frozenset(range(1, k))).error for k in range(1, 5)]
    assert errors == sorted(errors)
    assert errors[-1] > 1.2 * errors[0]


def test_unrelated_sensors_have_no_skill():
    random = np.random.default_rng(0)
    group = fit_group(random.normal(size=(800, 3)), ("a/x", "b/x", "c/x"), VirtualOptions())
    assert max(group.skill) < 0.05


def test_related_sensors_have_skill(virtual):
    assert min(virtual.group.skill) > 0.9


def test_nothing_held_out_exceeds_the_limits(virtual):
    assert all(3.0 < limit < 10.0 for limit in virtual.group.limit)
    assert all(0.3 < limit < 4.0 for limit in virtual.group.weak_limit)


def test_a_group_is_json(virtual):
    again = msgspec.json.decode(msgspec.json.encode(virtual.group), type=SensorGroup)
    assert again == virtual.group
    row = np.linspace(-1.0, 1.0, 15)
    assert VirtualSensors(again).estimate(row, 1) == virtual.estimate(row, 1)


def test_gaps_are_left_out(values):
    holey = values[:1500].copy()
    holey[::50, 1] = np.nan
    group = fit_group(holey, NAMES, VirtualOptions())
    assert min(group.skill) > 0.9


@pytest.mark.parametrize(
    ("shape", "names", "message"),
    [
        ((200, 2), ("a/x", "b/x"), "three different"),
        ((200, 3), ("a/x", "a/x", "b/x"), "three different"),
        ((200, 3), ("a/x", "b/x"), "give \\(row, sensor\\)"),
        ((50, 3), ("a/x", "b/x", "c/x"), "needs 100"),
    ],
)
def test_what_cannot_be_a_group_is_refused(shape, names, message):
    with pytest.raises(InputError, match=message):
        fit_group(np.random.default_rng(0).normal(size=shape), names, VirtualOptions())


def test_a_sensor_that_never_changes_is_named():
    values = np.random.default_rng(0).normal(size=(200, 3))
    values[:, 1] = 7.0
    with pytest.raises(InputError, match="b/x"):
        fit_group(values, ("a/x", "b/x", "c/x"), VirtualOptions())
