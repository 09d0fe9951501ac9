"""Features of a window that an engineer can name: what changed, how fast, how suddenly, and what warmth explains."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from highwall.classification.crack_windows.windows import CHANNELS, Floats, check_values

_GROUND = CHANNELS[:3]
_TEMPERATURE = CHANNELS.index("temperature")
_SIDE = 12
"""Readings on each side of a step: half a day, so that the day's cycle is not one."""
_OF_CHANNEL = ("missing", "change", "slope", "step", "sharpness", "noise", "spike")
_OF_GROUND = ("thermal", "rest", "rest_step", "rest_change")

FEATURES: Final = (
    *(f"{channel}_{name}" for channel in CHANNELS for name in _OF_CHANNEL),
    *(f"{channel}_{name}" for channel in _GROUND for name in _OF_GROUND),
    "steps_apart",
)
"""Names of the features, in their order."""

Doubles = NDArray[np.float64]


def features(values: Floats) -> Floats:
    """Features of windows.

    Parameters
    ----------
    values : (N, T, m) float32
        NaN is missing.

    Returns
    -------
    (N, len(FEATURES)) float32
        NaN where a window has too few readings to tell.
    """
    check_values(values)
    if not len(values):
        return np.empty((0, len(FEATURES)), np.float32)
    readings = values.astype(np.float64)
    columns = [column for channel in range(len(CHANNELS)) for column in _of_channel(readings[:, :, channel])]
    places = []
    for channel in range(len(_GROUND)):
        thermal, rest = without_warmth(readings[:, :, channel], readings[:, :, _TEMPERATURE])
        step, place = largest_step(rest)
        columns += [thermal, _spread(rest), step, _change(rest)]
        places.append(place)
    columns.append(np.abs(places[0] - places[1]))
    return np.stack(columns, axis=1).astype(np.float32)


def largest_step(x: Doubles) -> tuple[Doubles, Doubles]:
    """Largest difference between the means of half a day after and before a reading, and where: (N, T) -> (N,), (N,).

    A sliding two-sided comparison as in Basseville & Nikiforov 1993, section 2.6; NaN without enough readings.
    """
    known = np.isfinite(x)
    total = _running(np.where(known, x, 0.0))
    count = _running(known.astype(np.float64))
    middle = np.arange(_SIDE, x.shape[1] - _SIDE + 1)
    before, after = (_window_mean(total, count, middle + shift) for shift in (-_SIDE, 0))
    difference = after - before
    size = np.where(np.isfinite(difference), np.abs(difference), -1.0)
    place = size.argmax(axis=1)
    found = difference[np.arange(len(x)), place]
    return found, np.where(np.isfinite(found), place + _SIDE, np.nan)


def without_warmth(x: Doubles, temperature: Doubles) -> tuple[Doubles, Doubles]:
    """Least-squares response to temperature beside a trend, and what is left without the response.

    x ≈ a + b t + c T over the readings that both have. Returns c (N,) and x − c (T − mean T) (N, T).
    """
    known = np.isfinite(x) & np.isfinite(temperature)
    time = np.broadcast_to(np.linspace(-1.0, 1.0, x.shape[1]), x.shape)
    y, t, warmth = (_centred(each, known) for each in (x, time, temperature))
    stt, sww, stw = (t * t).sum(1), (warmth * warmth).sum(1), (t * warmth).sum(1)
    determinant = stt * sww - stw**2
    with np.errstate(divide="ignore", invalid="ignore"):
        response = (stt * (y * warmth).sum(1) - stw * (y * t).sum(1)) / determinant
    response = np.where(determinant > 1e-6 * stt * sww, response, np.nan)
    filled = np.where(np.isfinite(temperature), warmth, np.nan)
    return response, x - np.nan_to_num(response)[:, None] * filled


def _of_channel(x: Doubles) -> list[Doubles]:
    """The features of ``_OF_CHANNEL``: (N, T) -> 7 × (N,)."""
    known = np.isfinite(x)
    time = np.broadcast_to(np.linspace(0.0, 1.0, x.shape[1]), x.shape)
    t, y = _centred(time, known), _centred(x, known)
    noise = _median(np.abs(np.diff(x, axis=1)))
    step, _ = largest_step(x)
    bend = np.abs(np.diff(x, n=2, axis=1))
    spike = np.where(np.isfinite(bend), bend, -np.inf).max(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope, sharpness = (t * y).sum(1) / (t * t).sum(1), np.abs(step) / noise
    return [
        1.0 - known.mean(axis=1), _change(x), slope, step, np.where(np.isfinite(sharpness), sharpness, np.nan), noise,
        np.where(np.isfinite(spike), spike, np.nan),
    ]  # fmt: skip


def _change(x: Doubles) -> Doubles:
    """Median of the last quarter less that of the first."""
    quarter = x.shape[1] // 4
    return _median(x[:, -quarter:]) - _median(x[:, :quarter])


def _spread(x: Doubles) -> Doubles:
    """Median distance from the median."""
    return _median(np.abs(x - _median(x)[:, None]))


def _median(x: Doubles) -> Doubles:
    """Median of what is known; NaN where nothing is."""
    ordered = np.sort(x, axis=1)  # NaN goes last
    n = np.isfinite(x).sum(axis=1)
    row = np.arange(len(x))
    low, high = np.maximum(n - 1, 0) // 2, np.minimum(n // 2, x.shape[1] - 1)
    found: Doubles = (ordered[row, low] + ordered[row, high]) / 2.0
    return np.where(n > 0, found, np.nan)


def _centred(x: Doubles, known: NDArray[np.bool_]) -> Doubles:
    """Take the mean of the known readings off; 0 where unknown."""
    mean = np.where(known, x, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.where(known, x - mean[:, None], 0.0)


def _running(x: Doubles) -> Doubles:
    """Running sum with a leading 0: (N, T) -> (N, T + 1)."""
    return np.concatenate([np.zeros((len(x), 1)), np.cumsum(x, axis=1)], axis=1)


def _window_mean(total: Doubles, count: Doubles, start: NDArray[np.intp]) -> Doubles:
    """Mean of the readings from each start; NaN where less than half of them are known."""
    n = count[:, start + _SIDE] - count[:, start]
    sums = total[:, start + _SIDE] - total[:, start]
    return np.where(n >= _SIDE / 2, sums / np.maximum(n, 1.0), np.nan)
