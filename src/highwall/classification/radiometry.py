"""The one radiometry of the chip network: what its input levels mean."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from highwall.core.constants import SENTINEL2_QUANTIFICATION
from highwall.core.errors import ModelError


@dataclass(frozen=True)
class Radiometry:
    """How reflectance becomes the levels that a network reads."""

    name: str
    level: str
    """Processing level of the scenes: L1C (top of atmosphere) or L2A (surface)."""
    bands: tuple[str, ...]
    """Bands in the order of the network's channels."""
    full_scale: float
    """Reflectance of the highest level; brighter saturates."""
    n_levels: int
    """Highest level."""


L1C_RGB: Final = Radiometry(
    name="uint8-0.3",
    level="L1C",
    bands=("B04", "B03", "B02"),
    full_scale=3000.0 / SENTINEL2_QUANTIFICATION,
    n_levels=255,
)
"""round(255 · clip(reflectance / 0.3, 0, 1)) of Sentinel-2 L1C; the radiometry of the training chips."""

_HIGHEST_REFLECTANCE = 5.0
"""Above this, values are digital numbers, not reflectance (clouds and glint stay below 2)."""


def to_model_input(reflectance: NDArray[np.floating], *, radiometry: Radiometry = L1C_RGB) -> NDArray[np.float32]:
    """Levels that the network reads.

    Parameters
    ----------
    reflectance : (band, y, x) [1]
        In the order of ``radiometry.bands``. NaN is missing and stays NaN.

    Returns
    -------
    (band, y, x) float32, whole numbers 0…255

    Raises
    ------
    ModelError
        Wrong number of bands, or digital numbers instead of reflectance.
    """
    if reflectance.ndim != 3 or reflectance.shape[0] != len(radiometry.bands):
        raise ModelError(
            f"reflectance has shape {reflectance.shape}; it must be (band, y, x) of {', '.join(radiometry.bands)}."
        )
    highest = float(np.nanmax(reflectance)) if np.isfinite(reflectance).any() else 0.0
    if highest > _HIGHEST_REFLECTANCE:
        raise ModelError(f"reflectance reaches {highest:g}; these are digital numbers: apply scale and offset first.")
    share = np.clip(reflectance / radiometry.full_scale, 0.0, 1.0)
    levels: NDArray[np.float32] = np.rint(radiometry.n_levels * share).astype(np.float32)
    return levels
