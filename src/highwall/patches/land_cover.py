"""What a land-cover map says of a region."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from highwall.core.checks import nearest_name
from highwall.core.errors import ConfigError
from highwall.core.taxonomy import WORLD_COVER
from highwall.patches.regions import count_pixels


def veto_share(
    labels: NDArray[np.int32],
    land_cover: xr.DataArray | None,
    *,
    veto: tuple[str, ...],
    class_map: Mapping[int, str] = WORLD_COVER,
) -> NDArray[Any]:
    """Share of each region's pixels whose land cover is in ``veto``: (label,) in label order; 0 without a map.

    Parameters
    ----------
    labels : (y, x)
        1…n, 0 is background.
    land_cover : (y, x), optional
        Codes of ``class_map`` on the same grid.
    class_map
        Name of each code; several codes may share a name. ESA WorldCover by default.

    Raises
    ------
    ConfigError
        ``veto`` names a class that the map does not have.
    """
    codes = [code for name in veto for code in _codes(name, class_map)]
    sizes = count_pixels(labels)
    if land_cover is None:
        return np.zeros(sizes.size)
    return count_pixels(labels, np.isin(land_cover.values, codes)) / np.maximum(sizes, 1)


def _codes(name: str, class_map: Mapping[int, str]) -> list[int]:
    codes = [code for code, known in class_map.items() if known == name]
    if not codes:
        known_names = sorted(set(class_map.values()))
        raise ConfigError(
            f"veto names {name!r}, no class of the land-cover map, which has {', '.join(known_names)}; name some "
            f"of them (patches.veto, refine.veto), or name its classes so{nearest_name(name, known_names)}"
        )
    return codes
