import h5py
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from highwall.core.errors import StackError
from highwall.io.radar.interferograms import open_stack
from tests.io import stacks_made as made


@pytest.fixture
def folder(tmp_path):
    return made.as_mintpy(made.little_stack(), tmp_path)


@pytest.mark.parametrize("place", ["", "inputs", "inputs/ifgramStack.h5"])
def test_folder_or_file(folder, place):
    assert open_stack(folder / place).stack.sizes["pair"] == 4


def test_dropped_pairs_are_left_out_and_named(folder):
    with h5py.File(folder / "inputs" / "ifgramStack.h5", "a") as file:
        file["dropIfgram"][1] = False
    stack, set_aside = open_stack(folder)
    truth = made.little_stack().isel(pair=[0, 2, 3])
    assert_array_equal(stack["unw"], truth["unw"])
    assert_array_equal(stack["bperp"], truth["bperp"].astype(np.float32))
    assert [(item.name, "dropIfgram" in item.reason) for item in set_aside] == [("2020-01-01/2020-01-25", True)]


def test_radar_coordinates(folder):
    inputs = folder / "inputs"
    (inputs / "geometryGeo.h5").rename(inputs / "geometryRadar.h5")
    latitude = np.linspace(45.0, 44.9, 54, dtype=np.float32).reshape(made.SHAPE)
    for name in ("ifgramStack.h5", "geometryRadar.h5"):
        with h5py.File(inputs / name, "a") as file:
            for key in [key for key in file.attrs if key.startswith(("X_", "Y_"))]:
                del file.attrs[key]
            if name.startswith("geometry"):
                file["latitude"], file["longitude"] = latitude, latitude - 30.0
    stack, set_aside = open_stack(folder)
    assert set_aside == []
    assert_array_equal(stack.coords["latitude"], latitude)
    assert_array_equal(stack.coords["longitude"], latitude - 30.0)
    assert stack["latitude"].dims == ("y", "x")
    assert "x" not in stack.coords


def test_outside_the_swath_there_is_no_coherence(folder):
    """0 would pass for ground that decorrelated."""
    with h5py.File(folder / "inputs" / "ifgramStack.h5", "a") as file:
        for name in ("unwrapPhase", "coherence"):
            file[name][:, :, 6:] = 0.0
    stack = open_stack(folder).stack
    assert np.isnan(stack["coh"].values[:, :, 6:]).all()
    assert_array_equal(stack["coh"].values[:, :, :6], made.little_stack()["coh"].values[:, :, :6])


def test_a_geometry_of_another_shape_is_reported(folder):
    with h5py.File(folder / "inputs" / "geometryGeo.h5", "a") as file:
        file.attrs["LENGTH"] = "5"
    stack, set_aside = open_stack(folder)
    assert "height" not in stack
    assert all("does not cover the stack's grid" in item.reason for item in set_aside)


def test_a_file_that_is_cut_off(folder):
    path = folder / "inputs" / "ifgramStack.h5"
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(StackError, match=r"ifgramStack\.h5 cannot be opened .*truncated"):
        open_stack(folder)


@pytest.mark.parametrize("shape", [(3, 6, 9), (4, 5, 9)], ids=["pairs", "rows"])
def test_a_dataset_that_is_too_small(folder, shape):
    with h5py.File(folder / "inputs" / "ifgramStack.h5", "a") as file:
        del file["coherence"]
        file.create_dataset("coherence", shape, np.float32)
    with pytest.raises(StackError, match="is cut off"):
        open_stack(folder)
