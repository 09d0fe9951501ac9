"""The adaptive filter of Goldstein & Werner: fringes stand out in the local spectrum, noise does not."""

from typing import Literal

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.ndimage import convolve1d

SMOOTHING_PX = 3
"""px, side of the window that smooths each spectrum's magnitude; the usual choice, which the paper leaves open."""
OVERLAP = 4
"""Windows that cover a pixel along each axis: neighbours overlap by 75 %."""

Alpha = float | Literal["coherence"]


def goldstein(
    ifg: NDArray[np.complex64], coh: NDArray[np.float32], *, alpha: Alpha, window_px: int
) -> NDArray[np.complex64]:
    """Filter the phase of an interferogram; magnitudes stay as they are.

    What is filtered is coh · exp(iφ), so that decorrelated pixels count little. Per window the spectrum Z becomes
    S(|Z|)^α Z, S a moving average; windows are laid together with weights that fall off towards their edges.

    Parameters
    ----------
    ifg : (y, x) complex64
        NaN is missing, and stays so.
    coh : (y, x) float32 [1]
    alpha
        0 leaves the phase alone, 1 filters strongest; ``coherence`` takes 1 − mean coherence of each window.
    window_px
        Side of the windows, a multiple of 4 [px].

    Source: Goldstein & Werner 1998; Baran et al. 2003.
    """
    valid = np.isfinite(ifg) & np.isfinite(coh)
    magnitude = np.abs(np.where(valid, ifg, 0))
    phasor = np.where(valid & (magnitude > 0), coh * ifg / np.where(magnitude > 0, magnitude, 1), 0)
    smooth = _overlapped(phasor.astype(np.complex64), alpha=alpha, side=window_px)
    size = np.abs(smooth)
    turned = np.where(size > 0, magnitude * smooth / np.where(size > 0, size, 1), ifg)
    return np.where(valid, turned, np.complex64(complex(np.nan, np.nan))).astype(np.complex64)


def _overlapped(phasor: NDArray[np.complex64], *, alpha: Alpha, side: int) -> NDArray[np.complex64]:
    """Filter all windows, a row of them at a time, and add them up."""
    step = side // OVERLAP
    padded = np.pad(phasor, [(side - step, side + (-length) % step) for length in phasor.shape])
    taper = _taper(side)
    total = np.zeros_like(padded)
    for top in range(0, padded.shape[0] - side + 1, step):
        strip = padded[top : top + side]
        windows = np.lib.stride_tricks.sliding_window_view(strip, side, axis=1)[:, ::step].transpose(1, 0, 2)
        filtered = _filtered(windows, alpha=alpha) * taper
        for number, window in enumerate(filtered):
            total[top : top + side, number * step : number * step + side] += window
    start = side - step
    return total[start : start + phasor.shape[0], start : start + phasor.shape[1]]


def _filtered(windows: NDArray[np.complex64], *, alpha: Alpha) -> NDArray[np.complex64]:
    """Raise the spectra of windows (n, side, side) by their smoothed magnitude to the power α."""
    spectrum = scipy.fft.fft2(windows)
    magnitude = np.abs(spectrum)
    for axis in (1, 2):
        magnitude = convolve1d(magnitude, np.full(SMOOTHING_PX, 1.0 / SMOOTHING_PX), axis=axis, mode="wrap")
    peak = magnitude.max(axis=(1, 2), keepdims=True)
    share = np.clip(magnitude / np.where(peak > 0, peak, 1), 0.0, 1.0)
    power = _coherence_alpha(windows) if alpha == "coherence" else alpha
    filtered: NDArray[np.complex64] = scipy.fft.ifft2(spectrum * share**power)
    return filtered


def _coherence_alpha(windows: NDArray[np.complex64]) -> NDArray[np.float32]:
    """α = 1 − mean coherence of each window's valid pixels: (n, 1, 1)."""
    coherence = np.abs(windows)
    count = (coherence > 0).sum(axis=(1, 2), keepdims=True)
    return np.asarray(1.0 - coherence.sum(axis=(1, 2), keepdims=True) / np.maximum(count, 1), np.float32)


def _taper(side: int) -> NDArray[np.float32]:
    """Pyramid of weights (side, side), 1 in the middle; shifted by its overlap it sums to a constant."""
    ramp = 1.0 - np.abs(np.arange(side) + 0.5 - side / 2) / (side / 2)
    return np.asarray(np.outer(ramp, ramp), np.float32)
