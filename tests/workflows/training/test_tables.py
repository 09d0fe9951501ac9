"""The paper's tables from their YAML: rows and columns, shared trainings, what is told where data are missing."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from highwall.cli import app
from highwall.core.errors import ConfigError, InputError
from highwall.workflows.training.tables import make_table
from highwall.workflows.training.tables_config import TableConfig
from highwall.workflows.training.tables_rows import PaperTable, as_json, as_markdown, means_of_both

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "minecam"
CONFIG: dict[str, Any] = {
    "data": {"simulated": {"n_sites": 8, "side_px": 48, "first_year": 2019, "last_year": 2019, "without_mine": 0.0}},
    "recipe": None,
    "train": {"network": {"architecture": "fpn", "encoder": "tu-mobilenetv3_small_050", "decoder_width": 64},
              "n_epochs": 1, "sampling": {"chip_px": 64}, "validation_px": 64, "level": "L2A"},
    "bands": {1: "RGB", 2: "RGB", 3: "RGB", 4: "RGB"},
}  # fmt: skip
SCORES = ("IoU", "Rec", "Prec", "Acc")


def _write(folder: Path, **changes: Any) -> Path:
    path = folder / f"table{changes['table']}.yaml"
    path.write_text(yaml.safe_dump(CONFIG | changes))
    return path


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables")


@pytest.fixture(scope="module")
def table3(out: Path) -> PaperTable:
    return make_table(_write(out, table=3, models=[2, 4], configurations=["RGB", "M+S"]), out)


def test_table_3_has_a_row_a_configuration_and_four_scores_a_model(table3: PaperTable, out: Path) -> None:
    assert table3.heading == ("Bands", *(f"M{model} {score}" for model in (2, 4) for score in SCORES))
    assert [row[0] for row in table3.rows] == ["RGB", "M+S"]
    for row in table3.rows:
        iou, recall, precision, accuracy = row[5:9]
        assert isinstance(iou, float)
        assert 0.0 <= iou <= min(recall, precision) <= 1.0  # type: ignore[type-var]  # macro of one class
        assert 0.0 <= accuracy <= 1.0  # type: ignore[operator]
    assert "all simulated" in table3.notes[-1]
    assert json.loads((out / "table3.json").read_text())["rows"][0]["Bands"] == "RGB"


def test_tables_share_trainings_and_never_repeat_them(table3: PaperTable, out: Path) -> None:
    result = out / "runs" / "model-2-RGB-all" / "result.json"
    before = result.stat().st_mtime_ns
    again = make_table(_write(out, table=3, models=[2, 4], configurations=["RGB", "M+S"]), out)
    assert again.rows == table3.rows
    seventh = make_table(_write(out, table=7), out)
    assert result.stat().st_mtime_ns == before
    assert seventh.heading == ("Location", "Label", *SCORES)
    assert all(row[1] == "dumping ground" for row in seventh.rows)


def test_other_options_in_the_same_folder_are_refused(table3: PaperTable, out: Path, tmp_path: Path) -> None:
    path = _write(tmp_path, table=3, models=[2], configurations=["RGB"], train=CONFIG["train"] | {"seed": 5})
    with pytest.raises(ConfigError, match="other options"):
        make_table(path, out)


def test_table_4_sets_models_of_one_kind_beside_general_ones(tmp_path: Path) -> None:
    data = {"simulated": CONFIG["data"]["simulated"] | {"n_sites": 24}}  # enough for a kind in every split
    path = _write(tmp_path, table=4, data=data, models=[4], materials=["RR", "CL"], mine_types=[])
    result = CliRunner().invoke(app, ["tables", str(path), "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    rows = {row["Trained on"]: row for row in json.loads((tmp_path / "table4.json").read_text())["rows"]}
    assert list(rows) == ["RR", "GRR", "CL", "GCL", "mean RR+CL", "mean GM"]
    both = [kind for kind in ("RR", "CL") if None not in (rows[kind]["M4 IoU"], rows[f"G{kind}"]["M4 IoU"])]
    assert both
    assert rows["mean GM"]["M4 IoU"] == pytest.approx(sum(rows[f"G{kind}"]["M4 IoU"] for kind in both) / len(both))
    micro = make_table(
        _write(tmp_path, table=4, data=data, models=[4], materials=["RR", "CL"], mine_types=[], mean="micro"), tmp_path
    )
    assert any(note.startswith("Pixels of all classes together") for note in micro.notes)
    assert [row["M4 IoU"] for row in rows.values()] == [row[1] for row in micro.rows]  # one class: both means are one


def test_table_4_refuses_a_mean_that_kinds_of_mines_do_not_have(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="table 4 averages by macro or micro"):
        make_table(_write(tmp_path, table=4, mean="absent_is_one"), tmp_path)


def test_table_5_gives_the_choice_of_a_search(tmp_path: Path) -> None:
    space = {
        "learning_rate": [1e-3], "batch": [2, 4], "n_epochs": [1], "chip_px": [64], "optimiser": ["adam"],
        "encoder": ["tu-mobilenetv3_small_050"], "architecture": ["fpn"], "loss": ["jaccard"],
    }  # fmt: skip
    table = make_table(_write(tmp_path, table=5, models=[4], search={"n_trials": 2, "space": space}), tmp_path)
    rows = {row[0]: row[1] for row in table.rows}
    assert rows["architecture"] == "fpn"
    assert rows["batch"] in {"2", "4"}
    assert isinstance(rows["test IoU"], float)


def test_a_place_that_is_not_in_the_test_split_is_told(table3: PaperTable, out: Path) -> None:
    with pytest.raises(InputError, match="Kovdor is not in the test split"):
        make_table(_write(out, table=7, sites=["Kovdor"]), out)


def test_means_go_over_the_kinds_that_both_models_know() -> None:
    own, general = means_of_both([([0.2, None], [0.4, 0.5]), ([0.4, None], [0.8, 0.5]), ([None, None], [0.9, 0.5])])
    assert own == [pytest.approx(0.3), None]
    assert general == [pytest.approx(0.6), None]


def test_a_table_as_text() -> None:
    table = PaperTable(3, "Title", ("Bands", "M1 IoU"), [("RGB", 0.12345), ("M", None)], ["Note."])
    assert "| RGB | 0.123 |\n| M | – |" in as_markdown(table)
    assert "* Note." in as_markdown(table)
    assert json.loads(as_json(table))["rows"] == [{"Bands": "RGB", "M1 IoU": 0.12345}, {"Bands": "M", "M1 IoU": None}]


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("table*.yaml")), ids=lambda path: path.name)
def test_examples_are_valid(path: Path) -> None:
    config = TableConfig.model_validate(yaml.safe_load(path.read_text()))
    assert path.name.startswith(f"table{config.table}")
    for model in config.models:
        options = config.training(model, config.bands[model])
        assert options.network.subsets == (model,)
