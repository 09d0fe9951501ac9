"""A store worked out again: the same as before, whatever was trimmed; what an error left behind is told and mended."""

from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from highwall.cli.store import store_app
from highwall.core.errors import ConflictError
from highwall.telemetry.messages import Reading
from highwall.twin.engine import Engine
from highwall.twin.sql import alarms, datastreams, heartbeats, journal, notices, observations, schema, states, tracks
from highwall.twin.sql.database import Database, open_database
from highwall.twin.sql.observations import Row
from highwall.workflows.live.store_rebuild import ALIVE_US, rebuild
from tests.twin.plans import EAGER, SITE, T0, S, Talker, criterion, install, level, person, plan, run_to

_WHEN = {"reading": "crack_width", "above": 0.01, "silent_after_s": 3600}
WIDE = criterion(levels=[level(when=_WHEN, by=["webhook"], clears="itself")])
CONFIG = f"site: {SITE}\nengine: {{settle_s: 0.0, registry_s: 0.0}}\n"
LATE = T0 + 600 * S


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Address of a store with ten minutes of readings, and an alarm that came and one that stands."""
    address = f"sqlite:///{tmp_path / 'twin.db'}"
    (tmp_path / "serve.yaml").write_text(CONFIG)
    database = open_database(address)
    schema.prepare(database, now_us=T0)
    install(database, plan(WIDE))
    person(database)
    talker, engine = Talker(database), Engine(database, site=SITE, options=EAGER)
    engine.step(T0 + S)
    for minute in range(1, 10):
        at_us = T0 + minute * 60 * S
        wide = 0.02 if minute in (2, 3, 9) else 0.001
        talker.says(
            Reading("wall-1/crack_width", at_us, wide), Reading("tag-1/battery", at_us, 3.0 + minute / 10),
            Reading("tag-1/position", at_us, [0.1 * minute, 0.5, 0.0]), at_us=at_us,
        )  # fmt: skip
        run_to(engine, at_us + S)
    database.close()
    return address


def concluded(database: Database) -> dict[str, object]:
    with database.read() as store:
        ids = list(range(1, 10))
        return {
            "states": states.states(store), "latest": observations.latest(store, ids),
            "alarms": alarms.all_alarms(store),
            "readings": [observations.page(store, one, from_us=0, to_us=2**62) for one in ids],
            "tracks": tracks.track(store, "ann", from_us=0, to_us=LATE),
            "notices": [one.key for one in notices.waiting(store, now_us=LATE * 2)],
        }  # fmt: skip


def worked_again(url: str, *, at_us: int = LATE) -> dict[str, tuple[int, int, int]]:
    done = rebuild(url, config=Path(url.removeprefix("sqlite:///")).with_name("serve.yaml"), clock_us=lambda: at_us)
    return {one.what: (one.n_before, one.n_after, one.n_changed) for one in done.differences}


def test_a_whole_journal_gives_the_same_again_and_says_so_loudly(url: str) -> None:
    database = open_database(url)
    before = concluded(database)
    assert worked_again(url) == {
        "states of assets": (1, 1, 0), "latest values": (3, 3, 0), "alarms": (2, 2, 0), "readings": (27, 27, 0),
        "positions": (9, 9, 0),
    }  # fmt: skip
    assert concluded(database) == before
    with database.read() as store:
        assert schema.untold(store)[-1].what is schema.StoreChange.REBUILT
    database.close()


def test_what_is_older_than_the_journal_stays(url: str) -> None:
    database = open_database(url)
    before = concluded(database)
    with database.begin() as store:
        journal.trim(store, states.cursors(store), received_before_us=T0 + 270 * S)
    again = worked_again(url)
    after = concluded(database)
    assert again["readings"] == (27, 27, 0)
    assert again["positions"] == (9, 9, 0)
    for what in ("latest", "readings", "tracks", "states", "notices"):
        assert after[what] == before[what], what
    with database.read() as store:
        assert sorted(alarms.all_alarms(store)) == sorted(before["alarms"])  # type: ignore[call-overload]
    database.close()


def test_history_of_another_store_stays(url: str) -> None:
    database = open_database(url)
    with database.begin() as store:
        number = datastreams.datastream_ids(store, ["old-1/crack_width"])["old-1/crack_width"]
        brought = Row(number, T0 - 90 * 86_400 * S, 77, 1, 0.5, None, 1, T0)
        observations.insert_readings(store, [brought])
    before = concluded(database)
    assert worked_again(url)["readings"] == (28, 28, 0)
    assert concluded(database) == before
    with database.read() as store:
        assert observations.latest(store, [number]) == {number: brought}
    database.close()


def test_an_empty_journal_takes_nothing_away(url: str) -> None:
    database = open_database(url)
    before = concluded(database)
    with database.begin() as store:
        journal.trim(store, states.cursors(store), received_before_us=LATE)
    assert {what: changed for what, (_, _, changed) in worked_again(url).items()} == dict.fromkeys(
        ("states of assets", "latest values", "alarms", "readings", "positions"), 0
    )
    assert concluded(database) == before
    database.close()


def test_what_an_error_left_behind_is_named_and_mended(url: str) -> None:
    database = open_database(url)
    before = concluded(database)
    with database.begin() as store:
        store.execute(text("UPDATE latest SET value = 99"))
        store.execute(text("DELETE FROM tracks"))
        store.execute(text("UPDATE asset_states SET state = replace(state, '3.9', '1.1')"))
    told = worked_again(url)
    assert told["latest values"] == (3, 3, 3)
    assert told["positions"] == (0, 9, 9)
    assert told["states of assets"] == (1, 1, 1)
    assert concluded(database) == before
    database.close()


def test_nobody_is_called_for_an_alarm_that_is_over(url: str) -> None:
    database = open_database(url)
    with database.begin() as store:
        store.execute(text("DELETE FROM notices"))  # as if this Highwall alone had found them
    worked_again(url)
    with database.read() as store:
        open_now = {alarm.alarm_id for alarm in alarms.open_alarms(store)}
        over = set(alarms.all_alarms(store)) - open_now
        assert {one.alarm_id for one in notices.waiting(store, now_us=LATE * 2)} <= open_now
    assert over
    database.close()


@pytest.mark.parametrize("goes_on", ["the server", "a rebuild"])
def test_nobody_is_called_for_the_past_where_a_rebuild_was_killed(url: str, goes_on: str) -> None:
    database = open_database(url)
    with database.begin() as store:
        store.execute(text("DELETE FROM notices"))
    in_pieces = EAGER.model_copy(update={"entries": 2})
    killed = Engine(database, site=SITE, options=in_pieces).rebuild(LATE)
    for stepped in killed:
        assert stepped.has_more
        if stepped.alarms:
            break
    with database.read() as store:
        assert len(alarms.open_alarms(store)) == 1  # in that past
        assert notices.waiting(store, now_us=LATE * 2) == []
    killed.close()
    if goes_on == "the server":
        run_to(Engine(database, site=SITE, options=EAGER), LATE + S)
    else:
        worked_again(url, at_us=LATE + ALIVE_US)
    with database.read() as store:
        open_now = {alarm.alarm_id for alarm in alarms.open_alarms(store)}
        assert {one.alarm_id for one in notices.waiting(store, now_us=LATE * 2)} == open_now
        assert len(alarms.all_alarms(store)) == 2
    database.close()


def test_what_waited_to_be_told_of_an_alarm_that_is_none_any_more_waits_no_longer(url: str) -> None:
    database = open_database(url)
    with database.begin() as store:
        store.execute(text("UPDATE notices SET alarm_id = 4, state = 'waiting'"))
    worked_again(url)
    with database.read() as store:
        assert notices.waiting(store, now_us=LATE * 2) == []
    database.close()


def test_after_a_rebuild_people_are_called_again(url: str) -> None:
    database = open_database(url)
    worked_again(url)
    talker, engine = Talker(database, "gw-2"), Engine(database, site=SITE, options=EAGER)
    for number, wide in enumerate([0.001, 0.02, 0.001], start=1):
        at_us = LATE + number * 60 * S
        talker.says(Reading("wall-1/crack_width", at_us, wide), at_us=at_us)
        run_to(engine, at_us + S)
    with database.read() as store:
        raised = max(alarms.all_alarms(store))
        assert raised not in {alarm.alarm_id for alarm in alarms.open_alarms(store)}
        assert raised in {one.alarm_id for one in notices.waiting(store, now_us=LATE * 2)}
    database.close()


def test_a_store_that_a_server_works_on_is_left_alone(url: str) -> None:
    database = open_database(url)
    with database.begin() as store:
        heartbeats.beat(store, heartbeats.Heartbeat("engine", LATE - S, LATE - S, 0))
    before = concluded(database)
    with pytest.raises(ConflictError, match="stop it"):
        worked_again(url)
    assert concluded(database) == before
    assert worked_again(url, at_us=LATE + ALIVE_US)["readings"] == (27, 27, 0)
    database.close()


def test_the_verb_tells_progress_and_what_differs(url: str) -> None:
    config = Path(url.removeprefix("sqlite:///")).with_name("serve.yaml")
    done = CliRunner().invoke(store_app, ["rebuild", "--store", url, "--config", str(config)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "STORE REBUILT: 27 readings" in done.output
    assert "latest values: 3 before, 3 after, 0 differ" in done.output
