"""The verbs of objects: what the command line says against run.yaml, and what is told at the end."""

import pytest
import yaml

from highwall.core.errors import ConfigError, InputError, MissingInputError
from highwall.workflows.blocks import crew
from highwall.workflows.config import ObjectsSection
from highwall.workflows.config_files import checked
from highwall.workflows.outlining.objects import ToSegment
from highwall.workflows.outlining.refine import ToRefine
from highwall.workflows.outlining.verbs import changed_objects, objects_alone, refine_alone, sun_of


def test_what_is_said_counts_and_what_is_not_stays_as_it_was():
    given = ObjectsSection(max_outlines=7)
    said = {"scale": 30.0, "weights": ("1", "1", "2"), "bands": ("B04", "B03", "B02"), "shape": None}
    found = changed_objects(given, said)
    assert (found.segmentation.scale, found.segmentation.weights) == (30.0, (1.0, 1.0, 2.0))
    assert found.segmentation.shape == given.segmentation.shape
    assert (found.bands, found.max_outlines, found.estimate_scale) == (("B04", "B03", "B02"), 7, False)


@pytest.mark.parametrize("said", [{"scale": -1.0}, {"shape": 1.0}, {"weights": ("1", "heavy")}])
def test_values_out_of_bounds_are_refused_by_the_name_of_the_option(said):
    with pytest.raises(ConfigError, match=rf"^the command line: segmentation\.{next(iter(said))}[.:]"):
        changed_objects(ObjectsSection(), said)


def test_a_scale_and_its_estimate_contradict_each_other():
    with pytest.raises(ConfigError, match="--scale 30 and --estimate-scale contradict each other"):
        changed_objects(ObjectsSection(), {"scale": 30.0, "estimate_scale": True})
    with pytest.raises(ConfigError, match=r"segmentation\.scale is 30, and estimate_scale is set; leave one out"):
        checked(ObjectsSection, {"segmentation": {"scale": 30}, "estimate_scale": True}, source="run.yaml")


def test_what_is_said_puts_off_the_other_way_to_a_scale():
    estimated = changed_objects(ObjectsSection(estimate_scale=True), {"scale": 30.0, "estimate_scale": None})
    assert (estimated.segmentation.scale, estimated.estimate_scale) == (30.0, False)
    of_run = checked(ObjectsSection, {"segmentation": {"scale": 30, "shape": 0.3}}, source="run.yaml")
    given = changed_objects(of_run, {"scale": None, "estimate_scale": True})
    assert given.estimate_scale
    assert given.segmentation.model_fields_set == {"shape"}
    assert changed_objects(of_run, {}) == of_run
    assert "scale" in changed_objects(of_run, {}).segmentation.model_fields_set


def test_the_sun_is_read_or_absent():
    assert sun_of(None) is None
    assert sun_of("48.5, 39.2") == (48.5, 39.2)


@pytest.mark.parametrize("text", ["48.5", "north,39", "1,2,3"])
def test_another_sun_is_refused(text):
    with pytest.raises(InputError, match="AZIMUTH,ELEVATION"):
        sun_of(text)


def test_each_says_what_it_left(mine, tmp_path):
    said = []
    bounds = tmp_path / "run.yaml"
    bounds.write_text(yaml.safe_dump({"objects": {"max_outlines": 0}, "refine": {"min_area_m2": 500}}))
    with crew() as hands:
        objects_alone(
            ToSegment(mine.image), tmp_path / "a", changes={"scale": 30.0}, run_file=bounds, crew=hands, say=said.append
        )
        refine_alone(
            ToRefine(mine.probability, mine.image), tmp_path / "b", changes={"cut": 0.4, "scale": 20.0},
            run_file=bounds, crew=hands, say=said.append,
        )  # fmt: skip
    for words in (
        "scale 30: as given",
        "objects.tif: ",
        "segments.parquet: ",
        "cut: 40.0 % (given)",
        "patches.gpkg: 1 ",
    ):
        assert any(line.startswith(words) for line in said), words
    assert not (tmp_path / "b" / "objects.gpkg").exists()


def test_options_of_objects_without_an_image_are_refused(mine, tmp_path):
    with (
        crew() as hands,
        pytest.raises(InputError, match="only the refinement by objects uses --cut and --estimate-scale"),
    ):
        refine_alone(
            ToRefine(mine.probability), tmp_path, changes={"cut": 0.4, "scale": None, "estimate_scale": True},
            run_file=None, crew=hands, say=print,
        )  # fmt: skip


def test_of_a_folder_its_probability_is_outlined(mine, tmp_path):
    said, nothing = [], {"changes": {}, "run_file": None}
    with crew() as hands:
        refine_alone(ToRefine(mine.folder), tmp_path / "a", crew=hands, say=said.append, **nothing)
        assert said[-1].startswith("patches.gpkg: 1 ")
        (tmp_path / "bare" / "stac").mkdir(parents=True)
        with pytest.raises(MissingInputError, match=r"bare is a run without probability\.tif, which `highwall detect`"):
            refine_alone(ToRefine(tmp_path / "bare"), tmp_path / "b", crew=hands, say=print, **nothing)
