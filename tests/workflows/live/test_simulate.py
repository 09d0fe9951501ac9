import json

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from highwall.core.errors import InputError
from highwall.twin.simulator import Scenario, SimulationOptions, simulate
from highwall.workflows.live.simulate import SCHEMA, WrittenTelemetry, scenarios_of, simulate_telemetry

START_US = 1_767_225_600_000_000
OPTIONS = SimulationOptions(hours=0.3, n_people=4, n_machines=1, people_hz=10.0, scenarios=tuple(Scenario))


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> WrittenTelemetry:
    return simulate_telemetry(tmp_path_factory.mktemp("telemetry"), options=OPTIONS, start_us=START_US)


def test_the_file_holds_every_reading(written):
    table = pq.read_table(written.readings)
    expected = sum(len(batch.readings) for batch in simulate(OPTIONS).play(START_US))
    assert table.num_rows == written.n_readings == expected
    assert table.schema.equals(SCHEMA, check_metadata=True)
    has_vector = table["vector"].is_valid().to_pylist()
    has_value = table["value"].is_valid().to_pylist()
    assert not any(one and other for one, other in zip(has_vector, has_value, strict=True))


def test_what_was_sensed_in_a_cut_arrives_after_it(written):
    (cut,) = simulate(OPTIONS).script.cuts
    rows = pq.read_table(written.readings).to_pylist()
    late = {row["gateway"] for row in rows if row["arrives_us"] - row["phenomenon_us"] > 61e6}
    assert late == {cut.subject}
    assert max(row["arrives_us"] for row in rows if row["gateway"] == "gw-pit") <= START_US + OPTIONS.duration_s * 1e6


def test_truth_and_picture_lie_beside(written):
    truth = json.loads(written.truth.read_text())
    assert truth["simulated"] is True
    assert truth["options"]["hours"] == 0.3
    assert written.picture.read_bytes().startswith(b"\x89PNG")
    assert written.events.read_text().count("button") == 1


def test_lines_say_the_same_as_the_table(written, tmp_path):
    lines = simulate_telemetry(tmp_path, options=OPTIONS, start_us=START_US, form="jsonl").readings
    said = [json.loads(line) for line in lines.read_text().splitlines()]
    rows = pq.read_table(written.readings).to_pylist()
    assert len(said) == len(rows)
    for line, row in zip(said[:2000], rows[:2000], strict=True):
        value = row["value"] if row["vector"] is None else row["vector"]
        assert (line["g"], line["d"], line["t"], line["a"], line["r"]) == (
            row["gateway"], row["datastream"], row["phenomenon_us"], row["arrives_us"], value,
        )  # fmt: skip


def test_scenarios_by_name():
    assert scenarios_of([]) == ()
    assert scenarios_of(["fall", "crack", "fall"]) == (Scenario.FALL, Scenario.CRACK)
    assert scenarios_of(["all"]) == tuple(Scenario)
    with pytest.raises(InputError, match="'fal' is not known; did you mean 'fall'"):
        scenarios_of(["fal"])


def test_the_verb(tmp_path):
    from highwall.cli.simulate import simulate_app

    arguments = ["telemetry", "--out", str(tmp_path), "--hours", "0.02", "--scenario", "flood", "--lon", "7"]
    result = CliRunner().invoke(simulate_app, arguments)
    assert result.exit_code == 0, result.output
    truth = json.loads((tmp_path / "truth.json").read_text())
    assert truth["site"]["center"] == [7.0, -20.05]
    assert "readings" in result.output
