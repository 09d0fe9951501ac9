import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from highwall.io.radar.interferograms import open_stack
from tests.io import stacks_made as made


def test_the_frame_s_folder_does_as_well(tmp_path):
    made.as_licsar(made.little_stack(made.DEGREES), tmp_path)
    stack, set_aside = open_stack(tmp_path)
    assert set_aside == []
    assert_array_equal(stack["unw"], made.little_stack()["unw"])
    assert "height" in stack


def test_metadata_may_lie_in_the_folder_itself(tmp_path):
    geoc = made.as_licsar(made.little_stack(made.DEGREES), tmp_path)
    for path in (tmp_path / "metadata").iterdir():
        path.rename(geoc / path.name)
    stack = open_stack(geoc).stack
    assert stack.attrs["incidence_deg"] == made.INCIDENCE_DEG
    assert_allclose(stack["bperp"], made.little_stack()["bperp"])


def test_a_date_without_baseline_leaves_its_pairs_nan(tmp_path):
    geoc = made.as_licsar(made.little_stack(made.DEGREES), tmp_path)
    path = tmp_path / "metadata" / "baselines"
    path.write_text("\n".join(line for line in path.read_text().splitlines() if "20200125" not in line))
    stack, set_aside = open_stack(geoc)
    assert np.isnan(stack["bperp"].values).tolist() == [False, True, True, True]
    (item,) = set_aside
    assert item.name == "perpendicular baseline"
    assert "3 of 4 pairs: 2020-01-01/2020-01-25, 2020-01-13/2020-01-25, 2020-01-25/2020-02-06;" in item.reason


def test_phase_and_coherence_of_zero_are_missing(tmp_path):
    geoc = made.as_licsar(made.little_stack(made.DEGREES), tmp_path)
    name = "20200101_20200113"
    made.tif(geoc / name / f"{name}.geo.cc.tif", np.zeros(made.SHAPE, "u1"), made.DEGREES)
    stack = open_stack(geoc).stack
    assert stack["coh"].isnull().all(("y", "x")).values.tolist() == [True, False, False, False]
    assert np.isnan(stack["unw"].values[0]).sum() == 2


def test_a_look_vector_of_zero_is_missing(tmp_path):
    geoc = made.as_licsar(made.little_stack(made.DEGREES), tmp_path)
    up = made.little_stack()["los_enu"].values[2]
    up[0, 0] = 0.0
    made.tif(next((tmp_path / "metadata").glob("*.geo.U.tif")), up, made.DEGREES)
    assert np.argwhere(np.isnan(open_stack(geoc).stack["los_enu"].values)).tolist() == [[2, 0, 0]]


def test_without_metadata(tmp_path):
    geoc = made.as_licsar(made.little_stack(made.DEGREES), tmp_path)
    for path in (tmp_path / "metadata").iterdir():
        path.unlink()
    stack, set_aside = open_stack(geoc)
    assert set_aside == []
    assert stack.attrs.keys() == {"wavelength_m", "sign"}
    assert set(stack.data_vars) == {"unw", "coh"}
