"""The displacement with and without each correction, on ground that should be still."""

from functools import reduce
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from highwall.core.errors import InputError
from highwall.insar.motion_model import motion_model
from highwall.insar.options import VelocityOptions
from highwall.insar.regression import residuals

ORDER = ("correction_gacos", "correction_tide", "correction_ramp", "correction_stratified", "correction_dem")
"""In which corrections are taken off."""


class Effect(NamedTuple):
    """What one correction, taken off after those before it, did to stable pixels."""

    name: str
    """Row of the table of products; ``displacement`` for the state before any."""
    spread: float
    """Standard deviation over the pixels, median of the epochs after the first [m]."""
    scatter: float
    """Standard deviation of a series about its model, median of the pixels [m]."""
    velocity_spread: float
    """Standard deviation of the velocity over the pixels [m year⁻¹]."""


def correction_effects(
    corrected: xr.Dataset, *, stable: NDArray[np.bool_], motion: VelocityOptions | None = None
) -> tuple[Effect, ...]:
    """Say how still the stable pixels are without corrections and after each, in the order they were taken off.

    Parameters
    ----------
    corrected
        Of :func:`~highwall.insar.corrections.corrections.correct`: a sample is enough.
    stable : (y, x)
        Pixels that should not move: of :func:`~highwall.insar.corrections.corrections.stable_pixels`.
    motion
        The model that ``scatter`` is counted from.

    Raises
    ------
    InputError
        Fewer than two stable pixels have all epochs.
    """
    names = [name for name in ORDER if name in corrected]
    layers = [_on(corrected[name], stable) for name in names]
    after = _on(corrected["displacement"], stable)
    whole = np.isfinite(reduce(np.add, layers, after)).all(axis=0)
    if whole.sum() < 2:
        raise InputError(f"{int(whole.sum())} stable pixels have all epochs; give a denser sample or lower the bounds.")
    states = [after[:, whole]]
    for layer in reversed(layers):
        states.append(states[-1] + layer[:, whole])
    design = motion_model(corrected["epoch"].values, motion or VelocityOptions()).design
    rows = zip(["displacement", *names], reversed(states), strict=True)
    return tuple(_effect(name, series, design) for name, series in rows)


def _on(array: xr.DataArray, stable: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.asarray(array.values[:, stable], dtype=np.float64)


def _effect(name: str, series: NDArray[np.float64], design: NDArray[np.float64]) -> Effect:
    freedom = max(len(design) - design.shape[1], 1)
    scatter = np.sqrt(np.sum(residuals(series, design) ** 2, axis=0) / freedom)
    velocity = np.linalg.pinv(design)[1] @ series
    spread = float(np.median(series[1:].std(axis=1)))
    return Effect(name, spread, float(np.median(scatter)), float(velocity.std()))
