"""What the levels that a network reads mean: one named radiometry for each kind of image."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from highwall.core.constants import SENTINEL2_QUANTIFICATION
from highwall.core.errors import ModelError


@dataclass(frozen=True)
class Radiometry:
    """How what a sensor saw becomes the levels that a network reads: round(n · clip(value / full scale, 0, 1))."""

    name: str
    level: str
    """Processing level of the images: L1C (top of atmosphere), L2A (surface) or camera."""
    bands: tuple[str, ...]
    """Bands in the order of the network's channels."""
    full_scale: float
    """Value of the highest level; brighter saturates."""
    highest: float
    """Above this a value is in another unit, such as digital numbers."""
    n_levels: int = 255
    """Highest level."""


_HIGHEST_REFLECTANCE = 5.0
"""Clouds and glint stay below 2."""

L1C_RGB: Final = Radiometry(
    name="uint8-0.3",
    level="L1C",
    bands=("B04", "B03", "B02"),
    full_scale=3000.0 / SENTINEL2_QUANTIFICATION,
    highest=_HIGHEST_REFLECTANCE,
)
"""round(255 · clip(reflectance / 0.3, 0, 1)) of Sentinel-2 L1C; the radiometry of the training chips."""

L2A_SIX: Final = Radiometry(
    name="uint8-0.6",
    level="L2A",
    bands=("B02", "B03", "B04", "B08", "B11", "B12"),
    full_scale=0.6,
    highest=_HIGHEST_REFLECTANCE,
)
"""The same of Sentinel-2 L2A up to 0.6, for near and short-wave infrared: bare ground stays below."""

CAMERA_RGB: Final = Radiometry(
    name="uint8-camera", level="camera", bands=("red", "green", "blue"), full_scale=255.0, highest=255.0
)
"""Levels as a camera wrote them, for cracks in photographs."""

RADIOMETRIES: Final[dict[str, Radiometry]] = {r.name: r for r in (L1C_RGB, L2A_SIX, CAMERA_RGB)}
"""All that this version makes, by name."""


def to_model_input(values: NDArray[np.floating], *, radiometry: Radiometry = L1C_RGB) -> NDArray[np.float32]:
    """Levels that the network reads.

    Parameters
    ----------
    values : (band, y, x)
        Reflectance [1], or levels of a camera, in the order of ``radiometry.bands``. NaN is missing and stays NaN.

    Returns
    -------
    (band, y, x) float32, whole numbers 0…255

    Raises
    ------
    ModelError
        Wrong number of bands, or values in another unit.
    """
    if values.ndim != 3 or values.shape[0] != len(radiometry.bands):
        raise ModelError(
            f"the image has shape {values.shape}; it must be (band, y, x) of {', '.join(radiometry.bands)}."
        )
    highest = float(np.nanmax(values)) if np.isfinite(values).any() else 0.0
    if highest > radiometry.highest:
        raise ModelError(
            f"values reach {highest:g}, above {radiometry.highest:g}; these are digital numbers: apply scale and "
            "offset first."
        )
    share = np.clip(values / radiometry.full_scale, 0.0, 1.0)
    levels: NDArray[np.float32] = np.rint(radiometry.n_levels * share).astype(np.float32)
    return levels


def check_levels(chips: NDArray[np.generic], *, n_bands: int, cell_px: int) -> None:
    """Refuse chips that a network cannot read.

    Parameters
    ----------
    chips : (N, y, x, band)
        Levels 0…255.

    Raises
    ------
    ModelError
        Another number of bands, sides that hold no whole cells, values that are missing or no levels.
    """
    if chips.ndim != 4 or chips.shape[3] != n_bands or chips.shape[1] % cell_px or chips.shape[2] % cell_px:
        raise ModelError(
            f"chips have shape {chips.shape}; the model reads (N, y, x, {n_bands}), y and x multiples of {cell_px}."
        )
    if chips.dtype == np.uint8 or chips.size == 0:
        return
    n_missing = int((~np.isfinite(chips)).any(axis=(1, 2, 3)).sum())
    if n_missing:
        raise ModelError(f"{n_missing} of {len(chips)} chips hold NaN; fill what is missing or leave them out.")
    lowest, highest = float(chips.min()), float(chips.max())
    if lowest < 0.0 or highest > 255.0:
        raise ModelError(f"chips hold {lowest:g} to {highest:g}; the model reads levels 0 to 255: see to_model_input.")
