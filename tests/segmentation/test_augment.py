import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.segmentation.augment import nearer, random_view
from highwall.segmentation.normalisation import BandStatistics
from highwall.segmentation.options import AugmentOptions
from highwall.segmentation.scenes import Chip, Place

BANDS = ("B04", "B03", "VV")
STATISTICS = BandStatistics(np.array([0.1, 0.2, -12.0]), np.array([0.05, 0.05, 3.0]))
STILL = AugmentOptions(flips=False, turns=False)


def chip(side=32):
    """Every pixel of the first band says where it is, and so does the mask."""
    number = np.arange(side * side, dtype=np.float32).reshape(side, side)
    image = np.stack([number, 0.1 + number / 1e4, -12.0 + number / 100])
    return Chip(image.astype(np.float32), number.astype(np.uint16))


def view(given_, options, *, seed=0, side=32):
    return random_view(
        given_, bands=BANDS, statistics=STATISTICS, options=options, side=side, random=np.random.default_rng(seed)
    )


@given(st.integers(0, 200))
def test_what_is_drawn_moves_along(seed):
    moved = view(chip(), AugmentOptions(), seed=seed)
    assert np.array_equal(moved.image[0].astype(np.uint16), moved.mask)
    assert np.array_equal(np.sort(moved.mask, axis=None), np.arange(32 * 32))


def test_all_eight_views_come_up_and_no_other():
    found = {view(chip(), AugmentOptions(), seed=seed).mask.tobytes() for seed in range(150)}
    assert len(found) == 8
    assert len({view(chip(), STILL, seed=seed).mask.tobytes() for seed in range(20)}) == 1


@pytest.mark.parametrize("change", ["gain", "band_gain", "contrast", "saturation", "haze"])
def test_light_changes_and_radar_does_not(change):
    before = chip()
    after = view(before, STILL.model_copy(update={change: 0.5}), seed=3)
    assert not np.array_equal(after.image[:2], before.image[:2])
    assert np.array_equal(after.image[2], before.image[2])
    assert np.array_equal(after.mask, before.mask)


def test_noise_is_as_wide_as_the_band_allows():
    before = Chip(np.zeros((3, 128, 128), dtype=np.float32), np.zeros((128, 128), dtype=np.uint16))
    after = view(before, STILL.model_copy(update={"noise": 0.5}), seed=1, side=128)
    moved = after.image.std(axis=(1, 2)) / STATISTICS.std
    assert np.all(moved < 0.51)  # 0.5 and the scatter of 16,384 pixels, 0.6 %
    assert moved == pytest.approx(np.full(3, moved[0]), rel=0.03)


def test_what_is_missing_stays_missing():
    before = chip()
    before.image[:, 5, 7] = np.nan
    options = STILL.model_copy(update={"gain": 0.3, "contrast": 0.3, "saturation": 0.3, "haze": 0.3, "noise": 0.1})
    after = view(before, options)
    assert np.array_equal(np.isnan(after.image), np.isnan(before.image))


@pytest.mark.parametrize("saturation", [0.0, 0.3])
def test_a_band_missing_takes_no_other_along(saturation):
    before = chip()
    before.image[0, 5, 7] = np.nan
    after = view(before, STILL.model_copy(update={"gain": 0.3, "haze": 0.3, "saturation": saturation}))
    assert np.array_equal(np.isnan(after.image), np.isnan(before.image))


def test_a_band_is_lost_now_and_then():
    options = STILL.model_copy(update={"band_dropout": 0.5})
    lost = [np.isnan(view(chip(), options, seed=seed).image).all(axis=(1, 2)).sum() for seed in range(200)]
    assert set(lost) == {0, 1}
    assert np.mean(lost) == pytest.approx(0.5, abs=0.15)


@given(st.integers(0, 100))
def test_a_magnified_window_keeps_its_centre(seed):
    place = Place(0, "1", 100, 60, 64)
    found = nearer(place, options=AugmentOptions(scale=1.5, scale_share=1.0), random=np.random.default_rng(seed))
    assert 42 <= found.side <= 96  # 64 / 1.5 … 64 · 1.5
    assert abs((found.top + found.side / 2) - 132) <= 1
    assert abs((found.left + found.side / 2) - 92) <= 1
    assert nearer(place, options=AugmentOptions(), random=np.random.default_rng(seed)) == place


def test_a_magnified_chip_is_brought_back_to_its_size():
    before = chip(16)
    after = view(before, STILL, side=32)
    assert after.mask.shape == (32, 32)
    assert np.array_equal(after.mask[::2, ::2], before.mask)
    assert after.image[:, 1:-1, 1:-1].mean(axis=(1, 2)) == pytest.approx(before.image.mean(axis=(1, 2)), rel=0.02)
