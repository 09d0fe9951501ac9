import pytest

from highwall.core.errors import ConfigError, InputError, MissingInputError
from highwall.core.taxonomy import LAND_COVER_MAPS, WORLD_COVER
from highwall.patches.options import PatchOptions
from highwall.workflows.config import LandCoverSection, SiteConfig
from highwall.workflows.config_files import checked
from highwall.workflows.outlining.surroundings import class_map_of


def test_a_map_of_codes_is_known_read_or_written_out(tmp_path):
    path = tmp_path / "codes.yaml"
    path.write_text("1: built_up\n2: cropland\n")
    assert class_map_of("worldcover") == WORLD_COVER
    assert class_map_of(str(path)) == {1: "built_up", 2: "cropland"}
    assert class_map_of({3: "forest"}) == {3: "forest"}


@pytest.mark.parametrize("name", LAND_COVER_MAPS)
def test_every_known_map_has_the_classes_that_are_vetoed(name):
    assert set(PatchOptions().veto) <= set(class_map_of(name).values())


def test_an_unknown_map_of_codes_is_refused_with_the_nearest():
    with pytest.raises(MissingInputError, match=r"choose one of worldcover, dynamic_world.*did you mean 'worldcover'"):
        class_map_of("world_cover")
    site = {"site": {"name": "a", "aoi": [0, 0, 1, 1]}, "land_cover": {"file": "a.tif", "classes": "dynamicworld"}}
    with pytest.raises(ConfigError, match="did you mean 'dynamic_world'"):
        checked(SiteConfig, site, source="site.yaml")


def test_codes_may_be_named_in_the_site_file():
    section = checked(LandCoverSection, {"file": "a.tif", "classes": {1: "built_up"}}, source="site.yaml")
    assert class_map_of(section.classes) == {1: "built_up"}


@pytest.mark.parametrize("content", ["- built_up", "built_up: 1", "", "1: [", "\x00"])
def test_a_file_that_names_no_codes_is_refused(tmp_path, content):
    path = tmp_path / "codes.yaml"
    path.write_text(content)
    with pytest.raises(InputError, match=r"names no codes|is not YAML"):
        class_map_of(str(path))
