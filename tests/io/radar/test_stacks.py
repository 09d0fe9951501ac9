import h5py
import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_array_equal

from highwall.core.errors import OutputError, StackError
from highwall.io.radar import stacks
from highwall.io.radar.interferograms import open_stack
from highwall.io.radar.stacks import is_stack, write_stack
from tests.io import stacks_made as made


def test_written_in_several_blocks_it_comes_back(tmp_path, monkeypatch):
    monkeypatch.setattr(stacks, "CHUNK_PX", 4)
    truth = made.little_stack()
    lazy = truth.chunk({"pair": 1, "y": 3, "x": 5})
    path = write_stack(lazy, tmp_path / "stack.zarr")
    stack, set_aside = open_stack(path)
    assert set_aside == []
    for name in truth.data_vars:
        assert stack[name].dtype == truth[name].dtype
        assert_array_equal(stack[name], truth[name])
    assert stack.attrs["heading_deg"] == made.HEADING_DEG
    assert xr.open_zarr(path, consolidated=False)["unw"].chunks == ((4,), (4, 2), (4, 4, 1))


def test_a_read_stack_can_be_written_again(tmp_path):
    once = open_stack(write_stack(made.little_stack(), tmp_path / "once.zarr")).stack
    twice = open_stack(write_stack(once, tmp_path / "twice.zarr")).stack
    assert_array_equal(twice["unw"], once["unw"])


def test_radar_coordinates_are_kept(tmp_path):
    latitude = np.linspace(45.0, 44.9, 54).reshape(made.SHAPE)
    truth = made.little_stack().drop_vars(["x", "y", "spatial_ref"]).assign_coords(latitude=(("y", "x"), latitude))
    stack = open_stack(write_stack(truth, tmp_path / "radar.zarr")).stack
    assert_array_equal(stack.coords["latitude"], latitude)


def test_nothing_is_left_when_the_disk_is_full(tmp_path):
    def fail(block: np.ndarray) -> np.ndarray:
        raise OSError(28, "No space left on device")

    truth = made.little_stack().chunk({"pair": 1})
    truth["unw"] = truth["unw"].map_blocks(fail, template=truth["unw"])
    with pytest.raises(OutputError, match="No space left"):
        write_stack(truth, tmp_path / "stack.zarr")
    assert list(tmp_path.iterdir()) == []


def test_a_store_without_dates_is_no_readable_stack(tmp_path):
    path = write_stack(made.little_stack(), tmp_path / "stack.zarr")
    (path / "zarr.json").write_text("broken")
    with pytest.raises(StackError, match="is not a readable stack"):
        open_stack(path)


def test_hdf_with_dates_as_text(tmp_path):
    path = made.as_hdf(made.little_stack(), tmp_path)
    with h5py.File(path, "a") as file:
        for name in ("first", "second"):
            text = made.little_stack()[name].values.astype("datetime64[D]").astype(str).astype("S10")
            del file[name]
            file[name] = text
    assert_array_equal(open_stack(path).stack["first"], made.little_stack()["first"])


def test_other_files_are_no_stacks(tmp_path):
    (tmp_path / "words.txt").write_text("words")
    assert not is_stack(tmp_path)
    assert not is_stack(tmp_path / "words.txt")
