"""A process beside the engine's: what others changed in the store is told here, and who was away is told everything."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from highwall.telemetry.messages import Priority, Range, Reading, readings_message
from highwall.twin.alarm import Alarm, Stage
from highwall.twin.engine import Engine
from highwall.twin.engine_options import EngineOptions
from highwall.twin.roles import Role
from highwall.twin.sql import alarms, changelog, criteria, journal, schema, tags, things
from highwall.twin.sql.database import Database, open_database
from highwall.twin.watch import Subject
from highwall.web.live import Change, Hub, Topic
from highwall.web.services import Place, Services
from highwall.workflows.live.follow import Follower
from highwall.workflows.live.telling import Teller

T0 = 1_760_000_000_000_000
S = 1_000_000
ALARM = Alarm(
    2, "battery-low", Subject("thing", "ann"), "condition", "Battery low", 1, Stage.RAISED, T0, T0, Role.MANAGER, None
)


class Beside:
    """A process that follows, with a store of its own connection, a clock and what it told."""

    def __init__(self, url: str) -> None:
        self.now_us = T0
        self.told: list[Change] = []
        place = Place("mine", "Mine", "UTC", (0.0, 0.0), (0.0, 0.0, 1.0, 1.0))
        self.database = open_database(url)
        self.hub = Hub(start_us=T0)
        services = Services(self.database, place, lambda: self.now_us, self.hub)
        self.follower = Follower(services, Teller(), tell=self.take)
        self.follower.tell_everything()

    def take(self, changes: list[Change]) -> None:
        self.told += changes
        self.hub.put(changes)

    def hears(self, *, after_s: float = 0.25) -> list[tuple[str, str]]:
        self.now_us += round(after_s * S)
        self.told.clear()
        self.follower.follow()
        return [(one.topic, one.key) for one in self.told]


@pytest.fixture
def url(tmp_path: object) -> str:
    return f"sqlite:///{tmp_path}/twin.db"


@pytest.fixture
def engines(url: str) -> Iterator[Database]:
    """The store as the process of the engine has it, with Ann and her tag."""
    database = open_database(url)
    schema.prepare(database, now_us=T0)
    with database.begin() as store:
        criteria.install_default(store, at_us=T0)
        things.put_asset(store, things.Asset("ann", things.AssetKind.PERSON, "Ann"), at_us=T0)
        tags.issue(store, ["tag-1"], at_us=T0)
        tags.claim(store, "tag-1", asset_id="ann", who="sue", at_us=T0)
    yield database
    database.close()


def step(database: Database, number: int) -> None:
    """One reading of Ann's tag, worked out."""
    at_us = T0 + number * S
    reading = Reading("tag-1/battery", at_us, 3.0 + number / 10)
    message = readings_message("mine", "g-1", Range(Priority.TELEMETRY, "e1", number, number), [reading])
    with database.begin() as store:
        journal.append(store, message, site="mine", received_us=at_us)
    Engine(database, site="mine", options=EngineOptions(settle_s=0.0)).step(at_us)


def test_what_the_engine_did_is_told_once(url: str, engines: Database) -> None:
    beside = Beside(url)
    step(engines, 1)
    assert set(beside.hears()) == {("assets", "ann"), ("latest", "1")}
    (latest,) = (one.content for one in beside.told if one.topic == "latest")
    assert (latest["value"], latest["flag"]) == (3.1, 1)
    assert next(one for one in beside.told if one.topic == "latest").asset_id == "ann"
    assert beside.hears() == []
    beside.database.close()


def test_many_steps_are_one_word_with_the_newest(url: str, engines: Database) -> None:
    beside = Beside(url)
    for number in range(1, 5):
        step(engines, number)
    assert beside.hears().count(("latest", "1")) == 1
    assert next(one for one in beside.told if one.topic == "latest").content["value"] == 3.4
    beside.database.close()


def test_what_a_process_wrote_itself_it_is_not_told(url: str, engines: Database) -> None:
    beside = Beside(url)
    with beside.database.begin() as store:
        changelog.note(store, changelog.Touched(assets=("ann",)), writer=beside.database.writer, at_us=T0)
    assert beside.hears() == []
    beside.database.close()


def test_an_asset_out_of_use_is_told_as_gone(url: str, engines: Database) -> None:
    beside = Beside(url)
    with engines.begin() as store:
        things.retire_asset(store, "ann", at_us=T0)
        changelog.note(store, changelog.Touched(assets=("ann",)), writer=engines.writer, at_us=T0)
    assert beside.hears() == [("assets", "ann")]
    assert beside.told[0].content == {"id": "ann", "state": None}
    beside.database.close()


def test_who_was_away_for_longer_than_the_log_is_told_everything(url: str, engines: Database) -> None:
    beside = Beside(url)
    step(engines, 1)
    with engines.begin() as store:
        store.exec_driver_sql("DELETE FROM change_log")
    assert beside.hears(after_s=100.0) == [("assets", "ann"), ("latest", "1")]
    assert beside.told[0].content["state"]["battery_v"] == 3.1
    beside.database.close()


def test_who_was_away_is_told_of_alarms_that_ended_meanwhile(url: str, engines: Database) -> None:
    beside = Beside(url)
    with engines.begin() as store:
        alarms.put_alarms(store, [ALARM], at_us=T0)
        changelog.note(store, changelog.Touched(alarms=(2,)), writer=engines.writer, at_us=T0)
    assert beside.hears() == [("alarms", "2")]
    with engines.begin() as store:
        alarms.put_alarms(store, [replace(ALARM, stage=Stage.CLEARED, is_active=False)], at_us=T0 + 50 * S)
    step(engines, 1)
    with engines.begin() as store:
        store.exec_driver_sql("DELETE FROM change_log")
    assert set(beside.hears(after_s=100.0)) == {("assets", "ann"), ("alarms", "2"), ("latest", "1")}
    assert beside.hub.lasting(Topic.ALARMS) == []
    beside.database.close()


@pytest.mark.parametrize("is_away", [False, True])
def test_an_alarm_that_a_rebuild_does_not_find_again_is_told_as_none_and_nothing_before_it_ends(
    url: str, engines: Database, is_away: bool
) -> None:
    for number in range(1, 5):
        step(engines, number)
    with engines.begin() as store:
        alarms.put_alarms(store, [ALARM], at_us=T0)
    beside = Beside(url)
    assert beside.hub.lasting(Topic.ALARMS) == ["2"]
    options = EngineOptions(settle_s=0.0, entries=1)
    for stepped in Engine(engines, site="mine", options=options).rebuild(T0 + 10 * S):
        if stepped.has_more:
            assert is_away or beside.hears() == []
    assert ("alarms", "2") in beside.hears(after_s=100.0 if is_away else 0.25)
    assert [one.content for one in beside.told if one.topic == "alarms"] == [{"id": 2, "state": None}]
    assert beside.hub.lasting(Topic.ALARMS) == []
    assert is_away or ("latest", "1") in {(one.topic, one.key) for one in beside.told}
    assert beside.hears() == []
    beside.database.close()
