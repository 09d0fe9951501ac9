import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.classification.radiometry import CAMERA_RGB, L2A_SIX, RADIOMETRIES, check_levels, to_model_input
from highwall.core.errors import ModelError


@given(st.integers(1, 20_000))
def test_levels_are_those_of_the_training_chips(digital_number):
    reflectance = np.full((3, 1, 1), digital_number / 10_000.0)
    expected = np.rint(255.0 * min(max(digital_number / 3000.0, 0.0), 1.0))
    # a quotient on a half level may fall on either side
    assert abs(to_model_input(reflectance)[0, 0, 0] - expected) <= (abs(255 * digital_number / 3000 % 1 - 0.5) < 1e-6)


def test_missing_stays_missing():
    reflectance = np.full((3, 2, 2), 0.1, dtype=np.float32)
    reflectance[1, 0, 1] = np.nan
    levels = to_model_input(reflectance)
    assert np.isnan(levels[1, 0, 1])
    assert np.isfinite(levels).sum() == 11
    assert levels.dtype == np.float32


def test_a_scene_without_data_is_no_error():
    assert np.isnan(to_model_input(np.full((3, 4, 4), np.nan, dtype=np.float32))).all()


def test_digital_numbers_are_refused():
    with pytest.raises(ModelError, match="apply scale and offset"):
        to_model_input(np.full((3, 4, 4), 900.0, dtype=np.float32))


def test_other_numbers_of_bands_are_refused():
    with pytest.raises(ModelError, match="B04, B03, B02"):
        to_model_input(np.zeros((4, 8, 8), dtype=np.float32))


def test_each_radiometry_has_its_own_scale():
    assert to_model_input(np.full((6, 1, 1), 0.3), radiometry=L2A_SIX)[0, 0, 0] == np.rint(255 * 0.5)
    photograph = np.arange(192.0).reshape(3, 8, 8)
    assert (to_model_input(photograph, radiometry=CAMERA_RGB) == photograph).all()
    assert all(name == radiometry.name for name, radiometry in RADIOMETRIES.items())


@pytest.mark.parametrize(
    ("chips", "says"),
    [
        (np.zeros((2, 48, 48, 4), np.uint8), r"\(N, y, x, 3\)"),
        (np.zeros((2, 50, 48, 3), np.uint8), "multiples of 4"),
        (np.full((2, 48, 48, 3), np.nan), "2 of 2 chips hold NaN"),
        (np.full((2, 48, 48, 3), 300.0), "levels 0 to 255"),
        (np.full((2, 48, 48, 3), -1.0), "levels 0 to 255"),
    ],
    ids=["bands", "sides", "missing", "bright", "negative"],
)
def test_chips_that_a_network_cannot_read_are_refused(chips, says):
    with pytest.raises(ModelError, match=says):
        check_levels(chips, n_bands=3, cell_px=4)


def test_chips_of_levels_pass():
    check_levels(np.zeros((2, 48, 48, 3), np.uint8), n_bands=3, cell_px=4)
    check_levels(np.full((2, 9, 9, 13), 255.0), n_bands=13, cell_px=1)
    check_levels(np.zeros((0, 48, 48, 3)), n_bands=3, cell_px=4)
