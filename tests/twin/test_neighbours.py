"""Neighbours in the live engine: a lone drift is told from ground that moves, and a stop changes nothing."""

from collections.abc import Iterator, Mapping

import msgspec
import numpy as np
import pytest

from highwall.telemetry.messages import Reading
from highwall.telemetry.neighbourhoods import Neighbourhoods
from highwall.telemetry.virtual import SensorGroup
from highwall.twin.changes import Source
from highwall.twin.engine import Engine
from highwall.twin.engine_options import EngineOptions
from highwall.twin.registry import Registry
from highwall.twin.sql import datastreams, observations, schema, states
from highwall.twin.sql.database import Database, open_database
from highwall.twin.world import World
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


def _common_change(n_rows: int) -> np.ndarray:
    """The ground goes 4 mm further within so many rows, under each sensor by the share in which it usually moves."""
    values, done = _calm(), np.minimum(np.arange(_N - _ONSET) / n_rows, 1.0)
    values[_ONSET:] += np.outer(4e-3 * done, np.linspace(0.6, 1.4, len(NAMES)))
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
    alone, together = _heard(_lone_drift(), None), _heard(_lone_drift(), {"slope": group})
    found = _suspects(together)
    assert found.pop(NAMES[_DRIFTING]) > 100
    assert set(found.values()) == {0}
    assert sum(_suspects(alone).values()) == 0  # its own past cannot tell so slow a drift


@pytest.mark.parametrize("n_rows", [1, 200])
def test_ground_that_moves_under_all_flags_nobody(group: SensorGroup, n_rows: int) -> None:
    assert sum(_suspects(_heard(_common_change(n_rows), {"slope": group})).values()) == 0


def test_a_slide_within_one_row_is_suspect_where_nobody_is_asked() -> None:
    assert sum(_suspects(_heard(_common_change(1), None)).values()) > 0


def test_beside_a_suspect_reading_stands_what_its_neighbours_expect(group: SensorGroup) -> None:
    world = _heard(_lone_drift(), {"slope": group})
    suspect = {kept.at_us for kept in world.changes.readings if kept.flag == _SUSPECT}
    truth = {reading.phenomenon_us: reading.result for reading in _drifting(_calm())}
    assert {kept.datastream for kept in world.changes.estimates} == {f"{NAMES[_DRIFTING]}/estimate"}
    assert {kept.flag for kept in world.changes.estimates} == {2}
    assert {kept.at_us for kept in world.changes.estimates} == suspect
    errors = [kept.result - truth[kept.at_us] for kept in world.changes.estimates]
    assert np.sqrt(np.mean(np.square(errors))) < 3.0 * NOISE  # the drift itself goes to 40
    assert f"{NAMES[_DRIFTING]}/estimate" not in world.channels


def test_who_is_in_no_group_is_judged_as_ever(group: SensorGroup) -> None:
    strange = msgspec.structs.replace(group, sensors=tuple(f"far-{name}" for name in NAMES))
    without, beside = _heard(_lone_drift(), None).changes, _heard(_lone_drift(), {"far": strange}).changes
    assert beside.readings == without.readings
    assert beside.estimates == without.estimates == []


def test_a_stop_and_a_rebuild_give_the_same_flags(store: Database, group: SensorGroup) -> None:
    values, talker = _lone_drift()[_ONSET - 40 : _ONSET + 100], Talker(store)
    for line in range(0, len(values), 20):
        for reading in _rows_from(values, line):
            talker.says(reading, at_us=reading.phenomenon_us + S)
        run_to(_engine(store, group), T0 + (line + 20) * INTERVAL_US)  # an engine that begins anew each time
    stopped = _stored(store)
    assert sum(flag == _SUSPECT for *_, flag in stopped[NAMES[_DRIFTING]]) > 10
    assert stopped[f"{NAMES[_DRIFTING]}/estimate"]
    with store.read() as connection:
        memory = states.memory(connection)["n:slope"]
    list(_engine(store, group).rebuild(T0 + len(values) * INTERVAL_US))
    assert _stored(store) == stopped
    with store.read() as connection:
        assert states.memory(connection)["n:slope"] == memory


def test_a_group_that_was_learned_anew_begins_with_nothing(store: Database, group: SensorGroup) -> None:
    talker = Talker(store)
    for reading in readings_of(_calm()[:5]):
        talker.says(reading, at_us=reading.phenomenon_us + S)
    run_to(_engine(store, group), T0 + 5 * INTERVAL_US)
    other = learned(movement(1500, seed=9)).group
    for each, n_rows in ((group, group.n_lags + 1), (other, 0)):
        engine = _engine(store, each)
        engine.step(T0 + 5 * INTERVAL_US)
        assert engine.world.hoods is not None
        assert engine.world.hoods.states["slope"].n_rows == n_rows


def _drifting(values: np.ndarray) -> list[Reading]:
    return [reading for reading in readings_of(values) if reading.datastream == NAMES[_DRIFTING]]


def _rows_from(values: np.ndarray, line: int) -> list[Reading]:
    """Readings of the 20 rows from ``line`` on, each at its time."""
    return readings_of(values)[line * len(NAMES) : (line + 20) * len(NAMES)]


def _engine(store: Database, group: SensorGroup) -> Engine:
    return Engine(store, site=SITE, options=EAGER, groups={"slope": group})


def _stored(store: Database) -> dict[str, list[tuple[int, float | None, int]]]:
    """Time, value and flag of every reading and estimate."""
    with store.read() as connection:
        return {
            one.name: [
                (row.phenomenon_us, row.value, row.flag)
                for row in observations.page(connection, one.id, from_us=0, to_us=2**60)
            ]
            for one in datastreams.datastreams(connection)
        }
