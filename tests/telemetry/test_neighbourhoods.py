"""Groups of sensors together: who belongs where, and what never gets into their memory."""

import math

import msgspec
import pytest

from highwall.core.errors import InputError
from highwall.telemetry.isolation import start
from highwall.telemetry.messages import Reading
from highwall.telemetry.neighbourhoods import GroupMemory, Neighbourhoods
from highwall.telemetry.qc import Agreement
from highwall.telemetry.qc_options import options_for

from .slope import INTERVAL_US, NAMES, T0, learned, movement, readings_of

LIMITS = options_for(NAMES[0])
OTHERS = tuple(f"far-{name}" for name in NAMES)


@pytest.fixture(scope="module")
def groups():
    values = movement(1500, seed=5)
    return {"near": learned(values).group, "far": learned(values, OTHERS).group}


def heard(hoods, readings):
    return [hoods.hear(reading, options=LIMITS) for reading in readings]


def test_each_sensor_is_heard_by_its_own_group(groups):
    hoods = Neighbourhoods(groups)
    before = hoods.states["far"]
    opinions = heard(hoods, readings_of(movement(20, seed=6)))
    assert opinions[-1].agreement is Agreement.AGREE
    assert hoods.states["far"] is before


def test_strangers_have_no_neighbours(groups):
    assert Neighbourhoods(groups).hear(Reading("x/strain", T0, 0.0), options=LIMITS) is None


@pytest.mark.parametrize(
    ("reading", "received_us"),
    [
        (Reading(NAMES[0], T0 + 21 * INTERVAL_US, 1e6), None),
        (Reading(NAMES[0], 0, 0.0), None),
        (Reading(NAMES[0], T0 + 10**15, 0.0), T0),
        (Reading(NAMES[0], T0 + 21 * INTERVAL_US, math.nan), None),
    ],
)
def test_what_cannot_be_leaves_no_trace(groups, reading, received_us):
    hoods = Neighbourhoods(groups)
    heard(hoods, readings_of(movement(20, seed=6)))
    before = hoods.states["near"]
    hoods.hear(reading, options=LIMITS, received_us=received_us)
    assert hoods.states["near"] == before


def test_a_stop_changes_nothing(groups):
    readings = readings_of(movement(40, seed=7))
    whole = heard(Neighbourhoods(groups), readings)
    first = Neighbourhoods(groups)
    begun = heard(first, readings[:77])
    kept = msgspec.json.decode(msgspec.json.encode({"near": first.memory("near")}), type=dict[str, GroupMemory])
    assert begun + heard(Neighbourhoods(groups, remembered=kept), readings[77:]) == whole


def test_a_group_that_was_learned_anew_begins_anew(groups):
    hoods = Neighbourhoods(groups)
    heard(hoods, readings_of(movement(20, seed=6)))
    memory, other = hoods.memory("near"), learned(movement(1500, seed=9)).group
    assert Neighbourhoods(groups, remembered={"near": memory}).states["near"] == hoods.states["near"]
    assert Neighbourhoods({"near": other}, remembered={"near": memory}).states["near"] == start(other)


def test_groups_that_heard_something_are_to_be_written_down(groups):
    hoods = Neighbourhoods(groups)
    heard(hoods, readings_of(movement(2, seed=6)))
    assert hoods.dirty == {"near"}


def test_late_readings_neither_ask_nor_change_neighbours_who_have_gone_on(groups):
    hoods = Neighbourhoods(groups)
    late = 0
    readings = readings_of(movement(40, seed=8))
    heard(hoods, [reading for reading in readings if reading.datastream != NAMES[late]])
    before = hoods.states["near"]
    delayed = [reading for reading in readings if reading.datastream == NAMES[late]][:30]
    assert {opinion.agreement for opinion in heard(hoods, delayed)} == {Agreement.UNKNOWN}
    assert hoods.states["near"] == before


def test_a_sensor_in_two_groups_is_refused(groups):
    with pytest.raises(InputError, match="in groups 'near' and 'twin'"):
        Neighbourhoods(groups | {"twin": groups["near"]})
