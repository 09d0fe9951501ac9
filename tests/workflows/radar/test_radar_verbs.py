import pytest

from highwall.core.errors import ConfigError, InputError
from highwall.workflows.radar.verbs import radar_order, radar_recipe, radar_search
from tests.io.archives import plan


@pytest.fixture
def plan_file(tmp_path):
    path = tmp_path / "plan.json"
    plan().write(path)
    return path


def test_a_recipe_names_the_plan_s_scenes(plan_file):
    text = radar_recipe(plan_file, "isce2")
    assert all(scene.name in text for each in plan().acquisitions for scene in each.scenes)


def test_an_unknown_processor_is_refused_with_the_known_ones(plan_file):
    with pytest.raises(InputError, match="isce2, snap, gamma, pygmtsar"):
        radar_recipe(plan_file, "doris")


def test_an_order_that_is_only_prepared_sends_nothing_and_says_so(plan_file, tmp_path):
    said = []
    radar_order(plan_file, tmp_path / "out", until="prepared", say=said.append)
    assert said == [f"orders.json: {len(plan().pairs)} prepared"]
    assert (tmp_path / "out" / "orders.json").is_file()


def test_an_order_goes_to_a_known_end(plan_file, tmp_path):
    with pytest.raises(InputError, match="prepared, submitted, downloaded"):
        radar_order(plan_file, tmp_path, until="soon", say=lambda line: None)


def test_a_search_of_no_time_is_refused(tmp_path):
    asked = {"start": "2021-01-01", "end": "2020-01-01"}
    with pytest.raises(ConfigError, match="swap them"):
        radar_search(tmp_path / "aoi.geojson", tmp_path, asked=asked, run_file=None, say=lambda line: None)
