import pytest

from highwall.core.errors import ConfigError, MissingInputError
from highwall.workflows.config_files import load_run, load_site
from highwall.workflows.sample import sample

GOOD = "site: {name: A, aoi: [10.0, 50.0, 10.1, 50.1]}\n"


@pytest.fixture
def write(tmp_path):
    def write(text, name="site.yaml"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def test_only_the_site_is_required(write):
    config = load_site(write(GOOD))
    assert config.scenes is config.insar is config.permits is None
    assert config.model.weights is None


def test_paths_are_relative_to_the_file(write, tmp_path):
    text = "site: {name: A, aoi: aoi.geojson}\nscenes: {files: [scenes, more/a.tif]}\ninsar: {stack: ifg}\n"
    config = load_site(write(text))
    assert config.site.aoi == tmp_path / "aoi.geojson"
    assert config.scenes.files == (tmp_path / "scenes", tmp_path / "more/a.tif")
    assert config.insar.stack == tmp_path / "ifg"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD + "scene: {files: [a.tif]}\n", r"unknown key scene; did you mean 'scenes'\?"),
        (GOOD + "scenes: {file: [a.tif]}\n", r"unknown key scenes.file; did you mean 'files'\?"),
        (GOOD + "permits: {file: p.gpkg, fields: {valid_til: END}}\n", "permits.fields.valid_til"),
        ("site: {name: A}\n", "site.aoi: Field required"),
        ("site: {name: A, aoi: [1, 2, 3]}\n", "site.aoi"),
        (GOOD + "scenes: {}\n", "give either files or stac"),
        (GOOD + "insar: {stack: s, wavelength_m: -1}\n", "insar.wavelength_m"),
        ("site: [\n", "is not YAML"),
        ("- just\n- a list\n", r"site\.yaml: Input should be a valid dictionary"),
    ],
)
def test_what_is_wrong_is_named(write, text, message):
    with pytest.raises(ConfigError, match=message):
        load_site(write(text))


def test_a_missing_file_names_the_cure(tmp_path):
    with pytest.raises(MissingInputError, match="highwall config site"):
        load_site(tmp_path / "nothing.yaml")


def test_run_yaml_bounds_are_held(write):
    assert load_run(None).patches.threshold == 0.5
    assert load_run(write("patches: {threshold: 0.4}\n", "run.yaml")).patches.threshold == 0.4
    with pytest.raises(ConfigError, match=r"unknown key patches.treshold; did you mean 'threshold'\?"):
        load_run(write("patches: {treshold: 0.4}\n", "run.yaml"))
    with pytest.raises(ConfigError, match=r"seed 0.3 is below threshold 0.5"):
        load_run(write("patches: {seed: 0.3}\n", "run.yaml"))
    with pytest.raises(ConfigError, match=r"activity.radius_m.*found -5"):
        load_run(write("activity: {radius_m: -5}\n", "run.yaml"))


@pytest.mark.parametrize("choices", ["none, plane, quadratic", "none, annual, semi-annual"])
def test_the_sample_names_the_choices_that_a_description_leaves_out(choices):
    assert f"({choices})" in sample("run")
    assert "(automatic)" not in sample("run")
