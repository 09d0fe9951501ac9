"""What is said for files that do not say it: taken, or refused, and never passed over."""

import datetime as dt

import numpy as np
import pytest

from highwall.core.errors import InputError
from highwall.workflows.mapping.detect_verb import ToDetect, check_said
from highwall.workflows.mapping.unsaid import Said, check_taken
from tests.io.rasters_made import geotiff


def scene(path, bands=()):
    return geotiff(path, np.full((3, 8, 8), 900, np.uint16), bands=bands)


@pytest.fixture
def named(tmp_path):
    return scene(tmp_path / "S2A_MSIL1C_20230717.tif", bands=("B02", "B03", "B04"))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            {"bands": ("B04", "B03", "B02")},
            "--bands B04,B03,B02 is for .*; S2A_MSIL1C_20230717 says B02,B03,B04 itself",
        ),
        ({"bands": ("B02", "B03")}, "--bands B02,B03 is for"),
        ({"level": "L2A"}, "--level L2A is for .* says L1C itself: leave --level out"),
        ({"date": dt.date(2020, 1, 1)}, "--date 2020-01-01 is for .* says 2023-07-17 itself"),
    ],
)
def test_what_a_scene_says_otherwise_is_refused(named, said, message):
    with pytest.raises(InputError, match=message):
        check_said(ToDetect((named,), **said))


def test_what_a_scene_says_too_may_be_said_again(named):
    check_said(ToDetect((named,), bands=("b2", "B3", "B04"), level="L1C", date=dt.date(2023, 7, 17)))


def test_one_scene_that_takes_it_is_enough(named, tmp_path):
    bare = scene(tmp_path / "bare.tif")
    check_said(ToDetect((named, bare), bands=("B04", "B03", "B02"), level="L2A", date=dt.date(2020, 1, 1)))


def test_scenes_of_one_name_are_told_apart(tmp_path):
    """The first says nothing, so that the level serves it; the second says another."""
    for year in ("2020", "2024"):
        (tmp_path / year).mkdir()
    bare = scene(tmp_path / "2020" / "scene.tif")
    own = geotiff(tmp_path / "2024" / "scene.tif", np.full((3, 8, 8), 900, np.uint16), level="L2A")
    check_said(ToDetect((bare, own), bands=("B04", "B03", "B02"), level="L1C", date=dt.date(2020, 1, 1)))


def test_no_more_scenes_are_read_than_it_takes():
    def read():
        yield "a", Said(("B02",))
        raise AssertionError("read on")

    check_taken(Said(("B02",)), read())


def test_bands_beside_the_cube_are_not_held_against_a_scene():
    read = [("a", Said(("B02", "B03")))]
    check_taken(Said(("B02", "B03", "SCL", "B10")), read)
    check_taken(Said(), read)
    check_taken(Said(("B12",)), [])
