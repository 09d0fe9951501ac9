import pytest

from highwall.core import constants


def test_the_sentinel_1_wavelength_is_five_and_a_half_centimetres():
    assert pytest.approx(0.05546576, abs=5e-9) == constants.SENTINEL1_WAVELENGTH
    assert pytest.approx(299_792_458.0, rel=1e-15) == constants.SENTINEL1_WAVELENGTH * constants.SENTINEL1_FREQUENCY


def test_the_sentinel_2_offset_is_a_tenth_of_reflectance_downwards():
    assert constants.SENTINEL2_OFFSET / constants.SENTINEL2_QUANTIFICATION == -0.1
