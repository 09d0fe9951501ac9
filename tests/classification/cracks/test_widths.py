import numpy as np
import pytest

from highwall.classification.cracks.geometry import find_cracks
from highwall.classification.cracks.options import OutlineOptions
from highwall.classification.cracks.widths import dark_core, disk, width_of

from .drawn import bar

CUT = OutlineOptions(threshold=0.5, weak_threshold=0.5, join_gap_px=0)


@pytest.mark.parametrize("width", [1, 2, 3, 5, 8])
def test_the_width_of_a_straight_band_is_within_half_a_pixel(width):
    band = np.zeros((40, 40), bool)
    band[10 : 10 + width] = True
    assert width_of(band)[10 + width // 2, 20] == pytest.approx(width, abs=0.5)


def test_where_there_is_no_core_a_crack_is_half_a_pixel_wide():
    assert (width_of(np.zeros((5, 5), bool)) == 0.5).all()


@pytest.mark.parametrize("angle", [0, 30, 45, 80])
@pytest.mark.parametrize("width", [2, 4])
def test_a_map_too_wide_gets_the_width_of_what_is_dark(angle, width):
    """The map is 5 px wider than the crack on shaded ground; the width is found to a pixel."""
    reach = 60.0 * np.array([np.cos(np.radians(angle)), -np.sin(np.radians(angle))])
    middle = np.array([80.2, 79.7])
    start, end = middle - reach, middle + reach
    light = 150.0 + 0.2 * np.arange(160) - 80.0 * bar((160, 160), start, end, width=width)
    levels = np.broadcast_to(light, (3, 160, 160)).astype(np.uint8)
    (crack,) = find_cracks(bar((160, 160), start, end, width=width + 5), CUT, levels=levels)
    assert crack.mean_width_px == pytest.approx(width, abs=1.0)
    (wide,) = find_cracks(bar((160, 160), start, end, width=width + 5), CUT)
    assert wide.mean_width_px > width + 3


def test_ground_of_one_grey_has_no_core():
    grey, everywhere = np.full((3, 40, 40), 99, np.uint8), np.ones((40, 40), bool)
    assert not dark_core(everywhere, grey, has_data=everywhere).any()
    assert not dark_core(~everywhere, grey, has_data=everywhere).any()


def test_a_disk_holds_what_is_near():
    assert disk(0.0).sum() == 1
    assert disk(1.0).sum() == 5
    assert disk(2.0).sum() == 13


@pytest.mark.parametrize("brightness", [0.0, 60.0])
def test_a_crack_that_is_not_dark_has_the_width_of_the_map(brightness):
    """Filled with calcite, or wet through: no core, so that the core cannot tell."""
    crack = bar((80, 160), (20, 40), (140, 40), width=5)
    levels = np.broadcast_to(150.0 + brightness * crack, (3, 80, 160)).astype(np.uint8)
    (found,) = find_cracks(crack, CUT, levels=levels)
    assert found.mean_width_px == pytest.approx(5.0, abs=0.6)


def test_black_without_data_is_no_ground():
    """A crack of 4 px beside the black rim of an orthophoto keeps its width."""
    crack = bar((80, 160), (10, 40), (150, 40), width=4)
    levels = np.broadcast_to(150.0 - 50.0 * crack, (3, 80, 160)).astype(np.uint8).copy()
    levels[:, :34] = 0
    found = np.where(np.arange(80)[:, None] < 34, np.float32(np.nan), bar((80, 160), (10, 40), (150, 40), width=9))
    (measured,) = find_cracks(found.astype(np.float32), CUT, levels=levels)
    assert measured.mean_width_px == pytest.approx(4.0, abs=0.6)
