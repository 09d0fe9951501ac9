"""Chips on disk: what is put comes back, whole or as a window, from files and from a store."""

import numpy as np
import pytest
import rasterio
from affine import Affine

from highwall.core.errors import SceneError
from highwall.core.grid import GeoBox, Window
from highwall.io.chips import GeoTiffChips, ZarrChips, decode, encode, open_image_chip, open_label_chip

BANDS = ("B04", "VV")
GRID = GeoBox((32, 32), Affine(10, 0, 600_000, 0, -10, 7_800_000), "EPSG:32723")
WINDOW = Window(slice(3, 20), slice(5, 9))


def image(seed=0):
    rng = np.random.default_rng(seed)
    values = np.stack([rng.uniform(-0.01, 1.2, GRID.shape), rng.uniform(-30.0, 5.0, GRID.shape)]).astype(np.float32)
    values[:, :2] = np.nan
    return values


def mask():
    return np.random.default_rng(1).integers(0, 2048, GRID.shape).astype(np.uint16)


@pytest.fixture(params=["geotiff", "zarr"])
def store(request, tmp_path):
    return GeoTiffChips(tmp_path, BANDS) if request.param == "geotiff" else ZarrChips(tmp_path, BANDS, 32).create()


def test_what_is_put_comes_back(store, tmp_path):
    for seed in (0, 1):
        place = store.put_image(f"chip{seed}", image(seed), grid=GRID, tags={"LEVEL": "2A"})
        read = open_image_chip(tmp_path, place, BANDS)
        difference = np.abs(read() - image(seed))
        assert np.nanmax(difference[0]) <= 0.5e-4 + 1e-7  # half a step
        assert np.nanmax(difference[1]) <= 0.5e-3 + 3e-6  # half a step, and the rounding of float32 at 30 dB
        assert np.array_equal(np.isnan(read()), np.isnan(image(seed)))
        assert np.array_equal(read(WINDOW), read()[:, 3:20, 5:9], equal_nan=True)


def test_labels_come_back_bit_for_bit(store, tmp_path):
    store.put_labels("first", np.zeros(GRID.shape, np.uint16), grid=GRID)
    read = open_label_chip(tmp_path, store.put_labels("chip", mask(), grid=GRID))
    assert np.array_equal(read(), mask())
    assert np.array_equal(read(WINDOW), mask()[3:20, 5:9])
    assert read().dtype == np.uint16


def test_reflectance_of_sentinel_2_loses_nothing():
    numbers = np.arange(-1000, 30_000, 7, dtype=np.float32)
    values = np.broadcast_to(numbers * np.float32(1e-4), (1, 1, numbers.size))
    assert np.array_equal(encode(values, ("B04",))[0, 0], numbers.astype(np.int16))
    assert np.allclose(decode(encode(values, ("B04",)), ("B04",)), values, atol=1e-7)


def test_what_is_beyond_the_range_is_cut_off_and_never_missing():
    values = np.array([[[9.0, -9.0, np.nan]]], dtype=np.float32)
    assert np.allclose(decode(encode(values, ("B04",)), ("B04",)), [[[3.2767, -3.2767, np.nan]]], equal_nan=True)


def test_a_geotiff_chip_says_what_it_holds(tmp_path):
    GeoTiffChips(tmp_path, BANDS).put_image("chip", image(), grid=GRID, tags={"LEVEL": "2A"})
    with rasterio.open(tmp_path / "images" / "chip.tif") as dataset:
        assert dataset.descriptions == BANDS
        assert dataset.scales == (1e-4, 1e-3)
        assert dataset.units == ("1", "dB")
        assert dataset.tags()["LEVEL"] == "2A"
        assert dataset.crs.to_epsg() == 32723


def test_a_chip_that_is_gone_is_told_of(tmp_path):
    store = ZarrChips(tmp_path, BANDS, 32).create()
    place = store.put_labels("chip", mask(), grid=GRID)
    with pytest.raises(SceneError, match="chip 7 of"):
        open_label_chip(tmp_path, place | {"number": 7})()
    with pytest.raises(SceneError, match="cannot be read"):
        open_image_chip(tmp_path, {"file": "images/none.tif"}, BANDS)()
