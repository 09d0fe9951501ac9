import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from highwall.io.radar.hyp3 import is_hyp3
from highwall.io.radar.interferograms import open_stack
from tests.io import stacks_made as made


@pytest.fixture
def folder(tmp_path):
    return made.as_hyp3(made.little_stack(), tmp_path)


@pytest.mark.parametrize(
    "product",
    [
        "S1_136231_IW2_20200218_20200301_VV_INT80_77F1",
        "S1_064_000000s1n00-136231s2n02-000000s3n00_IW_20200218_20200301_VV_INT80_77F1",
    ],
    ids=["burst", "several bursts"],
)
def test_names_of_burst_products(folder, product):
    values = made.little_stack()["unw"].values[1]
    made.tif(folder / product / f"{product}_unw_phase.tif", values, made.UTM)
    (folder / product / f"{product}.txt").write_text("Baseline: -33.5\nHeading: -12.0\n")
    stack = open_stack(folder).stack
    assert str(stack["second"].values[-1])[:10] == "2020-03-01"
    assert_array_equal(stack["unw"][-1], values)
    assert_allclose(stack["bperp"][-1], -33.5)


def test_wrapped_phase_beside_is_not_taken(folder):
    for path in list(folder.rglob("*_unw_phase.tif")):
        made.tif(path.with_name(path.name.replace("unw_phase", "wrapped_phase")), np.zeros(made.SHAPE, "f4"), made.UTM)
    stack, set_aside = open_stack(folder)
    assert set_aside == []
    assert_array_equal(stack["unw"], made.little_stack()["unw"])


def test_a_product_without_its_text_has_no_baseline(folder):
    for path in list(folder.rglob("*20200206T*.txt")):
        path.unlink()
    stack, set_aside = open_stack(folder)
    assert np.isnan(stack["bperp"].values).tolist() == [False, False, False, True]
    (item,) = set_aside
    assert item.name == "perpendicular baseline"
    assert "1 of 4 pairs: 2020-01-25/2020-02-06;" in item.reason


def test_other_folders_are_not_taken(tmp_path):
    assert not is_hyp3(made.as_geotiffs(made.little_stack(), tmp_path))
