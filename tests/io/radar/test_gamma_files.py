import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from highwall.core.errors import StackError
from highwall.core.grid import same_grid
from highwall.io.radar.interferograms import open_stack
from tests.io import stacks_made as made

NAME = "20200101_20200113.eqa.unw"


@pytest.fixture
def folder(tmp_path):
    return made.as_gamma(made.little_stack(made.DEGREES), tmp_path)


def reason(set_aside, name):
    (found,) = [item.reason for item in set_aside if item.name.endswith(name)]
    return found


def test_a_truncated_file_is_set_aside(folder):
    (folder / NAME).write_bytes((folder / NAME).read_bytes()[:-8])
    stack, set_aside = open_stack(folder)
    assert stack.sizes["pair"] == 3
    assert "208 bytes are no float32 image of the parameter files' shapes (400×700, 6×9)" in reason(set_aside, NAME)


def test_another_byte_order_is_set_aside(folder):
    np.fromfile(folder / NAME, ">f4").astype("<f4").tofile(folder / NAME)
    assert "big-endian" in reason(open_stack(folder).set_aside, NAME)


def test_zero_is_missing(folder):
    unw = open_stack(folder).stack["unw"].values[0]
    assert np.argwhere(np.isnan(unw)).tolist() == [[1, 2], [1, 3]]


def test_radar_coordinates(folder):
    (folder / "EQA.dem_par").unlink()
    (folder / "20200101.rmli.par").write_text(
        "range_samples: 9\nazimuth_lines: 6\nincidence_angle: 39.5 degrees\nradar_frequency: 5.4050005e+09 Hz\n"
    )
    stack, set_aside = open_stack(folder)
    assert stack["unw"].shape == (4, 6, 9)
    assert stack.odc.geobox is None or stack.odc.geobox.crs is None
    assert stack.attrs["incidence_deg"] == 39.5
    assert "x" not in stack.coords
    assert set_aside == []


def test_utm(folder):
    corner = made.UTM.transform
    (folder / "EQA.dem_par").write_text(
        f"DEM_projection: UTM\nwidth: 9\nnlines: 6\ncorner_east: {corner.c + 40} m\ncorner_north: {corner.f - 40} m\n"
        "post_east: 80.0 m\npost_north: -80.0 m\nprojection_zone: 33\nfalse_northing: 0.0 m\n"
    )
    assert same_grid(open_stack(folder).stack.odc.geobox, made.UTM)


def test_another_projection_is_an_error(folder):
    text = "width: 9\nnlines: 6\ncorner_east: 0\ncorner_north: 0\npost_east: 80.0\npost_north: -80.0\n"
    (folder / "EQA.dem_par").write_text(text)
    with pytest.raises(StackError, match="other than EQA and UTM"):
        open_stack(folder)


def test_base_files_go_before_lists(folder):
    rows = "1 1 0 0 0 30.0 0 {} 0\n"
    table = "".join(rows.format(value) for value in ("17.0", "18.0", "19.0"))
    (folder / "20200101_20200113_bperp.par").write_text(table)
    stack = open_stack(folder).stack
    assert_allclose(stack["bperp"], [18.0, -20.25, -65.75, 100.25])


def test_the_first_of_two_files_of_a_pair_stays(folder):
    (folder / "20200101_20200113.again.unw").write_bytes((folder / NAME).read_bytes())
    stack, set_aside = open_stack(folder)
    assert stack.sizes["pair"] == 4
    assert "has the same dates" in reason(set_aside, NAME)
    assert_array_equal(stack["unw"], made.little_stack()["unw"])
