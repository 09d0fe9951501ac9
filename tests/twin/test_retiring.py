"""An asset that is taken out of use: it leaves the live world, its zones and its alarms, and its past stays."""

from highwall.telemetry.messages import Reading
from highwall.twin.alarm import Stage
from highwall.twin.engine import Engine
from highwall.twin.sql import alarms, changelog, states, things, tracks, zones
from highwall.twin.sql.database import Database
from highwall.twin.sql.zones import Zone, ZoneKind
from tests.twin.plans import EAGER, SITE, T0, S, Talker, criterion, install, level, person, plan, run_to

SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]}
CROWDED = criterion(
    "crowded", about={"kind": "zone", "zones": ["deformation"]},
    levels=[level(when={"present": ["person"], "certainty": "likely"}, clears="itself")],
)  # fmt: skip
LOW = criterion(
    "low", about={"kind": "asset", "of": ["person"]},
    levels=[level(when={"reading": "battery", "below": 3.0, "until": 3.1, "silent_after_s": 3600}, clears="itself")],
)  # fmt: skip


def _working(database: Database) -> tuple[Engine, Talker]:
    install(database, plan(CROWDED, LOW))
    person(database)
    with database.begin() as store:
        zones.put_zones(store, [Zone("z-1", ZoneKind.DEFORMATION, "Z", SQUARE, {}, "run", T0)])
    talker, engine = Talker(database), Engine(database, site=SITE, options=EAGER)
    engine.step(T0 + S)
    talker.says(
        Reading("tag-1/position", T0 + S, [0.5, 0.5, 0.0]), Reading("tag-1/battery", T0 + S, 2.5), at_us=T0 + 2 * S
    )
    run_to(engine, T0 + 3 * S)
    return engine, talker


def _open(database: Database) -> set[str]:
    with database.read() as store:
        return {alarm.criterion for alarm in alarms.open_alarms(store)}


def _retire(database: Database) -> None:
    with database.begin() as store:
        things.retire_asset(store, "ann", at_us=T0 + 4 * S)


def test_it_leaves_the_world_its_zones_and_its_alarms(databases: Database) -> None:
    engine, talker = _working(databases)
    assert _open(databases) == {"crowded", "low"}
    _retire(databases)
    run_to(engine, T0 + 5 * S)
    assert "ann" not in engine.world.states
    assert _open(databases) == set()
    talker.says(Reading("tag-1/position", T0 + 6 * S, [0.6, 0.6, 0.0]), at_us=T0 + 6 * S)  # the tag speaks on
    run_to(engine, T0 + 7 * S)
    with databases.read() as store:
        assert states.states(store) == {}
        assert len(tracks.track(store, "ann", from_us=0, to_us=T0 + 9 * S)) == 1
        ended = alarms.page(store, is_open=False)
        told = [
            one.why for steps in alarms.transitions(store, [one.alarm_id for one in ended]).values() for one in steps
        ]
    assert {one.stage for one in ended} == {Stage.CLEARED}
    assert "it was taken out of use" in told
    assert _open(databases) == set()


def test_an_engine_that_begins_later_does_not_bring_it_back(databases: Database) -> None:
    _working(databases)
    _retire(databases)
    with databases.read() as store:
        number = changelog.last_number(store)
    begun = Engine(databases, site=SITE, options=EAGER)
    run_to(begun, T0 + 5 * S)
    assert begun.world.states == {}
    with databases.read() as store:
        assert states.states(store) == {}
        assert changelog.since(store, number, writer="another").touched.assets == ("ann",)


def test_one_that_comes_back_begins_anew(databases: Database) -> None:
    engine, talker = _working(databases)
    _retire(databases)
    run_to(engine, T0 + 5 * S)
    with databases.begin() as store:
        things.put_asset(store, things.Asset("ann", things.AssetKind.PERSON, "Ann"), at_us=T0 + 6 * S)
    run_to(engine, T0 + 7 * S)
    talker.says(Reading("tag-1/battery", T0 + 8 * S, 2.5), at_us=T0 + 8 * S)
    run_to(engine, T0 + 9 * S)
    assert engine.world.states["ann"].position is not None  # its tag's last words speak for it again
    assert _open(databases) == {"crowded", "low"}
