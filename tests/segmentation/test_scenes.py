from dataclasses import replace

import numpy as np
import pytest

from highwall.segmentation.dataset import InMemory
from highwall.segmentation.labels import OUTSIDE
from highwall.segmentation.scenes import Chip, Place, Scenes, is_known
from tests.segmentation.lessons import scene

BANDS = ("B03", "B04")


@pytest.mark.parametrize("cache_mb", [0, 100])
def test_a_window_is_the_samples_own_pixels_in_the_networks_bands(cache_mb):
    sample = scene("one")
    scenes = Scenes([sample], bands=BANDS, cache_mb=cache_mb)
    for _ in range(2):  # read, then remembered
        chip = scenes.chip(Place(0, "1", 8, 40, 32))
        assert np.array_equal(chip.image, sample.image()[[1, 0], 8:40, 40:72])
        assert np.array_equal(chip.mask, sample.mask()[8:40, 40:72])


def test_what_lies_beyond_the_sample_is_missing_and_does_not_count():
    sample = scene("one", shape=(40, 50))
    chip = Scenes([sample], bands=BANDS, cache_mb=0).chip(Place(0, "1", -10, 30, 64))
    assert chip.mask.shape == (64, 64)
    inside = np.zeros((64, 64), dtype=bool)
    inside[10:50, :20] = True
    assert np.array_equal(np.isfinite(chip.image), np.stack([inside, inside]))
    assert np.array_equal(chip.mask == OUTSIDE, ~inside)
    assert np.array_equal(is_known(chip), inside)


def test_a_scene_is_read_once_as_far_as_memory_goes():
    reads = []

    class Counted(InMemory):
        def __call__(self, window=None):
            reads.append(window)
            return super().__call__(window)

    sample = scene("one")
    sample = replace(sample, read_image=Counted(sample.image()))
    for cache_mb, expected in ((100, [None]), (0, [False, False])):
        reads.clear()
        scenes = Scenes([sample], bands=BANDS, cache_mb=cache_mb)
        scenes.chip(Place(0, "1", 0, 0, 32))
        scenes.chip(Place(0, "1", 3, 3, 32))
        assert [window if window is None else False for window in reads] == expected


def test_a_pixel_with_one_band_is_known():
    image = np.full((2, 4, 4), np.nan, dtype=np.float32)
    image[0, 0, 0] = 0.1
    assert is_known(Chip(image, np.zeros((4, 4), dtype=np.uint16))).sum() == 1
