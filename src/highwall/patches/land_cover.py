"""What a land-cover map says of a patch."""

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage

from highwall.core.checks import nearest_name
from highwall.core.errors import ConfigError
from highwall.core.taxonomy import WORLD_COVER


def veto_share(labels: NDArray[np.int32], land_cover: xr.DataArray | None, *, veto: tuple[str, ...]) -> NDArray[Any]:
    """Share of each patch's pixels whose land cover is in ``veto``: (label,) in label order; 0 without a map.

    Raises
    ------
    ConfigError
        ``veto`` names a class that WorldCover does not have.
    """
    numbers = np.arange(1, labels.max(initial=0) + 1)
    codes = [_code(name) for name in veto]
    if land_cover is None or not numbers.size:
        return np.zeros(numbers.size)
    return np.asarray(ndimage.mean(np.isin(land_cover.values, codes), labels, numbers), dtype=float)


def _code(name: str) -> int:
    for code, known in WORLD_COVER.items():
        if known == name:
            return code
    raise ConfigError(f"patches.veto names {name!r}, no class of WorldCover{nearest_name(name, WORLD_COVER.values())}")
