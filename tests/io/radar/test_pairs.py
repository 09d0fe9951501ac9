from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from odc.geo.geobox import GeoBox

from highwall.core.errors import StackError
from highwall.core.grid import same_grid
from highwall.io.radar.interferograms import open_stack
from highwall.io.radar.pairs import offset, pair_in, unknown_for
from tests.io import stacks_made as made
from tests.io.stacks_made import UTM, tif

TAGS = {"WAVELENGTH_METRES": "0.0555"}
WHOLE = np.arange(20 * 30, dtype=np.float32).reshape(20, 30)


def part(folder: Path, name: str, rows: slice, cols: slice, *, values: np.ndarray = WHOLE, shift: float = 0.0) -> Path:
    """Cut of a larger scene whose upper left pixel is that of ``UTM``."""
    grid = GeoBox((0, 0), UTM.transform * UTM.transform.translation(cols.start + shift, rows.start), UTM.crs)
    return tif(folder / f"{name}.tif", values[rows, cols], grid, nodata=np.nan, **TAGS)


def differing(folder: Path) -> None:
    part(folder, "20200101-20200113_unw", slice(0, 18), slice(0, 30))
    part(folder, "20200113-20200125_unw", slice(1, 20), slice(2, 30))
    part(folder, "20200125-20200206_unw", slice(0, 18), slice(0, 30))
    part(folder, "20200101-20200113_coh", slice(0, 20), slice(0, 30), values=WHOLE / 1000)


UNKNOWN_COHERENCE = "unknown for 2 of 3 pairs: 2020-01-13/2020-01-25, 2020-01-25/2020-02-06; the pairs stay, without it"


def test_pictures_of_one_lattice_are_cut_to_what_they_share(tmp_path):
    differing(tmp_path)
    stack, set_aside = open_stack(tmp_path, cut_to_common=True)
    assert stack.sizes == {"pair": 3, "y": 17, "x": 28}
    for unw in stack["unw"].values:
        assert_array_equal(unw, WHOLE[1:18, 2:30])
    assert_array_equal(stack["coh"][0], (WHOLE / 1000)[1:18, 2:30])
    assert same_grid(stack.odc.geobox, GeoBox((17, 28), UTM.transform * UTM.transform.translation(2, 1), UTM.crs))
    (cut,) = [item.reason for item in set_aside if item.name == "edges of 3 interferograms beyond the common extent"]
    assert cut == "cut off: the stack is the 17×28 pixels that all 3 share"
    assert any(item == ("coherence", UNKNOWN_COHERENCE) for item in set_aside)


def test_without_cutting_the_cure_is_named(tmp_path):
    differing(tmp_path)
    stack, set_aside = open_stack(tmp_path)
    assert stack.sizes["pair"] == 2
    (reason,) = [item.reason for item in set_aside if item.name.endswith("20200113-20200125_unw.tif")]
    assert "another grid" in reason
    assert "cut_to_common=True" in reason


@pytest.mark.parametrize(
    ("rows", "cols", "shift"),
    [(slice(0, 18), slice(0, 29), 0.5), (slice(0, 18), slice(20, 30), 0.0)],
    ids=["between the pixels", "hardly overlapping"],
)
def test_a_picture_that_would_spoil_the_common_extent_is_set_aside(tmp_path, rows, cols, shift):
    differing(tmp_path)
    part(tmp_path, "20200206-20200218_unw", rows, cols, shift=shift)
    stack, set_aside = open_stack(tmp_path, cut_to_common=True)
    assert stack.sizes == {"pair": 3, "y": 17, "x": 28}
    (reason,) = [item.reason for item in set_aside if item.name.endswith("20200206-20200218_unw.tif")]
    assert "another grid" in reason
    ours, theirs = reason.split("; the stack has ")
    assert ours.split("pixels of")[1].split(" in ")[0] != theirs.split("pixels of")[1].split(" in ")[0]


def test_halves_that_share_nothing_are_an_error(tmp_path):
    part(tmp_path, "20200101-20200113_unw", slice(0, 20), slice(0, 30))
    part(tmp_path, "20200113-20200125_unw", slice(0, 10), slice(0, 30))
    part(tmp_path, "20200125-20200206_unw", slice(10, 20), slice(0, 30))
    with pytest.raises(StackError, match="share no pixel"):
        open_stack(tmp_path, cut_to_common=True)


def test_a_height_model_may_cover_more_but_not_less(tmp_path):
    differing(tmp_path)
    part(tmp_path, "dem", slice(0, 20), slice(0, 30))
    assert_array_equal(open_stack(tmp_path).stack["height"], WHOLE[:18])
    part(tmp_path, "dem", slice(0, 17), slice(0, 30))
    stack, set_aside = open_stack(tmp_path)
    assert "height" not in stack
    assert any(item.name.endswith("dem.tif") and "does not cover" in item.reason for item in set_aside)


def test_hyp3_is_cut_without_asking(tmp_path):
    made.as_hyp3(made.little_stack(), tmp_path)
    path = next(tmp_path.rglob("*20200206T*_unw_phase.tif"))
    smaller = np.ones((6, 8), np.float32)
    tif(path, smaller, GeoBox((6, 8), UTM.transform * UTM.transform.translation(1, 0), UTM.crs))
    stack, set_aside = open_stack(tmp_path)
    assert stack.sizes == {"pair": 4, "y": 6, "x": 8, "component": 3}
    assert [item.name for item in set_aside] == ["edges of 3 interferograms beyond the common extent"]


def test_offset():
    moved = GeoBox((3, 3), UTM.transform * UTM.transform.translation(4, 2), UTM.crs)
    assert offset(UTM, moved) == (2, 4)
    assert offset(moved, UTM) == (-2, -4)
    assert offset(UTM, made.DEGREES) is None
    assert offset(UTM, UTM.zoom_out(2)) is None
    assert offset(UTM, None) is None


def test_many_pairs_make_one_sentence():
    pairs = {("2020-01-04", f"2020-02-{day:02d}") for day in range(1, 13)}
    found = unknown_for(pairs, n_pairs=40)
    assert found.startswith("unknown for 12 of 40 pairs: 2020-01-04/2020-02-01, ")
    assert found.endswith("2020-01-04/2020-02-03, 9 more")


def test_pair_in():
    assert pair_in("20200101_20200113") == ("2020-01-01", "2020-01-13")
    with pytest.raises(StackError, match="two dates"):
        pair_in("20200101")
    with pytest.raises(StackError, match="begins and ends"):
        pair_in("20200101_20200101")
