from pathlib import Path

import numpy as np
import pytest
import rasterio
import xarray as xr
from numpy.testing import assert_array_equal

from highwall.core.errors import StackError
from highwall.io.radar import interferograms
from highwall.io.radar.assembly import looks_wrapped, top_coherence
from highwall.io.radar.faults import listening
from highwall.io.radar.interferograms import open_stack
from tests.io.stacks_made import UTM

SHAPE = (64, 48)
BLOCK = 16
NAMES = ("20200101-20200113_unw", "20200113-20200125_unw", "20200113-20200125_coh")


def noise(number: int) -> np.ndarray:
    return np.random.default_rng(number).normal(0.0, 9.0, SHAPE).astype(np.float32)


def coherence(number: int) -> np.ndarray:
    return np.random.default_rng(number).random(SHAPE, dtype=np.float32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pairs whose second phase is broken in its second row of blocks; first and last pixel are whole."""
    for number, name in enumerate(NAMES):
        with rasterio.open(
            tmp_path / f"{name}.tif", "w", driver="GTiff", count=1, height=SHAPE[0], width=SHAPE[1], dtype="float32",
            crs=str(UTM.crs), transform=UTM.transform, nodata=np.nan, compress="deflate", blockysize=BLOCK,
        ) as dataset:  # fmt: skip
            dataset.write(noise(number) if name.endswith("unw") else coherence(number), 1)
            dataset.update_tags(WAVELENGTH_METRES="0.0555")
    return tmp_path


def spoil(path: Path) -> None:
    with rasterio.open(path) as dataset:
        start = int(dataset.get_tag_item("BLOCK_OFFSET_0_1", "TIFF", bidx=1))
    content = bytearray(path.read_bytes())
    content[start : start + 40] = b"\xff" * 40
    path.write_bytes(content)


def test_a_small_stack_leaves_out_a_phase_that_breaks_in_the_middle(folder):
    spoil(folder / f"{NAMES[1]}.tif")
    stack, set_aside = open_stack(folder)
    assert stack.sizes["pair"] == 1
    assert_array_equal(stack["unw"][0], noise(0))
    (item,) = [item for item in set_aside if item.name.endswith(f"{NAMES[1]}.tif")]
    assert "this pair is left out; download or convert it again" in item.reason


def test_a_small_stack_goes_on_without_a_coherence_that_breaks_in_the_middle(folder):
    spoil(folder / f"{NAMES[2]}.tif")
    stack, set_aside = open_stack(folder)
    assert stack.sizes["pair"] == 2
    assert stack["coh"].isnull().all()
    assert any("missing for this pair" in item.reason for item in set_aside)


def test_a_small_stack_without_any_whole_phase_is_an_error(folder):
    for name in NAMES[:2]:
        spoil(folder / f"{name}.tif")
    with pytest.raises(StackError, match="no phase of the stack can be read in full"):
        open_stack(folder)


def test_a_large_stack_is_nan_where_a_file_breaks_and_says_so_once(folder, monkeypatch):
    spoil(folder / f"{NAMES[1]}.tif")
    monkeypatch.setattr(interferograms, "IN_MEMORY_MIB", 0)
    stack, set_aside = open_stack(folder, chunk_px=BLOCK)
    unw = stack["unw"].compute(scheduler="threads", num_workers=2).values
    broken = np.zeros(SHAPE, bool)
    broken[BLOCK : 2 * BLOCK] = True
    assert_array_equal(np.isnan(unw[1]), broken)
    assert_array_equal(unw[1][~broken], noise(1)[~broken])
    assert_array_equal(unw[0], noise(0))
    assert [item.name for item in set_aside if "missing where it cannot be read" in item.reason] == [
        str(folder / f"{NAMES[1]}.tif")
    ]


def test_who_makes_a_block_hears_each_time_what_it_was_made_without(folder, monkeypatch):
    spoil(folder / f"{NAMES[1]}.tif")
    monkeypatch.setattr(interferograms, "IN_MEMORY_MIB", 0)
    stack = open_stack(folder, chunk_px=BLOCK).stack["unw"]
    for _ in range(2):
        with listening() as heard:
            stack.isel(y=slice(0, 2 * BLOCK)).compute(scheduler="synchronous")
        assert list(heard) == [str(folder / f"{NAMES[1]}.tif")]
    with listening() as heard:
        stack.isel(y=slice(2 * BLOCK, None)).compute(scheduler="synchronous")
    assert not heard


@pytest.mark.parametrize(
    ("amplitude", "wrapped", "expected"), [(20.0, True, True), (20.0, False, False), (0.5, False, False)]
)
def test_looks_wrapped(amplitude, wrapped, expected):
    values = amplitude * np.random.default_rng(0).normal(size=(3, 30, 30))
    values = np.angle(np.exp(1j * values)) if wrapped else values
    values[0, 0, 0] = np.nan
    stack = xr.Dataset({"unw": (("pair", "y", "x"), values.astype(np.float32))})
    assert looks_wrapped(stack) is expected


def test_nothing_does_not_look_wrapped():
    assert not looks_wrapped(xr.Dataset({"unw": (("pair", "y", "x"), np.full((1, 2, 2), np.nan, np.float32))}))


def test_the_top_of_coherence_is_that_of_the_usual_pair_which_has_one():
    coh = np.stack([np.full((20, 20), level, np.float32) for level in (0.6, 0.7, 80.0, np.nan, np.nan, np.nan)])
    coh[:2, 0, 0] = 1.3
    stack = xr.Dataset({"unw": (("pair", "y", "x"), coh), "coh": (("pair", "y", "x"), coh)})
    assert top_coherence(stack) == np.float32(0.7)
    assert top_coherence(stack.isel(pair=slice(3, None))) == 0.0
    assert top_coherence(stack.drop_vars("coh")) == 0.0


@pytest.mark.parametrize(
    "cut",
    [
        {"y": slice(10, 40), "x": slice(5, 9)}, {"y": slice(None, None, 7), "x": slice(3, None, 5)},
        {"pair": 1, "y": 20}, {"pair": [1, 0], "x": slice(47, 48)}, {"y": [3, 50, 4]}, {"y": slice(5, 5)},
    ],
    ids=str,
)  # fmt: skip
def test_any_cut_of_a_large_stack_equals_that_of_a_small_one(folder, monkeypatch, cut):
    expected = open_stack(folder).stack.isel(cut)
    monkeypatch.setattr(interferograms, "IN_MEMORY_MIB", 0)
    assert open_stack(folder, chunk_px=BLOCK).stack.isel(cut).compute(scheduler="synchronous").equals(expected)


def test_no_more_is_read_than_is_asked_for(folder, monkeypatch):
    """A fault outside of the window stays unseen, though it lies in the same Dask chunk."""
    spoil(folder / f"{NAMES[1]}.tif")
    monkeypatch.setattr(interferograms, "IN_MEMORY_MIB", 0)
    stack, set_aside = open_stack(folder, chunk_px=64)
    set_aside.clear()  # the sample that is tested for wrapping has met the fault
    block = stack["unw"].isel(y=slice(2 * BLOCK, 4 * BLOCK)).compute(scheduler="synchronous")
    assert_array_equal(block[1], noise(1)[2 * BLOCK :])
    assert set_aside == []
