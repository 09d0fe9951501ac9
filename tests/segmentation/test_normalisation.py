from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.core.errors import InputError, SceneError
from highwall.segmentation.dataset import InMemory
from highwall.segmentation.normalisation import band_statistics
from tests.segmentation.lessons import scene


def holding(image):
    return replace(scene("any"), read_image=InMemory(image.astype(np.float32)))


@given(st.integers(0, 1000), st.integers(1, 4))
def test_statistics_of_parts_are_those_of_the_whole(seed, n_parts):
    random = np.random.default_rng(seed)
    images = [random.normal(random.uniform(-30, 30), 3.0, (3, 5, 4 + n)).astype(np.float32) for n in range(n_parts)]
    images[0][1, :2] = np.nan
    found = band_statistics([holding(image) for image in images], bands=("B04", "B03", "B02"))
    pixels = np.concatenate([image.reshape(3, -1) for image in images], axis=1).astype(np.float64)
    assert found.mean == pytest.approx(np.nanmean(pixels, axis=1), rel=1e-9)
    assert found.std == pytest.approx(np.nanstd(pixels, axis=1), rel=1e-9)


def test_bands_are_taken_by_name():
    image = np.stack([np.full((4, 4), value) for value in (1.0, 2.0, 3.0)])
    assert band_statistics([holding(image)], bands=("B02", "B04")).mean.tolist() == [3.0, 1.0]


def test_a_band_that_never_changes_can_be_divided_by():
    assert band_statistics([holding(np.full((3, 4, 4), 0.2))], bands=("B04",)).std.tolist() == [1.0]


def test_bands_without_a_value_or_missing_are_named():
    empty = np.stack([np.full((4, 4), np.nan), np.ones((4, 4)), np.ones((4, 4))])
    with pytest.raises(InputError, match="B04 has no valid pixel"):
        band_statistics([holding(empty)], bands=("B04", "B03"))
    with pytest.raises(SceneError, match="no band B08, only B04, B03, B02"):
        band_statistics([scene("any")], bands=("B08",))
