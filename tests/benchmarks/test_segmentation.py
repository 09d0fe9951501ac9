import json

import numpy as np
import pytest
from affine import Affine

import segmentation_scores
from harness import Row, report
from highwall.core.grid import GeoBox
from highwall.core.taxonomy import SUBSETS
from highwall.segmentation.dataset import SampleSet, sample_of_arrays
from highwall.segmentation.labels import BITS
from highwall.segmentation.segmenter import SHIPPED_MODEL
from segmentation import ENTRIES, MINES_ONLY, OURS, SIMULATED_FIRST, rows_beside, rows_of_others, with_others
from segmentation_card import card_text
from segmentation_folds import RECIPE, Answers, Entry, folds_of, parts_of
from segmentation_scores import UNSETTLED, cooled, cross_validated, settled_on, summary_of
from segmentation_simulated import SITES, simulated_beginning, simulated_identity

SIDE = 40
CLASSES = tuple(name for subset in (1, 2, 3, 4) for name in SUBSETS[subset])


@pytest.fixture(autouse=True)
def every_pixel(monkeypatch):
    monkeypatch.setattr(segmentation_scores, "EVERY_PX", 1)


@pytest.fixture
def samples():
    return SampleSet(drawn(f"s{number}", top=4 + number) for number in range(3))


def drawn(name, *, top):
    mask = np.zeros((SIDE, SIDE), dtype=np.uint16)
    mask[top : top + 20, 5:25] = BITS["excavation"]
    image = np.full((3, SIDE, SIDE), 0.1, dtype=np.float32)
    grid = GeoBox((SIDE, SIDE), Affine(10, 0, 5e5, 0, -10, 6e6), "EPSG:32633")
    return sample_of_arrays(name, image, masks=mask, grid=grid, bands=("B04", "B03", "B02"))


def said_of(samples, *, sure):
    """Right everywhere, with this probability of excavation and of mining area where they are."""
    said = {}
    for sample in samples:
        probability = np.full((len(CLASSES), SIDE, SIDE), 0.01, dtype=np.float32)
        for name in ("excavation", "mining_area"):
            probability[CLASSES.index(name)][sample.mask() > 0] = sure
        said[sample.name] = probability
    return said


def test_the_background_makes_each_subset_whole():
    probability = np.full((len(CLASSES), 2, 2), 0.1, dtype=np.float32)
    parts = list(parts_of(probability, (1, 2, 3, 4)))
    assert [len(part) for part in parts] == [3, 2, 8, 2]
    for part in parts:
        np.testing.assert_allclose(part.sum(axis=0), 1.0, rtol=1e-6)


def test_places_of_one_group_share_a_fold(samples):
    fold_of = folds_of(samples, n_folds=3)
    assert sorted(fold_of.values()) == [0, 1, 2]


def test_one_degree_changes_nothing(samples):
    probability = said_of(samples, sure=0.7)["s0"]
    np.testing.assert_allclose(cooled(probability, UNSETTLED.temperature), probability, atol=1e-6)


def test_what_is_right_but_unsure_is_found_once_it_is_settled(samples):
    said = said_of(samples, sure=0.3)
    settled = settled_on(list(samples), said)
    assert settled.thresholds["excavation"] < 0.5
    assert "stockpile" not in settled.thresholds
    found, _ = cross_validated(samples, said, folds_of(samples, n_folds=3))
    assert found.of("excavation").iou == 1.0
    assert found.of("footprint").iou == 1.0
    summary = summary_of(found)
    assert summary["n_places"] == 3
    assert summary["classes"]["excavation"]["annotators_iou"][0] < 1.0
    json.dumps(summary, allow_nan=False)


def test_a_rival_stands_beside_ours_on_the_scenes_of_its_folds(samples):
    fold_of = folds_of(samples, n_folds=3)
    said = said_of(samples, sure=0.9)
    by_fold = [Answers({name: said[name] for name in said if fold_of[name] == fold}, 1.0) for fold in range(3)]
    blind = [Answers({name: np.zeros_like(p) for name, p in by_fold[0].probability.items()}, 1.0)]
    rows = {row.case: row for row in rows_beside("blind", samples, {OURS: by_fold, "blind": blind}, fold_of)}
    assert rows["excavation"].ours == 1.0
    assert rows["excavation"].rival_value == 0.0
    assert "1 scenes of 1 folds" in rows["excavation"].note


def test_entries_differ_in_what_decides_their_weights():
    assert len({entry.identity for entry in ENTRIES.values()}) == len(ENTRIES)
    assert Entry("another name").identity == ENTRIES[MINES_ONLY].identity
    assert [options.network.subsets for options in ENTRIES["four_networks"].options] == [(1,), (2,), (3,), (4,)]
    assert ENTRIES["unet_resnet18"].options[0].network.encoder_weights is None


def test_what_an_earlier_run_told_of_others_stays(tmp_path):
    told = [Row("dam", "IoU", 0.1234, name, 0.2, note="3 scenes") for name in (OURS, MINES_ONLY, SIMULATED_FIRST)]
    path = report("segmentation", told, title="", folder=tmp_path)
    kept = rows_of_others([OURS, SIMULATED_FIRST], json.loads(path.read_text(encoding="utf-8")))
    assert kept == [told[1]]
    merged = with_others({"one": {"iou": 2}}, {"one": {"iou": 1, "alarms": 3}, "other": {"iou": 4}})
    assert merged == {"one": {"iou": 2, "alarms": 3}, "other": {"iou": 4}}


def test_what_begins_from_simulation_learns_as_ours_does_and_no_simulated_site_is_judged():
    begun, ours = ENTRIES[SIMULATED_FIRST], ENTRIES[OURS]
    assert begun.options == ours.options
    assert begun.with_quiet == ours.with_quiet
    assert SITES.shares == (1.0, 0.0, 0.0)


def test_a_beginning_that_is_there_is_not_trained_again(tmp_path):
    folder = tmp_path / f"simulated-{simulated_identity(RECIPE)}"
    folder.mkdir()
    (folder / "simulated.ckpt").touch()
    assert simulated_beginning(RECIPE, work=tmp_path, progress=print) == folder / "simulated.ckpt"


def test_the_card_says_what_was_measured():
    card = json.loads(SHIPPED_MODEL.with_suffix(".card.json").read_text(encoding="utf-8"))
    assert SHIPPED_MODEL.with_suffix(".md").read_text(encoding="utf-8") == card_text(card), "run the benchmark --ship"
