"""Windows of sensor readings with what is known of each."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from highwall.core.errors import InputError

CHANNELS: Final = ("strain", "opening", "tilt", "temperature")
"""Channels in their order; units 1, m, rad, K. Tension and opening are positive."""

STEP_S: Final = 3600.0
"""s between readings."""

LEAST_SAMPLES: Final = 24
"""Readings that a window must hold at least: a day, half of it before a step and half after."""

_GROUND = slice(0, 3)
"""Channels that feel a crack; temperature alone tells nothing."""

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class SensorWindows:
    """N windows of T readings of m channels: the X and Y of Yu et al. 2023, eq. 1."""

    values: Floats
    """(N, T, m) in the order of ``CHANNELS``; NaN is missing."""
    is_crack: Bools
    """(N,) True where a crack is present by the end of the window."""
    opens: Bools
    """(N,) True where it opens within the window: the rest of the cracks were there before."""
    site: NDArray[np.str_]
    """(N,) site; windows of one stay on one side of every split."""

    def __post_init__(self) -> None:
        """Refuse arrays that do not fit each other."""
        check_values(self.values)
        shapes = {name: getattr(self, name).shape for name in ("is_crack", "opens", "site")}
        if set(shapes.values()) != {(len(self.values),)}:
            raise InputError(f"there are {len(self.values)} windows, and {shapes}; give one of each a window.")
        n_odd = int((self.opens & ~self.is_crack).sum())
        if n_odd:
            raise InputError(f"{n_odd} windows open a crack (opens) and hold none (is_crack); correct the labels.")

    def where(self, chosen: Bools) -> "SensorWindows":
        """Keep the chosen windows."""
        return SensorWindows(self.values[chosen], self.is_crack[chosen], self.opens[chosen], self.site[chosen])

    def with_readings(self) -> "SensorWindows":
        """Keep the windows of which something is known.

        Raises
        ------
        InputError
            Nothing is known of any.
        """
        kept = has_readings(self.values)
        if not kept.any():
            raise InputError(
                f"none of {len(kept)} windows holds a reading of strain, opening or tilt; check the record."
            )
        return self.where(kept)


def has_readings(values: Floats) -> Bools:
    """Tell which windows hold a reading of strain, opening or tilt: (N, T, m) -> (N,)."""
    return np.asarray(np.isfinite(values[:, :, _GROUND]).any(axis=(1, 2)))


def check_values(values: Floats) -> None:
    """Refuse what are no windows.

    Raises
    ------
    InputError
        The shape is not (window, sample, channel) with the known channels, windows are shorter than a day, or values
        are infinite.
    """
    if values.ndim != 3 or values.shape[2] != len(CHANNELS):
        raise InputError(f"windows have shape {values.shape}; give (window, sample, {', '.join(CHANNELS)}).")
    if values.shape[1] < LEAST_SAMPLES:
        raise InputError(f"windows hold {values.shape[1]} readings, an hour apart; give {LEAST_SAMPLES} or more.")
    if np.isinf(values).any():
        raise InputError(f"{int(np.isinf(values).sum())} readings are infinite; set what is missing to NaN.")


def check_trainable(windows: SensorWindows) -> None:
    """Refuse windows of one class.

    Raises
    ------
    InputError
        All hold a crack, or none does.
    """
    n_cracks = int(windows.is_crack.sum())
    if n_cracks in (0, len(windows.is_crack)):
        raise InputError(
            f"{n_cracks} of {len(windows.is_crack)} windows hold a crack; training needs both kinds: add windows."
        )


def cut_windows(series: Floats, *, length: int) -> Floats:
    """Cut series (sample, channel) into windows side by side: (N, length, channel); a rest at the end is left out.

    Raises
    ------
    InputError
        The series is shorter than a window.
    """
    n = len(series) // length
    if n == 0:
        raise InputError(f"{len(series)} readings are fewer than a window of {length}; wait for more.")
    return series[: n * length].reshape(n, length, series.shape[1])
