"""Labelled scenes in folders, drawn as polygons or as masks, of which some cannot be used."""

import json
import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.errors import NotGeoreferencedWarning
from shapely.geometry import box
from typer.testing import CliRunner

from highwall.cli import app
from highwall.core.errors import ConfigError, InputError, MissingInputError, ModelError
from highwall.core.taxonomy import CLASS_NAMES, MINING_AREA
from highwall.segmentation.evaluation_options import EvaluationOptions, RuleOptions
from highwall.segmentation.labels import with_outer_classes
from highwall.segmentation.segmenter import MemorySegmenter
from highwall.workflows.judging.judge import Judge, judge_of
from highwall.workflows.judging.segmentation import ToEvaluate, evaluate_segmentation, kind_of_text
from highwall.workflows.labels.kinds import kind_of_folder
from tests.segmentation.networks_made import facts, write_network

SIDE = 64
STEP = 9e-5
"""degree; about 10 m."""
DIM, BRIGHT = 0.1, 0.6
QUICK = EvaluationOptions(n_resamples=20)


def transform_of(number):
    return Affine(STEP, 0.0, -44.0 + number * 0.1, 0.0, -STEP, -20.0)


def write_scene(path, number, *, bright, missing=None, **tags):
    """A scene of B02, B03, B04 in which ``bright`` (rows, columns) stands out."""
    values = np.full((3, SIDE, SIDE), DIM * 10_000, np.uint16)
    for place in bright:
        values[:, *place] = BRIGHT * 10_000
    if missing is not None:
        values[:, *missing] = 0
    profile = {
        "driver": "GTiff", "width": SIDE, "height": SIDE, "count": 3, "dtype": "uint16", "nodata": 0,
        "crs": "EPSG:4326", "transform": transform_of(number),
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(values)
        dataset.descriptions = ("B02", "B03", "B04")
        dataset.update_tags(**tags)


def write_polygons(path, number, **drawn):
    """Polygons of classes: name → (rows, columns)."""
    where = transform_of(number)
    rows = [(name, box(*(where * (c.start, r.stop)), *(where * (c.stop, r.start)))) for name, (r, c) in drawn.items()]
    frame = gpd.GeoDataFrame(
        {"class": [name for name, _ in rows]}, geometry=[shape for _, shape in rows], crs="EPSG:4326"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    if rows:
        frame.to_file(path, driver="GeoJSON")
    else:
        path.write_text('{"type": "FeatureCollection", "features": []}')


def bright_is(said, **changes):
    """A segmenter that says one class, and the mining area, wherever red is bright."""
    known = facts(**({"subsets": (1, 2, 3, 4), "bands": ("B04", "B03", "B02")} | changes))

    def answer(images):
        found = np.zeros((len(images), len(known.classes), *images.shape[2:]), np.float32)
        for each in (said, MINING_AREA):
            if each in known.classes:
                found[:, known.classes.index(each)] = np.where(images[:, 0] > 0.3, 0.9, 0.05)
        return found

    return MemorySegmenter(known, answer)


UPPER, LEFT = (slice(0, 32), slice(0, 64)), (slice(0, 64), slice(0, 32))
QUARTER = (slice(0, 32), slice(0, 32))


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Five scenes: half found, drawn twice, without mine, unlabelled, and one whose labels are broken."""
    root = tmp_path_factory.mktemp("scenes")
    images, labels = root / "images", root / "labels"
    write_scene(images / "1.tif", 1, bright=[QUARTER])
    write_polygons(labels / "1-1.geojson", 1, excavation=UPPER)
    write_scene(images / "2.tif", 2, bright=[QUARTER], missing=(slice(32, 64), slice(32, 64)))
    write_polygons(labels / "2-1.geojson", 2, excavation=QUARTER)
    write_polygons(labels / "2-7.geojson", 2, dumping_ground=LEFT)
    write_scene(images / "3.tif", 3, bright=[(slice(60, 64), slice(0, 64))])
    write_polygons(labels / "3.geojson", 3)
    write_scene(images / "4.tif", 4, bright=[])
    write_scene(images / "5.tif", 5, bright=[])
    write_polygons(labels / "5.geojson", 5, excavatoin=QUARTER)
    write_polygons(labels / "9-1.geojson", 9, excavation=QUARTER)
    return images, labels


def run(folders, out, *, segmenter=None, said=None, judge=None, with_pictures=False, **given):
    judge = judge or Judge(segmenter or bright_is("excavation"), options=QUICK)
    say = (said if said is not None else []).append
    return evaluate_segmentation(
        ToEvaluate((), *folders, **given), out, judge=judge, with_pictures=with_pictures, say=say
    )


@pytest.fixture(scope="module")
def scored(folders, tmp_path_factory):
    out, said = tmp_path_factory.mktemp("scores") / "scores.json", []
    return run(folders, out, said=said, with_pictures=True), out, said


def test_the_file_holds_what_is_returned_and_the_pictures_lie_beside_it(scored):
    scores, out, _ = scored
    assert json.loads(out.read_text()) == scores
    assert scores["pictures"] == ["scores-classes.png", "scores-confusion.png", "scores-reliability.png"]
    assert all((out.parent / name).stat().st_size > 1000 for name in scores["pictures"])
    assert scores["maps"] == ["1.png", "2.png", "3.png"]
    assert all((out.parent / "scores-maps" / name).stat().st_size > 1000 for name in scores["maps"])


def test_each_scene_is_scored_and_a_scene_drawn_twice_by_the_mean(scored):
    scenes = scored[0]["per_scene"]
    assert scenes["1"]["per_class"]["excavation"]["iou"] == 0.5
    assert scenes["1"]["footprint"]["recall"] == 0.5
    assert scenes["2"]["annotators"]["1"]["footprint"]["iou"] == 1.0
    assert scenes["2"]["annotators"]["7"]["footprint"]["iou"] == 0.5
    assert scenes["2"]["footprint"]["iou"] == 0.75
    assert scenes["2"]["missing_share"] == 0.25
    assert scenes["3"]["footprint"]["iou"] == 0.0


def test_all_scenes_together_count_each_pixel_once(scored):
    scores = scored[0]
    # 1: TP 1024, FN 1024; 2, mean of TP 1024 and of TP 1024, FN 1024; 3: FP 256
    assert scores["footprint"]["iou"][0] == pytest.approx(2048 / (2048 + 1024 + 512 + 256), abs=1e-4)
    assert scores["per_class"][MINING_AREA]["iou"] == scores["footprint"]["iou"]
    assert (scores["n_scenes"], scores["n_sites"], scores["n_scenes_drawn_twice"]) == (3, 3, 1)
    low, high = scores["footprint"]["iou"][1:]
    assert low < scores["footprint"]["iou"][0] < high


def test_what_cannot_be_used_is_set_aside_with_its_reason(scored):
    scores, _, said = scored
    reasons = {row["name"]: row["reason"] for row in scores["set_aside"]}
    assert "no label file" in reasons["4"]
    assert "did you mean 'excavation'" in reasons["5.geojson"]
    assert "belongs to no scene" in reasons["9-1.geojson"]
    assert all(any(line.startswith(name) for line in said) for name in reasons)


def test_scenes_without_mine_are_where_false_alarms_are_counted(scored):
    alarms = scored[0]["false_alarms"]
    assert alarms["scenes_without_mine"]["n_scenes"] == 1
    assert alarms["scenes_without_mine"]["said_share"]["footprint"] == 1 / 16
    assert alarms["earthworks"] is None


def test_ceilings_are_those_of_the_labels_when_they_were_drawn_twice(scored, folders, tmp_path):
    assert "mine-classes" in scored[0]["footprint"]["ceiling"]["source"]  # one scene drawn twice is not enough
    assert scored[0]["annotators"]["per_class"]["footprint"]["iou"] == [0.5, None, None]
    for number in (1, 2, 3):
        write_polygons(tmp_path / "labels" / f"{number}-a.geojson", number, excavation=UPPER)
        write_polygons(tmp_path / "labels" / f"{number}-b.geojson", number, excavation=LEFT)
    own = run((folders[0], tmp_path / "labels"), tmp_path / "s.json")["footprint"]["ceiling"]
    assert own["iou"][0] == pytest.approx(1 / 3, abs=0.03)  # a quarter of scene 2 is missing
    assert "several people: 3" in own["source"]


def test_two_annotators_are_held_against_each_other(scored):
    between = scored[0]["annotators"]["confusion"]["pit_against_dump"]
    pit = between["rows_drawn"].index("pit")
    assert between["shares"][pit][between["columns_said"].index("dump")] == 1.0


def write_mask(path, number, values, *, driver="GTiff", **tags):
    profile = {"driver": driver, "width": SIDE, "height": SIDE, "count": 1, "dtype": values.dtype}
    if driver == "GTiff":
        profile |= {"crs": "EPSG:4326", "transform": transform_of(number)}
    path.parent.mkdir(parents=True, exist_ok=True)
    unplaced = warnings.catch_warnings(action="ignore", category=NotGeoreferencedWarning)
    with unplaced, rasterio.open(path, "w", **profile) as dataset:
        dataset.write(values, 1)
        dataset.update_tags(**tags)


def test_codes_imply_the_class_around(tmp_path):
    codes = np.zeros((SIDE, SIDE), np.uint8)
    codes[QUARTER] = 10
    codes[0, 0] = 255
    write_scene(tmp_path / "images" / "1.tif", 1, bright=[QUARTER])
    write_mask(tmp_path / "labels" / "1.tif", 1, codes)
    said = []
    scores = run(
        (tmp_path / "images", tmp_path / "labels"), tmp_path / "s.json", segmenter=bright_is("dumping_ground"),
        said=said,
    )  # fmt: skip
    assert scores["labels"]["kinds"] == {"codes": 1}
    assert scores["per_class"]["dumping_ground"]["iou"][0] == 1.0
    assert scores["per_class"]["tailing_storage_facility"]["recall"][0] == 0.0
    assert any("one class a pixel" in line for line in said)
    assert with_outer_classes(np.array([[1 << 9]], np.uint16))[0, 0] == (1 << 9) | 2


def test_bits_are_taken_as_they_are(tmp_path):
    bits = np.zeros((SIDE, SIDE), np.uint16)
    bits[QUARTER] = 1 << 9
    bits[40:] = 65535
    write_scene(tmp_path / "images" / "1.tif", 1, bright=[QUARTER])
    write_mask(tmp_path / "labels" / "1.tif", 1, bits, LAYER="mining_labels")
    scores = run((tmp_path / "images", tmp_path / "labels"), tmp_path / "s.json")
    assert scores["labels"]["kinds"] == {"bits": 1}
    assert scores["per_class"]["dumping_ground"]["drawn_m2"] == 0.0
    assert scores["per_class"]["excavation"]["precision"][0] == 0.0
    assert scores["per_scene"]["1"]["missing_share"] == 24 / 64


@pytest.mark.parametrize("kind", ["codes", "bits"])
def test_a_png_is_a_mask_and_the_folder_tells_what_its_values_mean(tmp_path, kind):
    """A 5 alone may be infrastructure or two bits; another file of the folder decides."""
    for number in (1, 2):
        values = np.zeros((SIDE, SIDE), np.uint16)
        values[QUARTER] = 5
        if number == 2 and kind == "bits":
            values[UPPER] = 512
        write_scene(tmp_path / "images" / f"{number}.tif", number, bright=[QUARTER])
        write_mask(tmp_path / "labels" / f"{number}.png", number, values, driver="PNG")
    assert kind_of_folder(tmp_path / "labels") == kind
    found = run((tmp_path / "images", tmp_path / "labels"), tmp_path / "s.json")
    assert found["labels"]["kinds"] == {kind: 2}
    assert (found["per_class"]["infrastructure"]["drawn_m2"] > 0) == (kind == "codes")
    told = run((tmp_path / "images", tmp_path / "labels"), tmp_path / "s.json", label_kind="bits")
    assert told["per_class"]["infrastructure"]["drawn_m2"] == 0.0


@pytest.mark.parametrize(("dtype", "kind"), [("u1", "codes"), ("u2", "bits")])
def test_types_of_mines_are_codes_in_bytes(tmp_path, dtype, kind):
    """13 is a coal gangue dump, or excavation, stockpile and settling pond at once: two bytes a pixel are for bits."""
    values = np.zeros((SIDE, SIDE), dtype)
    values[QUARTER] = 13
    write_mask(tmp_path / "1.tif", 1, values)
    assert kind_of_folder(tmp_path) == kind


def test_masks_of_0_and_255_are_no_labels(tmp_path):
    values = np.where(np.arange(SIDE) < 9, 255, 0).astype(np.uint8)
    write_mask(tmp_path / "1.png", 1, np.tile(values, (SIDE, 1)), driver="PNG")
    with pytest.raises(InputError, match="255 marks what lies outside"):
        kind_of_folder(tmp_path)
    assert kind_of_folder(tmp_path / "nothing") is None


def test_rules_are_told_beside_the_scores_without_them(folders, tmp_path):
    dams = bright_is("dam")
    judge = Judge(dams, options=QUICK, rules=RuleOptions(names=("dam", "unclear", "land_cover")))
    said = []
    scores = run(folders, tmp_path / "s.json", judge=judge, said=said)
    rules = scores["rules"]
    assert list(rules["scores"]) == ["none", "dam", "together"]
    assert rules["removed_pixels"] == {"dam": 0}  # all of them touch the edge of their scene
    assert "--land-cover" in next(iter(rules["not_applied"]["land_cover"]))
    assert any("rule unclear not applied, scenes 3" in line for line in said)


def test_a_map_of_land_cover_takes_back_what_lies_in_a_forest(folders, tmp_path):
    for number in (1, 2, 3):
        cover = np.full((SIDE, SIDE), 10 if number == 3 else 60, np.uint8)
        write_mask(tmp_path / "cover" / f"{number}.tif", number, cover)
    judge = Judge(
        bright_is("excavation"), options=QUICK, rules=RuleOptions(names=("land_cover",)), land_cover=tmp_path / "cover"
    )
    scores = run(folders, tmp_path / "s.json", judge=judge)
    assert scores["rules"]["removed_pixels"] == {"land_cover": 2 * 256}  # as excavation and as mining area
    assert scores["false_alarms"]["scenes_without_mine"]["said_ha"]["footprint"] == 0.0
    assert scores["rules"]["scores"]["none"]["false_alarms"]["said_ha"]["footprint"] > 0.0


def test_false_alarms_on_earthworks_are_told_apart(folders, tmp_path):
    write_polygons(tmp_path / "works.geojson", 3, road=(slice(56, 64), slice(0, 64)))
    scores = run(folders, tmp_path / "s.json", earthworks=tmp_path / "works.geojson")
    assert scores["false_alarms"]["earthworks"]["n_scenes"] == 1
    assert scores["false_alarms"]["earthworks"]["said_share"]["footprint"] == 0.5


def test_a_network_of_one_subset_has_no_footprint(folders, tmp_path):
    scores = run(folders, tmp_path / "s.json", segmenter=bright_is("excavation", subsets=(1,)))
    assert scores["footprint"] is None
    assert set(scores["per_class"]) == {"excavation", "preparatory_work_area"}
    assert scores["per_scene"]["1"]["footprint"] is None


def test_scenes_that_do_not_suit_are_refused_and_may_be_forced(folders, tmp_path):
    demo = bright_is("excavation", name="demo bright", is_simulated=True)
    with pytest.raises(ModelError, match="saw nothing but simulation"):
        run(folders, tmp_path / "s.json", segmenter=demo)
    forced = run(folders, tmp_path / "s.json", judge=Judge(demo, options=QUICK, force=True))
    assert forced["n_scenes"] == 3
    said = []
    taken = run(folders, tmp_path / "t.json", segmenter=bright_is("excavation", level="L1C"), said=said)
    assert taken["n_scenes"] == 3
    assert any("do not say their level: 3; taken to be L1C" in line for line in said)


def test_a_folder_named_as_output_keeps_what_it_holds(folders, tmp_path):
    (tmp_path / "mine.txt").write_text("kept")
    run(folders, tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "kept"
    assert json.loads((tmp_path / "scores.json").read_text())["n_scenes"] == 3


def test_folders_that_are_not_there_are_said(folders, tmp_path):
    with pytest.raises(MissingInputError, match="name the folder of its labels"):
        run((folders[0], None), tmp_path / "s.json")
    with pytest.raises(MissingInputError, match="no folder of labels"):
        run((folders[0], tmp_path / "none"), tmp_path / "s.json")
    with pytest.raises(MissingInputError, match="no dataset"):
        run((tmp_path / "none", None), tmp_path / "s.json")


def test_an_empty_scene_is_set_aside(tmp_path):
    whole = (slice(0, SIDE), slice(0, SIDE))
    write_scene(tmp_path / "images" / "1.tif", 1, bright=[], missing=whole)
    write_polygons(tmp_path / "labels" / "1.geojson", 1, excavation=QUARTER)
    with pytest.raises(InputError, match="no pixel has both data and labels"):
        run((tmp_path / "images", tmp_path / "labels"), tmp_path / "s.json")


def test_the_command_line_says_what_was_found(folders, tmp_path):
    model = write_network(tmp_path / "dumps.onnx", facts(), seen={"dumping_ground": "B04"})
    out = tmp_path / "scores.json"
    command = [
        "evaluate", "segmentation", *map(str, folders), "--model", str(model), "--out", str(out), "--no-pictures",
        "--rules", "all",
    ]  # fmt: skip
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert "dumping ground" in result.output
    assert "Means over classes" in result.output
    scores = json.loads(out.read_text())
    assert scores["model"]["files"] == ["dumps.onnx"]
    assert (scores["maps"], scores["pictures"]) == ([], [])
    assert not (tmp_path / "scores-maps").exists()
    assert judge_of([tmp_path]).segmenter.metadata.classes == ("dumping_ground",)


def test_what_the_command_line_cannot_mean_is_refused(tmp_path):
    model = write_network(tmp_path / "dumps.onnx", facts(), seen={"dumping_ground": "B04"})
    with pytest.raises(ConfigError, match="did you mean 'slope'"):
        judge_of([model], rules=("slop",))
    with pytest.raises(ConfigError, match="blank"):
        judge_of([model], blank="perhaps")
    with pytest.raises(MissingInputError, match="land cover"):
        judge_of([model], land_cover=tmp_path / "none.tif")
    with pytest.raises(ModelError, match="both know subset 2"):
        judge_of([model, model])
    with pytest.raises(ConfigError, match="bits or codes"):
        kind_of_text("layers")
    assert kind_of_text("bits") == "bits"


@pytest.mark.real
def test_on_real_scenes_what_one_person_drew_scores_as_the_other_agrees(real_data, tmp_path):
    everywhere = bright_is("excavation")
    labels = tmp_path / "labels"
    labels.mkdir()
    for name in ("17-3.geojson", "17-4.geojson"):
        (labels / name).write_bytes((real_data / "mine-classes" / name).read_bytes())
    images = tmp_path / "images"
    images.mkdir()
    (images / "17.tif").write_bytes((real_data / "tailings-ponds" / "images" / "17.tif").read_bytes())
    scores = run((images, labels), tmp_path / "s.json", segmenter=everywhere)
    assert scores["labels"]["kinds"] == {"polygons": 2}
    assert 0.5 < scores["footprint"]["ceiling"]["iou"][0] < 1.0
    assert set(scores["per_scene"]["17"]["annotators"]) == {"3", "4"}
    assert set(scores["per_class"]) > set(CLASS_NAMES)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            ToEvaluate((), Path("set"), bands=("B02",), level="L1C"),
            "set is taken as a dataset.*leave --bands and --level out",
        ),
        (ToEvaluate((), Path("set"), label_kind="bits"), "leave --label-kind out"),
        (ToEvaluate((), Path("images"), Path("labels"), split="test"), "--split test is one of a dataset"),
    ],
)
def test_what_would_be_passed_over_is_refused(tmp_path, given, message):
    with pytest.raises(InputError, match=message):
        evaluate_segmentation(given, tmp_path / "scores.json", judge=Judge(bright_is("excavation")))


def test_land_cover_without_its_rule_is_refused(tmp_path):
    with pytest.raises(InputError, match="--land-cover serves the rule land_cover; give --rules land_cover too"):
        judge_of((tmp_path / "any.onnx",), rules=("dam",), land_cover=tmp_path)
