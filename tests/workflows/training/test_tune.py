"""`highwall tune` from its YAML: choice by validation, one look at the test split, pictures and tables of trials."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image
from typer.testing import CliRunner

from highwall.cli import app
from highwall.core.errors import ConfigError, MissingInputError
from highwall.workflows.training.tune import TuneConfig, tune

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "minecam"
CONFIG: dict[str, Any] = {
    "data": {"simulated": {"n_sites": 6, "side_px": 48, "first_year": 2019, "last_year": 2019, "without_mine": 0.0}},
    "train": {"network": {"subsets": [4], "decoder_width": 64}, "validation_px": 64, "level": "L2A",
              "sampling": {"chip_px": 64}},
    "search": {"n_trials": 3, "n_unpruned": 5,
               "space": {"learning_rate": [1e-3], "batch": [2, 4], "n_epochs": [1], "chip_px": [64],
                         "optimiser": ["adam"], "encoder": ["tu-mobilenetv3_small_050"], "architecture": ["fpn"],
                         "loss": ["jaccard", "focal"]}},
}  # fmt: skip


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("config") / "tune.yaml"
    path.write_text(yaml.safe_dump(CONFIG))
    return path


@pytest.fixture(scope="module")
def out(config: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tune")
    result = CliRunner().invoke(app, ["tune", str(config), "--out", str(folder)])
    assert result.exit_code == 0, result.output
    assert "validation IoU" in result.output
    return folder


def test_the_choice_is_tested_once(out: Path, config: Path) -> None:
    found = json.loads((out / "tune.json").read_text())
    assert found["counts"]["completed"] == 3
    assert found["tested"]["n_scenes"] == found["tested"]["n_simulated"] > 0
    assert found["tested"]["trial"] == found["best"]["trial"]
    again = tune(config, out)
    assert again["tested"] == found["tested"]
    with pytest.raises(ConfigError, match="judged on the test split"):
        tune(config, out, n_trials=5)


def test_the_retrained_choice_repeats_its_validation_score(out: Path) -> None:
    found = json.loads((out / "tune.json").read_text())
    # the same seed on the same machine
    assert found["tested"]["validation_iou"] == pytest.approx(found["best"]["validation_iou"], abs=1e-6)


def test_every_trial_stands_in_the_table(out: Path) -> None:
    with (out / "trials.csv").open(newline="") as rows:
        trials = list(csv.DictReader(rows))
    assert {row["loss"] for row in trials} <= {"jaccard", "focal"}
    completed = [row for row in trials if row["state"] == "complete"]
    assert len(completed) == 3
    assert all(float(row["validation_iou"]) >= 0.0 for row in completed)
    assert all(row["why"].startswith("repeats trial") for row in trials if row not in completed)


def test_pictures_are_pictures(out: Path) -> None:
    for name in ("history.png", "importance.png"):
        with Image.open(out / name) as picture:
            assert picture.width > 300


def test_workers_share_a_study(config: Path, tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path / 'shared.db'}"
    tune(config, tmp_path / "a", n_trials=1, storage=storage, with_test=False)
    found = tune(config, tmp_path / "b", n_trials=2, storage=storage, with_test=False)
    assert found["counts"]["completed"] == 2
    assert found["tested"] is None


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("tune*.yaml")), ids=lambda path: path.name)
def test_examples_are_valid(path: Path) -> None:
    options = TuneConfig.model_validate(yaml.safe_load(path.read_text())).options()
    assert options.n_trials == 200
    assert options.space.size == (3**5 * 2 if "smoke" in path.name else 3**6) * 5 * 4


def test_mistakes_are_told(tmp_path: Path) -> None:
    with pytest.raises(MissingInputError, match="examples/minecam"):
        tune(tmp_path / "none.yaml", tmp_path)
    path = tmp_path / "bad.yaml"
    path.write_text(yaml.safe_dump({"data": {}}))
    with pytest.raises(ConfigError, match="either dataset or simulated"):
        tune(path, tmp_path)
    path.write_text(yaml.safe_dump(CONFIG | {"search": {"trials": 3}}))
    with pytest.raises(ConfigError, match="n_trials"):
        tune(path, tmp_path)
    path.write_text("data: [")
    with pytest.raises(ConfigError, match="not YAML"):
        tune(path, tmp_path)
