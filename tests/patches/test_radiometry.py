"""Stretching bands to 0–255, and the record of it."""

import numpy as np
import pytest

from highwall.core.errors import InputError
from highwall.patches.radiometry import normalise
from tests.patches.images import as_image


def ramp() -> np.ndarray:
    return np.stack([np.arange(101.0), 10.0 * np.arange(101.0) + 5.0]).reshape(2, 1, 101)


def test_percentiles_of_each_band_become_black_and_white():
    found = normalise(as_image(ramp()))
    assert found.dtype == np.float32
    for band in found.values:
        np.testing.assert_array_equal(band[0, [0, 2, 50, 98, 100]], [0, 0, 128, 255, 255])
    assert found.attrs["normalisation"] == "percentile 2 to 98 of each band to 0–255"
    assert found.attrs["normalisation_bounds"] == pytest.approx([2, 98, 25, 985])


def test_a_range_is_the_same_for_all_bands():
    found = normalise(as_image(ramp()), method="range", low=0.0, high=100.0)
    np.testing.assert_array_equal(found.values[:, 0, 20], [51, 255])
    assert found.attrs["normalisation"] == "range 0 to 100 to 0–255"
    assert found.attrs["normalisation_bounds"] == [0, 100, 0, 100]


def test_missing_values_stay_missing_and_do_not_count():
    values = ramp()
    values[0, 0, 7] = np.nan
    image = as_image(np.concatenate([values, np.full((2, 1, 50), -9999.0)], axis=2)).assign_attrs(nodata=-9999.0)
    found = normalise(image)
    np.testing.assert_array_equal(np.isnan(found.values), np.isnan(image.values) | (image.values == -9999.0))
    assert found.attrs["normalisation_bounds"][2:] == pytest.approx([25, 985])
    assert "nodata" not in found.attrs


@pytest.mark.parametrize("value", [3.0, np.nan])
def test_a_band_without_contrast_becomes_black_or_stays_missing(value):
    found = normalise(as_image(np.full((1, 4, 4), value)))
    np.testing.assert_array_equal(found, np.full((1, 4, 4), 0.0 if value == 3.0 else np.nan))


@pytest.mark.parametrize(
    "arguments", [{"low": 98.0, "high": 2.0}, {"high": 101.0}, {"method": "range"}, {"method": "range", "low": 1.0}]
)
def test_bounds_that_do_not_rise_are_refused(arguments):
    with pytest.raises(InputError, match="rising"):
        normalise(as_image(ramp()), **arguments)
