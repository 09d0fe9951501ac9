"""Groups of sensors: learned from a store, kept in a file, taken up by the server."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from highwall.cli.sensors import sensors_app
from highwall.core.errors import ConfigError, InputError, MissingInputError
from highwall.twin.sql import datastreams, observations, schema
from highwall.twin.sql.database import Database, open_database
from highwall.workflows.live import serve
from highwall.workflows.live.options import ServeConfig
from highwall.workflows.live.sensor_groups import errors_of, learn_groups, read_groups, write_groups
from highwall.workflows.live.serve import Serving, running
from tests.telemetry.slope import INTERVAL_US, NAMES, NOISE, T0, learned, movement, readings_of

MEMBERS = {"slope": NAMES}


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'twin.db'}"


@pytest.fixture
def database(address: str) -> Iterator[Database]:
    opened = open_database(address)
    schema.prepare(opened, now_us=T0)
    yield opened
    opened.close()


def keep(database: Database, values: np.ndarray, *, flag: int = 1) -> None:
    """Store values as the engine would."""
    with database.begin() as connection:
        ids = datastreams.datastream_ids(connection, NAMES)
        rows = [
            observations.Row(
                ids[one.datastream], one.phenomenon_us, 1, number, one.result, None, flag, one.phenomenon_us
            )
            for number, one in enumerate(readings_of(values))
        ]
        observations.insert_readings(connection, rows)


def learn(database: Database, members=MEMBERS, **given):
    with database.read() as connection:
        return learn_groups(connection, members, **given)


def test_history_teaches_what_the_values_themselves_do(database):
    values = movement(400, seed=5)
    keep(database, values)
    assert learn(database)["slope"] == learned(values).group


def test_gaps_are_left_out_once_the_last_word_is_too_old(database):
    values = movement(400, seed=5)
    values[100:110, 1] = np.nan
    keep(database, values)
    held = values.copy()
    held[100:102, 1] = values[99, 1]  # the engine counts a word for three intervals
    assert learn(database)["slope"] == learned(held).group


def test_readings_in_doubt_teach_nothing(database):
    keep(database, movement(400, seed=5), flag=3)
    with pytest.raises(InputError, match=r"no usable reading of 'ext-0/displacement'"):
        learn(database)


def test_a_span_is_learned_from(database):
    values = movement(400, seed=5)
    keep(database, values)
    begin, end = (dt.datetime.fromtimestamp((T0 + row * INTERVAL_US) / 1e6, dt.UTC) for row in (50, 350))
    assert learn(database, since=begin, until=end)["slope"] == learned(values[50:350]).group
    with pytest.raises(InputError, match=r"group 'slope': 48 rows without a gap"):
        learn(database, until=begin)


def test_sensors_that_were_never_there_together_are_told(database):
    values = movement(400, seed=5)
    values[:200, 0], values[190:, 1] = np.nan, np.nan
    keep(database, values)
    with pytest.raises(InputError, match="never spoke within one time"):
        learn(database)


def test_the_error_is_told_in_the_unit_that_people_read():
    group = learned(movement(1500, seed=5)).group
    told = errors_of({"slope": group})
    assert [one.sensor for one in told] == list(NAMES)
    assert {one.unit for one in told} == {"mm"}
    # at least the sensor's own noise; its neighbours' noise adds less than that again
    assert all(1.0 < one.error / (1e3 * NOISE) < 2.0 for one in told)
    assert str(told[0]).startswith(f"slope: {NAMES[0]} ± 0.1")


def test_a_sensor_that_does_not_follow_is_told(database):
    values = movement(400, seed=5)
    values[:, 3] = np.random.default_rng(2).normal(size=400)
    (line,) = (str(one) for one in errors_of({"slope": learned(values).group}) if one.sensor == NAMES[3])
    assert line.endswith("no opinion is given about it")


def test_a_file_gives_back_what_was_written(tmp_path):
    groups = {"slope": learned(movement(400, seed=5)).group}
    write_groups(tmp_path / "new" / "groups.json", groups)
    assert read_groups(tmp_path / "new" / "groups.json") == groups
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["groups.json"]


def test_files_that_cannot_be_used_are_refused(tmp_path):
    path, group = tmp_path / "groups.json", learned(movement(400, seed=5)).group
    with pytest.raises(MissingInputError, match="no groups of sensors"):
        read_groups(path)
    path.write_text("{")
    with pytest.raises(ConfigError, match=r"groups.json holds no groups"):
        read_groups(path)
    write_groups(path, {"slope": group})
    content = json.loads(path.read_text())
    content["slope"]["mean"].pop()
    path.write_text(json.dumps(content))
    with pytest.raises(ConfigError, match=r"group 'slope' of groups\.json was cut"):
        read_groups(path)
    write_groups(path, {"slope": group, "twin": group})
    with pytest.raises(InputError, match="in groups 'slope' and 'twin'"):
        read_groups(path)


def test_a_name_without_room_for_its_estimate_is_refused(tmp_path):
    names = (f"{'x' * 140}/displacement", *NAMES[1:])
    write_groups(tmp_path / "groups.json", {"slope": learned(movement(400, seed=5), names).group})
    with pytest.raises(InputError, match="too long for 'estimate'"):
        read_groups(tmp_path / "groups.json")


def test_the_verb_learns_and_the_server_asks(database, address, tmp_path, monkeypatch):
    keep(database, movement(400, seed=5))
    path = tmp_path / "groups.json"
    listed = f"slope={','.join(NAMES)}"
    result = CliRunner().invoke(
        sensors_app, ["neighbours", "--store", address, "--group", listed, "--from", "2023-11-14", "-o", str(path)]
    )
    assert result.exit_code == 0, result.output
    assert result.output.count(" mm, ") == len(NAMES)
    assert f"1 groups: {path}" in result.output.replace("\n", "")
    monkeypatch.setattr(serve, "threads_of", lambda *_: [])  # the engine is stepped by hand
    with running(Serving(address, config=ServeConfig(center=(7.0, 51.0), neighbours=path))) as twin:
        twin.engine.step(T0)
        assert twin.engine.world.hoods is not None
        assert twin.engine.world.hoods.states.keys() == {"slope"}


def test_the_server_refuses_to_start_without_its_groups(address, tmp_path):
    serving = Serving(address, config=ServeConfig(center=(7.0, 51.0), neighbours=tmp_path / "gone.json"))
    with pytest.raises(MissingInputError, match="highwall sensors neighbours"), running(serving):
        pass
