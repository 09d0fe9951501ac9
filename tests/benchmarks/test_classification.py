import json

import numpy as np
import pytest
import torch
from torch import nn

import classification
import classification_tables
from classification_contest import N_FOLDS, SCORES, Cells, Entry, fold_of_chip, judge
from classification_cost import macs, write_onnx
from classification_data import made
from classification_recipe import OURS, RATES, Recipe, build, draw_chips, train, view
from classification_rows import optimiser_rows
from classification_slices import cut, middles
from harness import RESULTS
from highwall.classification.dataset import CHIP_PX
from highwall.classification.options import NetworkOptions
from highwall.core.taxonomy import ARTISANAL_MINE, CHIP_CLASSES, NONE
from highwall.learning.onnx import OnnxModel


@pytest.fixture(scope="module")
def data():
    return made()


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def rows(folder, room):
    return json.loads((folder / f"{room}.json").read_text())


@pytest.mark.usefixtures("one_thread")
def test_a_trial_run_measures_everything_and_goes_on_where_it_stopped(tmp_path, capsys):
    call = ["--smoke", "--work", str(tmp_path), "--networks", "rnn,unet,googlenet"]
    classification.main([*call, "--minutes", "0"])
    assert not list(tmp_path.glob("classification*.json"))  # no time: nothing begun, nothing told
    classification.main(call)
    assert {row["rival"] for row in rows(tmp_path, "classification")} == {
        "RNN (GRU over rows)",
        "U-Net, small",
        "GoogLeNet",
    }
    scored = rows(tmp_path, "classification_scores")
    assert {row["rival"] for row in scored} == {"", "RNN (GRU over rows)", "U-Net, small"}  # GoogLeNet is too heavy
    assert [row["case"] for row in scored][:: len(scored) // len(SCORES)] == list(SCORES)
    assert {row["case"].partition(":")[0] for row in rows(tmp_path, "classification_optimisers")} == {
        "sgd",
        "adam",
        "rmsprop",
    }
    assert {row["case"].partition(":")[0] for row in rows(tmp_path, "classification_slices")} == {"3 px", "48 px"}
    assert ": done" in capsys.readouterr().out
    classification.main(call)
    assert ": done" not in capsys.readouterr().out


def test_folds_share_no_group_and_all_have_both_kinds(data):
    folds = fold_of_chip(data.chips)
    for group in np.unique(data.chips.group):
        assert len(set(folds[data.chips.group == group])) == 1
    for fold in range(N_FOLDS):
        assert set(data.chips.is_artisanal[folds == fold]) == {True, False}


def test_a_piece_is_made_again_when_its_facts_change(tmp_path):
    cells = Cells(tmp_path)
    assert cells.get("piece", lambda: {"value": 1}, steps=1) == {"steps": 1, "value": 1}
    assert cells.get("piece", lambda: {"value": 2}, steps=1) == {"steps": 1, "value": 1}
    assert cells.get("piece", lambda: {"value": 2}, steps=2) == {"steps": 2, "value": 2}


def test_draws_are_balanced_and_repeat_with_the_seed(data):
    first, second = (draw_chips(data.chips, recipe=Recipe(n_samples=8, seed=3))() for _ in range(2))
    numbers = [CHIP_CLASSES.index(name) for name in (ARTISANAL_MINE, NONE)]
    assert first[1].tolist() == [numbers[0]] * 4 + [numbers[1]] * 4
    assert torch.equal(first[0], second[0])


def test_a_view_keeps_what_a_chip_shows():
    levels = np.random.default_rng(0).integers(50, 150, (6, 3, 8, 8)).astype(np.uint8)
    seen = view(levels, torch.Generator().manual_seed(0))
    gain = seen.flatten(2).mean(2) / torch.from_numpy(levels).float().flatten(2).mean(2)
    for sample in range(6):
        for band in range(3):  # turned and brightened: the sorted values differ by one factor
            was = np.sort(levels[sample, band].ravel()).astype(np.float32)
            found = np.sort(seen[sample, band].numpy().ravel())
            np.testing.assert_allclose(found, was * float(gain[sample, band]), rtol=1e-5)


@pytest.mark.parametrize("optimiser", RATES)
@pytest.mark.usefixtures("one_thread")
def test_every_optimiser_teaches(data, optimiser):
    torch.manual_seed(0)
    recipe = Recipe(n_steps=40, n_samples=8, optimiser=optimiser)
    draw = draw_chips(data.chips, recipe=recipe)
    network, seconds = train(build("plain_cnn", options=NetworkOptions()), draw, recipe=recipe)
    levels, label = draw()
    with torch.no_grad():
        assert (network(levels).argmax(1) == label).float().mean() == 1.0  # a red square or none: easy
    assert seconds > 0.0


def test_the_better_network_stands_higher():
    truth = np.tile([True, True, False, False], 6)
    family = np.repeat(["a", "b", "c", "d", "e", "f"], 4)
    perfect, poor = truth.astype(float)[None], np.tile([0.9, 0.1, 0.8, 0.2], 6)[None]
    found = judge({OURS: Entry(truth, family, perfect), "poor": Entry(truth, family, poor)}, n_resamples=20)
    assert found[OURS, "ROC-AUC"].found == (1.0, 1.0, 1.0)
    assert found["poor", "ROC-AUC"].found.value == 0.5
    assert found["poor", "ROC-AUC"].less_ours == (-0.5, -0.5, -0.5)


def test_an_undefined_score_is_none_in_the_results():
    truth, family = np.array([True, False]), np.array(["a", "b"])
    entries = {("sgd", name): Entry(truth, family, np.zeros((1, 2))) for name in (OURS, "rnn")}
    found = {row.case: row for row in optimiser_rows(entries)}
    assert found["sgd: precision"].ours is None
    assert found["sgd: overall accuracy"].rival_value == 0.5


def test_multiply_accumulates_are_those_of_the_formula():
    network = nn.Conv2d(3, 5, 3, padding=1)
    assert macs(network) == 5 * 3 * 9 * CHIP_PX**2


@pytest.mark.parametrize("name", [OURS, "rnn", "unet", "csp_nano", "mobilenet_v2_224", "ghostnet_050", "alexnet"])
def test_what_is_timed_says_what_was_built(name, tmp_path):
    torch.manual_seed(0)
    network = build(name, options=NetworkOptions()).eval()
    write_onnx(network, tmp_path / "network.onnx")
    levels = np.random.default_rng(0).integers(0, 256, (3, 3, CHIP_PX, CHIP_PX)).astype(np.float32)
    with torch.no_grad():
        expected = network(torch.from_numpy(levels))
    found = OnnxModel.open(tmp_path / "network.onnx", threads=1).run(levels)
    for a, b in zip(expected if isinstance(expected, tuple) else (expected,), found, strict=True):
        np.testing.assert_allclose(b, a.numpy(), rtol=1e-4, atol=1e-4)  # float32 sums in another order


def test_a_slice_lies_around_its_middle(data):
    at = middles(data.scenes, n=5, random=np.random.default_rng(0))
    slices = cut(data.scenes, at, side=9)
    for number in range(len(slices)):
        scene = data.scenes[at.scene[number]]
        assert (slices[number, :, 4, 4] == scene.pixels[:, at.y[number], at.x[number]]).all()
        assert at.is_mine[number] == (scene.coverage[at.y[number], at.x[number]] >= 0.5)
    assert cut(data.scenes, at, side=48).shape == (30, 3, 48, 48)


def test_the_tables_of_the_page_are_those_that_were_measured():
    text = classification_tables.PAGE.read_text()
    assert text == classification_tables.filled(text, RESULTS), "run benchmarks/classification.py"


def test_a_table_has_one_line_a_network_lightest_first():
    common = {"unit": "M", "rival_value": 2.0, "ours": 3.0}
    found = classification_tables.cost_table(
        [
            {**common, "case": "parameters", "rival": "b"},
            {**common, "case": "parameters", "rival": "a", "rival_value": 1.0},
        ]
    )
    assert [line.split(" | ")[0] for line in found.splitlines()[2:]] == ["| **Highwall**", "| a", "| b"]
