"""Labelled chips in a folder, of which one is damaged and others are not what they should be."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from highwall.classification.extract import ChipModel
from highwall.classification.families import LabelRule
from highwall.classification.judging import chip_scores
from highwall.classification.options import EvaluateOptions
from highwall.cli import app
from highwall.core.errors import InputError, MissingInputError, ModelError
from highwall.core.taxonomy import ARTISANAL_MINE, CHIP_CLASSES
from highwall.workflows.judging.chips import evaluate_chips
from tests.io.mosaics_made import ground, mosaic

QUICK = EvaluateOptions(n_resamples=20, n_views=2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("chips")
    for seed, name in enumerate(["a_positives", "b_positives", "c_negatives", "landslides_d"]):
        mosaic(path / f"{name}_S2L1C_clear0.75_2023.png", ground(seed))
    mosaic(path / "c_negatives_S2L1C_clear0.05_2023.png", ground(9))
    mosaic(path / "old_mines_S2L1C_2023.png", ground(5))
    mosaic(path / "e_negatives_S2L2A_2023.png", ground(6))
    mosaic(path / "f_negatives_S2L1C_2023.png", np.zeros((3, 48, 48), np.uint8))
    mosaic(path / "g_negatives_S2L1C_2023.png", ground(7)[:, :50])
    whole = (path / "a_positives_S2L1C_clear0.75_2023.png").read_bytes()
    (path / "h_positives_S2L1C_2023.png").write_bytes(whole[:-40])
    return path


@pytest.fixture(scope="module")
def scored(folder, tmp_path_factory):
    out, said = tmp_path_factory.mktemp("scores") / "scores.json", []
    return evaluate_chips(folder, out, options=QUICK, say=said.append), out, said


def test_the_file_holds_what_is_returned_and_the_pictures_lie_beside_it(scored):
    scores, out, _ = scored
    assert json.loads(out.read_text()) == scores
    assert scores["pictures"] == ["scores-reliability.png", "scores-precision-recall.png"]
    assert all((out.parent / name).stat().st_size > 1000 for name in scores["pictures"])


def test_variants_of_a_family_are_one_and_every_chip_counts(scored):
    scores, _, _ = scored
    families = scores["families"]
    assert {name: row["n"] for name, row in families.items()} == {
        "a_positives": 6, "b_positives": 6, "c_negatives": 12, "landslides_d": 6,
    }  # fmt: skip
    assert (scores["overall"]["n"], scores["overall"]["n_positive"]) == (30, 12)
    assert families["landslides_d"]["label_is_assumed"]
    assert not families["c_negatives"]["label_is_assumed"]


def test_what_cannot_be_used_is_set_aside_with_its_reason(scored):
    scores, _, said = scored
    reasons = {row["name"].split("_S2")[0]: row["reason"] for row in scores["set_aside"]}
    expected = {
        "old_mines": "--positives", "e_negatives": "it is L2A", "f_negatives": "black all over",
        "g_negatives": "multiple of 48", "h_positives": "truncated",
    }  # fmt: skip
    assert reasons.keys() == expected.keys()
    for name, words in expected.items():
        assert words in reasons[name]
        assert any(line.startswith(name) for line in said)


def test_the_score_is_that_of_artisanal_mines_unless_told_otherwise(folder, scored, tmp_path):
    scores, _, _ = scored
    assert scores["score"] == ARTISANAL_MINE
    chips = np.stack([ground(0)[:, y : y + 48, x : x + 48] for y in (0, 48) for x in (0, 48, 96)])
    expected = chip_scores(chips.transpose(0, 2, 3, 1), ChipModel.open(threads=1), n_views=QUICK.n_views)
    column = CHIP_CLASSES.index(ARTISANAL_MINE)
    assert scores["families"]["a_positives"]["mean_score"] == pytest.approx(expected[:, column].mean(), abs=1e-4)
    any_mine = evaluate_chips(folder, tmp_path / "mine.json", score="mine", options=QUICK)
    assert any_mine["families"]["a_positives"]["mean_score"] == pytest.approx(1 - expected[:, 0].mean(), abs=1e-4)


def test_a_forced_level_and_a_given_label_are_scored_too(folder, tmp_path):
    rule = LabelRule(positives="old_mines")
    scores = evaluate_chips(folder, tmp_path / "s.json", rule=rule, force=True, options=QUICK)
    assert scores["families"]["old_mines"]["label"] == "positive"
    assert scores["families"]["e_negatives"]["n"] == 6


def test_one_class_is_scored_as_far_as_it_goes(tmp_path):
    mosaic(tmp_path / "landslides_S2L1C_2023.png", ground(0))
    said = []
    scores = evaluate_chips(tmp_path, tmp_path / "s.json", options=QUICK, say=said.append)
    assert scores["overall"]["auc"] is None
    assert scores["overall"]["calibration_error"] is not None
    assert scores["pictures"] == ["s-reliability.png"]
    assert any("there are only negatives, add some positives" in line for line in said)


def test_a_folder_of_which_nothing_can_be_used_is_refused(tmp_path):
    (tmp_path / "a_positives_S2L1C_x.png").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"can be used:\n  a_positives.*no PNG"):
        evaluate_chips(tmp_path, tmp_path / "s.json", options=QUICK)
    assert not (tmp_path / "s.json").exists()


def test_wrong_arguments_are_refused(folder, tmp_path):
    with pytest.raises(ModelError, match="no class 'gold'"):
        evaluate_chips(folder, tmp_path / "s.json", score="gold", options=QUICK)
    with pytest.raises(MissingInputError, match="no mosaics"):
        evaluate_chips(tmp_path, tmp_path / "s.json", options=QUICK)
    with pytest.raises(MissingInputError, match="no model"):
        evaluate_chips(folder, tmp_path / "s.json", weights=tmp_path / "none.onnx", options=QUICK)


def test_the_verb_prints_a_table_and_takes_patterns(folder, tmp_path):
    out = tmp_path / "scores.json"
    done = CliRunner().invoke(app, ["evaluate", "chips", str(folder), "--out", str(out), "--positives", "old_mines"])
    assert done.exit_code == 0, done.output
    assert "artisanal mine, by family" in done.output
    assert json.loads(out.read_text())["families"]["old_mines"]["labelled_by"] == "--positives old_mines"
