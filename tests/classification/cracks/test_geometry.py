import numpy as np
import pytest

from highwall.classification.cracks.geometry import find_cracks
from highwall.classification.cracks.options import OutlineOptions
from highwall.core.errors import InputError

from .drawn import bar

CUT = OutlineOptions(threshold=0.5, weak_threshold=0.5, join_gap_px=0)


@pytest.mark.parametrize("angle", [0, 17, 33, 45, 61, 90, 118, 155])
@pytest.mark.parametrize("width", [2, 3, 4, 7])
def test_a_bar_has_the_length_width_and_direction_it_was_drawn_with(angle, width):
    """Length within 2 % or a width (a flat end has no one tip), mean width within a pixel: pixels are whole."""
    length = 120.0
    reach = 0.5 * length * np.array([np.cos(np.radians(angle)), -np.sin(np.radians(angle))])
    middle = np.array([100.3, 99.6])
    (crack,) = find_cracks(bar((200, 200), middle - reach, middle + reach, width=width), CUT)
    assert crack.length_px == pytest.approx(length, abs=max(0.02 * length, width))
    assert crack.mean_width_px == pytest.approx(width, abs=1.0)
    assert (crack.orientation_deg - angle + 90.0) % 180.0 - 90.0 == pytest.approx(0.0, abs=1.5)
    assert 0.5 < crack.probability <= 1.0


def test_the_width_of_a_wedge_is_greatest_at_its_mouth():
    y, x = np.mgrid[0:80, 0:200] + 0.5
    wedge = ((np.abs(y - 40) <= 0.5 + x * 0.04) & (x > 10) & (x < 190)).astype(np.float32)
    (crack,) = find_cracks(wedge, CUT)
    assert 2 * (0.5 + 170 * 0.04) < crack.max_width_px < 2 * (0.5 + 190 * 0.04) + 1
    assert crack.mean_width_px == pytest.approx(2 * (0.5 + 100 * 0.04), abs=1.0)


def test_a_quarter_circle_is_as_long_as_its_arc():
    y, x = np.mgrid[0:200, 0:200] + 0.5
    arc = (np.abs(np.hypot(x, y) - 150) <= 1.5).astype(np.float32)
    (crack,) = find_cracks(arc, CUT)
    assert crack.length_px == pytest.approx(150 * np.pi / 2, rel=0.02)


def test_a_fork_is_one_crack_of_three_branches():
    shape, fork = (200, 200), (100, 100)
    ends = [(100, 180), (40, 40), (160, 40)]
    fork_map = np.max([bar(shape, fork, end, width=3) for end in ends], axis=0)
    (crack,) = find_cracks(fork_map, CUT)
    assert len(crack.lines) == 3
    assert crack.length_px == pytest.approx(80 + 2 * np.hypot(60, 60), rel=0.03)


def test_a_ring_is_found_whole():
    y, x = np.mgrid[0:120, 0:120] + 0.5
    ring = (np.abs(np.hypot(x - 60, y - 60) - 40) <= 1.5).astype(np.float32)
    assert find_cracks(ring, CUT)[0].length_px == pytest.approx(2 * np.pi * 40, rel=0.03)


def test_pieces_join_over_a_small_gap_only():
    pieces = bar((60, 200), (10, 30), (95, 30), width=3) + bar((60, 200), (100, 30), (190, 30), width=3)
    assert len(find_cracks(pieces, CUT)) == 2
    joined = find_cracks(pieces, CUT.model_copy(update={"join_gap_px": 6}))
    assert [crack.length_px for crack in joined] == [pytest.approx(175, abs=4)]


def test_a_weak_stretch_counts_where_it_hangs_on_a_strong_one():
    weak = bar((60, 200), (10, 30), (190, 30), width=3) * np.float32(0.4)
    options = OutlineOptions(threshold=0.5, weak_threshold=0.3)
    assert find_cracks(weak, options) == []
    weak[:, 90:100] *= 2
    assert find_cracks(weak, options)[0].length_px == pytest.approx(180, abs=3)


def test_short_specks_and_missing_pixels_are_no_cracks():
    speck = bar((60, 200), (10, 30), (20, 30), width=3)
    speck[40:] = np.nan
    assert find_cracks(speck, CUT) == []
    assert find_cracks(np.zeros((5, 5), np.float32)) == []


@pytest.mark.parametrize("width", [3, 6, 9])
@pytest.mark.parametrize("ends", [((50, 100), (250, 100)), ((60, 60), (240, 240))])
def test_where_cracks_cross_they_are_no_wider(width, ends):
    """The widest circle at a crossing of bars is up to 1.4 times as wide as each."""
    (ax, ay), (bx, by) = ends
    turned = ((150 + ay - 150, 300 - ax), (150 + by - 150, 300 - bx))
    crossing = np.maximum(bar((300, 300), *ends, width=width), bar((300, 300), *turned, width=width))
    (crack,) = find_cracks(crossing, CUT)
    assert crack.max_width_px == pytest.approx(width, abs=1.0)
    assert crack.length_px == pytest.approx(2 * np.hypot(bx - ax, by - ay), rel=0.02)


def test_a_blot_is_no_crack():
    y, x = np.mgrid[0:200, 0:200] + 0.5
    blot = (np.hypot(x - 100, y - 100) <= 30).astype(np.float32)
    assert find_cracks(blot, CUT) == []
    assert len(find_cracks(blot, CUT.model_copy(update={"min_elongation": 0.5}))) == 1


@pytest.mark.parametrize("seed", range(3))
def test_every_crack_is_measured_as_if_it_were_alone(seed):
    """Lines of different cracks lie in each other's boxes here; each must come out as on a sheet of its own."""
    random = np.random.default_rng(seed)
    starts = 40.0 * np.arange(1, 5)
    bars = [bar((200, 200), (y, 10), (y + 25 * random.random(), 185), width=3) for y in starts]
    levels = np.clip(150 - 90 * np.max(bars, axis=0) + random.normal(0, 4, (3, 200, 200)), 0, 255).astype(np.uint8)
    together = find_cracks(np.max(bars, axis=0), CUT, levels=levels)
    alone = [crack for one in bars for crack in find_cracks(one, CUT, levels=levels)]
    assert len(together) == len(alone) == 4
    assert sorted(c.length_px for c in together) == pytest.approx(sorted(c.length_px for c in alone))


def test_a_stack_of_maps_is_refused():
    with pytest.raises(InputError, match="class crack"):
        find_cracks(np.zeros((2, 5, 5), np.float32))


def test_the_weak_threshold_lies_below():
    with pytest.raises(ValueError, match="above threshold"):
        OutlineOptions(threshold=0.4, weak_threshold=0.5)
