import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from highwall.classification.cracks.mapping import SHIPPED_CRACKS, CrackModel
from highwall.classification.cracks.options import (
    CRACK_NETWORK,
    CrackProtocolOptions,
    CrackTrainOptions,
    ScoreOptions,
)
from highwall.classification.cracks.scores import LevelCounts
from highwall.classification.cracks.simulate import simulated_photograph
from highwall.cli import app
from highwall.core.errors import InputError, MissingInputError, ModelError
from highwall.workflows.training.cracks import read_labelled, score_photograph, train_cracks

SMALL = CrackProtocolOptions(
    n_simulated=3,
    n_simulated_unseen=2,
    score=ScoreOptions(n_resamples=20, chip_px=32),
    train=CrackTrainOptions(
        n_steps=3,
        n_chips=4,
        network=CRACK_NETWORK.model_copy(
            update={"chip_px": 32, "stem_width": 8, "growth": 4, "neck_width": 8, "n_layers": 2, "n_scales": 2}
        ),
    ),
)
LEAST_TOLERANT_F1 = 0.55
"""Floor on some photographs of uav75; the card holds the value of all, which is higher."""


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """A folder of four simulated photographs of two places, with masks."""
    folder = tmp_path_factory.mktemp("labelled")
    for name in ("wall_img", "wall_lab"):
        (folder / name).mkdir()
    for number in (1, 2, 101, 102):
        photograph = simulated_photograph(number, side=64, crack_share=1.0).photograph
        Image.fromarray(np.moveaxis(photograph.levels, 0, 2)).save(folder / "wall_img" / f"P{number}.png")
        mask = 255 * photograph.is_crack.astype(np.uint8) + 204 * photograph.is_planking.astype(np.uint8)
        Image.fromarray(mask).save(folder / "wall_lab" / f"P{number}.png")
    return folder


def test_a_folder_is_read_with_its_masks_and_places(labelled):
    found = read_labelled(labelled)
    places = {photograph.name: photograph.place for photograph in found.photographs}
    assert places == {"P1": "1-2", "P2": "1-2", "P101": "101-102", "P102": "101-102"}
    drawn = simulated_photograph(1, side=64, crack_share=1.0).photograph
    first = next(photograph for photograph in found.photographs if photograph.name == "P1")
    np.testing.assert_array_equal(first.is_crack, drawn.is_crack)
    np.testing.assert_array_equal(first.is_planking, drawn.is_planking)


def test_a_mask_of_another_size_is_set_aside(labelled, tmp_path):
    for name in ("wall_img", "wall_lab"):
        (tmp_path / name).symlink_to(labelled / name)
    (tmp_path / "x_img").mkdir()
    (tmp_path / "x_lab").mkdir()
    for name, side in (("x_img", 64), ("x_lab", 32)):
        Image.fromarray(np.zeros((side, side, 3), np.uint8)).save(tmp_path / name / "P9.png")
    found = read_labelled(tmp_path)
    assert [each.name for each in found.set_aside] == ["P9.png"]
    assert len(found.photographs) == 4


def test_a_mask_with_other_marks_is_set_aside(tmp_path):
    """Cracks marked by 1 would be no cracks."""
    for folder, values in (("a_img", np.zeros((64, 64, 3), np.uint8)), ("a_lab", np.eye(64, dtype=np.uint8))):
        (tmp_path / folder).mkdir()
        Image.fromarray(values).save(tmp_path / folder / "P1.png")
    with pytest.raises(InputError, match=r"none of 1 .*P1.png holds 1; mark cracks with 255"):
        read_labelled(tmp_path)


def test_a_folder_without_masks_is_refused(tmp_path):
    with pytest.raises(MissingInputError, match="no labelled photographs"):
        read_labelled(tmp_path)


def test_training_on_photographs_is_judged_by_place_and_resumes(labelled, tmp_path):
    steps = []
    path = train_cracks(labelled, tmp_path, protocol=SMALL, progress=lambda *told: steps.append(told[:2]))
    assert {stage for stage, _ in steps} == {"fold-1", "fold-2", "cracks"}
    card = json.loads((tmp_path / "cracks.card.json").read_text())
    assert card["cross_validation"]["n_photographs"] == 4
    assert CrackModel.open(path).metadata.chip_px == 32
    before = path.read_bytes()
    train_cracks(labelled, tmp_path, protocol=SMALL, progress=lambda *told: pytest.fail("nothing is left to do"))
    assert path.read_bytes() == before


def test_training_without_data_is_simulated_and_says_so(labelled, tmp_path):
    path = train_cracks(None, tmp_path, judge=labelled, protocol=SMALL)
    assert "simulated" in CrackModel.open(path).metadata.training_data
    text = (tmp_path / "cracks.md").read_text()
    assert "**simulated**" in text
    assert f"On {labelled.name}, of which it saw nothing" in text
    assert f"`highwall train cracks --judge {labelled.name} --out DIR`" in text


def test_other_photographs_do_not_go_on_from_a_checkpoint(labelled, tmp_path):
    train_cracks(None, tmp_path, protocol=SMALL)
    with pytest.raises(ModelError, match="other options or data"):
        train_cracks(labelled, tmp_path, protocol=SMALL.model_copy(update={"cross_validate": False}))


def test_more_folds_than_places_are_refused(labelled, tmp_path):
    with pytest.raises(InputError, match="fewer folds"):
        train_cracks(labelled, tmp_path, protocol=SMALL.model_copy(update={"n_folds": 3}))


def test_the_command_scores_a_folder(labelled, tmp_path):
    done = CliRunner().invoke(app, ["evaluate", "cracks", str(labelled), "--out", str(tmp_path / "s.json")])
    assert done.exit_code == 0, done.output
    assert "ROC-AUC of chips" in done.output
    assert json.loads((tmp_path / "s.json").read_text())["scores"]["n_photographs"] == 4


def test_the_shipped_network_learned_from_simulated_photographs_alone():
    card = json.loads(SHIPPED_CRACKS.with_name("cracks.card.json").read_text(encoding="utf-8"))
    facts = CrackModel.open().metadata
    assert "no real one" in facts.training_data
    assert facts.training_data == card["model"]["training_data"]
    assert SHIPPED_CRACKS.stat().st_size < 3_000_000


@pytest.mark.real
def test_the_shipped_network_finds_the_cracks_of_real_photographs(real_data):
    """Every sixth photograph of uav75; the card holds the score of all."""
    model = CrackModel.open()
    photographs = read_labelled(real_data / "cracks" / "uav75").photographs[::6]
    counts = LevelCounts.total([score_photograph(each, model, options=ScoreOptions()).counts for each in photographs])
    assert counts.f1(0.5) > LEAST_TOLERANT_F1
    assert counts.planking_called_crack(0.5) < 0.1
