"""Neighbours in the live engine: a sensor that drifts alone is told from ground that moves, and a stop changes nothing."""

from collections.abc import Iterator, Mapping

import numpy as np
import pytest

from highwall.telemetry.messages import Reading
from highwall.telemetry.neighbourhoods import Neighbourhoods
from highwall.telemetry.virtual import SensorGroup
from highwall.twin.engine import Engine
from highwall.twin.engine_options import EngineOptions
from highwall.twin.registry import Registry
from highwall.twin.sql import datastreams, observations, schema, states
from highwall.twin.sql.database import Database, open_database
from highwall.twin.world import Kept, Source, World
from tests.telemetry.slope import INTERVAL_US, NAMES, NOISE, T0, learned, movement, readings_of
from tests.twin.plans import EAGER, SITE, S, Talker, criterion, install, plan, run_to

_SOURCE = Source(1, "gw-1", "gw-1/telemetry/e1")
_DRIFTING = 2
_N = 400
_ONSET = 200
_SUSPECT = 3


@pytest.fixture(scope="module")
def group() -> SensorGroup:
    return learned(movement(1500, seed=5)).group


@pytest.fixture
def store() -> Iterator[Database]:
    database = open_database("sqlite://")
    schema.prepare(database, now_us=T0)
    install(database, plan(criterion()), at_us=T0)
    yield database
    database.close()


def _calm() -> np.ndarray:
    return movement(_N, seed=6)


def _lone_drift() -> np.ndarray:
    """One sensor leaves by 40 times its noise within two days, the others stay."""
    values = _calm()
    values[_ONSET:, _DRIFTING] += np.linspace(0.0, 40.0 * NOISE, _N - _ONSET)
    return values


def _common_change() -> np.ndarray:
    """The ground goes 4 mm further within two days, under each sensor by the share in which it usually moves."""
    values = _calm()
    values[_ONSET:] += np.outer(np.linspace(0.0, 4e-3, _N - _ONSET), np.linspace(0.6, 1.4, len(NAMES)))
    return values


def _world(groups: Mapping[str, SensorGroup] | None) -> World:
    hoods = None if groups is None else Neighbourhoods(groups)
    return World(
        plan(criterion()), version=1, registry=Registry(), options=EngineOptions(), now_us=T0, hoods=hoods
    )  # fmt: skip


def _heard(values: np.ndarray, groups: Mapping[str, SensorGroup] | None) -> World:
    """World that has heard these values, each as it was read."""
    world = _world(groups)
    world.begin()
    for number, reading in enumerate(readings_of(values), start=1):
        world.take_readings(_SOURCE, number, [reading], received_us=reading.phenomenon_us + S)
    return world


def _suspects(world: World) -> dict[str, int]:
    """How many readings of each sensor are suspect, of those after the onset."""
    late = [kept for kept in world.changes.readings if kept.at_us >= T0 + _ONSET * INTERVAL_US]
    return {name: sum(kept.flag == _SUSPECT for kept in late if kept.datastream == name) for name in NAMES}


def test_a_sensor_that_drifts_alone_is_flagged_and_its_neighbours_are_not(group: SensorGroup) -> None:
    found = _suspects(_heard(_lone_drift(), {"slope": group}))
    print(found, _suspects(_heard(_lone_drift(), None)), _suspects(_heard(_calm(), None)), _suspects(_heard(_calm(), {"slope": group})))
    assert found.pop(NAMES[_DRIFTING]) > 100
    assert set(found.values()) == {0}


def test_ground_that_moves_under_all_flags_nobody(group: SensorGroup) -> None:
    print(_suspects(_heard(_common_change(), None)))
    assert sum(_suspects(_heard(_common_change(), {"slope": group})).values()) == 0
