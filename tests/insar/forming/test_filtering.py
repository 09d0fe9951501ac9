import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from highwall.insar.forming.filtering import goldstein
from tests.insar.images import bowl, speckle, wrapped

SHAPE = (128, 160)
TRUTH = bowl(SHAPE, depth=25.0, width=40.0)


def noisy(*, coherence=0.6, looks=4, seed=3):
    """Multilooked interferogram of the bowl, and the coherence that it was made with."""
    one, own = speckle((looks, *SHAPE), seed=seed), speckle((looks, *SHAPE), seed=seed + 1)
    other = coherence * one + np.sqrt(1 - coherence**2) * own
    ifg = (one * np.conj(other)).mean(axis=0) * np.exp(1j * TRUTH)
    return ifg.astype(np.complex64), np.full(SHAPE, coherence, np.float32)


def phase_error(ifg):
    return wrapped(np.angle(ifg) - TRUTH)


def test_without_strength_phase_stays():
    ifg, coh = noisy()
    # windows laid together sum to a constant: single precision of the transform is left
    assert_allclose(phase_error(goldstein(ifg, coh, alpha=0.0, window_px=32)), phase_error(ifg), atol=2e-3)


@pytest.mark.parametrize("alpha", [0.5, 1.0, "coherence"])
def test_noise_falls_and_fringes_stay(alpha):
    ifg, coh = noisy()
    filtered = goldstein(ifg, coh, alpha=alpha, window_px=32)
    before, after = phase_error(ifg), phase_error(filtered)
    assert after.std() < 0.75 * before.std()
    # fringes stay: the error left has no mean, and no residual fringe over any quarter of the image
    quarters = after.reshape(2, SHAPE[0] // 2, 2, SHAPE[1] // 2).mean(axis=(1, 3))
    assert np.abs(quarters).max() < 0.05


def test_stronger_filters_more():
    ifg, coh = noisy()
    errors = [phase_error(goldstein(ifg, coh, alpha=alpha, window_px=32)).std() for alpha in (0.2, 0.5, 0.9)]
    assert errors == sorted(errors, reverse=True)


def test_clean_fringes_are_not_bent():
    ifg = np.exp(1j * TRUTH).astype(np.complex64)
    filtered = goldstein(ifg, np.ones(SHAPE, np.float32), alpha=0.5, window_px=32)
    inner = phase_error(filtered)[16:-16, 16:-16]
    assert np.sqrt((inner**2).mean()) < 0.1


def test_magnitude_and_missing_pixels_stay():
    ifg, coh = noisy()
    ifg[10:20, 30:50] = complex(np.nan, np.nan)
    ifg[0, 0] = 0
    filtered = goldstein(ifg, coh, alpha=0.7, window_px=32)
    assert filtered.dtype == np.complex64
    assert_array_equal(np.isnan(filtered), np.isnan(ifg))
    assert_allclose(np.abs(filtered), np.abs(ifg), rtol=1e-5)
    assert np.isfinite(goldstein(np.zeros_like(ifg), coh, alpha=0.7, window_px=32)).all()


def test_size_need_not_fit_windows():
    ifg, coh = noisy()
    part = goldstein(ifg[:37, :51], coh[:37, :51], alpha=0.5, window_px=32)
    assert part.shape == (37, 51)
    assert wrapped(np.angle(part) - TRUTH[:37, :51]).std() < phase_error(ifg)[:37, :51].std()
