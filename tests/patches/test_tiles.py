"""Tiled segmentation: equal to the image done at once, however unlucky the tiles."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import dask.array
import numpy as np
import pandas as pd
import pytest
import rasterio
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from highwall.core.errors import InputError
from highwall.patches.multiresolution import segment
from highwall.patches.options import SegmentationOptions
from highwall.patches.radiometry import normalise
from highwall.patches.segmentation import Segmentation
from highwall.patches.tiles import segment_tiled
from tests.patches.images import as_image, chain, noise, scene


def assert_same(found: Segmentation, expected: Segmentation) -> None:
    np.testing.assert_array_equal(found.labels, expected.labels)
    pd.testing.assert_frame_equal(found.table, expected.table)
    for one, other in zip(found.neighbours, expected.neighbours, strict=True):
        np.testing.assert_array_equal(one, other)


@settings(max_examples=20, deadline=None)
@given(
    st.integers(60, 150), st.integers(60, 150), st.integers(0, 1000), st.integers(1, 6), st.sampled_from([8.0, 30.0]),
    st.booleans(),
)  # fmt: skip
def test_tiles_give_what_the_whole_image_gives(rows, cols, seed, iterations, scale, is_float):
    image = scene(rows, cols, seed=seed)
    if is_float:  # sums of floats hang on the order of their terms, which must be the same too
        image = image * 0.137 + 0.01
    valid = noise(1, rows, cols, seed=seed).values[0] > 20
    options = SegmentationOptions(scale=scale, tile_px=64, margin_px=2, tile_iterations=iterations)
    assert_same(segment_tiled(image, options=options, valid=valid), segment(image, scale=scale, valid=valid))


def test_a_chain_across_tiles_enlarges_the_margin():
    image = chain(700)
    options = SegmentationOptions(scale=3000.0, tile_px=64, margin_px=2, tile_iterations=40)
    found = segment_tiled(image, options=options)
    assert_same(found, segment(image, scale=3000.0))
    assert found.labels.attrs["largest_margin_px"] > 40


@pytest.mark.parametrize("iterations", [1, 6, 20])
def test_flat_tiles_are_joined_as_one(iterations):
    image = as_image(np.full((1, 130, 130), 9, np.uint8))
    options = SegmentationOptions(scale=500.0, tile_px=64, margin_px=2, tile_iterations=iterations)
    assert_same(segment_tiled(image, options=options), segment(image, scale=500.0))


def test_a_margin_that_is_enough_is_not_enlarged():
    options = SegmentationOptions(scale=10.0, tile_px=64, margin_px=40, tile_iterations=3)
    assert segment_tiled(scene(200, 200), options=options).labels.attrs["largest_margin_px"] == 40


def test_threads_and_lazy_images_change_nothing():
    image = scene(200, 170)
    lazy = image.copy(data=dask.array.from_array(image.values, chunks=(3, 64, 50)))
    options = SegmentationOptions(scale=20.0, tile_px=64, margin_px=16, tile_iterations=4)
    with ThreadPoolExecutor(2) as pool:
        found = segment_tiled(lazy, options=options, map_tiles=pool.map)
    assert_same(found, segment(image, scale=20.0))
    xr.testing.assert_identical(found.labels.drop_attrs(), segment(image, scale=20.0).labels.drop_attrs())


def test_the_work_and_its_results_can_be_sent_to_other_processes():
    def sent(value):
        return pickle.loads(pickle.dumps(value))

    def map_tiles(do, windows):
        return [sent(sent(do)(sent(window))) for window in windows]

    image, options = scene(100, 90), SegmentationOptions(scale=20.0, tile_px=64, margin_px=20, tile_iterations=4)
    assert_same(segment_tiled(image, options=options, map_tiles=map_tiles), segment(image, scale=20.0))


@pytest.mark.real
def test_tiles_of_a_real_scene_give_what_the_whole_scene_gives(real_data):
    with rasterio.open(real_data / "tailings-ponds" / "images" / "17.tif") as file:
        image = normalise(as_image(file.read().astype(float)))
    options = SegmentationOptions(scale=50.0, tile_px=150, margin_px=40, tile_iterations=8)
    found = segment_tiled(image, options=options)
    assert_same(found, segment(image, scale=50.0))
    assert len(found) > 100


def test_an_image_without_a_valid_pixel_has_no_object():
    assert len(segment_tiled(scene(70, 70), valid=np.zeros((70, 70), bool))) == 0


def test_bad_arguments_are_refused_before_any_tile_is_done():
    with pytest.raises(InputError, match="give one each"):
        segment_tiled(scene(70, 70), options=SegmentationOptions(weights=(1.0,)))
