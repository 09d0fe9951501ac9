"""A process beside the engine's: what others changed in the store is told here, and who was away is told everything."""

from collections.abc import Iterator

import pytest

from highwall.telemetry.messages import Priority, Range, Reading, readings_message
from highwall.twin.alarm import Alarm, Stage
from highwall.twin.engine import Engine
from highwall.twin.engine_options import EngineOptions
from highwall.twin.roles import Role
from highwall.twin.sql import alarms, changelog, criteria, journal, schema, tags, things
from highwall.twin.sql.database import Database, open_database
from highwall.twin.watch import Subject
from highwall.web.live import Change, Hub
from highwall.web.services import Place, Services
from highwall.workflows.live.follow import Follower
from highwall.workflows.live.telling import Teller

T0 = 1_760_000_000_000_000
S = 1_000_000


class Beside:
    """A process that follows, with a store of its own connection, a clock and what it told."""

    def __init__(self, url: str) -> None:
        self.now_us = T0
        self.told: list[Change] = []
        place = Place("mine", "Mine", "UTC", (0.0, 0.0), (0.0, 0.0, 1.0, 1.0))
        self.database = open_database(url)
        services = Services(self.database, place, lambda: self.now_us, Hub(start_us=T0))
        self.follower = Follower(services, Teller(), tell=self.told.extend)
        self.follower.tell_everything()

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
        ended = Alarm(
            2, "battery-low", Subject("thing", "ann"), "condition", "Battery low", 1, Stage.CLEARED, T0, T0,
            Role.MANAGER, None, is_active=False,
        )  # fmt: skip
        alarms.put_alarms(store, [ended], at_us=T0 + 50 * S)
    step(engines, 1)
    with engines.begin() as store:
        store.exec_driver_sql("DELETE FROM change_log")
    assert set(beside.hears(after_s=100.0)) == {("assets", "ann"), ("alarms", "2"), ("latest", "1")}
    beside.database.close()
