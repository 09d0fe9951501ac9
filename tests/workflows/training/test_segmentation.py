import json
from dataclasses import replace

import numpy as np
import pytest
import rasterio
import yaml
from typer.testing import CliRunner

from highwall.cli import app
from highwall.core.errors import ConfigError, InputError, MissingInputError, ModelError, OutputError
from highwall.segmentation.dataset import SampleSet
from highwall.segmentation.labels import BITS, OUTSIDE
from highwall.segmentation.segmenter import OnnxSegmenter
from highwall.workflows.training.segmentation import (
    Fold,
    ToLearn,
    fold_of,
    hold_out,
    options_of,
    read_samples,
    split_samples,
    subsets_of,
    train_segmentation,
)
from tests.segmentation.lessons import TINY, scene

DEGREE = 1e-4


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Four scenes far from one another, with a mask of class codes each."""
    folder = tmp_path_factory.mktemp("scenes")
    images, labels = folder / "images", folder / "labels"
    images.mkdir()
    labels.mkdir()
    for number in range(4):
        made = scene(f"scene-{number}")
        place = rasterio.transform.from_origin(-40.0 + number, -20.0, DEGREE, DEGREE)
        common = {"driver": "GTiff", "width": 96, "height": 64, "crs": "EPSG:4326", "transform": place}
        with rasterio.open(images / f"{number}.tif", "w", count=3, dtype="float32", **common) as file:
            file.write(made.image())
            file.descriptions = ("B04", "B03", "B02")
            file.update_tags(level="L1C")
        with rasterio.open(labels / f"{number}.tif", "w", count=1, dtype="uint8", **common) as file:
            file.write((made.mask() & 1).astype(np.uint8), 1)
    return images, labels


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    path = tmp_path_factory.mktemp("recipe") / "tiny.yaml"
    content = {**TINY, "network": {**TINY["network"], "subsets": [1, 2]}, "n_epochs": 1}
    path.write_text(yaml.safe_dump(content))
    return path


def test_folders_become_a_network_with_its_record(folders, recipe, tmp_path):
    options = options_of(str(recipe), {"name": "tiny", "network": {"subsets": (1,)}})
    said = []
    path = train_segmentation(ToLearn(None, *folders), tmp_path / "out", options=options, half=True, say=said.append)
    network = OnnxSegmenter.open(path, threads=1)
    assert network.metadata.classes == ("excavation", "preparatory_work_area")
    assert network.metadata.name == "tiny"
    assert path.name == "tiny.onnx"
    assert network.probability(np.full((1, 3, 32, 32), 0.1, dtype=np.float32)).shape == (1, 2, 32, 32)
    record = json.loads((tmp_path / "out" / "tiny.json").read_text())
    assert record["assets"]["float16"]["file:size"] == (tmp_path / "out" / "tiny.float16.onnx").stat().st_size
    history = json.loads((tmp_path / "out" / "history.json").read_text())
    assert [row["epoch"] for row in history["passes"]] == [1]
    assert options_of(str(tmp_path / "out" / "options.yaml"), {}) == options
    assert "samples: 3 training, 1 validation, 0 test" in said


def test_the_splits_beside_weights_are_those_they_learned_from(folders, recipe, tmp_path):
    options, given = options_of(str(recipe), {"settle": False}), ToLearn(None, *folders, fold=Fold(0, 2))
    path = train_segmentation(given, tmp_path, options=options)
    splits, weights = (tmp_path / "splits.json").read_text(), path.read_bytes()
    assert train_segmentation(given, tmp_path, options=options) == path
    with pytest.raises(ModelError, match="divides them otherwise"):
        train_segmentation(replace(given, fold=Fold(1, 2)), tmp_path, options=options)
    assert (tmp_path / "splits.json").read_text() == splits
    assert path.read_bytes() == weights


def test_a_training_begins_from_another_at_the_command_line(folders, recipe, tmp_path):
    train_segmentation(ToLearn(None, *folders), tmp_path / "first", options=options_of(str(recipe), {"settle": False}))
    images, labels = map(str, folders)
    given = ["train", "segmentation", "--images", images, "--labels", labels, "--recipe", str(recipe), "--name", "next"]
    begun = [*given, "--begin-from", str(tmp_path / "first" / "last.ckpt"), "--out", str(tmp_path / "next")]
    assert CliRunner().invoke(app, begun).exit_code == 0
    record = json.loads((tmp_path / "next" / "next.json").read_text())["properties"]
    assert record["mlm:pretrained_source"].startswith("segmentation ")
    origin = record["mlm:hyperparameters"]["training_data"]["begun_from"]
    assert origin["training_data"]["n_samples"] == 3
    other = CliRunner().invoke(app, [*begun[:-1], str(tmp_path / "other"), "--subset", "1"])
    assert isinstance(other.exception, ModelError)
    assert "subsets 1 2, not 1" in str(other.exception)


def test_a_dataset_has_no_folds(tmp_path):
    with pytest.raises(InputError, match="has its own splits"):
        read_samples(ToLearn(tmp_path, fold=Fold(0, 3)), options=options_of(None, {}))


def test_a_file_where_a_folder_is_needed_is_told(folders, tmp_path):
    (tmp_path / "out").touch()
    with pytest.raises(OutputError, match="is a file"):
        train_segmentation(ToLearn(None, *folders), tmp_path / "out", options=options_of(None, {}))


def test_what_the_command_line_says_stands_against_the_recipe(recipe):
    options = options_of(str(recipe), {"seed": 3, "n_epochs": None, "network": {"bands": "R+N", "encoder": None}})
    assert (options.seed, options.n_epochs) == (3, 1)
    assert options.network.bands == ("B04", "B03", "B02", "B08")
    assert options.network.encoder == TINY["network"]["encoder"]
    assert options_of("baseline", {"network": {"subsets": (2,)}}).network.classes == ("dumping_ground",)


def test_recipes_that_cannot_be_used_say_why(tmp_path):
    with pytest.raises(MissingInputError, match="one of baseline, small, metre"):
        options_of("basline", {})
    path = tmp_path / "bad.yaml"
    for text, says in (
        ("n_epoch: 3", "unknown key n_epoch; did you mean 'n_epochs'"),
        ("- 1", "holds list, not options"),
        ("a: [", "is not YAML"),
        ("batch: 0", "batch"),
        ("network: {subsets: [9]}", "subsets are 1, 2, 3, 4, 5"),
    ):
        path.write_text(text)
        with pytest.raises(ConfigError, match=says):
            options_of(str(path), {})


def test_an_empty_recipe_is_the_defaults(tmp_path):
    (tmp_path / "empty.yaml").touch()
    assert options_of(str(tmp_path / "empty.yaml"), {}) == options_of(None, {})


def test_groups_are_never_torn_apart():
    samples = SampleSet([scene(f"s{n}", split=None, group=f"g{n % 5}", site=f"s{n}") for n in range(20)])
    split = split_samples(samples, options=options_of(None, {}))
    of_group = {group: {s.split for s in split.of_groups([group])} for group in split.groups}
    assert all(len(found) == 1 for found in of_group.values())
    assert {sample.split for sample in split} == {"training", "validation"}
    fixed = SampleSet([scene("one", split="test"), scene("two", split=None)])
    assert split_samples(fixed, options=options_of(None, {})) is fixed


def test_every_group_is_in_one_fold_and_nothing_is_judged_that_need_not_be():
    samples = SampleSet([scene(f"s{n}", split=None, group=f"g{n % 5}", site=f"s{n}") for n in range(10)])
    last = options_of(None, {"keep": "last"})
    tested = []
    for number in range(3):
        split = split_samples(samples, options=last, fold=Fold(number, 3))
        assert {sample.split for sample in split} == {"training", "test"}
        tested += split.where(split="test").groups
    assert sorted(tested) == sorted(samples.groups)
    judged = split_samples(samples, options=options_of(None, {}), fold=Fold(0, 3))
    assert {sample.split for sample in judged} == {"training", "validation", "test"}
    with pytest.raises(InputError, match="fold"):
        split_samples(samples, options=last, fold=Fold(0, 9))


def test_held_out_patches_are_written_as_labels_of_their_own(tmp_path):
    whole = scene("one")
    samples = hold_out(SampleSet([whole, scene("two", split="validation")]), tmp_path, share=0.5, seed=0)
    with rasterio.open(tmp_path / "one.tif") as file:
        test, layer = file.read(1), file.tags()["LAYER"]
    training = samples[0].mask()
    assert layer == "mining_labels"
    mine = (whole.mask() & 3) != 0
    assert np.array_equal((training == OUTSIDE) ^ (test == OUTSIDE), mine)
    assert [path.name for path in tmp_path.iterdir()] == ["one.tif"]
    assert samples[1].name == "two"


def test_a_fold_is_read_from_text():
    assert fold_of(None) is None
    assert fold_of("1/3") == Fold(1, 3)
    for text in ("3/3", "1", "a/b", "-1/3"):
        with pytest.raises(InputError, match="write 0/3"):
            fold_of(text)


def test_a_source_is_a_dataset_or_both_folders(tmp_path, folders):
    options = options_of(None, {})
    for given in (ToLearn(), ToLearn(images=folders[0]), ToLearn(tmp_path, *folders)):
        with pytest.raises(InputError, match="or both --images and --labels"):
            read_samples(given, options=options)
    with pytest.raises(InputError, match="one of L1C, L2A"):
        read_samples(ToLearn(None, *folders, level="L3"), options=options)
    with pytest.raises(MissingInputError):
        read_samples(ToLearn(tmp_path / "none"), options=options)


@pytest.mark.parametrize("values", [(np.uint8, 4, 64), (np.uint16, 4, 5)])
def test_rasters_mean_what_their_folder_says_as_they_do_in_an_evaluation(tmp_path, folders, values):
    """A 4 is a settling pond among codes and a stockpile among bits; a 64 beside it can be but a bit."""
    dtype, first, second = values
    for number, value in ((0, first), (1, second)):
        with rasterio.open(folders[1] / f"{number}.tif") as file:
            profile = file.profile | {"dtype": dtype}
        (tmp_path / "labels").mkdir(exist_ok=True)
        with rasterio.open(tmp_path / "labels" / f"{number}.tif", "w", **profile) as file:
            file.write(np.full((1, file.height, file.width), value, dtype))
    samples = read_samples(ToLearn(images=folders[0], labels=tmp_path / "labels"), options=options_of(None, {}))
    meant = BITS["stockpile"] if second == 64 else BITS["settling_pond"]
    assert {sample.name: set(np.unique(sample.mask())) for sample in samples}["0"] == {meant}
    assert len(samples) == 2


def test_subsets_are_read_from_text():
    assert subsets_of(None) is None
    assert subsets_of("1,2, 4") == (1, 2, 4)
    with pytest.raises(InputError, match="write them as 3, or as 1,2,3,4"):
        subsets_of("one")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"fold": Fold(0, 2)}, "--fold goes with --images and --labels; a dataset has its own splits"),
        ({"image_bands": ("B02",), "level": "L1C", "near_m": 50.0}, "--image-bands and --level and --near-m goes with"),
    ],
)
def test_what_folders_alone_need_is_refused_beside_a_dataset(tmp_path, said, message):
    with pytest.raises(InputError, match=message):
        train_segmentation(ToLearn(tmp_path, **said), tmp_path / "out", options=options_of(None, {}))
