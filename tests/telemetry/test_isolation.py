"""Which sensor is wrong, or whether the ground has changed: on a simulated slope with faults put into it."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from highwall.telemetry.isolation import GroupState, consult, start
from highwall.telemetry.messages import Reading
from highwall.telemetry.qc import Agreement
from highwall.telemetry.virtual_options import NeighbourOptions

from .slope import INTERVAL_US, NAMES, NOISE, T0, learned, movement, opinions, readings_of

AT = 100
"""Row at which faults begin."""


@pytest.fixture(scope="module")
def virtual():
    return learned(movement(2000, seed=2))


@pytest.fixture(scope="module")
def healthy():
    return movement(400, seed=3)


def agreements(virtual, values):
    found, _ = opinions(virtual, values)
    table = np.full(values.shape, int(Agreement.UNKNOWN))
    table[np.isfinite(values)] = [int(opinion.agreement) for opinion in found]
    return table


def with_fault(healthy, sensor, kind):
    values = healthy.copy()
    later = np.arange(len(values) - AT)
    values[AT:, sensor] = {
        "bias": values[AT:, sensor] + 12 * NOISE,
        "drift": values[AT:, sensor] + 24 * NOISE * later / len(later),
        "noise": values[AT:, sensor] + np.random.default_rng(sensor).normal(0.0, 15 * NOISE, len(later)),
        "stuck": values[AT, sensor],
    }[kind]
    return values


def test_healthy_sensors_agree(virtual, healthy):
    found = agreements(virtual, healthy)
    assert np.mean(found[5:] == Agreement.AGREE) > 0.98
    assert np.mean(found == Agreement.LONE) < 0.01


@pytest.mark.parametrize("kind", ["bias", "drift", "noise", "stuck"])
@pytest.mark.parametrize("sensor", [0, 2, 4])
def test_a_fault_is_found_where_it_is(virtual, healthy, kind, sensor):
    found = agreements(virtual, with_fault(healthy, sensor, kind))
    others = np.delete(found, sensor, axis=1)
    assert np.any(found[AT:, sensor] == Agreement.LONE)
    assert np.mean(others == Agreement.LONE) < 0.02


def test_a_weak_drift_is_found_before_one_reading_shows_it(virtual, healthy):
    values = with_fault(healthy, 2, "drift")
    at = AT + int(np.argmax(agreements(virtual, values)[AT:, 2] == Agreement.LONE))
    error = (virtual.group.variance[2] ** 0.5) * virtual.group.scale[2]
    assert abs(values[at, 2] - healthy[at, 2]) < virtual.group.limit[2] * error


def test_ground_that_moves_under_all_of_them_is_no_fault(virtual, healthy):
    later = np.linspace(0.0, 1.0, len(healthy) - AT) ** 2
    values = healthy.copy()
    values[AT:] += np.outer(later, np.linspace(0.6, 1.4, 5)) * 0.02  # beyond all that was seen: 2 cm
    assert np.mean(agreements(virtual, values) == Agreement.LONE) < 0.01


def test_ground_that_moves_under_some_of_them_is_together(virtual, healthy):
    values = healthy.copy()
    values[AT:, 2:] += 0.01 * np.linspace(0.0, 1.0, len(values) - AT)[:, None] ** 2
    found = agreements(virtual, values)
    assert np.mean(found[AT:] == Agreement.LONE) < 0.05
    assert np.mean(found[-50:] == Agreement.TOGETHER) > 0.3


def test_the_estimate_follows_the_truth_that_the_sensor_leaves(virtual, healthy):
    found, _ = opinions(virtual, with_fault(healthy, 1, "stuck"))
    mine = found[1 :: healthy.shape[1]]
    last = np.array([opinion.estimate for opinion in mine[-100:]])
    spread = np.array([opinion.std for opinion in mine[-100:]])
    assert np.all(np.abs(last - healthy[-100:, 1]) < 5.0 * spread)


def test_a_sensor_that_is_mended_agrees_again(virtual):
    values = movement(600, seed=3)
    values[AT : AT + 50, 3] += 0.01
    found = agreements(virtual, values)
    assert np.all(found[AT + 5 : AT + 50, 3] == Agreement.LONE)
    forgotten = AT + 50 + 7 * virtual.group.weak_rows  # some 200 errors, down to half a limit
    assert np.mean(found[forgotten:, 3] == Agreement.AGREE) > 0.95


def test_a_jump_is_not_confirmed_before_its_row_closes(virtual, healthy):
    _, state = opinions(virtual, healthy[:AT])
    at_us = T0 + (AT - 1) * INTERVAL_US + 10_000_000
    opinion, _ = consult(virtual, state, Reading(NAMES[0], at_us, float(healthy[AT - 1, 0]) + 0.05))
    assert opinion.agreement is Agreement.UNKNOWN


def test_neighbours_that_are_silent_say_nothing(virtual, healthy):
    values = healthy.copy()
    values[AT:, 1:] = np.nan
    found = agreements(virtual, values)
    assert np.all(found[AT + 6 :, 0] == Agreement.UNKNOWN)


def test_one_silent_neighbour_is_done_without(virtual, healthy):
    values = healthy.copy()
    values[:, 4] = np.nan
    found = agreements(virtual, values)
    assert np.mean(found[5:, :4] == Agreement.AGREE) > 0.95


def test_unskilled_neighbours_are_not_heard(virtual, healthy):
    found, _ = opinions(virtual, healthy[:20], options=NeighbourOptions(min_skill=0.9999))
    assert {opinion.agreement for opinion in found} == {Agreement.UNKNOWN}
    assert {opinion.estimate for opinion in found} == {None}


def test_strangers_and_texts_change_nothing(virtual):
    state = start(virtual.group)
    for reading in (Reading("x/strain", T0, 1.0), Reading(NAMES[0], T0, "open"), Reading(NAMES[0], T0, None)):
        opinion, after = consult(virtual, state, reading)
        assert (opinion.agreement, after) == (Agreement.UNKNOWN, state)


def test_a_long_silence_takes_no_longer_than_the_memory(virtual, healthy):
    _, state = opinions(virtual, healthy[:50])
    years_us = 10 * 365 * 86_400_000_000
    opinion, state = consult(virtual, state, Reading(NAMES[0], T0 + years_us, 0.0))
    assert opinion.agreement is Agreement.UNKNOWN
    assert T0 + years_us < state.row_us <= T0 + years_us + INTERVAL_US


def test_an_older_reading_does_not_replace_a_newer_one(virtual, healthy):
    _, state = opinions(virtual, healthy[:50])
    _, after = consult(virtual, state, Reading(NAMES[0], T0, 5.0))
    assert after == state


@settings(max_examples=10)
@given(st.integers(1, 40), st.integers(0, 4))
def test_stopping_and_going_on_changes_nothing(cut, sensor):
    virtual = learned(movement(300, seed=2))
    values = with_fault(movement(160, seed=4), sensor, "bias")[60:]
    whole, last = opinions(virtual, values)
    first, state = opinions(virtual, values[:cut])
    thawed = msgspec.json.decode(msgspec.json.encode(state), type=GroupState)
    rest = []
    for reading in readings_of(values)[len(first) :]:
        opinion, thawed = consult(virtual, thawed, reading)
        rest.append(opinion)
    assert first + rest == whole
    assert thawed == last
